//! The fidelity lock: the result, scaled back down, is the input.
//!
//! Method: back-projection (Irani and Peleg 1991), `x + A+ (y - A x)`, where `y` is the input, `x` the result, `A` the
//! [`Reduction`] by the kernel that the model was trained for, and `A+` the same cubic's enlargement, which is smooth. On encoded
//! values, as the networks work. Two rounds, of which the second costs next to nothing (`finish::rounds`). A locked flat colour is exactly
//! that colour.
//!
//! [`Fidelity::Tone`] corrects the low frequencies alone: where the input has noise or the blocks of a JPEG, a full lock would
//! bring them back.

use super::rounds::TwoRounds;
use super::{Recent, Reduction, Row, RowFilter};
use crate::error::Result;
use crate::image::resample::{Kernel, Taps, Windows};
use crate::named::named;

named! {
    /// How faithful a result has to be to its input.
    pub enum Fidelity ("fidelity", name) {
        /// Every detail of the input.
        Lock = "lock",
        /// Its brightness and colour over a dozen pixels, not its grain.
        Tone = "tone",
        /// What the network gives.
        Off = "off",
    }
}

/// Rows of the input that a lock compares with: one row of one plane, 0..=1, into the vector.
pub type InputRow = Box<dyn FnMut(usize, usize, &mut Vec<f32>)>;

/// What is told of each row of the input: its number, the plane, and the differences before the correction.
pub type Differences = Box<dyn FnMut(usize, usize, &[f32])>;

/// Standard deviation of the tone's blur in input pixels.
const TONE: f64 = 3.0;
/// Pixels that the blur reaches to each side.
const TONE_REACH: usize = 8;

/// Sizes of a lock.
#[derive(Debug, Clone, Copy)]
pub struct LockShape {
    /// Pixels of the result for one of the input, each way.
    pub factor: usize,
    /// Width of the input.
    pub width: usize,
    /// Height of the input.
    pub height: usize,
    /// Planes that are locked, the first ones of a row: what comes after them, alpha, only waits for them.
    pub planes: usize,
}

/// The lock.
pub struct Lock {
    shape: LockShape,
    reduction: Reduction,
    /// Rows of the result that are not finished.
    recent: Recent,
    /// Differences of the input's rows, for the tone before their blur.
    raw: Recent,
    /// With [`Fidelity::Lock`].
    rounds: Option<TwoRounds>,
    /// Differences, enlarged sideways.
    corrections: Recent,
    vertical: Taps,
    /// The first correction that each row of the result and those after it need.
    firsts: Vec<usize>,
    horizontal: Windows,
    fidelity: Fidelity,
    blur: Vec<f32>,
    /// A row of one plane.
    corrected: Vec<f32>,
    input: InputRow,
    told: Option<Differences>,
}

impl Lock {
    /// For a result of `shape`; `input` gives the rows of the input. `told` gets the differences that there are before it;
    /// with [`Fidelity::Off`] that is all that happens.
    pub fn new(shape: LockShape, fidelity: Fidelity, input: InputRow, told: Option<Differences>) -> Self {
        let LockShape { factor, width, height, .. } = shape;
        let raw: Vec<f64> = (0..=2 * TONE_REACH).map(|i| (-((i as f64 - TONE_REACH as f64) / TONE).powi(2) / 2.0).exp()).collect();
        let total: f64 = raw.iter().sum();
        let vertical = Taps::new(Kernel::Cubic, height, factor * height);
        Self {
            shape,
            firsts: vertical.firsts(),
            vertical,
            reduction: Reduction::new(factor, width, height),
            recent: Recent::default(),
            raw: Recent::default(),
            rounds: (fidelity == Fidelity::Lock).then(|| TwoRounds::new(width, height, factor)),
            corrections: Recent::default(),
            horizontal: Windows::cubic(width, factor * width),
            fidelity,
            blur: raw.iter().map(|w| (w / total) as f32).collect(),
            corrected: vec![0.0; factor * width],
            input,
            told,
        }
    }

    /// The differences of input row `y`, one row for each plane.
    fn differences(&mut self, y: usize) -> Row {
        let mut planes = Vec::with_capacity(self.shape.planes);
        let mut wanted = Vec::new();
        for plane in 0..self.shape.planes {
            let mut row = Vec::new();
            self.reduction.row(y, &self.recent, plane, &mut row);
            wanted.clear();
            (self.input)(y, plane, &mut wanted);
            for (is, wanted) in row.iter_mut().zip(&wanted) {
                *is = wanted - *is;
            }
            if let Some(told) = &mut self.told {
                told(y, plane, &row);
            }
            planes.push(row);
        }
        Row { planes }
    }

    /// The low frequencies of the differences at input row `y`.
    fn blurred(&self, y: usize) -> Row {
        let (height, width) = (self.shape.height, self.shape.width);
        let near = |at: usize, side: usize| at.saturating_sub(TONE_REACH).min(side - 1);
        let planes = (0..self.shape.planes).map(|plane| {
            let mut sum = vec![0.0; width];
            self.raw.sum(self.blur.iter().enumerate().map(|(k, &w)| (near(y + k, height), f64::from(w))), plane, &mut sum);
            (0..width).map(|x| self.blur.iter().enumerate().map(|(k, w)| w * sum[near(x + k, width)]).sum()).collect()
        });
        Row { planes: planes.collect() }
    }

    /// All differences whose rows have come.
    fn compare(&mut self) {
        let height = self.shape.height;
        while self.raw.end() < height && self.reduction.needs(self.raw.end())[1] <= self.recent.end() {
            let row = self.differences(self.raw.end());
            self.raw.push(row);
        }
        match &mut self.rounds {
            Some(rounds) => {
                while let Some(row) = self.raw.pop() {
                    rounds.push(row);
                }
                while self.corrections.end() < height && rounds.needs(self.corrections.end()) <= rounds.end() {
                    let row = rounds.row(self.corrections.end());
                    self.corrections.push(enlarged(&mut self.horizontal, row, self.shape));
                }
            }
            None if self.fidelity == Fidelity::Off => self.raw.forget_above(self.raw.end()),
            None => {
                while self.corrections.end() < height && (self.corrections.end() + TONE_REACH + 1).min(height) <= self.raw.end() {
                    let y = self.corrections.end();
                    let row = self.blurred(y);
                    self.corrections.push(enlarged(&mut self.horizontal, row, self.shape));
                    self.raw.forget_above((y + 1).saturating_sub(TONE_REACH));
                }
            }
        }
    }
}

/// `row`, enlarged sideways.
fn enlarged(horizontal: &mut Windows, mut row: Row, shape: LockShape) -> Row {
    for plane in &mut row.planes {
        let mut wide = Vec::with_capacity(shape.factor * shape.width);
        horizontal.apply(plane, &mut wide);
        *plane = wide;
    }
    row
}

impl RowFilter for Lock {
    fn push(&mut self, row: Row, emit: &mut dyn FnMut(Row) -> Result<()>) -> Result<()> {
        self.recent.push(row);
        self.compare();
        let total = self.shape.factor * self.shape.height;
        let corrects = self.fidelity != Fidelity::Off;
        while self.recent.first < total && self.recent.first < self.recent.end() {
            let y = self.recent.first;
            // What is given away must not be needed for a difference any more.
            let next = if self.raw.end() < self.shape.height { self.reduction.needs(self.raw.end())[0] } else { total };
            if y >= next || corrects && self.vertical.end(y) > self.corrections.end() {
                break;
            }
            let Some(mut row) = self.recent.pop() else { break };
            if corrects {
                for (number, plane) in row.planes.iter_mut().enumerate().take(self.shape.planes) {
                    self.corrections.sum_and(self.vertical.of(y), number, plane, &mut self.corrected);
                    std::mem::swap(plane, &mut self.corrected);
                }
                if y + 1 < total {
                    self.corrections.forget_above(self.firsts[y + 1]);
                }
            }
            emit(row)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise that is the same for the same numbers.
    fn noise(i: usize) -> f32 {
        ((i as u32).wrapping_mul(2_654_435_761) >> 16) as f32 / 65_536.0
    }

    fn shape(factor: usize, width: usize, height: usize) -> LockShape {
        LockShape { factor, width, height, planes: 1 }
    }

    /// `rounds` of a lock over a result that is the input enlarged by repetition, darkened and with noise.
    fn locked(shape: LockShape, fidelity: Fidelity, rounds: usize, input: &'static [f32], noisy: f32) -> Vec<Row> {
        let LockShape { factor, width, height, .. } = shape;
        let mut filters: Vec<Box<dyn RowFilter>> = Vec::new();
        for _ in 0..rounds {
            let row: InputRow = Box::new(move |y, _, into: &mut Vec<f32>| into.extend(&input[y * width..][..width]));
            filters.push(Box::new(Lock::new(shape, fidelity, row, None)));
        }
        let mut out = Vec::new();
        for y in 0..factor * height {
            let row =
                (0..factor * width).map(|x| 0.9 * input[y / factor * width + x / factor] + noisy * (noise(y * factor * width + x) - 0.5)).collect();
            let alpha = vec![y as f32; factor * width];
            super::super::through(&mut filters, Row { planes: vec![row, alpha] }, &mut |row| {
                out.push(row);
                Ok(())
            })
            .unwrap();
        }
        assert_eq!(out.len(), factor * height, "every row comes out by the end");
        assert!(out.iter().enumerate().all(|(y, row)| row.planes[1].iter().all(|&a| a == y as f32)), "alpha goes with its row");
        out
    }

    /// Root mean square of the input minus the reduced result.
    fn misses(shape: LockShape, rows: &[Row], input: &[f32]) -> f32 {
        let mut recent = Recent::default();
        for row in rows {
            recent.push(Row { planes: vec![row.planes[0].iter().map(|v| v.clamp(0.0, 1.0)).collect()] });
        }
        let mut reduction = Reduction::new(shape.factor, shape.width, shape.height);
        let mut row = Vec::new();
        let mut total = 0.0;
        for y in 0..shape.height {
            reduction.row(y, &recent, 0, &mut row);
            total += row.iter().zip(&input[y * shape.width..]).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
        }
        (total / input.len() as f32).sqrt()
    }

    fn smooth(width: usize, height: usize) -> &'static [f32] {
        let values: Vec<f32> = (0..width * height).map(|i| 0.5 + 0.3 * ((i % width) as f32 / 3.0).sin() * ((i / width) as f32 / 4.0).cos()).collect();
        values.leak()
    }

    #[test]
    fn each_round_comes_closer() {
        for (factor, width, height) in [(2, 21, 17), (3, 9, 8), (4, 13, 11), (8, 5, 6), (16, 4, 3), (4, 1, 1), (2, 1, 9), (2, 9, 1)] {
            let shape = shape(factor, width, height);
            let input = smooth(width, height);
            let misses: Vec<f32> = (0..4).map(|rounds| misses(shape, &locked(shape, Fidelity::Lock, rounds, input, 0.1), input)).collect();
            assert!(misses.windows(2).all(|m| m[1] < m[0] || m[0] < 1e-6), "x{factor}: {misses:?}");
            assert!(misses[3] < 0.003 && misses[0] > 0.02, "x{factor}: {misses:?}");
        }
    }

    #[test]
    fn flat_colours_are_exact() {
        for level in [0.0, 100.0 / 255.0, 1.0] {
            let input: &'static [f32] = vec![level; 12 * 9].leak();
            let rows = locked(shape(4, 12, 9), Fidelity::Lock, 1, input, 0.0);
            assert!(rows.iter().flat_map(|row| &row.planes[0]).all(|v| (v - level).abs() < 1e-6), "{level}");
        }
    }

    #[test]
    fn tone_corrects_the_brightness_and_leaves_the_grain() {
        let shape = shape(2, 40, 36);
        // A grey picture with grain; the result is darker and has none of it.
        let input: &'static [f32] = (0..40 * 36).map(|i| 0.5 + 0.2 * (noise(i) - 0.5)).collect::<Vec<_>>().leak();
        let run = |fidelity| {
            let row: InputRow = Box::new(move |y, _, into: &mut Vec<f32>| into.extend(&input[y * 40..][..40]));
            let mut lock = Lock::new(shape, fidelity, row, None);
            let mut out: Vec<f32> = Vec::new();
            for _ in 0..72 {
                lock.push(Row { planes: vec![vec![0.4; 80]] }, &mut |row| {
                    out.extend(&row.planes[0]);
                    Ok(())
                })
                .unwrap();
            }
            let mean = out.iter().sum::<f32>() / out.len() as f32;
            let deviation = (out.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / out.len() as f32).sqrt();
            (out.len(), mean, deviation)
        };
        let (count, mean, deviation) = run(Fidelity::Tone);
        assert_eq!(count, 80 * 72);
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        assert!(deviation < 0.01, "grain of {deviation} came in");
        // The twin: a full lock brings it back.
        assert!(run(Fidelity::Lock).2 > 0.03);
    }

    #[test]
    fn differences_are_told_before_the_correction() {
        let input: &'static [f32] = vec![0.5; 6 * 5].leak();
        let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
        let copy = seen.clone();
        let row: InputRow = Box::new(move |y, _, into: &mut Vec<f32>| into.extend(&input[y * 6..][..6]));
        let told: Differences = Box::new(move |y, _, row: &[f32]| copy.borrow_mut().push((y, row.to_vec())));
        let mut lock = Lock::new(shape(2, 6, 5), Fidelity::Off, row, Some(told));
        for _ in 0..10 {
            let unchanged = |row: Row| {
                assert_eq!(row.planes[0], [0.25; 12], "only told, not corrected");
                Ok(())
            };
            lock.push(Row { planes: vec![vec![0.25; 12]] }, &mut { unchanged }).unwrap();
        }
        let seen = seen.borrow();
        assert_eq!(seen.iter().map(|(y, _)| *y).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert!(seen.iter().flat_map(|(_, row)| row).all(|d| (d - 0.25).abs() < 1e-6));
    }
}
