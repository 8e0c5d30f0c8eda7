//! The first frame of a GIF on its canvas, through `image` and `gif`.

use std::io::Cursor;

use image::ImageDecoder;
use image::codecs::gif::GifDecoder;

use super::{Raw, damaged, drop_opaque_alpha, engine_limits, from_image, truncated};
use crate::codec::Metadata;
use crate::codec::sniff::Format;
use crate::error::Result;
use crate::image::{Channels, Picture, Samples};
use crate::limits;

#[inline(never)]
pub(super) fn decode(bytes: &[u8]) -> Result<Raw> {
    let (Some([width, height]), Some(&flags)) = (screen(bytes), bytes.get(10)) else { return Err(truncated(Format::Gif)) };
    limits::check_input_size(width, height, 4)?;
    let outline = walk(bytes, flags)?;
    // A frame may be larger than its canvas.
    limits::check_input_size(outline.width, outline.height, 8)?;

    let mut decoder = GifDecoder::new(Cursor::new(bytes)).map_err(|e| from_image(Format::Gif, &e))?;
    decoder.set_limits(engine_limits()).map_err(|e| from_image(Format::Gif, &e))?;
    let icc = decoder.icc_profile().unwrap_or_default();
    let mut buffer = limits::try_vec(0_u8, width as usize * height as usize * 4)?;
    decoder.read_image(&mut buffer).map_err(|e| from_image(Format::Gif, &e))?;

    let mut warnings = Vec::new();
    if outline.frames > 1 {
        warnings.push(format!("The file is an animation of {} frames; its first picture was used", outline.frames));
    }
    if !outline.complete {
        warnings.push("The end of the file is missing; its first picture is complete".to_owned());
    }
    let picture = drop_opaque_alpha(Picture::new(width, height, Channels::Rgba, Samples::U8(buffer))?);
    let colour = if picture.channels == Channels::Rgba { "palette with transparency" } else { "palette" };
    let metadata = Metadata { icc, xmp: outline.xmp, ..Metadata::default() };
    Ok(Raw { picture, bits: 8, colour, metadata, orientation: None, warnings })
}

/// Width and height of the canvas.
pub(super) fn screen(bytes: &[u8]) -> Option<[u32; 2]> {
    let &[a, b, c, d] = bytes.get(6..10)? else { return None };
    Some([[a, b], [c, d]].map(|side| u16::from_le_bytes(side).into()))
}

/// An application's block with a packet. Source: Adobe XMP Specification, part 3, 1.1.2.
const XMP: &[u8] = b"\x21\xFF\x0BXMP DataXMP";
/// Bytes of the ramp behind it.
const XMP_TRAILER: usize = 258;

struct Outline {
    /// Size of the first frame.
    width: u32,
    height: u32,
    frames: usize,
    /// Whether the trailer is there.
    complete: bool,
    xmp: Option<Vec<u8>>,
}

/// Walks over the blocks. Source: the `GIF89a` specification, appendix B.
fn walk(bytes: &[u8], flags: u8) -> Result<Outline> {
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut outline = Outline { width: 0, height: 0, frames: 0, complete: false, xmp: None };
    let mut at = 13 + table(flags);
    loop {
        match bytes.get(at) {
            Some(0x3B) => {
                outline.complete = true;
                break;
            }
            Some(0x2C) => {
                let Some(&[a, b, c, d, flags]) = bytes.get(at + 5..at + 10) else { break };
                if outline.frames == 0 {
                    outline.width = u16::from_le_bytes([a, b]).into();
                    outline.height = u16::from_le_bytes([c, d]).into();
                }
                at += 10 + table(flags) + 1;
                let Some(end) = skip_blocks(bytes, at) else { break };
                at = end;
                outline.frames += 1;
            }
            Some(0x21) => {
                let Some(end) = skip_blocks(bytes, at + 2) else { break };
                // A packet is not cut into blocks: readers fall through the ramp behind it to the end of the chain.
                if outline.xmp.is_none() && bytes[at..end].starts_with(XMP) {
                    outline.xmp = bytes[at..end].get(XMP.len()..end - at - XMP_TRAILER.min(end - at)).map(<[u8]>::to_vec);
                }
                at = end;
            }
            // Some writers pad between blocks.
            Some(0) => at += 1,
            Some(_) if outline.frames == 0 => return Err(damaged(Format::Gif, "a block of an unknown kind")),
            Some(_) | None => break,
        }
    }
    if outline.frames == 0 {
        return Err(if outline.complete { damaged(Format::Gif, "it holds no picture") } else { truncated(Format::Gif) });
    }
    Ok(outline)
}

/// The offset after a chain of data blocks, or `None` where the file ends within it.
fn skip_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}
