//! Two rounds of back-projection for little more than one.
//!
//! A round leaves `d - A A+ d` of the differences `d`, and the next one corrects that. Reducing and enlarging are known taps, so what is
//! left can be computed from `d` alone, at the input's scale: the correction of both rounds is `A+ (2 d - A A+ d)`.

use super::{Recent, Row};
use crate::image::resample::{Kernel, Taps, weighted_sum};

/// Gives `2 d - A A+ d` for rows `d`.
pub(crate) struct TwoRounds {
    vertical: RoundTrip,
    horizontal: RoundTrip,
    /// Rows that coming rows still need: the planes as they are, then those enlarged and reduced sideways.
    rows: Recent,
}

impl TwoRounds {
    /// For rows of `width` x `height`, and a result `factor` times as large.
    pub(crate) fn new(width: usize, height: usize, factor: usize) -> Self {
        Self { vertical: RoundTrip::new(height, factor), horizontal: RoundTrip::new(width, factor), rows: Recent::default() }
    }

    /// Rows that came.
    pub(crate) fn end(&self) -> usize {
        self.rows.end()
    }

    /// Rows that must have come for row `y`.
    pub(crate) fn needs(&self, y: usize) -> usize {
        self.vertical.taps(y).map(|tap| tap.0 + 1).fold(y + 1, usize::max)
    }

    /// Takes the next row.
    pub(crate) fn push(&mut self, mut row: Row) {
        let across: Vec<Vec<f32>> = row.planes.iter().map(|plane| self.horizontal.apply(plane)).collect();
        row.planes.extend(across);
        self.rows.push(row);
    }

    /// Row `y`; rows are asked for from the top, once they can be had.
    pub(crate) fn row(&mut self, y: usize) -> Row {
        self.rows.forget_above(self.vertical.windows[y].0);
        let planes = self.rows.planes(y) / 2;
        let row = |p: usize| {
            let mut taps: Vec<(&[f32], f32)> = self.vertical.taps(y).map(|(at, weight)| (self.rows.plane(at, planes + p), -weight)).collect();
            let plain = self.rows.plane(y, p);
            taps.push((plain, 2.0));
            let mut row = vec![0.0; plain.len()];
            weighted_sum(&taps, &mut row);
            row
        };
        Row { planes: (0..planes).map(row).collect() }
    }
}

/// Enlarging and reducing again, along one axis: every sample becomes a sum over a window of samples.
struct RoundTrip {
    windows: Vec<(usize, [f32; TRIP])>,
}

/// Samples of a window: the reduction and the enlargement reach two each way, and a half.
const TRIP: usize = 9;

impl RoundTrip {
    fn new(side: usize, factor: usize) -> Self {
        let down = Taps::new(Kernel::Cubic, factor * side, side);
        let up = Taps::new(Kernel::Cubic, side, factor * side);
        let window = |o: usize| {
            let start = o.saturating_sub(TRIP / 2).min(side.saturating_sub(TRIP));
            let mut sums = [0.0; TRIP];
            for (middle, a) in down.of(o) {
                for (i, b) in up.of(middle) {
                    sums[i - start] += a * b;
                }
            }
            (start, sums.map(|w| w as f32))
        };
        Self { windows: (0..side).map(window).collect() }
    }

    /// Positions and weights of sample `o`.
    fn taps(&self, o: usize) -> impl Iterator<Item = (usize, f32)> {
        let (start, weights) = self.windows[o];
        (start..).zip(weights).filter(|tap| tap.1 != 0.0)
    }

    fn apply(&self, row: &[f32]) -> Vec<f32> {
        if row.len() < TRIP {
            return self.windows.iter().map(|(_, weights)| weights.iter().zip(row).map(|(w, v)| w * v).sum()).collect();
        }
        let mut sums = vec![0.0; row.len()];
        // Away from the borders all windows have the same weights, and whole rows are summed at once.
        let inner = TRIP / 2..row.len() - TRIP / 2;
        let (_, weights) = &self.windows[row.len() / 2];
        let taps: Vec<(&[f32], f32)> = weights.iter().enumerate().map(|(k, &w)| (&row[k..k + inner.len()], w)).collect();
        weighted_sum(&taps, &mut sums[inner]);
        let border = 2 * TRIP;
        for x in (0..border.min(row.len())).chain(row.len().saturating_sub(border).max(border)..row.len()) {
            let (start, weights) = &self.windows[x];
            sums[x] = weights.iter().zip(&row[*start..]).map(|(w, v)| w * v).sum();
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_trip_is_both_resamplings() {
        for (side, factor) in [(1, 2), (3, 4), (8, 2), (9, 3), (10, 4), (60, 2), (60, 16)] {
            let row: Vec<f32> = (0..side).map(|i| ((i * 37 + 11) % 17) as f32 / 17.0).collect();
            let (up, down) = (Taps::new(Kernel::Cubic, side, factor * side), Taps::new(Kernel::Cubic, factor * side, side));
            let large: Vec<f64> = (0..factor * side).map(|o| up.of(o).map(|(i, w)| w * f64::from(row[i])).sum()).collect();
            let found = RoundTrip::new(side, factor).apply(&row);
            for (o, value) in found.iter().enumerate() {
                let wanted: f64 = down.of(o).map(|(i, w)| w * large[i]).sum();
                assert!((f64::from(*value) - wanted).abs() < 1e-5, "{side} x{factor} at {o}: {value} and {wanted}");
            }
        }
    }
}
