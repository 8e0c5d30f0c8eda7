//! PNG, streamed through `png`.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use png::{BitDepth, ColorType, Compression, Filter, Info, PixelDimensions, StreamWriter, Unit};

use super::{Counter, EncoderOptions, OutputFormat, RowEncoder, Rows, Sink, failed};
use crate::codec::iptc;
use crate::error::Result;
use crate::image::{Channels, Depth};

/// Bytes of compressed data per chunk of the file.
const CHUNK: usize = 64 << 10;

/// What the engine wrote and the sink has not got yet. The engine's streaming writer asks for a
/// writer that borrows nothing.
#[derive(Clone, Default)]
struct Outbox(Arc<Mutex<Vec<u8>>>);

impl Outbox {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Outbox {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) struct Encoder<'w> {
    counter: Counter,
    sink: Box<dyn Sink + 'w>,
    outbox: Outbox,
    writer: StreamWriter<'static, Outbox>,
    /// One row of 16-bit samples in the file's byte order.
    row: Vec<u8>,
}

impl<'w> Encoder<'w> {
    pub(super) fn new(counter: Counter, options: &EncoderOptions, sink: Box<dyn Sink + 'w>) -> Result<Self> {
        let mut info = Info::with_size(counter.rows.width, counter.rows.height);
        info.color_type = match counter.rows.channels {
            Channels::Grey => ColorType::Grayscale,
            Channels::GreyAlpha => ColorType::GrayscaleAlpha,
            Channels::Rgb => ColorType::Rgb,
            Channels::Rgba => ColorType::Rgba,
        };
        info.bit_depth = match counter.rows.depth {
            Depth::Eight => BitDepth::Eight,
            Depth::Sixteen => BitDepth::Sixteen,
        };
        let metadata = &options.metadata;
        info.icc_profile = metadata.icc.clone().map(Cow::Owned);
        info.exif_metadata = metadata.exif.clone().map(Cow::Owned);
        info.pixel_dims = metadata.density.map(|density| {
            let [xppu, yppu] = density.per_metre();
            PixelDimensions { xppu, yppu, unit: Unit::Meter }
        });
        let error = |e| failed(OutputFormat::Png, e);
        let outbox = Outbox::default();
        let mut encoder = png::Encoder::with_info(outbox.clone(), info).map_err(error)?;
        if let Some(packet) = &metadata.xmp {
            encoder.add_itxt_chunk("XML:com.adobe.xmp".to_owned(), String::from_utf8_lossy(packet).into_owned()).map_err(error)?;
        }
        if let Some(sets) = &metadata.iptc {
            encoder.add_ztxt_chunk("Raw profile type iptc".to_owned(), raw_profile("iptc", &iptc::to_resource(sets))).map_err(error)?;
        }
        encoder.set_compression(Compression::Fast);
        // The best filter for nearly every row of photographs and screenshots; trying all of them takes longer.
        encoder.set_filter(Filter::Paeth);
        let writer = encoder.write_header().map_err(error)?.into_stream_writer_with_size(CHUNK).map_err(error)?;
        Ok(Self { counter, sink, outbox, writer, row: Vec::new() })
    }

    fn deliver(&mut self) -> Result<()> {
        let mut waiting = self.outbox.bytes();
        let sent = self.sink.write_all(&waiting);
        waiting.clear();
        sent.map_err(|e| failed(OutputFormat::Png, e))
    }
}

/// Writes `values` of a row-major picture as a PNG of 8-bit indices into `palette`.
///
/// # Errors
/// `Encode` where the sink fails.
pub fn write_indexed([width, height]: [u32; 2], values: &[u8], palette: &[[u8; 3]], mut sink: impl Sink) -> Result<()> {
    let error = |e| failed(OutputFormat::Png, e);
    let mut encoder = png::Encoder::new(&mut sink, width, height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_palette(palette.as_flattened());
    encoder.set_compression(Compression::Fast);
    // Indices that follow each other are alike, their differences are not.
    encoder.set_filter(Filter::NoFilter);
    let mut file = encoder.write_header().map_err(error)?;
    let mut writer = file.stream_writer_with_size(CHUNK).map_err(error)?;
    writer.write_all(values).map_err(|e| failed(OutputFormat::Png, e))?;
    writer.finish().map_err(error)?;
    file.finish().map_err(error)?;
    sink.flush().map_err(|e| failed(OutputFormat::Png, e))
}

/// Bytes as text, as `ImageMagick` has it and others read it: the kind, the length, then 36 bytes a line in hexadecimal.
fn raw_profile(kind: &str, bytes: &[u8]) -> String {
    let mut text = format!("\n{kind}\n{:8}", bytes.len());
    for line in bytes.chunks(36) {
        text.push('\n');
        text.extend(line.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)));
    }
    text.push('\n');
    text
}

impl RowEncoder for Encoder<'_> {
    fn write_rows(&mut self, rows: Rows<'_>) -> Result<()> {
        self.counter.push(&rows)?;
        let error = |e| failed(OutputFormat::Png, e);
        let row_len = self.counter.rows.row_len();
        match rows {
            Rows::U8(samples) => {
                for row in samples.chunks_exact(row_len) {
                    self.writer.write_all(row).map_err(error)?;
                    if self.outbox.bytes().len() >= CHUNK {
                        self.deliver()?;
                    }
                }
            }
            Rows::U16(samples) => {
                for row in samples.chunks_exact(row_len) {
                    self.row.clear();
                    self.row.extend(row.iter().flat_map(|s| s.to_be_bytes()));
                    self.writer.write_all(&self.row).map_err(error)?;
                    if self.outbox.bytes().len() >= CHUNK {
                        self.deliver()?;
                    }
                }
            }
        }
        self.deliver()
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { counter, mut sink, outbox, writer, .. } = *self;
        counter.finish()?;
        writer.finish().map_err(|e| failed(OutputFormat::Png, e))?;
        let error = |e| failed(OutputFormat::Png, e);
        sink.write_all(&outbox.bytes()).map_err(error)?;
        sink.flush().map_err(error)
    }
}
