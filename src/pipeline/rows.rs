//! Colour of rows: chroma from the source, and samples of the result.

use crate::finish::rounds::TwoRounds;
use crate::finish::{Recent, Row};
use crate::image::colour::rgb_to_ycbcr;
use crate::image::resample::{Kernel, Taps, Windows};
use crate::image::rows::each_colour;
use crate::image::{Channels, Depth, Picture};
use crate::vector::widest;

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

/// The largest value of a sample of `depth`.
pub(super) const fn peak(depth: Depth) -> f32 {
    match depth {
        Depth::Eight => u8::PEAK,
        Depth::Sixteen => u16::PEAK,
    }
}

/// `value`, 0..=1, on white under its alpha.
pub(super) fn on_white(value: f32, alpha: f32) -> f32 {
    value * alpha + (1.0 - alpha)
}

/// Limits every value of a row to 0..=1.
pub(super) fn limit(row: &mut Row) {
    for plane in &mut row.planes {
        widest(
            #[inline(always)]
            || plane.iter_mut().for_each(|value| *value = value.clamp(0.0, 1.0)),
        );
    }
}

/// The samples of a row as whole numbers up to `peak`. `flattened`: its last plane, alpha, goes and leaves it on white.
pub(super) fn levels(row: &mut Row, peak: f32, flattened: bool) {
    if flattened && let Some(alpha) = row.planes.pop() {
        let alpha: Vec<f32> = alpha.iter().map(|a| a.clamp(0.0, 1.0)).collect();
        for plane in &mut row.planes {
            plane.iter_mut().zip(&alpha).for_each(|(v, a)| *v = on_white(v.clamp(0.0, 1.0), *a));
        }
    }
    for plane in &mut row.planes {
        widest(
            #[inline(always)]
            || plane.iter_mut().for_each(|value| *value = (value.clamp(0.0, 1.0) * peak + WHOLE) - WHOLE),
        );
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
/// Where it is locked, the source's chroma is changed beforehand so that the enlarged one, scaled back down, is the source's.
pub(super) struct Chroma {
    vertical: Taps,
    horizontal: Windows,
    firsts: Vec<usize>,
    lock: Option<TwoRounds>,
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
            lock: (locked && factor > 1).then(|| TwoRounds::new(width, height, factor)),
            rows: Recent::default(),
            column: Vec::new(),
            current: [const { Vec::new() }; 2],
        }
    }

    /// Both planes of row `y` of the result; rows come from the top.
    pub(super) fn compute(&mut self, source: &Picture, y: usize) -> [&[f32]; 2] {
        while self.rows.end() < self.vertical.end(y) {
            let next = self.rows.end();
            let row = match &mut self.lock {
                Some(lock) => {
                    while lock.end() < lock.needs(next) {
                        lock.push(source_row(source, lock.end()));
                    }
                    lock.row(next)
                }
                None => source_row(source, next),
            };
            self.rows.push(row);
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

/// Both chroma planes of row `y`.
fn source_row(source: &Picture, y: usize) -> Row {
    let mut planes = [const { Vec::new() }; 2];
    for (c, plane) in planes.iter_mut().enumerate() {
        each_colour(source, y, 0..source.width as usize, |rgb| rgb_to_ycbcr(rgb)[1 + c], plane);
    }
    Row { planes: planes.into() }
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
}
