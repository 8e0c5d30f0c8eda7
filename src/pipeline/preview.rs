//! A small picture of a file, for formats that the page cannot show itself.

use super::rows::rgb_at;
use crate::codec::Decoded;
use crate::error::Result;
use crate::image::resample::{Kernel, resize};

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
    let count = small.channels.count();
    let mut rgba = Vec::with_capacity(small.width as usize * small.height as usize * 4);
    for index in 0..small.width as usize * small.height as usize {
        let alpha = if small.channels.has_alpha() { small.samples.unit(index * count + count - 1) } else { 1.0 };
        let [r, g, b] = rgb_at(&small, index);
        rgba.extend([r, g, b, alpha].map(|v| (v * 255.0).round() as u8));
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
