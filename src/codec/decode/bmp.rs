//! Windows bitmaps, through `image`.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::{ColorType, ImageDecoder};

use super::{Raw, damaged, engine_limits, from_image, truncated, unsupported};
use crate::codec::sniff::Format;
use crate::codec::{Density, Metadata};
use crate::error::Result;
use crate::image::{Channels, Picture, Samples};
use crate::limits;

#[inline(never)]
pub(super) fn decode(bytes: &[u8]) -> Result<Raw> {
    let header = Header::read(bytes)?;
    limits::check_input_size(header.width, header.height, 4)?;
    if header.pixels_end().is_some_and(|end| end > bytes.len() as u64) {
        return Err(truncated(Format::Bmp));
    }
    let mut decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(|e| from_image(Format::Bmp, &e))?;
    let (width, height) = decoder.dimensions();
    if (width, height) != (header.width, header.height) {
        return Err(damaged(Format::Bmp, "its size is stated in two ways"));
    }
    decoder.set_limits(engine_limits()).map_err(|e| from_image(Format::Bmp, &e))?;
    let icc = decoder.icc_profile().unwrap_or_default();
    let channels = match decoder.color_type() {
        ColorType::L8 => Channels::Grey,
        ColorType::Rgb8 => Channels::Rgb,
        ColorType::Rgba8 => Channels::Rgba,
        other => return Err(unsupported(Format::Bmp, format!("it stores colour as {other:?}"))),
    };
    let mut buffer = limits::try_vec(0_u8, width as usize * height as usize * channels.count())?;
    decoder.read_image(&mut buffer).map_err(|e| from_image(Format::Bmp, &e))?;
    let colour = match (header.bits, channels) {
        (1..=8, _) => "palette",
        (_, Channels::Rgba) => "RGB with alpha",
        _ => "RGB",
    };
    let bits = if header.bits <= 8 { header.bits as u8 } else { 8 };
    let picture = Picture::new(width, height, channels, Samples::U8(buffer))?;
    let metadata = Metadata { icc, density: Density::from_metre(header.density), ..Metadata::default() };
    Ok(Raw { picture, bits, colour, metadata, orientation: None, warnings: Vec::new() })
}

/// Width and height that the header states.
pub(super) fn size(bytes: &[u8]) -> Option<[u32; 2]> {
    Header::read(bytes).ok().map(|header| [header.width, header.height])
}

struct Header {
    width: u32,
    height: u32,
    bits: u16,
    compression: u32,
    pixels: u32,
    /// Pixels per metre; 0 where they are not stated.
    density: [u32; 2],
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self> {
        let u16_at = |at: usize| bytes.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
        let u32_at = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let read = || {
            let pixels = u32_at(10)?;
            // The OS/2 header of 12 bytes has 16-bit sides.
            Some(if u32_at(14)? == 12 {
                Self { width: u16_at(18)?.into(), height: u16_at(20)?.into(), bits: u16_at(24)?, compression: 0, pixels, density: [0; 2] }
            } else {
                // A negative height means rows from top to bottom.
                let height = (u32_at(22)? as i32).unsigned_abs();
                let density = [u32_at(38).unwrap_or(0), u32_at(42).unwrap_or(0)];
                Self { width: u32_at(18)?, height, bits: u16_at(28)?, compression: u32_at(30)?, pixels, density }
            })
        };
        read().ok_or_else(|| truncated(Format::Bmp))
    }

    /// Where the pixels of an uncompressed bitmap end.
    fn pixels_end(&self) -> Option<u64> {
        let row = (u64::from(self.width) * u64::from(self.bits)).div_ceil(32) * 4;
        // 0: plain, 3 and 6: plain with bit masks; the others are run-length codes.
        matches!(self.compression, 0 | 3 | 6).then(|| u64::from(self.pixels) + row * u64::from(self.height))
    }
}
