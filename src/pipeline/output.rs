//! From rows of planes at the model's scale to the encoder: the lock, colour, the exact size, sharpness and grain.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::rows::{Chroma, Planes, interleaved, levels, on_white, peak};
use crate::codec::encode::{RowEncoder, Rows, Sink, write_indexed};
use crate::error::Result;
use crate::finish::grain::Grain;
use crate::finish::lock::{Differences, Fidelity, InputRow, Lock, LockShape};
use crate::finish::map::{self, Map};
use crate::finish::meter::Meter;
use crate::finish::resample::{Frame, Resample};
use crate::finish::sharpen::{self, Sharpen};
use crate::finish::{Row, RowFilter, through};
use crate::image::colour::ycbcr_to_rgb;
use crate::image::rows::{channel_row, luma_row};
use crate::image::{Depth, Picture, RowFormat};
use crate::order::Order;

/// What the output does besides colour.
pub(super) struct Finish<'a> {
    pub(super) order: &'a Order,
    /// The lock that was chosen.
    pub(super) fidelity: Fidelity,
    /// Part of the model's result that is kept, and the size that it is to have.
    pub(super) frame: Frame,
}

/// The way of the rows.
pub(super) struct Output {
    lock: Option<Lock>,
    rest: Rest,
    map: Option<Rc<RefCell<Map>>>,
}

/// The way from the lock to the encoder.
struct Rest {
    source: Arc<Picture>,
    format: RowFormat,
    /// Whether alpha goes, which leaves the picture on white.
    flattened: bool,
    chroma: Option<Chroma>,
    meter: Option<Meter>,
    filters: Vec<Box<dyn RowFilter>>,
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
    pub(super) fn new(source: &Arc<Picture>, planes: Planes, factor: usize, format: RowFormat, finish: &Finish<'_>) -> Result<Self> {
        let (width, height) = (source.width as usize, source.height as usize);
        let [left, top, wide, high] = finish.frame.part.map(|side| side / factor);
        let map = if finish.order.map { Some(Rc::new(RefCell::new(Map::new(wide, high)?))) } else { None };
        let lock = (factor > 1 && (finish.fidelity != Fidelity::Off || finish.order.map)).then(|| {
            let told = map.clone().map(|map| -> Differences {
                Box::new(move |y, _, row| {
                    if (top..top + high).contains(&y) {
                        map.borrow_mut().note(y - top, &row[left..left + wide]);
                    }
                })
            });
            Lock::new(LockShape { factor, width, height, planes: planes.count() }, finish.fidelity, input_row(source, planes), told)
        });
        let alpha = source.channels.has_alpha();
        let flattened = alpha && !format.channels.has_alpha();
        let meter = (factor > 1).then(|| {
            let peak = peak(format.depth);
            let counted = [left..left + wide, top..top + high];
            Meter::new(factor, [width, height], counted, source.channels.colours(), peak, written_row(source, flattened))
        });
        Ok(Self {
            lock,
            rest: Rest {
                source: source.clone(),
                format,
                flattened,
                chroma: (planes == Planes::Luma).then(|| Chroma::new(source, factor, finish.fidelity == Fidelity::Lock)),
                meter,
                filters: filters(finish, source.channels.colours(), alpha),
                y: 0,
            },
            map,
        })
    }

    /// Takes the next row of the model's result, 0..=1.
    ///
    /// # Errors
    /// What the encoder says.
    pub(super) fn push(&mut self, row: Row, encoder: &mut dyn RowEncoder) -> Result<()> {
        let Self { lock, rest, .. } = self;
        match lock {
            Some(lock) => lock.push(row, &mut |row| rest.push(row, encoder)),
            None => rest.push(row, encoder),
        }
    }

    /// The LR-PSNR in dB, after the last row.
    pub(super) fn lr_psnr(&self) -> Option<f64> {
        self.rest.meter.as_ref()?.psnr()
    }

    /// The map, after the last row.
    pub(super) fn map(&self) -> Option<std::cell::Ref<'_, Map>> {
        self.map.as_ref().map(|map| map.borrow())
    }
}

/// What is done after the lock, in its order.
fn filters(finish: &Finish<'_>, colours: usize, alpha: bool) -> Vec<Box<dyn RowFilter>> {
    let Finish { order, frame, .. } = *finish;
    let [width, height] = frame.size;
    let mut filters: Vec<Box<dyn RowFilter>> = Vec::new();
    // A filter that looks at neighbours sees those across the edge of a texture.
    let margin = if order.wrap && order.sharpen > 0.0 { sharpen::REACH } else { 0 };
    let resample = Resample::new(frame, margin, alpha);
    if !resample.is_idle() {
        filters.push(Box::new(resample));
    }
    if order.sharpen > 0.0 {
        filters.push(Box::new(Sharpen::new(order.sharpen, height + 2 * margin, margin, colours)));
    }
    if order.grain > 0.0 {
        filters.push(Box::new(Grain::new(order.grain, order.seed, colours, order.wrap.then(|| [width, height].map(|side| side as u32)))));
    }
    filters
}

impl Rest {
    fn push(&mut self, mut row: Row, encoder: &mut dyn RowEncoder) -> Result<()> {
        if let Some(chroma) = &mut self.chroma {
            coloured(&mut row, chroma.compute(&self.source, self.y));
        }
        self.y += 1;
        let (depth, channels, flattened) = (self.format.depth, self.format.channels, self.flattened);
        let peak = peak(depth);
        let write = |encoder: &mut dyn RowEncoder, row: &Row| match depth {
            Depth::Eight => encoder.write_rows(Rows::U8(&interleaved(row, channels))),
            Depth::Sixteen => encoder.write_rows(Rows::U16(&interleaved(row, channels))),
        };
        if self.filters.is_empty() {
            levels(&mut row, peak, flattened);
            write(encoder, &row)?;
            if let Some(meter) = &mut self.meter {
                meter.push(row);
            }
            return Ok(());
        }
        if let Some(meter) = &mut self.meter {
            let mut row = row.clone();
            levels(&mut row, peak, flattened);
            meter.push(row);
        }
        through(&mut self.filters, row, &mut |mut row| {
            levels(&mut row, peak, flattened);
            write(encoder, &row)
        })
    }
}

/// Red, green and blue instead of luma.
#[inline(never)]
fn coloured(row: &mut Row, [cb, cr]: [&[f32]; 2]) {
    let y = std::mem::take(&mut row.planes[0]);
    let mut rgb = [const { Vec::new() }; 3].map(|_: Vec<f32>| vec![0.0; y.len()]);
    let [r, g, b] = &mut rgb;
    for ((((r, g), b), y), (cb, cr)) in r.iter_mut().zip(g).zip(b).zip(&y).zip(cb.iter().zip(cr)) {
        [*r, *g, *b] = ycbcr_to_rgb([*y, *cb, *cr]);
    }
    row.planes.splice(..1, rgb);
}

/// Writes a fidelity map as a PNG of the input's size.
///
/// # Errors
/// `Encode` where the sink fails.
pub fn write_map(map: &Map, sink: impl Sink) -> Result<()> {
    write_indexed([map.width as u32, map.height as u32], &map.values, &map::palette(), sink)
}

/// Rows of the source as a network of `planes` sees it.
fn input_row(source: &Arc<Picture>, planes: Planes) -> InputRow {
    let source = source.clone();
    Box::new(move |y, plane, into| match planes {
        Planes::Luma => luma_row(&source, y, 0..source.width as usize, into),
        Planes::Grey | Planes::Rgb => channel_row(&source, y, plane, 0..source.width as usize, into),
    })
}

/// Rows of the source as they would be written, on white where that is `flattened`.
fn written_row(source: &Arc<Picture>, flattened: bool) -> InputRow {
    let source = source.clone();
    Box::new(move |y, plane, into| {
        let columns = 0..source.width as usize;
        channel_row(&source, y, plane, columns.clone(), into);
        if flattened {
            let mut alpha = Vec::new();
            channel_row(&source, y, source.channels.count() - 1, columns, &mut alpha);
            into.iter_mut().zip(&alpha).for_each(|(v, a)| *v = on_white(*v, *a));
        }
    })
}
