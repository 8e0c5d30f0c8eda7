//! PNG and the still picture of an APNG, through `png`.

use std::io::{Cursor, ErrorKind};

use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Transformations};

use super::{Raw, damaged, truncated};
use crate::codec::sniff::Format;
use crate::error::{Error, Result};
use crate::image::{Channels, Picture, Samples};
use crate::limits;

/// Deflate cannot make more than this of one byte.
const DEFLATE_RATIO: u64 = 1032;

#[inline(never)]
pub(super) fn decode(bytes: &[u8]) -> Result<Raw> {
    // IHDR stands at a fixed place: the claim is checked before the engine sees the file.
    let header = bytes.get(16..29).filter(|_| bytes.get(12..16) == Some(b"IHDR"));
    let Some(&[a, b, c, d, e, f, g, h, bits, kind, ..]) = header else {
        return Err(if bytes.len() < 29 { truncated(Format::Png) } else { damaged(Format::Png, "it does not begin with a header chunk") });
    };
    let (width, height) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
    let stored: u32 = match kind {
        0 | 3 => 1,
        2 => 3,
        4 => 2,
        _ => 4,
    };
    // The worst case after expansion; 16-bit samples exist as bytes and as numbers for a moment.
    limits::check_input_size(width, height, if bits == 16 { 16 } else { 4 })?;
    let row_bits = u64::from(width) * u64::from(stored) * u64::from(bits);
    if row_bits.div_ceil(8) * u64::from(height) / DEFLATE_RATIO > bytes.len() as u64 {
        return Err(truncated(Format::Png));
    }

    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: 128 << 20 });
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    let mut reader = decoder.read_info().map_err(error)?;
    let mut warnings = Vec::new();

    let (bits, colour) = {
        let info = reader.info();
        let see_through = info.trns.is_some();
        let colour = match info.color_type {
            ColorType::Grayscale if see_through => "grey with a transparent shade",
            ColorType::Grayscale => "grey",
            ColorType::GrayscaleAlpha => "grey with alpha",
            ColorType::Indexed if see_through => "palette with alpha",
            ColorType::Indexed => "palette",
            ColorType::Rgb if see_through => "RGB with a transparent colour",
            ColorType::Rgb => "RGB",
            ColorType::Rgba => "RGB with alpha",
        };
        if let Some(animation) = info.animation_control.filter(|a| a.num_frames > 1) {
            warnings.push(format!("The file is an animation of {} frames; its first picture was used", animation.num_frames));
        }
        (info.bit_depth as u8, colour)
    };
    let (kind, depth) = reader.output_color_type();
    let channels = match kind {
        ColorType::Grayscale => Channels::Grey,
        ColorType::GrayscaleAlpha => Channels::GreyAlpha,
        ColorType::Rgb => Channels::Rgb,
        ColorType::Rgba => Channels::Rgba,
        ColorType::Indexed => return Err(damaged(Format::Png, "its palette is missing")),
    };
    let size = reader.output_buffer_size().ok_or_else(|| damaged(Format::Png, "its size is impossible"))?;
    let mut buffer = limits::try_vec(0_u8, size)?;
    reader.next_frame(&mut buffer).map_err(error)?;
    match reader.finish() {
        Ok(()) => {}
        Err(DecodingError::IoError(e)) if e.kind() == ErrorKind::UnexpectedEof => {
            warnings.push("The end of the file is missing; the picture itself is complete".to_owned());
        }
        Err(e) => return Err(error(e)),
    }
    let samples = if depth == BitDepth::Sixteen {
        let mut wide = limits::try_vec(0_u16, size / 2)?;
        for (to, from) in wide.iter_mut().zip(buffer.chunks_exact(2)) {
            *to = u16::from_be_bytes([from[0], from[1]]);
        }
        Samples::U16(wide)
    } else {
        Samples::U8(buffer)
    };
    let info = reader.info();
    Ok(Raw {
        picture: Picture::new(width, height, channels, samples)?,
        bits,
        colour,
        icc: info.icc_profile.as_deref().map(<[u8]>::to_vec),
        exif: info.exif_metadata.as_deref().map(<[u8]>::to_vec),
        orientation: None,
        warnings,
    })
}

fn error(error: DecodingError) -> Error {
    match &error {
        DecodingError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => truncated(Format::Png),
        DecodingError::LimitsExceeded => {
            Error::limits("The PNG file carries more metadata than can be used here", "Save it without metadata from an image editor")
        }
        _ => damaged(Format::Png, error),
    }
}
