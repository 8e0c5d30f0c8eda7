//! Colour of rows: chroma from the source, and samples of the result.

use crate::finish::{Recent, Row};
use crate::image::colour::rgb_to_ycbcr;
use crate::image::resample::{Kernel, Taps, Windows, weighted_sum};
use crate::image::rows::each_colour;
use crate::image::{Channels, Picture};

/// What the planes of a band are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Planes {
    /// Luma of a grey picture.
    Grey,
    /// Luma of a colour picture; chroma is resampled from the source.
    Luma,
    /// Red, green and blue.
    Rgb,
}

impl Planes {
    /// Planes of colour in a band.
    pub(super) fn count(self) -> usize {
        if self == Self::Rgb { 3 } else { 1 }
    }
}

/// A sample of the result.
pub(super) trait Sample: Copy + Default {
    /// The largest value.
    const PEAK: f32;
    /// From a whole number up to [`Sample::PEAK`].
    fn of(level: f32) -> Self;
}

impl Sample for u8 {
    const PEAK: f32 = 255.0;

    fn of(level: f32) -> Self {
        (level + WHOLE).to_bits() as Self
    }
}

impl Sample for u16 {
    const PEAK: f32 = 65_535.0;

    fn of(level: f32) -> Self {
        (level + WHOLE).to_bits() as Self
    }
}

/// Where neighbouring floats lie 1 apart: added to a smaller number it leaves the nearest whole one in the lowest bits. Neither
/// WebAssembly nor the oldest processors have a quick instruction for it.
const WHOLE: f32 = 8_388_608.0;

/// `value`, 0..=1, on white under its alpha.
pub(super) fn on_white(value: f32, alpha: f32) -> f32 {
    value * alpha + (1.0 - alpha)
}

/// Limits every value of a row to 0..=1; what is no number becomes 0.
pub(super) fn limit(row: &mut Row) {
    for value in row.planes.iter_mut().flatten() {
        *value = value.clamp(0.0, 1.0);
    }
}

/// The samples of a row as whole numbers up to `peak`. `flattened`: its last plane, alpha, goes and leaves it on white.
pub(super) fn levels(row: &mut Row, peak: f32, flattened: bool) {
    limit(row);
    if flattened && let Some(alpha) = row.planes.pop() {
        for plane in &mut row.planes {
            plane.iter_mut().zip(&alpha).for_each(|(v, a)| *v = on_white(*v, *a));
        }
    }
    for value in row.planes.iter_mut().flatten() {
        *value = (*value * peak + WHOLE) - WHOLE;
    }
}

/// The samples of a row of [`levels`], side by side; for `channels`, as many as it has planes.
pub(super) fn interleaved<T: Sample>(row: &Row, channels: Channels) -> Vec<T> {
    let planes = &row.planes;
    match channels {
        Channels::Grey => together([&planes[0]]),
        Channels::GreyAlpha => together([&planes[0], &planes[planes.len() - 1]]),
        Channels::Rgb => together([&planes[0], &planes[1], &planes[2]]),
        Channels::Rgba => together([&planes[0], &planes[1], &planes[2], &planes[3]]),
    }
}

/// Not inlined: a browser would optimise every kind of row as one large function, while the first picture waits.
#[inline(never)]
fn together<T: Sample, const N: usize>(planes: [&Vec<f32>; N]) -> Vec<T> {
    let width = planes[0].len();
    let mut samples = vec![T::default(); N * width];
    let narrow: [Vec<T>; N] = planes.map(|plane| plane.iter().map(|&level| T::of(level)).collect());
    let planes = narrow.each_ref().map(|plane| &plane[..width]);
    for (x, pixel) in samples.as_chunks_mut::<N>().0.iter_mut().enumerate() {
        *pixel = planes.map(|plane| plane[x]);
    }
    samples
}

/// Chroma of the source, enlarged by cubic convolution a row at a time.
///
/// Where it is locked, the source's chroma is changed beforehand so that the enlarged one, scaled back down, is the source's:
/// the lock's `c + (c - A U c)`, which needs no row of the result, as reducing and enlarging are both known taps.
pub(super) struct Chroma {
    vertical: Taps,
    horizontal: Windows,
    firsts: Vec<usize>,
    lock: Option<ChromaLock>,
    /// Source rows of the two chroma planes that coming output rows still need.
    rows: Recent,
    /// A row of the source's width.
    column: Vec<f32>,
    /// Both planes of the row under way, of the result's width.
    current: [Vec<f32>; 2],
}

impl Chroma {
    /// For a result `factor` times as large as `source`.
    pub(super) fn new(source: &Picture, factor: usize, locked: bool) -> Self {
        let (width, height) = (source.width as usize, source.height as usize);
        let vertical = Taps::new(Kernel::Cubic, height, factor * height);
        Self {
            firsts: vertical.firsts(),
            vertical,
            horizontal: Windows::cubic(width, factor * width),
            lock: (locked && factor > 1).then(|| ChromaLock::new(width, height, factor)),
            rows: Recent::default(),
            column: Vec::new(),
            current: [const { Vec::new() }; 2],
        }
    }

    /// Both planes of row `y` of the result; rows come from the top.
    pub(super) fn compute(&mut self, source: &Picture, y: usize) -> [&[f32]; 2] {
        while self.rows.end() < self.vertical.end(y) {
            let next = self.rows.end();
            let planes = match &mut self.lock {
                Some(lock) => lock.row(source, next),
                None => source_row(source, next),
            };
            self.rows.push(Row { planes: planes.into() });
        }
        for (plane, output) in self.current.iter_mut().enumerate() {
            self.column.resize(source.width as usize, 0.0);
            self.rows.sum(self.vertical.of(y), plane, &mut self.column);
            self.horizontal.apply(&mut self.column, output);
        }
        if y + 1 < self.vertical.len() {
            self.rows.forget_above(self.firsts[y + 1]);
        }
        [&self.current[0], &self.current[1]]
    }
}

/// The source's chroma, changed for the lock.
struct ChromaLock {
    vertical: RoundTrip,
    horizontal: RoundTrip,
    /// Rows of the source that coming rows still need: both planes as they are, and both enlarged and reduced sideways.
    rows: Recent,
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

impl ChromaLock {
    fn new(width: usize, height: usize, factor: usize) -> Self {
        Self { vertical: RoundTrip::new(height, factor), horizontal: RoundTrip::new(width, factor), rows: Recent::default() }
    }

    /// Both planes of row `y`; rows come from the top.
    fn row(&mut self, source: &Picture, y: usize) -> [Vec<f32>; 2] {
        let (start, weights) = self.vertical.windows[y];
        let taps = || (start..).zip(weights).filter(|tap| tap.1 != 0.0);
        let end = taps().map(|tap| tap.0 + 1).fold(y + 1, usize::max);
        while self.rows.end() < end {
            let [cb, cr] = source_row(source, self.rows.end());
            let across = [&cb, &cr].map(|plane| self.horizontal.apply(plane));
            self.rows.push(Row { planes: [cb, cr].into_iter().chain(across).collect() });
        }
        self.rows.forget_above(start);
        [0, 1].map(|p| {
            let mut sum: Vec<(&[f32], f32)> = taps().map(|(sy, weight)| (self.rows.plane(sy, 2 + p), -weight)).collect();
            sum.push((self.rows.plane(y, p), 2.0));
            let mut row = vec![0.0; source.width as usize];
            weighted_sum(&sum, &mut row);
            row
        })
    }
}

/// Both chroma planes of row `y`.
fn source_row(source: &Picture, y: usize) -> [Vec<f32>; 2] {
    let mut planes = (Vec::new(), Vec::new());
    let chroma = |rgb| {
        let [_, cb, cr] = rgb_to_ycbcr(rgb);
        (cb, cr)
    };
    each_colour(source, y, 0..source.width as usize, chroma, &mut planes);
    planes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_and_white() {
        let mut row = Row { planes: vec![vec![0.0, 0.5, 1.0, 1.7, -0.1, 0.25], vec![1.0, 1.0, 0.5, 0.0, 1.0, 2.0]] };
        let mut seen = row.clone();
        levels(&mut row, u8::PEAK, true);
        assert_eq!(row.planes, [[0.0, 128.0, 255.0, 255.0, 0.0, 64.0]]);
        assert_eq!(interleaved::<u8>(&row, Channels::Grey), [0, 128, 255, 255, 0, 64]);
        levels(&mut seen, u16::PEAK, false);
        assert_eq!(interleaved::<u16>(&seen, Channels::GreyAlpha), [0, 65_535, 32_768, 65_535, 65_535, 32_768, 65_535, 0, 0, 65_535, 16_384, 65_535]);
    }

    #[test]
    fn every_row_of_chroma_is_made_once() {
        let picture = Picture::new(20, 30, Channels::Rgb, crate::image::Samples::U8((0..1800u32).map(|i| (i * 7 % 251) as u8).collect())).unwrap();
        for factor in [2, 3, 4, 16] {
            let mut chroma = Chroma::new(&picture, factor, true);
            for y in 0..30 * factor {
                chroma.compute(&picture, y);
                // Rows are numbered as they are made: one made twice would shift those after it.
                assert!(chroma.rows.end() <= y / factor + 4, "x{factor}: {} rows at {y}", chroma.rows.end());
            }
            assert_eq!(chroma.rows.end(), 30);
        }
    }

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
