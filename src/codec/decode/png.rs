//! PNG and the still picture of an APNG, through `png`.

use std::borrow::Cow;
use std::io::{Cursor, ErrorKind};

use png::{BitDepth, ColorType, Decoder, DecodingError, Info, Limits, Transformations, Unit};

use super::{Raw, damaged, truncated};
use crate::codec::sniff::Format;
use crate::codec::{Density, Metadata, icc, iptc};
use crate::error::{Error, Result};
use crate::image::{Channels, Picture, Samples};
use crate::limits;

/// Deflate cannot make more than this of one byte.
const DEFLATE_RATIO: u64 = 1032;

/// The last chunk.
const END: &[u8] = b"\0\0\0\0IEND\xAE\x42\x60\x82";
const END_MISSING: &str = "The end of the file is missing; the picture itself is complete";

/// A chunk of a name.
#[derive(PartialEq, Eq)]
pub(super) enum Found<'a> {
    Here(&'a [u8]),
    /// All chunks are whole, and it is not among them.
    Nowhere,
    /// The file ends within a chunk.
    Cut,
}

/// The first chunk of that name.
pub(super) fn chunk(bytes: &[u8], wanted: [u8; 4]) -> Found<'_> {
    let mut at = 8;
    while at != bytes.len() {
        let Some(&[a, b, c, d, ref name @ ..]) = bytes.get(at..at + 8) else { return Found::Cut };
        let Some(end) = (at + 8).checked_add(u32::from_be_bytes([a, b, c, d]) as usize) else { return Found::Cut };
        let Some(data) = bytes.get(at + 8..end).filter(|_| bytes.len() - end >= 4) else { return Found::Cut };
        if *name == wanted {
            return Found::Here(data);
        }
        // The check sum.
        at = end + 4;
    }
    Found::Nowhere
}

#[inline(never)]
pub(super) fn decode(bytes: &[u8]) -> Result<Raw> {
    if bytes.get(12..16) == Some(b"CgBI") {
        return Err(Error::unsupported(
            "This is a PNG of the kind that Apple makes for its own devices (CgBI), which cannot be read",
            "Open it on an Apple device and export it as PNG or JPEG",
        ));
    }
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

    let mut warnings = Vec::new();
    // The engine looks for what follows the pixels before it hands over the last of them.
    let file = if chunk(bytes, *b"IEND") == Found::Nowhere {
        warnings.push(END_MISSING.to_owned());
        Cow::Owned([bytes, END].concat())
    } else {
        Cow::Borrowed(bytes)
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(file.as_ref()), Limits { bytes: 128 << 20 });
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(error)?;

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
        // The `png` crate goes through the palette by whole colours, and panics at a part of one.
        if info.palette.as_ref().is_some_and(|palette| palette.len() % 3 != 0) {
            return Err(damaged(Format::Png, "its palette is not of whole colours"));
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
            warnings.push(END_MISSING.to_owned());
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
    Ok(Raw { picture: Picture::new(width, height, channels, samples)?, bits, colour, metadata: metadata(info), orientation: None, warnings })
}

/// Most bytes that a compressed text may have: of metadata, which nobody writes more of.
const TEXT: usize = 32 << 20;

fn metadata(info: &Info<'_>) -> Metadata {
    let density = info.pixel_dims.and_then(|dims| match dims.unit {
        Unit::Meter => Density::from_metre([dims.xppu, dims.yppu]),
        Unit::Unspecified => None,
    });
    let xmp = info.utf8_text.iter().find(|text| text.keyword == "XML:com.adobe.xmp").and_then(|text| {
        let mut text = text.clone();
        text.decompress_text_with_limit(TEXT).ok()?;
        text.get_text().ok().map(String::into_bytes)
    });
    let exif = info.exif_metadata.as_deref().map(<[u8]>::to_vec).or_else(|| raw_profile(info, &["exif", "APP1"]));
    let xmp = xmp.or_else(|| raw_profile(info, &["xmp"]));
    let iptc = raw_profile(info, &["iptc", "8bim"]).and_then(|data| {
        // Either the data sets, or the Photoshop resource around them.
        let resources = data.strip_prefix(iptc::SEGMENT).unwrap_or(&data);
        if resources.starts_with(b"8BIM") { iptc::from_resources(resources).map(<[u8]>::to_vec) } else { Some(data) }
    });
    let icc = info.icc_profile.as_deref().map(<[u8]>::to_vec).or_else(|| profile(info));
    Metadata { icc, exif, xmp, iptc, density }
}

/// A profile for what other chunks say of the colours; `None` where they say nothing or sRGB.
fn profile(info: &Info<'_>) -> Option<Vec<u8>> {
    let grey = matches!(info.color_type, ColorType::Grayscale | ColorType::GrayscaleAlpha);
    if let Some(points) = info.coding_independent_code_points {
        return icc::of_code_points(points.color_primaries, points.transfer_function, grey);
    }
    if info.srgb.is_some() {
        return None;
    }
    let primaries = info.chrm_chunk.map(|c| [c.red, c.green, c.blue, c.white].map(|(x, y)| (x.into_value().into(), y.into_value().into())));
    icc::of_gamma(info.gama_chunk.map(|gamma| gamma.into_value().into()), primaries, grey)
}

/// The bytes that `ImageMagick` and its successors write as text: a line with the kind, one with the length, then hexadecimal
/// digits.
fn raw_profile(info: &Info<'_>, kinds: &[&str]) -> Option<Vec<u8>> {
    let wanted = |keyword: &str| keyword.strip_prefix("Raw profile type ").is_some_and(|kind| kinds.contains(&kind));
    let plain = info.uncompressed_latin1_text.iter().find(|text| wanted(&text.keyword)).map(|text| text.text.clone());
    let text = plain.or_else(|| {
        let mut text = info.compressed_latin1_text.iter().find(|text| wanted(&text.keyword))?.clone();
        text.decompress_text_with_limit(TEXT).ok()?;
        text.get_text().ok()
    })?;
    let mut lines = text.trim_start_matches('\n').splitn(3, '\n');
    let (_, length, digits) = (lines.next()?, lines.next()?.trim().parse::<usize>().ok()?, lines.next()?);
    let digits: Vec<u8> = digits.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    (bytes.len() == length).then_some(bytes)
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
