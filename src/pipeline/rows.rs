//! Bands of planes to rows of interleaved samples.

use std::collections::BTreeMap;

use crate::codec::encode::{RowEncoder, Rows};
use crate::error::Result;
use crate::image::colour::{rgb_to_ycbcr, ycbcr_to_rgb};
use crate::image::resample::{Kernel, Taps, Windows};
use crate::image::{Channels, Depth, Picture, RowFormat};
use crate::tile::band::Band;

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

/// Turns bands into the encoder's rows.
pub(super) struct RowMaker {
    planes: Planes,
    alpha: bool,
    format: RowFormat,
    chroma: Option<Chroma>,
}

impl RowMaker {
    /// For bands of `planes` (and a plane of alpha after them) of an enlargement of `source` to `format`.
    ///
    /// A format without alpha for a source that has it is laid on white.
    pub(super) fn new(planes: Planes, source: &Picture, format: RowFormat) -> Self {
        let chroma = (planes == Planes::Luma).then(|| Chroma::new(source, &format));
        Self { planes, alpha: source.channels.has_alpha(), format, chroma }
    }

    /// Writes all rows of `band`.
    ///
    /// # Errors
    /// What the encoder says.
    pub(super) fn write(&mut self, source: &Picture, band: &Band, encoder: &mut dyn RowEncoder) -> Result<()> {
        match self.format.depth {
            Depth::Eight => self.rows(source, band, |row: &[u8]| encoder.write_rows(Rows::U8(row)))?,
            Depth::Sixteen => self.rows(source, band, |row: &[u16]| encoder.write_rows(Rows::U16(row)))?,
        }
        if let Some(chroma) = &mut self.chroma {
            chroma.forget_above(band.y + band.height);
        }
        Ok(())
    }

    fn rows<T: Sample>(&mut self, source: &Picture, band: &Band, mut write: impl FnMut(&[T]) -> Result<()>) -> Result<()> {
        let mut row = vec![T::default(); self.format.row_len()];
        for y in 0..band.height {
            if let Some(chroma) = &mut self.chroma {
                chroma.compute(source, band.y + y);
            }
            match self.format.channels {
                Channels::Grey => self.row::<T, 1>(band, y, row.as_chunks_mut().0),
                Channels::GreyAlpha => self.row::<T, 2>(band, y, row.as_chunks_mut().0),
                Channels::Rgb => self.row::<T, 3>(band, y, row.as_chunks_mut().0),
                Channels::Rgba => self.row::<T, 4>(band, y, row.as_chunks_mut().0),
            }
            write(&row)?;
        }
        Ok(())
    }

    /// One row of pixels of `N` samples.
    fn row<T: Sample, const N: usize>(&self, band: &Band, y: usize, row: &mut [[T; N]]) {
        let line = |plane: usize| &band.plane(plane)[y * band.width..][..row.len()];
        let alpha = self.alpha.then(|| line(self.planes.count()));
        match (self.planes, &self.chroma) {
            (Planes::Rgb, _) => {
                let (r, g, b) = (line(0), line(1), line(2));
                fill(row, alpha, |x| [r[x], g[x], b[x]]);
            }
            (Planes::Luma, Some(chroma)) => {
                let (y, [cb, cr]) = (line(0), chroma.current(row.len()));
                fill(row, alpha, |x| ycbcr_to_rgb([y[x], cb[x], cr[x]]));
            }
            _ => {
                let y = line(0);
                fill(row, alpha, |x| [y[x]; 3]);
            }
        }
    }
}

/// A sample of the result.
trait Sample: Copy + Default {
    /// From 0..=1, limited to that.
    fn quantised(value: f32) -> Self;
}

impl Sample for u8 {
    fn quantised(value: f32) -> Self {
        // Adding one half and cutting off rounds; WebAssembly has no instruction for `round`.
        (value.clamp(0.0, 1.0) * 255.0 + 0.5) as Self
    }
}

impl Sample for u16 {
    fn quantised(value: f32) -> Self {
        (value.clamp(0.0, 1.0) * 65_535.0 + 0.5) as Self
    }
}

/// Fills a row of pixels of grey, grey and alpha, RGB or RGBA. Alpha that a pixel has no place for lays it on white.
///
/// Not inlined: a browser would optimise every kind of row as one large function, while the first picture waits.
#[inline(never)]
fn fill<T: Sample, const N: usize>(row: &mut [[T; N]], alpha: Option<&[f32]>, colour: impl Fn(usize) -> [f32; 3]) {
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
struct Chroma {
    vertical: Taps,
    horizontal: Windows,
    /// Source rows of the two chroma planes that coming output rows still need.
    rows: BTreeMap<usize, [Vec<f32>; 2]>,
    /// A row of the source's width.
    column: Vec<f32>,
    /// Both planes of the row under way, of the result's width.
    current: [Vec<f32>; 2],
}

impl Chroma {
    fn new(source: &Picture, format: &RowFormat) -> Self {
        Self {
            vertical: Taps::new(Kernel::Cubic, source.height as usize, format.height as usize),
            horizontal: Windows::cubic(source.width as usize, format.width as usize),
            rows: BTreeMap::new(),
            column: Vec::new(),
            current: [const { Vec::new() }; 2],
        }
    }

    /// Makes output row `y` of both planes the current one.
    fn compute(&mut self, source: &Picture, y: usize) {
        for (sy, _) in self.vertical.of(y) {
            self.rows.entry(sy).or_insert_with(|| source_row(source, sy));
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
    }

    /// The first `len` values of the current row of both planes.
    fn current(&self, len: usize) -> [&[f32]; 2] {
        [&self.current[0][..len], &self.current[1][..len]]
    }

    /// Drops source rows that no output row from `y` on needs.
    fn forget_above(&mut self, y: usize) {
        if y < self.vertical.len() {
            let first = self.vertical.of(y).map(|(sy, _)| sy).min().unwrap_or(0);
            self.rows = self.rows.split_off(&first);
        }
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
