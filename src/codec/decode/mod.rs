//! Reading image files.
//!
//! Each format checks the size that its header claims before anything is allocated for pixels, and
//! reports a file that is cut short or damaged; no picture with an invented part is ever returned.
//!
//! The formats' decoders are never inlined into one function: a browser would optimise all of them as a whole, while the
//! first picture waits.

mod bmp;
mod gif;
mod jpeg;
mod jpeg_bits;
mod jpeg_scan;
mod png;
mod tiff;
mod webp;

use super::sniff::{self, Format};
use super::{exif, icc};
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
    /// The ICC profile, where it describes the picture as decoded.
    pub icc: Option<Vec<u8>>,
    /// The EXIF block (a TIFF header and its directories), with its orientation set to upright.
    pub exif: Option<Vec<u8>>,
    /// What was left out or changed on the way, as sentences without their full stop.
    pub warnings: Vec<String>,
}

/// What a format's decoder hands over: the pixels as they lie in the file.
struct Raw {
    picture: Picture,
    bits: u8,
    colour: &'static str,
    icc: Option<Vec<u8>>,
    exif: Option<Vec<u8>>,
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
        Format::WebP => webp::decode(bytes),
        Format::Gif => gif::decode(bytes),
        Format::Bmp => bmp::decode(bytes),
        Format::Tiff => tiff::decode(bytes),
    }?;
    let mut warnings = raw.warnings;
    let mut exif = raw.exif.as_deref().and_then(exif::block).map(<[u8]>::to_vec);
    if raw.exif.is_some() && exif.is_none() {
        warnings.push("The EXIF data is damaged and was left out".to_owned());
    }
    let turn = raw.orientation.or_else(|| exif::orientation(exif.as_deref()?)).unwrap_or_default();
    let picture = orientation::apply(raw.picture, turn)?;
    if let Some(block) = &mut exif {
        exif::update(block, picture.width, picture.height);
    }
    let mut icc = raw.icc;
    if let Some(misfit) = icc.as_deref().and_then(|profile| icc::misfit(profile, picture.channels)) {
        warnings.push(misfit);
        icc = None;
    }
    Ok(Decoded { picture, format, bits: raw.bits, colour: raw.colour, icc, exif, warnings })
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
