//! The first page of a TIFF, through `tiff`.

use std::borrow::Cow;
use std::io::Cursor;

use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

mod quirks;

use super::{Raw, damaged, from_inks, jpeg_scan, truncated, unsupported};
use crate::codec::ifd::Tree;
use crate::codec::metadata::{NOTE_LOST, block};
use crate::codec::sniff::Format;
use crate::codec::{Metadata, exif, iptc};
use crate::error::{Error, Result};
use crate::image::{Channels, Picture, Samples};
use crate::limits;
use quirks::Tags;

const DNG_VERSION: Tag = Tag::Unknown(50_706);
/// Value of `SampleFormat`.
const FLOATING_POINT: u16 = 3;

type Reader<'a> = Decoder<Cursor<&'a [u8]>>;

/// How the samples of a file become those of a picture.
enum Layout {
    Plain(Channels),
    Palette,
    Cmyk,
    Ycc,
}

#[inline(never)]
pub(super) fn decode(bytes: &[u8]) -> Result<Raw> {
    let mut reader = Decoder::new(Cursor::new(bytes)).map_err(error)?;
    let (width, height) = reader.dimensions().map_err(error)?;
    limits::check_input_size(width, height, 1)?;
    if reader.find_tag(DNG_VERSION).is_ok_and(|tag| tag.is_some()) || bytes.get(8..10) == Some(b"CR") {
        return Err(Error::unsupported(
            "This is a camera raw file, which cannot be read",
            "Develop it in a raw converter and save it as TIFF or PNG",
        ));
    }
    let tags = Tags::read(bytes, height, &mut reader)?;
    let (file, rows) = tags.mend(bytes, height, &mut reader)?;
    if let Cow::Owned(mended) = &file {
        let mended = mended.as_slice();
        limits::check_input_size(width, rows, 1)?;
        reader = Decoder::new(Cursor::new(mended)).map_err(error)?;
    }
    let stored = reader.colortype().map_err(error)?;
    let kinds = reader.find_tag_unsigned_vec::<u16>(Tag::SampleFormat).map_err(error)?.unwrap_or_default();
    if kinds.contains(&FLOATING_POINT) {
        // Such files hold linear light of any range, which has no one picture for the screen.
        return Err(Error::unsupported(
            "The TIFF file holds floating-point samples, which cannot be read",
            "Open it in an image editor and save it with 16 bits per channel",
        ));
    }
    let (layout, bits, count) = match stored {
        ColorType::Gray(bits @ (1 | 2 | 4 | 8)) if tags.palette => (Layout::Palette, bits, 1),
        _ if tags.palette => return Err(unsupported(Format::Tiff, "it has a palette of an unusual kind")),
        _ => layout(stored)?,
    };
    limits::check_input_size(width, rows, count as u32 * u32::from(bits).div_ceil(8) * 2)?;
    tags.check(&file, &mut reader, bits, count)?;

    let mut warnings = Vec::new();
    if reader.more_images() {
        warnings.push("The file has several pages; the first one was used".to_owned());
    }
    for (tag, what) in OF_OLD_PIXELS {
        if reader.find_tag(Tag::from_u16_exhaustive(tag)).is_ok_and(|found| found.is_some()) {
            warnings.push(format!("The {what} of the file belong to its old pixels and were left out"));
        }
    }
    let mut metadata = metadata(bytes, &mut warnings);
    metadata.icc = reader.get_tag_u8_vec(Tag::IccProfile).ok();
    let orientation = exif::orientation(bytes);
    let map = match layout {
        Layout::Palette => Some(colour_map(&mut reader, bits)?),
        _ => None,
    };

    // Only now, for the pixels: a tag may claim as many values as the limit lets it.
    let mut engine = Limits::default();
    engine.decoding_buffer_size = usize::try_from(limits::MAX_DECODED_BYTES).unwrap_or(usize::MAX);
    // One strip may hold the whole picture.
    engine.intermediate_buffer_size = engine.decoding_buffer_size;
    reader = reader.with_limits(engine);
    let row = (width as usize * count * usize::from(bits)).div_ceil(8);
    let samples = read(&mut reader, row, [rows, height].map(|rows| rows as usize), count)?;
    let samples = if bits < 8 { unpack(samples, bits, width as usize, row, map.is_none())? } else { samples };
    let (channels, samples, colour) = match layout {
        Layout::Plain(Channels::GreyAlpha) if tags.unspecified() => (Channels::Grey, first_of_two(samples), name(Channels::Grey)),
        Layout::Plain(channels) => {
            let samples = if channels.has_alpha() && tags.associated() { divide_by_alpha(samples, channels.count()) } else { samples };
            (channels, samples, name(channels))
        }
        Layout::Palette => {
            let map = map.unwrap_or_default();
            (Channels::Rgb, look_up(&samples, &map)?, "palette")
        }
        Layout::Cmyk => (Channels::Rgb, from_inks(samples, &mut metadata, &mut warnings)?, "CMYK"),
        Layout::Ycc => (Channels::Rgb, from_ycc(samples), "YCbCr"),
    };
    let left_out = tags.samples.saturating_sub(if channels == Channels::Grey { 1 } else { count as u32 });
    if left_out > 0 {
        warnings.push(format!("Channels of the file that are neither colour nor alpha were left out: {left_out}"));
    }
    let picture = Picture::new(width, height, channels, samples)?;
    Ok(Raw { picture, bits, colour, metadata, orientation, warnings })
}

/// Tags that say something of each pixel, and what that is: of `GeoTIFF` the one that every such file has.
const OF_OLD_PIXELS: [(u16, &str); 2] = [(34_735, "places on the Earth (GeoTIFF)"), (37_724, "layers (Photoshop)")];

/// What the first directory and those below it say beside the pixels.
fn metadata(bytes: &[u8], warnings: &mut Vec<String>) -> Metadata {
    let Some(mut tree) = Tree::parse(bytes, |tag| !exif::is_structure(tag) && !matches!(tag, 256 | 257 | exif::ICC)) else {
        return Metadata::default();
    };
    if tree.note_lost {
        warnings.push(NOTE_LOST.to_owned());
    }
    let mut take = |tag| tree.main.take(tag).map(|entry| entry.data);
    let (xmp, resources) = (take(exif::XMP), take(exif::PHOTOSHOP));
    let iptc = take(exif::IPTC).or_else(|| iptc::from_resources(resources.as_deref()?).map(<[u8]>::to_vec));
    let density = exif::density(&tree);
    if density.is_none() {
        for tag in [exif::X_RESOLUTION, exif::Y_RESOLUTION, exif::RESOLUTION_UNIT] {
            tree.main.take(tag);
        }
    }
    if exif::says_nothing_else(&tree) {
        return Metadata { icc: None, exif: None, xmp, iptc, density };
    }
    Metadata { icc: None, exif: block(&tree), xmp, iptc, density }
}

fn name(channels: Channels) -> &'static str {
    match channels {
        Channels::Grey => "grey",
        Channels::GreyAlpha => "grey with alpha",
        Channels::Rgb => "RGB",
        Channels::Rgba => "RGB with alpha",
    }
}

/// Layout, bits per sample and samples per pixel.
fn layout(stored: ColorType) -> Result<(Layout, u8, usize)> {
    let found = match stored {
        ColorType::Gray(n @ (1 | 2 | 4 | 8 | 16)) => (Layout::Plain(Channels::Grey), n, 1),
        ColorType::GrayA(n @ (8 | 16)) | ColorType::Multiband { bit_depth: n @ (8 | 16), num_samples: 2 } => {
            (Layout::Plain(Channels::GreyAlpha), n, 2)
        }
        ColorType::RGB(n @ (8 | 16)) => (Layout::Plain(Channels::Rgb), n, 3),
        ColorType::YCbCr(n @ 8) => (Layout::Ycc, n, 3),
        ColorType::RGBA(n @ (8 | 16)) => (Layout::Plain(Channels::Rgba), n, 4),
        ColorType::CMYK(n @ (8 | 16)) => (Layout::Cmyk, n, 4),
        other => return Err(unsupported(Format::Tiff, format!("it stores colour as {other:?}"))),
    };
    Ok(found)
}

/// All samples, interleaved; those of fewer than 8 bits still packed. The engine reads `rows`, of which the first `height` are the picture.
fn read(reader: &mut Reader<'_>, row: usize, [rows, height]: [usize; 2], count: usize) -> Result<Samples> {
    let mut buffer = DecodingResult::U8(Vec::new());
    let found = reader.read_image_to_buffer(&mut buffer).map_err(error)?;
    let planes = if found.planes > 1 { count } else { 1 };
    let stride = found.row_stride.map_or(0, std::num::NonZeroUsize::get);
    if found.planes.max(1) < planes || stride != row / planes || found.complete_len < row * rows {
        return Err(unsupported(Format::Tiff, "its samples are laid out in an unknown way"));
    }
    let samples = match buffer {
        DecodingResult::U8(v) => Samples::U8(v),
        DecodingResult::U16(v) => Samples::U16(v),
        _ => return Err(unsupported(Format::Tiff, "its samples are signed numbers")),
    };
    Ok(match samples {
        _ if planes == 1 => samples,
        Samples::U8(v) => Samples::U8(interleave(&v, planes, [rows, height])?),
        Samples::U16(v) => Samples::U16(interleave(&v, planes, [rows, height])?),
    })
}

/// The first sample of each two.
fn first_of_two(samples: Samples) -> Samples {
    match samples {
        Samples::U8(v) => Samples::U8(v.into_iter().step_by(2).collect()),
        Samples::U16(v) => Samples::U16(v.into_iter().step_by(2).collect()),
    }
}

fn interleave<T: Copy + Default>(planar: &[T], planes: usize, [rows, height]: [usize; 2]) -> Result<Vec<T>> {
    let size = planar.len() / planes;
    let mut mixed = limits::try_vec(T::default(), size / rows * height * planes)?;
    for (p, plane) in planar.chunks_exact(size.max(1)).take(planes).enumerate() {
        for (to, &from) in mixed[p..].iter_mut().step_by(planes).zip(plane) {
            *to = from;
        }
    }
    Ok(mixed)
}

/// One byte per sample; spread over 0..=255 where they are shades and not indices.
fn unpack(samples: Samples, bits: u8, width: usize, row: usize, spread: bool) -> Result<Samples> {
    let Samples::U8(packed) = samples else { return Ok(samples) };
    let top = (1_u8 << bits) - 1;
    let factor = if spread { 255 / top } else { 1 };
    let per_byte = usize::from(8 / bits);
    let mut out = limits::try_vec(0_u8, packed.len() / row.max(1) * width)?;
    for (line, packed) in out.chunks_exact_mut(width).zip(packed.chunks_exact(row)) {
        for (x, to) in line.iter_mut().enumerate() {
            let shift = 8 - bits * (x % per_byte + 1) as u8;
            *to = ((packed[x / per_byte] >> shift) & top) * factor;
        }
    }
    Ok(Samples::U8(out))
}

/// The palette as 8-bit RGB.
fn colour_map(reader: &mut Reader<'_>, bits: u8) -> Result<Vec<[u8; 3]>> {
    let map = reader.get_tag_u16_vec(Tag::ColorMap).map_err(error)?;
    let size = 1_usize << bits;
    if map.len() < 3 * size {
        return Err(damaged(Format::Tiff, "its palette is too short"));
    }
    // Old writers used 0..=255 where the standard asks for 0..=65535.
    let small = map.iter().all(|&v| v < 256);
    let eight = |v: u16| if small { v as u8 } else { (v >> 8) as u8 };
    Ok((0..size).map(|i| [eight(map[i]), eight(map[size + i]), eight(map[2 * size + i])]).collect())
}

fn look_up(indices: &Samples, map: &[[u8; 3]]) -> Result<Samples> {
    let Samples::U8(indices) = indices else { return Err(unsupported(Format::Tiff, "its palette has more than 256 colours")) };
    let mut out = limits::try_vec(0_u8, indices.len() * 3)?;
    for (to, &index) in out.chunks_exact_mut(3).zip(indices) {
        let colour = map.get(usize::from(index)).ok_or_else(|| damaged(Format::Tiff, "a pixel is outside of its palette"))?;
        to.copy_from_slice(colour);
    }
    Ok(Samples::U8(out))
}

/// Straight alpha from premultiplied colours.
fn divide_by_alpha(samples: Samples, count: usize) -> Samples {
    match samples {
        Samples::U8(mut v) => {
            for pixel in v.chunks_exact_mut(count) {
                let alpha = u32::from(pixel[count - 1]);
                for s in &mut pixel[..count - 1] {
                    *s = (u32::from(*s) * 255 + alpha / 2).checked_div(alpha).unwrap_or(0).min(255) as u8;
                }
            }
            Samples::U8(v)
        }
        Samples::U16(mut v) => {
            for pixel in v.chunks_exact_mut(count) {
                let alpha = u64::from(pixel[count - 1]);
                for s in &mut pixel[..count - 1] {
                    *s = (u64::from(*s) * 65_535 + alpha / 2).checked_div(alpha).unwrap_or(0).min(65_535) as u16;
                }
            }
            Samples::U16(v)
        }
    }
}

/// Source: TIFF 6.0, section 21, with its default coefficients (ITU-R BT.601) and full range.
fn from_ycc(samples: Samples) -> Samples {
    let Samples::U8(mut v) = samples else { return samples };
    for pixel in v.chunks_exact_mut(3) {
        let [y, cb, cr] = [0, 1, 2].map(|i| f32::from(pixel[i]));
        let (cb, cr) = (cb - 128.0, cr - 128.0);
        let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
        for (to, value) in pixel.iter_mut().zip(rgb) {
            // The conversion to u8 saturates.
            *to = value.round() as u8;
        }
    }
    Samples::U8(v)
}

fn error(error: TiffError) -> Error {
    match &error {
        TiffError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => truncated(Format::Tiff),
        TiffError::UnsupportedError(e) => unsupported(Format::Tiff, e),
        TiffError::LimitsExceeded => {
            Error::limits("The TIFF file needs more memory than can be used here", "Crop it, or use the command line, which can use more memory")
        }
        _ => damaged(Format::Tiff, error),
    }
}
