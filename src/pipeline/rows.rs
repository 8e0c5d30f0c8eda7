//! Colour of rows: chroma from the source, and samples of the result.

use std::collections::BTreeMap;

use crate::image::colour::rgb_to_ycbcr;
use crate::image::resample::{Kernel, Taps, Windows};
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
    /// From 0..=1, limited to that.
    fn quantised(value: f32) -> Self;
    /// Back to 0..=1.
    fn unit(self) -> f32;
}

impl Sample for u8 {
    fn quantised(value: f32) -> Self {
        // Adding one half and cutting off rounds; WebAssembly has no instruction for `round`.
        (value.clamp(0.0, 1.0) * 255.0 + 0.5) as Self
    }

    fn unit(self) -> f32 {
        f32::from(self) / 255.0
    }
}

impl Sample for u16 {
    fn quantised(value: f32) -> Self {
        (value.clamp(0.0, 1.0) * 65_535.0 + 0.5) as Self
    }

    fn unit(self) -> f32 {
        f32::from(self) / 65_535.0
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

/// Enlarging and reducing again, along one axis.
struct RoundTrip {
    /// For every sample, the samples that it then depends on, and by how much.
    taps: Vec<Vec<(usize, f32)>>,
    /// The first sample that each and those after it depend on.
    firsts: Vec<usize>,
}

impl RoundTrip {
    fn new(side: usize, factor: usize) -> Self {
        let down = Taps::new(Kernel::Cubic, factor * side, side);
        let up = Taps::new(Kernel::Cubic, side, factor * side);
        let taps: Vec<Vec<(usize, f32)>> = (0..side)
            .map(|o| {
                let mut sums: BTreeMap<usize, f64> = BTreeMap::new();
                for (middle, a) in down.of(o) {
                    for (i, b) in up.of(middle) {
                        *sums.entry(i).or_default() += a * b;
                    }
                }
                sums.into_iter().filter(|(_, w)| w.abs() > 1e-9).map(|(i, w)| (i, w as f32)).collect()
            })
            .collect();
        let mut lowest = side;
        let mut firsts: Vec<usize> = taps
            .iter()
            .rev()
            .map(|list| {
                lowest = lowest.min(list[0].0);
                lowest
            })
            .collect();
        firsts.reverse();
        Self { taps, firsts }
    }
}

impl ChromaLock {
    fn new(width: usize, height: usize, factor: usize) -> Self {
        Self { vertical: RoundTrip::new(height, factor), horizontal: RoundTrip::new(width, factor), rows: BTreeMap::new() }
    }

    fn row(&mut self, source: &Picture, y: usize) -> [Vec<f32>; 2] {
        // Rows are asked for once each, from the top, but for those that the borders mirror.
        self.rows = self.rows.split_off(&self.vertical.firsts[y].min(y));
        let horizontal = &self.horizontal;
        for &(sy, _) in &self.vertical.taps[y] {
            self.rows.entry(sy).or_insert_with(|| {
                let plain = source_row(source, sy);
                let across = [0, 1].map(|p| horizontal.taps.iter().map(|taps| taps.iter().map(|&(i, w)| w * plain[p][i]).sum()).collect());
                [plain, across]
            });
        }
        [0, 1].map(|p| {
            let mut row: Vec<f32> = self.rows[&y][0][p].iter().map(|v| 2.0 * v).collect();
            for &(sy, weight) in &self.vertical.taps[y] {
                for (value, across) in row.iter_mut().zip(&self.rows[&sy][1][p]) {
                    *value -= weight * across;
                }
            }
            row
        })
    }
}

fn source_row(source: &Picture, y: usize) -> [Vec<f32>; 2] {
    let width = source.width as usize;
    let mut planes = [Vec::with_capacity(width), Vec::with_capacity(width)];
    for x in 0..width {
        let [_, cb, cr] = rgb_to_ycbcr(rgb_at(source, y * width + x));
        planes[0].push(cb);
        planes[1].push(cr);
    }
    planes
}

/// Colour of pixel `index`, 0..=1; a grey picture gives three equal values.
pub(super) fn rgb_at(source: &Picture, index: usize) -> [f32; 3] {
    let at = index * source.channels.count();
    match source.channels {
        Channels::Grey | Channels::GreyAlpha => [source.samples.unit(at); 3],
        Channels::Rgb | Channels::Rgba => [0, 1, 2].map(|c| source.samples.unit(at + c)),
    }
}
