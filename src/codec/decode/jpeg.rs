//! JPEG, through `zune-jpeg`, after [`super::jpeg_scan`] has shown that all of it is there.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::jpeg_scan::{self, Outline};
use super::{Raw, damaged, unsupported};
use crate::codec::sniff::Format;
use crate::error::Result;
use crate::image::{Channels, Picture, Samples};
use crate::limits;

/// Value of the Adobe segment's transform: the four colours are YCbCr and black.
const YCCK: u8 = 2;

#[inline(never)]
pub(super) fn decode(bytes: &[u8]) -> Result<Raw> {
    let outline = jpeg_scan::walk(bytes)?;
    if outline.separate {
        // The engine mixes up the rows of such files.
        return Err(unsupported(Format::Jpeg, "it stores its colours in separate scans"));
    }
    if outline.uneven {
        // The engine scales by the first colour's resolution.
        return Err(unsupported(Format::Jpeg, "its colours have unusual resolutions"));
    }
    let mut warnings = Vec::new();
    if !outline.complete {
        warnings.push("The end of the file is missing; the picture itself is complete".to_owned());
    }
    let (channels, wanted, colour) = match (outline.components, outline.adobe) {
        (1, _) => (Channels::Grey, ColorSpace::Luma, "grey"),
        (3, _) => (Channels::Rgb, ColorSpace::RGB, "RGB"),
        (4, Some(YCCK)) => (Channels::Rgb, ColorSpace::RGB, "YCCK"),
        (4, _) => (Channels::Rgb, ColorSpace::CMYK, "CMYK"),
        (n, _) => return Err(unsupported(Format::Jpeg, format!("it has {n} colours"))),
    };
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(limits::MAX_INPUT_SIDE as usize)
        .set_max_height(limits::MAX_INPUT_SIDE as usize)
        .jpeg_set_max_scans(jpeg_scan::MAX_SCANS)
        .jpeg_set_out_colorspace(wanted);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|e| damaged(Format::Jpeg, e))?;
    let pixels = outline.width as usize * outline.height as usize;
    let size = pixels * wanted.num_components();
    if decoder.output_buffer_size() != Some(size) {
        return Err(damaged(Format::Jpeg, "its headers contradict each other"));
    }
    let mut buffer = limits::try_vec(0_u8, size)?;
    decoder.decode_into(&mut buffer).map_err(|e| damaged(Format::Jpeg, e))?;
    if outline.components == 4 {
        warnings.push("CMYK was turned into RGB without its colour profile; colours may differ a little".to_owned());
    }
    if wanted == ColorSpace::CMYK {
        inks_to_rgb(&mut buffer, outline.adobe.is_some());
    }
    let Outline { width, height, icc, exif, .. } = outline;
    // A profile for CMYK says nothing about the RGB made here; that it was left out is said above.
    let icc = if outline.components == 4 { None } else { icc };
    let picture = Picture::new(width, height, channels, Samples::U8(buffer))?;
    Ok(Raw { picture, bits: 8, colour, icc, exif, orientation: None, warnings })
}

/// Four inks to RGB, in place: `(1 - ink) (1 - black)`. Adobe's files store `1 - ink`.
fn inks_to_rgb(buffer: &mut Vec<u8>, inverted: bool) {
    let paper = |ink: u8| u32::from(if inverted { ink } else { 255 - ink });
    let pixels = buffer.len() / 4;
    for i in 0..pixels {
        let inks: [u8; 4] = std::array::from_fn(|c| buffer[4 * i + c]);
        for c in 0..3 {
            buffer[3 * i + c] = ((paper(inks[c]) * paper(inks[3]) + 127) / 255) as u8;
        }
    }
    buffer.truncate(pixels * 3);
}
