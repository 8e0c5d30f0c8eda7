//! The sides of a picture from its file's headers alone.

use super::{bmp, gif, jpeg_bits, png, webp};
use crate::codec::exif;
use crate::codec::ifd::Tree;
use crate::codec::sniff::{Format, sniff};
use crate::image::orientation::Orientation;

/// Width and height that [`decode`](super::decode()) would give, turned as the orientation asks; `None` where the headers do not
/// tell. Nothing says that the rest of the file is sound.
pub fn upright_size(bytes: &[u8]) -> Option<[u32; 2]> {
    let (size, turn) = match sniff(bytes)? {
        Format::Png => (png_size(bytes)?, png_turn(bytes)),
        Format::Jpeg => jpeg(bytes)?,
        Format::WebP => (webp::walk(bytes).ok()??.into(), webp::exif(bytes).and_then(orientation)),
        Format::Gif => (gif::screen(bytes)?, None),
        Format::Bmp => (bmp::size(bytes)?, None),
        Format::Tiff => {
            let tree = Tree::parse(bytes, |tag| matches!(tag, 256 | 257))?;
            let [width, height] = [256, 257].map(|tag| tree.main.get(tag).and_then(|entry| tree.number(entry)));
            ([width?, height?], exif::orientation(bytes))
        }
    };
    let [width, height] = size;
    Some(if turn.is_some_and(Orientation::swaps_sides) { [height, width] } else { size })
}

fn orientation(block: &[u8]) -> Option<Orientation> {
    exif::orientation(exif::block(block)?)
}

fn png_turn(bytes: &[u8]) -> Option<Orientation> {
    match png::chunk(bytes, *b"eXIf") {
        png::Found::Here(block) => orientation(block),
        _ => None,
    }
}

fn png_size(bytes: &[u8]) -> Option<[u32; 2]> {
    let &[a, b, c, d, e, f, g, h] = bytes.get(16..24)? else { return None };
    Some([u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])])
}

fn jpeg(bytes: &[u8]) -> Option<([u32; 2], Option<Orientation>)> {
    let (mut at, mut turn) = (2, None);
    loop {
        let (marker, after) = jpeg_bits::next_marker(bytes, at)?;
        at = after;
        if matches!(marker, 0x01 | 0xD0..=0xD8) {
            continue;
        }
        let length = bytes.get(at..at + 2).map(|b| usize::from(u16::from_be_bytes([b[0], b[1]])))?;
        let segment = bytes.get(at + 2..at + length)?;
        at += length;
        match marker {
            0xC0..=0xC2 => {
                let &[_, a, b, c, d, ..] = segment else { return None };
                return Some(([u16::from_be_bytes([c, d]).into(), u16::from_be_bytes([a, b]).into()], turn));
            }
            0xE1 if turn.is_none() && segment.starts_with(b"Exif\0") => turn = orientation(segment),
            _ => {}
        }
    }
}
