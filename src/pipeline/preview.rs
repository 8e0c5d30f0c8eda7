//! A small picture of a file, for formats that the page cannot show itself.

use crate::codec::Decoded;
use crate::error::Result;
use crate::image::resample::{Kernel, resize};
use crate::image::rows::channel_row;

/// A reduced picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Width of the file's picture.
    pub full_width: u32,
    /// Height of the file's picture.
    pub full_height: u32,
    /// RGBA, 8 bits, straight alpha.
    pub rgba: Vec<u8>,
    /// The file's format in words.
    pub format: &'static str,
    /// What the decoder said.
    pub warnings: Vec<String>,
}

/// Reduces a decoded picture so that neither side is longer than `max_side`; a small one stays as it is.
///
/// # Errors
/// `Parameter` for a `max_side` of 0.
pub fn preview(decoded: Decoded, max_side: u32) -> Result<Preview> {
    let full = decoded.picture;
    let longest = full.width.max(full.height);
    let side = |side: u32| (u64::from(side) * u64::from(max_side)).div_ceil(u64::from(longest)).max(1) as u32;
    let small = if longest > max_side { resize(&full, side(full.width), side(full.height), Kernel::Cubic)? } else { full.clone() };
    let (width, height, channels) = (small.width as usize, small.height as usize, small.channels);
    let mut rgba = Vec::with_capacity(width * height * 4);
    let mut planes = [const { Vec::new() }; 4];
    for y in 0..height {
        for (c, plane) in planes.iter_mut().enumerate() {
            plane.clear();
            match (c, channels.has_alpha()) {
                (3, false) => plane.resize(width, 1.0),
                (3, true) => channel_row(&small, y, channels.count() - 1, 0..width, plane),
                _ => channel_row(&small, y, c.min(channels.colours() - 1), 0..width, plane),
            }
        }
        rgba.extend((0..width).flat_map(|x| planes.each_ref().map(|plane| (plane[x] * 255.0).round() as u8)));
    }
    Ok(Preview {
        width: small.width,
        height: small.height,
        full_width: full.width,
        full_height: full.height,
        rgba,
        format: decoded.format.name(),
        warnings: decoded.warnings,
    })
}
