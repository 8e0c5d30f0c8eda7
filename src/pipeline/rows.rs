//! Colour of rows: chroma from the source, and samples of the result.

use std::collections::BTreeMap;

use crate::finish::weighted_sum;
use crate::image::colour::{luma, rgb_to_ycbcr};
use crate::image::resample::{Kernel, Taps, Windows};
use crate::image::{Channels, Picture, Samples};

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
    /// From 0..=1, limited to that.
    fn quantised(value: f32) -> Self;
}

impl Sample for u8 {
    const PEAK: f32 = 255.0;

    fn quantised(value: f32) -> Self {
        // Adding one half and cutting off rounds; WebAssembly has no instruction for `round`.
        (value.clamp(0.0, 1.0) * 255.0 + 0.5) as Self
    }
}

impl Sample for u16 {
    const PEAK: f32 = 65_535.0;

    fn quantised(value: f32) -> Self {
        (value.clamp(0.0, 1.0) * 65_535.0 + 0.5) as Self
    }
}

/// Fills a row of pixels of grey, grey and alpha, RGB or RGBA. Alpha that a pixel has no place for lays it on white.
///
/// Not inlined: a browser would optimise every kind of row as one large function, while the first picture waits.
#[inline(never)]
pub(super) fn fill<T: Sample, const N: usize>(row: &mut [[T; N]], alpha: Option<&[f32]>, colour: impl Fn(usize) -> [f32; 3]) {
    let colours = if N > 2 { 3 } else { 1 };
    let put = |pixel: &mut [T; N], colour: [f32; 3]| {
        for (sample, value) in pixel.iter_mut().zip(&colour[..colours]) {
            *sample = T::quantised(*value);
        }
    };
    match alpha {
        Some(alpha) if N == colours => {
            for (x, pixel) in row.iter_mut().enumerate() {
                let a = alpha[x].clamp(0.0, 1.0);
                put(pixel, colour(x).map(|v| v.clamp(0.0, 1.0) * a + (1.0 - a)));
            }
        }
        _ => {
            for (x, pixel) in row.iter_mut().enumerate() {
                put(pixel, colour(x));
                if N > colours {
                    pixel[N - 1] = T::quantised(alpha.map_or(1.0, |alpha| alpha[x]));
                }
            }
        }
    }
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
    rows: BTreeMap<usize, [Vec<f32>; 2]>,
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
            rows: BTreeMap::new(),
            column: Vec::new(),
            current: [const { Vec::new() }; 2],
        }
    }

    /// Both planes of row `y` of the result; rows come from the top.
    pub(super) fn compute(&mut self, source: &Picture, y: usize) -> [&[f32]; 2] {
        for (sy, _) in self.vertical.of(y) {
            let lock = &mut self.lock;
            self.rows.entry(sy).or_insert_with(|| match lock {
                Some(lock) => lock.row(source, sy),
                None => source_row(source, sy),
            });
        }
        for (plane, output) in self.current.iter_mut().enumerate() {
            self.column.clear();
            self.column.resize(source.width as usize, 0.0);
            for (sy, weight) in self.vertical.of(y).filter(|tap| tap.1 != 0.0) {
                let weight = weight as f32;
                for (sum, value) in self.column.iter_mut().zip(&self.rows[&sy][plane]) {
                    *sum += weight * value;
                }
            }
            self.horizontal.apply(&mut self.column, output);
        }
        if y + 1 < self.vertical.len() {
            self.rows = self.rows.split_off(&self.firsts[y + 1]);
        }
        [&self.current[0], &self.current[1]]
    }
}

/// The source's chroma, changed for the lock.
struct ChromaLock {
    vertical: RoundTrip,
    horizontal: RoundTrip,
    /// Rows of the source as they are, and enlarged and reduced sideways, that coming rows still need.
    rows: BTreeMap<usize, [[Vec<f32>; 2]; 2]>,
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
                for (i, b) in up.of(middle).filter(|tap| tap.1 != 0.0) {
                    sums[i - start] += a * b;
                }
            }
            (start, sums.map(|w| w as f32))
        };
        Self { windows: (0..side).map(window).collect() }
    }

    /// The first sample that `o` and those after it need.
    fn first(&self, o: usize) -> usize {
        self.windows[o].0
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
        Self { vertical: RoundTrip::new(height, factor), horizontal: RoundTrip::new(width, factor), rows: BTreeMap::new() }
    }

    fn row(&mut self, source: &Picture, y: usize) -> [Vec<f32>; 2] {
        self.rows = self.rows.split_off(&self.vertical.first(y).min(y));
        let (start, weights) = self.vertical.windows[y];
        let taps = || (start..).zip(weights).filter(|tap| tap.1 != 0.0);
        for (sy, _) in taps() {
            let horizontal = &self.horizontal;
            self.rows.entry(sy).or_insert_with(|| {
                let plain = source_row(source, sy);
                let across = [0, 1].map(|p| horizontal.apply(&plain[p]));
                [plain, across]
            });
        }
        [0, 1].map(|p| {
            let plain = &self.rows[&y][0][p];
            let mut sum: Vec<(&[f32], f32)> = taps().map(|(sy, weight)| (self.rows[&sy][1][p].as_slice(), -weight)).collect();
            sum.push((plain, 2.0));
            let mut row = vec![0.0; plain.len()];
            weighted_sum(&sum, &mut row);
            row
        })
    }
}

/// Both chroma planes of row `y`.
fn source_row(source: &Picture, y: usize) -> [Vec<f32>; 2] {
    let mut planes = [const { Vec::new() }; 2];
    let [cb, cr] = &mut planes;
    each_colour(source, y, |rgb| rgb_to_ycbcr(rgb)[1], cb);
    each_colour(source, y, |rgb| rgb_to_ycbcr(rgb)[2], cr);
    planes
}

/// Adds channel `c` of row `y`, 0..=1.
pub(super) fn channel_row(source: &Picture, y: usize, c: usize, into: &mut Vec<f32>) {
    match (c, source.channels) {
        (0, _) => each_colour(source, y, |rgb| rgb[0], into),
        (1, Channels::Rgb | Channels::Rgba) => each_colour(source, y, |rgb| rgb[1], into),
        (2, Channels::Rgb | Channels::Rgba) => each_colour(source, y, |rgb| rgb[2], into),
        _ => {
            let (width, count) = (source.width as usize, source.channels.count());
            into.extend((y * width..(y + 1) * width).map(|p| source.samples.unit(p * count + c)));
        }
    }
}

/// Adds the luma of row `y`, 0..=1.
pub(super) fn luma_row(source: &Picture, y: usize, into: &mut Vec<f32>) {
    each_colour(source, y, luma, into);
}

/// Adds what `value` makes of the colour of every pixel of row `y`; a grey pixel has three equal colours.
fn each_colour(source: &Picture, y: usize, value: impl Fn([f32; 3]) -> f32, into: &mut Vec<f32>) {
    fn put<T: Sample + Into<f32>, const N: usize>(row: &[T], value: impl Fn([f32; 3]) -> f32, into: &mut Vec<f32>) {
        let at = |pixel: &[T; N], c: usize| pixel[if N > 2 { c } else { 0 }].into() / T::PEAK;
        into.extend(row.as_chunks::<N>().0.iter().map(|pixel| value([at(pixel, 0), at(pixel, 1), at(pixel, 2)])));
    }
    let row = source.width as usize * source.channels.count();
    let row = y * row..(y + 1) * row;
    match (&source.samples, source.channels) {
        (Samples::U8(values), Channels::Grey) => put::<_, 1>(&values[row], value, into),
        (Samples::U8(values), Channels::GreyAlpha) => put::<_, 2>(&values[row], value, into),
        (Samples::U8(values), Channels::Rgb) => put::<_, 3>(&values[row], value, into),
        (Samples::U8(values), Channels::Rgba) => put::<_, 4>(&values[row], value, into),
        (Samples::U16(values), Channels::Grey) => put::<_, 1>(&values[row], value, into),
        (Samples::U16(values), Channels::GreyAlpha) => put::<_, 2>(&values[row], value, into),
        (Samples::U16(values), Channels::Rgb) => put::<_, 3>(&values[row], value, into),
        (Samples::U16(values), Channels::Rgba) => put::<_, 4>(&values[row], value, into),
    }
}

/// Colour of pixel `index`, 0..=1; a grey picture gives three equal values.
pub(super) fn rgb_at(source: &Picture, index: usize) -> [f32; 3] {
    let at = index * source.channels.count();
    match source.channels {
        Channels::Grey | Channels::GreyAlpha => [source.samples.unit(at); 3],
        Channels::Rgb | Channels::Rgba => [0, 1, 2].map(|c| source.samples.unit(at + c)),
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
