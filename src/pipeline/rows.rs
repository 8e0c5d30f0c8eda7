//! Bands of planes to rows of interleaved samples.

use std::collections::BTreeMap;

use crate::codec::encode::{RowEncoder, Rows};
use crate::error::Result;
use crate::image::colour::{rgb_to_ycbcr, ycbcr_to_rgb};
use crate::image::resample::{Kernel, Taps};
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
        let mut row = Vec::with_capacity(self.format.row_len());
        for y in 0..band.height {
            row.clear();
            self.row(source, band, y, &mut row);
            match self.format.depth {
                Depth::Eight => {
                    let values: Vec<u8> = row.iter().map(|v| (v * 255.0).round() as u8).collect();
                    encoder.write_rows(Rows::U8(&values))?;
                }
                Depth::Sixteen => {
                    let values: Vec<u16> = row.iter().map(|v| (v * 65_535.0).round() as u16).collect();
                    encoder.write_rows(Rows::U16(&values))?;
                }
            }
        }
        if let Some(chroma) = &mut self.chroma {
            chroma.forget_above(band.y + band.height);
        }
        Ok(())
    }

    /// One row of interleaved samples, 0..=1.
    fn row(&mut self, source: &Picture, band: &Band, y: usize, row: &mut Vec<f32>) {
        let line = |plane: usize| &band.plane(plane)[y * band.width..][..band.width];
        let chroma = self.chroma.as_mut().map(|c| c.row(source, band.y + y));
        let alpha = self.alpha.then(|| line(self.planes.count()));
        for x in 0..band.width {
            let colour = match (self.planes, &chroma) {
                (Planes::Rgb, _) => [line(0)[x], line(1)[x], line(2)[x]],
                (Planes::Luma, Some(chroma)) => ycbcr_to_rgb([line(0)[x], chroma[0][x], chroma[1][x]]),
                _ => [line(0)[x]; 3],
            };
            let colour = colour.map(|v| v.clamp(0.0, 1.0));
            let alpha = alpha.map(|a| a[x].clamp(0.0, 1.0));
            let on_white = |v: f32| match alpha {
                Some(a) if !self.format.channels.has_alpha() => v * a + (1.0 - a),
                _ => v,
            };
            let count = self.format.channels.colours();
            row.extend(colour[..count].iter().map(|&v| on_white(v)));
            if self.format.channels.has_alpha() {
                row.push(alpha.unwrap_or(1.0));
            }
        }
    }
}

/// Chroma of the source, enlarged by cubic convolution a row at a time.
struct Chroma {
    vertical: Taps,
    horizontal: Taps,
    /// Source rows of the two chroma planes that coming output rows still need.
    rows: BTreeMap<usize, [Vec<f32>; 2]>,
}

impl Chroma {
    fn new(source: &Picture, format: &RowFormat) -> Self {
        Self {
            vertical: Taps::new(Kernel::Cubic, source.height as usize, format.height as usize),
            horizontal: Taps::new(Kernel::Cubic, source.width as usize, format.width as usize),
            rows: BTreeMap::new(),
        }
    }

    /// Output row `y` of both planes.
    fn row(&mut self, source: &Picture, y: usize) -> [Vec<f32>; 2] {
        let width = source.width as usize;
        for (sy, _) in self.vertical.of(y) {
            self.rows.entry(sy).or_insert_with(|| source_row(source, sy));
        }
        [0, 1].map(|plane| {
            let mut column = vec![0.0f32; width];
            for (sy, weight) in self.vertical.of(y) {
                let weight = weight as f32;
                for (sum, value) in column.iter_mut().zip(&self.rows[&sy][plane]) {
                    *sum += weight * value;
                }
            }
            let outputs = self.horizontal.len();
            (0..outputs).map(|x| self.horizontal.of(x).map(|(sx, w)| w as f32 * column[sx]).sum()).collect()
        })
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
