//! Reading image files.
//!
//! Each format checks the size that its header claims before anything is allocated for pixels, and
//! reports a file that is cut short or damaged; no picture with an invented part is ever returned.
//!
//! The formats' decoders are never inlined into one function: a browser would optimise all of them as a whole, while the
//! first picture waits.

mod bmp;
mod gif;
mod handover;
mod header;
mod jpeg;
mod jpeg_bits;
mod jpeg_scan;
mod jpeg_segments;
mod png;
mod tiff;
mod webp;

pub use header::upright_size;

use super::sniff::{self, Format};
use super::{Metadata, exif, icc, inks};
use crate::error::{Error, Result};
use crate::image::orientation::{self, Orientation};
use crate::image::{Channels, Picture, Samples};

/// A file's picture, upright, and what came with it.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// The pixels, turned as the file's EXIF orientation asks.
    pub picture: Picture,
    /// What the file was.
    pub format: Format,
    /// Bits per sample, or per palette index, in the file: 1, 2, 4, 8, 16 or 32.
    pub bits: u8,
    /// How the file stores colour, in words: `"grey"`, `"palette"`, `"CMYK"`...
    pub colour: &'static str,
    /// What came with the pixels, as far as it is true of the picture as decoded: the ICC profile where it describes it,
    /// orientations set to upright, no thumbnails.
    pub metadata: Metadata,
    /// Whether the file was compressed with loss, so that it may hold blocks and other traces of it.
    pub lossy: bool,
    /// What was left out or changed on the way, as sentences without their full stop.
    pub warnings: Vec<String>,
}

/// What a format's decoder hands over: the pixels as they lie in the file.
struct Raw {
    picture: Picture,
    bits: u8,
    colour: &'static str,
    metadata: Metadata,
    /// Where the format itself states it; else EXIF does.
    orientation: Option<Orientation>,
    warnings: Vec<String>,
}

/// Reads an image file of any format of [`Format`], by its content.
///
/// # Errors
/// `Decode` for a file that is damaged, cut short or no image; `Unsupported` for one that is sound
/// and cannot be read; `Limits` for one that is too large.
pub fn decode(bytes: &[u8]) -> Result<Decoded> {
    let format = sniff::sniff(bytes).ok_or_else(|| sniff::refusal(bytes))?;
    let raw = match format {
        Format::Png => png::decode(bytes),
        Format::Jpeg => jpeg::decode(bytes),
        apart if !cfg!(feature = "formats") => Err(unsupported(apart, "what reads its format was left out")),
        Format::WebP => webp::decode(bytes),
        Format::Gif => gif::decode(bytes),
        Format::Bmp => bmp::decode(bytes),
        Format::Tiff => tiff::decode(bytes),
    }?;
    let mut warnings = raw.warnings;
    let mut metadata = raw.metadata;
    metadata.tidy(&mut warnings);
    let turn = raw.orientation.or_else(|| exif::orientation(metadata.exif.as_deref()?)).unwrap_or_default();
    let picture = orientation::apply(raw.picture, turn)?;
    if turn.swaps_sides()
        && let Some(density) = &mut metadata.density
    {
        std::mem::swap(&mut density.x, &mut density.y);
    }
    metadata.describe(picture.width, picture.height);
    if let Some(misfit) = metadata.icc.as_deref().and_then(|profile| icc::misfit(profile, picture.channels)) {
        warnings.push(misfit);
        metadata.icc = None;
    }
    let lossy = format == Format::Jpeg || format == Format::WebP && webp::is_lossy(bytes);
    Ok(Decoded { picture, format, bits: raw.bits, colour: raw.colour, metadata, lossy, warnings })
}

/// The error for a file that ends too early.
fn truncated(format: Format) -> Error {
    Error::decode(format!("The {} file is cut short: a part of the picture is missing", format.name()), "Download or copy it again")
}

/// The error for a file whose bytes contradict themselves; `why` is the engine's finding.
fn damaged(format: Format, why: impl std::fmt::Display) -> Error {
    // Some engines report over several lines.
    let why = why.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    Error::decode(
        format!("The {} file is damaged ({})", format.name(), why.trim_end_matches('.')),
        "Download or copy it again, or save it anew from the program that made it",
    )
}

/// The error for a sound file with a feature that is not read.
fn unsupported(format: Format, what: impl std::fmt::Display) -> Error {
    Error::unsupported(format!("The {} file cannot be read: {what}", format.name()), "Open it in an image editor and save it as PNG")
}

/// An error of the `image` crate in our terms.
fn from_image(format: Format, error: &image::ImageError) -> Error {
    use image::ImageError as E;
    match error {
        E::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => truncated(format),
        E::Unsupported(e) => unsupported(format, e),
        E::Limits(_) => Error::limits(
            format!("The {} file needs more memory than can be used here", format.name()),
            "Crop it, or use the command line, which can use more memory",
        ),
        other => {
            // Engines wrap the end of the file into errors of their own.
            let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(other);
            while let Some(e) = cause {
                let ends = e.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::UnexpectedEof);
                if ends {
                    return truncated(format);
                }
                cause = e.source();
            }
            damaged(format, other)
        }
    }
}

/// `limits` for the engines of the `image` crate, once the header's size has passed ours.
fn engine_limits() -> image::Limits {
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(crate::limits::MAX_INPUT_SIDE);
    limits.max_image_height = Some(crate::limits::MAX_INPUT_SIDE);
    limits.max_alloc = Some(crate::limits::MAX_DECODED_BYTES);
    limits
}

/// Four amounts of ink as RGB: through their profile, which has done its work then, else `(1 - ink) (1 - black)`; which of
/// the two is said.
fn from_inks(inks: Samples, metadata: &mut Metadata, warnings: &mut Vec<String>) -> Result<Samples> {
    metadata.set_srgb();
    if let Some(profile) = metadata.icc.take() {
        if let Some(rgb) = inks::to_srgb(&profile, &inks)? {
            warnings.push("CMYK was turned into sRGB with its colour profile".to_owned());
            return Ok(rgb);
        }
        warnings.push("The colour profile of the CMYK data cannot be used".to_owned());
    }
    warnings.push("CMYK was turned into RGB without a colour profile; colours may differ a little".to_owned());
    Ok(match inks {
        Samples::U8(mut v) => {
            for i in 0..v.len() / 4 {
                let [c, m, y, k]: [u32; 4] = std::array::from_fn(|j| 255 - u32::from(v[4 * i + j]));
                for (j, paper) in [c, m, y].into_iter().enumerate() {
                    v[3 * i + j] = ((paper * k + 127) / 255) as u8;
                }
            }
            v.truncate(v.len() / 4 * 3);
            Samples::U8(v)
        }
        Samples::U16(mut v) => {
            for i in 0..v.len() / 4 {
                let [c, m, y, k]: [u64; 4] = std::array::from_fn(|j| 65_535 - u64::from(v[4 * i + j]));
                for (j, paper) in [c, m, y].into_iter().enumerate() {
                    v[3 * i + j] = ((paper * k + 32_767) / 65_535) as u16;
                }
            }
            v.truncate(v.len() / 4 * 3);
            Samples::U16(v)
        }
    })
}

/// RGBA samples as RGB, where every pixel is opaque.
fn drop_opaque_alpha(picture: Picture) -> Picture {
    match (picture.channels, &picture.samples) {
        (Channels::Rgba, Samples::U8(v)) if v.iter().skip(3).step_by(4).all(|&a| a == u8::MAX) => {
            let Samples::U8(mut v) = picture.samples else { return picture };
            let pixels = v.len() / 4;
            for i in 1..pixels {
                v.copy_within(4 * i..4 * i + 3, 3 * i);
            }
            v.truncate(pixels * 3);
            Picture { channels: Channels::Rgb, samples: Samples::U8(v), ..picture }
        }
        _ => picture,
    }
}
