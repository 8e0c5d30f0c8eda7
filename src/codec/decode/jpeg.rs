//! JPEG, through `zune-jpeg`, after [`super::jpeg_scan`] has shown that all of it is there.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::jpeg_scan::{self, Outline};
use super::{Raw, damaged, from_inks, unsupported};
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
        (4, Some(YCCK)) => (Channels::Rgb, ColorSpace::YCCK, "YCCK"),
        (4, _) => (Channels::Rgb, ColorSpace::CMYK, "CMYK"),
        (n, _) => return Err(unsupported(Format::Jpeg, format!("it has {n} colours"))),
    };
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(limits::MAX_INPUT_SIDE as usize)
        .set_max_height(limits::MAX_INPUT_SIDE as usize)
        .jpeg_set_max_scans(jpeg_scan::MAX_SCANS)
        .jpeg_set_out_colorspace(wanted);
    let mut copy = limits::try_vec(0_u8, bytes.len())?;
    copy.copy_from_slice(bytes);
    // The `tiff` crate reads from a vector: over anything else, browsers would fetch the generic engine twice.
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(copy), options);
    decoder.decode_headers().map_err(|e| damaged(Format::Jpeg, e))?;
    let pixels = outline.width as usize * outline.height as usize;
    let size = pixels * wanted.num_components();
    if decoder.output_buffer_size() != Some(size) {
        return Err(damaged(Format::Jpeg, "its headers contradict each other"));
    }
    let mut buffer = limits::try_vec(0_u8, size)?;
    decoder.decode_into(&mut buffer).map_err(|e| damaged(Format::Jpeg, e))?;
    let Outline { width, height, mut metadata, .. } = outline;
    // A profile for CMYK says nothing about the RGB made here; that it was left out is said above.
    let samples = if outline.components == 4 {
        if wanted == ColorSpace::YCCK {
            ycc_to_inks(&mut buffer);
        }
        // Adobe's files store what the ink leaves of the paper.
        if outline.adobe.is_some() {
            for v in &mut buffer {
                *v = 255 - *v;
            }
        }
        from_inks(Samples::U8(buffer), &mut metadata, &mut warnings)?
    } else {
        Samples::U8(buffer)
    };
    let picture = Picture::new(width, height, channels, samples)?;
    Ok(Raw { picture, bits: 8, colour, metadata, orientation: None, warnings })
}

/// YCCK to CMYK as it is stored, in place: full-range BT.601 of what the inks leave (ITU-T T.872, 6.1 and 6.3).
fn ycc_to_inks(buffer: &mut [u8]) {
    for pixel in buffer.chunks_exact_mut(4) {
        let [y, cb, cr] = [0, 1, 2].map(|i| f32::from(pixel[i]));
        let (cb, cr) = (cb - 128.0, cr - 128.0);
        let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
        for (to, value) in pixel.iter_mut().zip(rgb) {
            // The conversion to u8 saturates.
            *to = 255 - value.round() as u8;
        }
    }
}
