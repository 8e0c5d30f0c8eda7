//! Writing image files, row by row.
//!
//! Every encoder takes whole rows in any number at a time and writes the same bytes for every
//! split. PNG, JPEG and WebP are written forwards only; TIFF writes a few bytes back near its start. What a format cannot hold is asked of [`can_hold`] before the work starts.

mod jpeg;
mod memory;
mod png;
#[cfg(not(target_arch = "wasm32"))]
mod threaded;
mod tiff;
mod webp;

use std::io::{Seek, Write};

pub use memory::MemoryFile;
pub use png::write_indexed;
#[cfg(not(target_arch = "wasm32"))]
pub use threaded::threaded;

use super::{Metadata, exif, icc, iptc, xmp};
use crate::error::{Error, Result};
use crate::image::{Depth, RowFormat};
use crate::named::named;

/// Most bytes of pixels that a PNG may have where a number of bytes has 32 bits.
const PNG_BYTES: u64 = usize::MAX as u64;
/// Largest side of a PNG.
const PNG_SIDE: u32 = i32::MAX as u32;
/// Largest side of a TIFF.
const TIFF_SIDE: u32 = i32::MAX as u32;
/// Largest side of a JPEG. The format allows 65,535; many readers stop at this number.
const JPEG_SIDE: u32 = 65_500;
/// Largest side of a WebP.
const WEBP_SIDE: u32 = 16_383;
/// Largest EXIF block in a JPEG: a segment of 65,535 bytes with its length and name.
const JPEG_EXIF: usize = 65_535 - 2 - 6;
/// Largest XMP packet in one segment of a JPEG, beside its length and name.
const JPEG_XMP: usize = 65_535 - 2 - xmp::SEGMENT.len();
/// Largest IPTC data in a JPEG: a segment with its name and the head of a resource.
const JPEG_IPTC: usize = 65_535 - 2 - iptc::SEGMENT.len() - 13;
/// Largest ICC profile in a JPEG: 254 numbered segments.
const JPEG_ICC: usize = 254 * (65_535 - 2 - 14);

named! {
    /// A format that can be written.
    #[derive(Default)]
    pub enum OutputFormat ("file type", media_type) {
        /// PNG: lossless, 8 and 16 bits, alpha, any size.
        #[default]
        Png = "image/png",
        /// JPEG: lossy, 8 bits, no alpha.
        Jpeg = "image/jpeg",
        /// WebP, lossless: 8 bits, alpha, up to 16,383 pixels a side.
        WebP = "image/webp",
        /// TIFF, lossless (deflate): 8 and 16 bits, alpha, any size; `BigTIFF` beyond 4 GB.
        Tiff = "image/tiff",
    }
}

impl OutputFormat {
    /// The name that people know.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Tiff => "TIFF",
        }
    }

    /// The name on the command line.
    pub const fn short_name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::WebP => "webp",
            Self::Tiff => "tiff",
        }
    }

    /// The endings of its files' names, without the dot; the usual one comes first.
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg", "jfif"],
            Self::WebP => &["webp"],
            Self::Tiff => &["tif", "tiff"],
        }
    }

    /// The usual ending of a file name, without the dot.
    pub const fn extension(self) -> &'static str {
        self.extensions()[0]
    }

    /// The format that a file name's ending names, in any case and without the dot.
    pub fn from_extension(ending: &str) -> Option<Self> {
        let ending = ending.to_ascii_lowercase();
        Self::ALL.into_iter().find(|format| format.extensions().contains(&ending.as_str()))
    }

    /// Whether it keeps 16 bits a sample.
    pub const fn holds_sixteen_bits(self) -> bool {
        matches!(self, Self::Png | Self::Tiff)
    }

    /// Whether it keeps transparency.
    pub const fn holds_alpha(self) -> bool {
        !matches!(self, Self::Jpeg)
    }
}

/// The quality of a lossy file where none is asked for.
pub const USUAL_QUALITY: u8 = 90;

/// How to write a file.
#[derive(Debug, Clone)]
pub struct EncoderOptions {
    /// 1 (smallest file) to 100 (best picture). Only JPEG uses it: below 90 it stores colour at half
    /// the resolution (4:2:0), from 90 up at full resolution. PNG and WebP are lossless.
    pub quality: u8,
    /// What to write beside the pixels.
    pub metadata: Metadata,
}

impl Default for EncoderOptions {
    fn default() -> Self {
        Self { quality: USUAL_QUALITY, metadata: Metadata::default() }
    }
}

impl EncoderOptions {
    /// Takes out what `format` cannot hold, and says so in a sentence for each, without full stop.
    pub fn fit(&mut self, format: OutputFormat) -> Vec<String> {
        let mut left_out = Vec::new();
        let metadata = &mut self.metadata;
        if format == OutputFormat::Jpeg {
            if metadata.exif.as_ref().is_some_and(|exif| exif.len() > JPEG_EXIF) {
                metadata.exif = None;
                left_out.push("The EXIF data is too large for JPEG and was left out".to_owned());
            }
            if metadata.icc.as_ref().is_some_and(|icc| icc.len() > JPEG_ICC) {
                metadata.icc = None;
                left_out.push("The colour profile is too large for JPEG and was left out".to_owned());
            }
            // A packet of that length is split, as XML.
            if metadata.xmp.as_ref().is_some_and(|xmp| xmp.len() > JPEG_XMP && xmp::split(xmp).is_none()) {
                metadata.xmp = None;
                left_out.push("The XMP data is too large for JPEG and was left out".to_owned());
            }
            if metadata.iptc.as_ref().is_some_and(|iptc| iptc.len() > JPEG_IPTC) {
                metadata.iptc = None;
                left_out.push("The IPTC data is too large for JPEG and was left out".to_owned());
            }
        }
        if format == OutputFormat::Tiff && metadata.exif.as_deref().is_some_and(|block| exif::read(block).is_none()) {
            metadata.exif = None;
            left_out.push("The EXIF data is damaged and was left out".to_owned());
        }
        if format == OutputFormat::WebP && metadata.iptc.is_some() {
            metadata.iptc = None;
            left_out.push("WebP has no place for the IPTC data, which was left out".to_owned());
        }
        // A lossless WebP stores grey as equal colours, which a profile for grey does not describe.
        if format == OutputFormat::WebP
            && let Some(grey) = metadata.icc.take_if(|icc| icc.get(16..20) == Some(b"GRAY"))
        {
            metadata.icc = icc::grey_as_rgb(&grey);
            if metadata.icc.is_none() {
                left_out.push("The colour profile for grey does not fit WebP and was left out".to_owned());
            }
        }
        left_out
    }
}

/// Whole rows, interleaved; any number of them.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// For [`Depth::Eight`].
    U8(&'a [u8]),
    /// For [`Depth::Sixteen`].
    U16(&'a [u16]),
}

impl Rows<'_> {
    fn len(&self) -> usize {
        match self {
            Self::U8(s) => s.len(),
            Self::U16(s) => s.len(),
        }
    }

    fn depth(&self) -> Depth {
        match self {
            Self::U8(_) => Depth::Eight,
            Self::U16(_) => Depth::Sixteen,
        }
    }
}

/// Where a file goes. Only TIFF seeks: back to its start, once, when all rows are there.
pub trait Sink: Write + Seek + MaybeSend {}

impl<T: Write + Seek + MaybeSend + ?Sized> Sink for T {}

/// [`Send`] where there are threads: natively a file is encoded on one of its own.
#[cfg(not(target_arch = "wasm32"))]
pub trait MaybeSend: Send {}

#[cfg(not(target_arch = "wasm32"))]
impl<T: Send + ?Sized> MaybeSend for T {}

/// Nothing: WebAssembly has no threads here.
#[cfg(target_arch = "wasm32")]
pub trait MaybeSend {}

#[cfg(target_arch = "wasm32")]
impl<T: ?Sized> MaybeSend for T {}

/// A file being written.
pub trait RowEncoder: MaybeSend {
    /// Writes the next rows.
    ///
    /// # Errors
    /// `Parameter` where `rows` are not whole rows of the announced depth, or more than announced;
    /// `Encode` where the sink fails.
    fn write_rows(&mut self, rows: Rows<'_>) -> Result<()>;

    /// Completes the file.
    ///
    /// # Errors
    /// `Parameter` where rows are missing; `Encode` where the sink fails.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// Whether `format` can hold such a picture.
///
/// # Errors
/// `Parameter` where it cannot, with the reason and a format that can.
pub fn can_hold(format: OutputFormat, rows: RowFormat) -> Result<()> {
    let RowFormat { width, height, channels, depth } = rows;
    let side = width.max(height);
    let name = format.name();
    if width == 0 || height == 0 {
        return Err(Error::parameter(format!("A picture of {width} x {height} pixels cannot be written"), ""));
    }
    let too_large = |limit: u32| {
        // JPEG has neither alpha nor 16 bits, so it is only named where it would do.
        let plain = !channels.has_alpha() && depth == Depth::Eight && side <= JPEG_SIDE;
        let other = if plain && format == OutputFormat::WebP { "PNG, TIFF or JPEG" } else { "PNG or TIFF" };
        Error::parameter(
            format!("{name} holds at most {limit} pixels a side and the result has {width} x {height}"),
            format!("Choose {other}, or a smaller scale"),
        )
    };
    match format {
        OutputFormat::Png => {
            if side > PNG_SIDE {
                return Err(Error::parameter(
                    format!("PNG holds at most {PNG_SIDE} pixels a side and the result has {width} x {height}"),
                    "Choose a smaller scale",
                ));
            }
            let bytes = rows.row_len() as u128 * depth.bytes() as u128 * u128::from(height);
            if bytes > u128::from(PNG_BYTES) {
                return Err(Error::parameter(
                    format!("The result of {width} x {height} pixels is too large for a PNG made here"),
                    "Choose TIFF or a smaller scale, or use the command line",
                ));
            }
        }
        OutputFormat::Tiff => {
            if side > TIFF_SIDE {
                return Err(Error::parameter(
                    format!("TIFF holds at most {TIFF_SIDE} pixels a side and the result has {width} x {height}"),
                    "Choose a smaller scale",
                ));
            }
        }
        OutputFormat::Jpeg => {
            if channels.has_alpha() {
                return Err(Error::parameter(
                    "JPEG cannot keep transparency",
                    "Choose PNG, WebP or TIFF to keep it, or put the picture on a background first",
                ));
            }
            if side > JPEG_SIDE {
                return Err(too_large(JPEG_SIDE));
            }
            if depth != Depth::Eight {
                return Err(Error::parameter(
                    "JPEG holds 8 bits per channel and the result has 16",
                    "Choose PNG or TIFF to keep them, or reduce to 8 bits first",
                ));
            }
        }
        OutputFormat::WebP => {
            if side > WEBP_SIDE {
                return Err(too_large(WEBP_SIDE));
            }
            if depth != Depth::Eight {
                return Err(Error::parameter(
                    "WebP holds 8 bits per channel and the result has 16",
                    "Choose PNG or TIFF to keep them, or reduce to 8 bits first",
                ));
            }
        }
    }
    Ok(())
}

/// An encoder that writes to `sink`.
///
/// PNG, JPEG and TIFF keep a band of rows in memory, WebP the whole picture.
///
/// # Errors
/// `Parameter` for what [`can_hold`] refuses, a quality outside of 1..=100, and metadata that
/// [`EncoderOptions::fit`] would take out; `Encode` where the sink fails.
pub fn encoder<'w>(format: OutputFormat, rows: RowFormat, options: &EncoderOptions, sink: impl Sink + 'w) -> Result<Box<dyn RowEncoder + 'w>> {
    can_hold(format, rows)?;
    if !(1..=100).contains(&options.quality) {
        return Err(Error::parameter(format!("The quality is {}", options.quality), "Choose a quality of 1 to 100"));
    }
    if let Some(what) = options.clone().fit(format).into_iter().next() {
        return Err(Error::parameter(what.replace(" and was left out", ""), "Leave it out"));
    }
    let counter = Counter { rows, written: 0 };
    // One boxed writer keeps each engine from being compiled once per sink.
    let sink: Box<dyn Sink + 'w> = Box::new(sink);
    Ok(match format {
        OutputFormat::Png => Box::new(png::Encoder::new(counter, options, sink)?),
        OutputFormat::Jpeg => Box::new(jpeg::Encoder::new(counter, options, sink)),
        OutputFormat::WebP => Box::new(webp::Encoder::new(counter, options, sink)?),
        OutputFormat::Tiff => Box::new(tiff::Encoder::new(counter, options, sink)?),
    })
}

/// Checks what is pushed against what was announced.
struct Counter {
    rows: RowFormat,
    written: u32,
}

impl Counter {
    fn push(&mut self, rows: &Rows<'_>) -> Result<()> {
        let row = self.rows.row_len();
        if rows.depth() != self.rows.depth {
            return Err(Error::parameter(format!("Rows of {:?} bits were pushed into a file of {:?} bits", rows.depth(), self.rows.depth), ""));
        }
        if !rows.len().is_multiple_of(row) {
            return Err(Error::parameter(format!("{} samples are not whole rows of {row} samples", rows.len()), ""));
        }
        let count = rows.len() / row;
        let left = (self.rows.height - self.written) as usize;
        if count > left {
            return Err(Error::parameter(format!("{count} rows were pushed and only {left} are left of {}", self.rows.height), ""));
        }
        self.written += count as u32;
        Ok(())
    }

    fn finish(&self) -> Result<()> {
        if self.written < self.rows.height {
            return Err(Error::parameter(format!("Only {} of {} rows were written", self.written, self.rows.height), ""));
        }
        Ok(())
    }
}

/// The error for a file that cannot be written; `why` is the engine's or the sink's finding.
fn failed(format: OutputFormat, why: impl std::fmt::Display) -> Error {
    Error::encode(
        format!("The {} file cannot be written ({})", format.name(), why.to_string().trim_end_matches('.')),
        "Check that there is space where it is saved",
    )
}
