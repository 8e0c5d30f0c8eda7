//! From rows of planes at the model's scale to the encoder: the lock, colour, the exact size, sharpness and grain.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::rows::{Chroma, Planes, Sample, channel_row, fill, luma_row};
use crate::codec::encode::{EncoderOptions, OutputFormat, RowEncoder, Rows, Sink, encoder};
use crate::error::Result;
use crate::finish::grain::Grain;
use crate::finish::lock::{Differences, Fidelity, InputRow, Lock, LockShape};
use crate::finish::map::Map;
use crate::finish::meter::Meter;
use crate::finish::resample::{Frame, Resample};
use crate::finish::sharpen::Sharpen;
use crate::finish::{Row, RowFilter, through};
use crate::image::colour::ycbcr_to_rgb;
use crate::image::{Channels, Depth, Picture, RowFormat};

/// What the output does besides colour.
pub(super) struct Finish {
    pub(super) fidelity: Fidelity,
    pub(super) map: bool,
    pub(super) sharpen: f32,
    pub(super) grain: f32,
    pub(super) seed: u32,
    /// Part of the model's result that is kept, and the size that it is to have.
    pub(super) frame: Frame,
}

/// The way of the rows.
pub(super) struct Output {
    source: Arc<Picture>,
    format: RowFormat,
    chroma: Option<Chroma>,
    locks: Vec<Box<dyn RowFilter>>,
    after: Vec<Box<dyn RowFilter>>,
    meter: Option<Meter>,
    map: Option<Rc<RefCell<Map>>>,
    /// Number of the next row at the model's scale.
    y: usize,
}

impl Output {
    /// For a result `factor` times as large as `source`, of `planes` (and alpha where the source has it), encoded as `format`.
    ///
    /// A format without alpha for a source that has it is laid on white.
    ///
    /// # Errors
    /// `Limits` where the memory of the map cannot be had.
    pub(super) fn new(source: &Arc<Picture>, planes: Planes, factor: usize, format: RowFormat, finish: &Finish) -> Result<Self> {
        let (width, height) = (source.width as usize, source.height as usize);
        let alpha = source.channels.has_alpha();
        let map = if finish.map { Some(Rc::new(RefCell::new(Map::new(width, height)?))) } else { None };
        let mut locks: Vec<Box<dyn RowFilter>> = Vec::new();
        let compares = factor > 1 && (finish.fidelity != Fidelity::Off || finish.map);
        // One round: what it leaves is about as much as the rounding to 8 bits.
        if compares {
            let told = map.clone().map(|map| -> Differences { Box::new(move |y, _, row| map.borrow_mut().note(y, row)) });
            let shape = LockShape { factor, width, height, planes: planes.count() };
            locks.push(Box::new(Lock::new(shape, finish.fidelity, input_row(source, planes), told)));
        }
        let colours = source.channels.colours();
        let mut after: Vec<Box<dyn RowFilter>> = Vec::new();
        let resample = Resample::new(finish.frame, alpha);
        if !resample.is_idle() {
            after.push(Box::new(resample));
        }
        if finish.sharpen > 0.0 {
            after.push(Box::new(Sharpen::new(finish.sharpen, finish.frame.size[1], colours)));
        }
        if finish.grain > 0.0 {
            after.push(Box::new(Grain::new(finish.grain, finish.seed, colours)));
        }
        let flattened = alpha && !format.channels.has_alpha();
        let meter = (factor > 1).then(|| Meter::new(factor, width, height, colours, written_row(source, flattened)));
        Ok(Self {
            source: source.clone(),
            format,
            chroma: (planes == Planes::Luma).then(|| Chroma::new(source, factor, finish.fidelity == Fidelity::Lock)),
            locks,
            after,
            meter,
            map,
            y: 0,
        })
    }

    /// Takes the next row of the model's result.
    ///
    /// # Errors
    /// What the encoder says.
    pub(super) fn push(&mut self, row: Row, encoder: &mut dyn RowEncoder) -> Result<()> {
        let mut locks = std::mem::take(&mut self.locks);
        let pushed = through(&mut locks, row, &mut |row| match self.format.depth {
            Depth::Eight => self.finish::<u8>(row, &mut |row| encoder.write_rows(Rows::U8(row))),
            Depth::Sixteen => self.finish::<u16>(row, &mut |row| encoder.write_rows(Rows::U16(row))),
        });
        self.locks = locks;
        pushed
    }

    /// The LR-PSNR in dB, after the last row.
    pub(super) fn lr_psnr(&self) -> Option<f64> {
        self.meter.as_ref()?.psnr()
    }

    /// The map, after the last row.
    pub(super) fn map(&self) -> Option<std::cell::Ref<'_, Map>> {
        self.map.as_ref().map(|map| map.borrow())
    }

    /// What is left to do with a locked row.
    fn finish<T: Sample>(&mut self, mut row: Row, write: &mut dyn FnMut(&[T]) -> Result<()>) -> Result<()> {
        if let Some(chroma) = &mut self.chroma {
            let [cb, cr] = chroma.compute(&self.source, self.y);
            let y = std::mem::take(&mut row.planes[0]);
            let mut rgb = [const { Vec::new() }; 3].map(|_: Vec<f32>| vec![0.0; y.len()]);
            let [r, g, b] = &mut rgb;
            for ((((r, g), b), y), (cb, cr)) in r.iter_mut().zip(g).zip(b).zip(&y).zip(cb.iter().zip(cr)) {
                [*r, *g, *b] = ycbcr_to_rgb([*y, *cb, *cr]);
            }
            row.planes.splice(..1, rgb);
        }
        self.y += 1;
        let alpha = self.source.channels.has_alpha();
        let channels = self.format.channels;
        if let Some(meter) = &mut self.meter {
            meter.push(written::<T>(&row, self.source.channels.colours(), alpha && !channels.has_alpha()));
        }
        if self.after.is_empty() {
            return write(&quantised::<T>(&row, channels, alpha));
        }
        through(&mut self.after, row, &mut |row| write(&quantised::<T>(&row, channels, alpha)))
    }
}

/// Writes a fidelity map as a PNG of the input's size.
///
/// # Errors
/// `Encode` where the sink fails.
pub fn write_map(map: &Map, sink: impl Sink) -> Result<()> {
    let rows = RowFormat { width: map.width as u32, height: map.height as u32, channels: Channels::Rgb, depth: Depth::Eight };
    let mut encoder = encoder(OutputFormat::Png, rows, &EncoderOptions::default(), sink)?;
    for y in 0..map.height {
        encoder.write_rows(Rows::U8(&map.row(y)))?;
    }
    encoder.finish()
}

/// A row of samples from planes.
fn quantised<T: Sample>(row: &Row, channels: Channels, alpha: bool) -> Vec<T> {
    let width = row.planes[0].len();
    let mut samples = vec![T::default(); width * channels.count()];
    let planes = &row.planes;
    let alpha = alpha.then(|| planes[planes.len() - 1].as_slice());
    let grey = |x: usize| [planes[0][x]; 3];
    let rgb = |x: usize| [planes[0][x], planes[1][x], planes[2][x]];
    match channels {
        Channels::Grey => fill::<T, 1>(samples.as_chunks_mut().0, alpha, grey),
        Channels::GreyAlpha => fill::<T, 2>(samples.as_chunks_mut().0, alpha, grey),
        Channels::Rgb => fill::<T, 3>(samples.as_chunks_mut().0, alpha, rgb),
        Channels::Rgba => fill::<T, 4>(samples.as_chunks_mut().0, alpha, rgb),
    }
    samples
}

/// The planes of colour as they are written: rounded, and on white where alpha is `flattened`.
fn written<T: Sample>(row: &Row, colours: usize, flattened: bool) -> Row {
    let alpha = row.planes.last().filter(|_| flattened);
    let rounded = |value: f32| (value.clamp(0.0, 1.0) * T::PEAK + 0.5) as i32 as f32 / T::PEAK;
    let plane = |plane: &Vec<f32>| match alpha {
        Some(alpha) => plane.iter().zip(alpha).map(|(v, a)| rounded(v.clamp(0.0, 1.0) * a + 1.0 - a)).collect(),
        None => plane.iter().map(|&v| rounded(v)).collect(),
    };
    Row { planes: row.planes[..colours].iter().map(plane).collect() }
}

/// Rows of the source as a network of `planes` sees it.
fn input_row(source: &Arc<Picture>, planes: Planes) -> InputRow {
    let source = source.clone();
    Box::new(move |y, plane, into| match planes {
        Planes::Luma => luma_row(&source, y, into),
        Planes::Grey | Planes::Rgb => channel_row(&source, y, plane, into),
    })
}

/// Rows of the source as they would be written, on white where that is `flattened`.
fn written_row(source: &Arc<Picture>, flattened: bool) -> InputRow {
    let source = source.clone();
    Box::new(move |y, plane, into| {
        channel_row(&source, y, plane, into);
        if flattened {
            let mut alpha = Vec::new();
            channel_row(&source, y, source.channels.count() - 1, &mut alpha);
            for (value, alpha) in into.iter_mut().zip(&alpha) {
                *value = *value * alpha + 1.0 - alpha;
            }
        }
    })
}
