//! WebP, and the first frame of an animated one, through `image-webp`.

use std::io::{Cursor, ErrorKind};

use image_webp::{DecodingError, WebPDecoder};

use super::{Raw, damaged, truncated};
use crate::codec::Metadata;
use crate::codec::sniff::Format;
use crate::error::{Error, Result};
use crate::image::{Channels, Picture, Samples};
use crate::limits;

#[inline(never)]
pub(super) fn decode(bytes: &[u8]) -> Result<Raw> {
    let claimed = walk(bytes)?;
    if let Some((width, height)) = claimed {
        limits::check_input_size(width, height, 8)?;
    }
    if first_frame(bytes).is_some_and(|[frame, pixels]| frame != pixels) {
        return Err(damaged(Format::WebP, "its first picture has another size than its frame"));
    }
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|e| refused(&e))?;
    let (width, height) = decoder.dimensions();
    // The engine keeps a second copy of the pixels while it decodes.
    limits::check_input_size(width, height, 8)?;
    let mut warnings = Vec::new();
    if decoder.is_animated() {
        warnings.push("The file is an animation; its first picture was used".to_owned());
    }
    let (channels, colour) = if decoder.has_alpha() { (Channels::Rgba, "RGB with alpha") } else { (Channels::Rgb, "RGB") };
    // Metadata that cannot be read does not spoil the picture.
    let mut metadata = |found: Result<Option<Vec<u8>>, DecodingError>, what: &str| {
        found.unwrap_or_else(|_| {
            warnings.push(format!("The {what} is damaged and was left out"));
            None
        })
    };
    let icc = metadata(decoder.icc_profile(), "colour profile");
    let exif = metadata(decoder.exif_metadata(), "EXIF data");
    let xmp = metadata(decoder.xmp_metadata(), "XMP data");
    let mut buffer = limits::try_vec(0_u8, width as usize * height as usize * channels.count())?;
    decoder.read_image(&mut buffer).map_err(|e| refused(&e))?;
    let picture = Picture::new(width, height, channels, Samples::U8(buffer))?;
    let metadata = Metadata { icc, exif, xmp, ..Metadata::default() };
    Ok(Raw { picture, bits: 8, colour, metadata, orientation: None, warnings })
}

/// An error of the engine in our terms.
fn refused(error: &DecodingError) -> Error {
    match error {
        DecodingError::IoError(end) if end.kind() == ErrorKind::UnexpectedEof => truncated(Format::WebP),
        other => damaged(Format::WebP, format_args!("Format error decoding WebP: {other}")),
    }
}

/// The EXIF block.
pub(super) fn exif(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 12_usize;
    loop {
        let &[a, b, c, d, size0, size1, size2, size3] = bytes.get(at..at.checked_add(8)?)? else { return None };
        let size = u32::from_le_bytes([size0, size1, size2, size3]) as usize;
        let end = (at + 8).checked_add(size)?;
        if &[a, b, c, d] == b"EXIF" {
            return bytes.get(at + 8..end);
        }
        at = end + size % 2;
    }
}

/// Whether the first picture was compressed with loss.
pub(super) fn is_lossy(bytes: &[u8]) -> bool {
    /// Bytes of a frame's header before its chunks.
    const FRAME: usize = 8 + 16;
    let mut at = 12;
    while let Some(&[a, b, c, d, size0, size1, size2, size3]) = bytes.get(at..at + 8) {
        match &[a, b, c, d] {
            b"VP8 " => return true,
            b"VP8L" => return false,
            // The chunks of an animation's first frame, which may begin with its alpha.
            b"ANMF" => at += FRAME,
            _ => {
                let size = u32::from_le_bytes([size0, size1, size2, size3]) as usize;
                at = at.saturating_add(size).saturating_add(8 + size % 2);
            }
        }
    }
    false
}

/// Width and height of an animation's first frame with alpha, as the frame states them and as its pixels do. The `image-webp` crate
/// goes by both, and panics where they differ.
fn first_frame(bytes: &[u8]) -> Option<[[u32; 2]; 2]> {
    let u24_at = |at: usize| bytes.get(at..at + 3).map(|b| u32::from_le_bytes([b[0], b[1], b[2], 0]));
    let size_at = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize);
    let next = |at: usize| size_at(at + 4)?.checked_next_multiple_of(2)?.checked_add(at + 8);
    let mut at = 12;
    while bytes.get(at..at + 4)? != b"ANMF" {
        at = next(at)?;
    }
    let frame = [u24_at(at + 14)? + 1, u24_at(at + 17)? + 1];
    let alpha = at + 24;
    if bytes.get(alpha..alpha + 4)? != b"ALPH" {
        return None;
    }
    // The start code stands before the sides.
    let &[a, b, c, d] = bytes.get(next(alpha)? + 14..)?.first_chunk::<4>()?;
    Some([frame, [[a, b], [c, d]].map(|side| u32::from(u16::from_le_bytes(side) & 0x3FFF))])
}

/// Checks that every chunk lies within the file, and returns the canvas size that the first chunk
/// claims. The engine itself takes what there is of a file that is cut short.
pub(super) fn walk(bytes: &[u8]) -> Result<Option<(u32, u32)>> {
    let u32_at = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let u24_at = |at: usize| bytes.get(at..at + 3).map(|b| u32::from_le_bytes([b[0], b[1], b[2], 0]));
    let end = u32_at(4).map_or(0, |size| u64::from(size) + 8);
    // The padding byte of the last chunk is missing from some writers' files.
    if end > bytes.len() as u64 + 1 {
        return Err(truncated(Format::WebP));
    }
    let size = match bytes.get(12..16) {
        Some(b"VP8X") => u24_at(24).zip(u24_at(27)).map(|(w, h)| (w + 1, h + 1)),
        Some(b"VP8L") => u32_at(21).map(|v| (1 + (v & 0x3FFF), 1 + ((v >> 14) & 0x3FFF))),
        Some(b"VP8 ") => u32_at(26).map(|v| (v & 0x3FFF, (v >> 16) & 0x3FFF)),
        Some(_) => return Err(damaged(Format::WebP, "its first chunk is of an unknown kind")),
        None => None,
    };
    if size.is_none() {
        return Err(truncated(Format::WebP));
    }
    let mut at = 12_u64;
    while at + 8 <= end.min(bytes.len() as u64) {
        let Some(length) = usize::try_from(at).ok().and_then(|at| u32_at(at + 4)) else { break };
        let next = at + 8 + u64::from(length);
        if next > bytes.len() as u64 {
            return Err(truncated(Format::WebP));
        }
        at = next + (next & 1);
    }
    Ok(size)
}
