//! Lossless WebP through `image-webp`, from the whole picture.

use image_webp::{ColorType, WebPEncoder};

use super::{Counter, EncoderOptions, OutputFormat, RowEncoder, Rows, Sink, failed};
use crate::codec::{Metadata, exif};
use crate::error::{Error, Result};
use crate::image::Channels;
use crate::limits;

pub(super) struct Encoder<'w> {
    counter: Counter,
    options: EncoderOptions,
    sink: Box<dyn Sink + 'w>,
    samples: Vec<u8>,
}

impl<'w> Encoder<'w> {
    pub(super) fn new(counter: Counter, options: &EncoderOptions, sink: Box<dyn Sink + 'w>) -> Result<Self> {
        let size = counter.rows.row_len() as u64 * u64::from(counter.rows.height);
        // The engine makes an RGBA copy for its own use.
        let need = size + 4 * u64::from(counter.rows.width) * u64::from(counter.rows.height);
        if need > limits::MAX_DECODED_BYTES {
            return Err(Error::limits(
                format!("Writing this WebP needs {} MiB of memory; at most {} MiB can be used here", need >> 20, limits::MAX_DECODED_BYTES >> 20),
                "Choose PNG or JPEG, which are written in parts",
            ));
        }
        let mut samples = limits::try_vec(0_u8, size as usize)?;
        samples.clear();
        Ok(Self { counter, options: options.clone(), sink, samples })
    }
}

impl RowEncoder for Encoder<'_> {
    fn write_rows(&mut self, rows: Rows<'_>) -> Result<()> {
        self.counter.push(&rows)?;
        if let Rows::U8(samples) = rows {
            self.samples.extend_from_slice(samples);
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { counter, options, mut sink, samples } = *self;
        counter.finish()?;
        let colour = match counter.rows.channels {
            Channels::Grey => ColorType::L8,
            Channels::GreyAlpha => ColorType::La8,
            Channels::Rgb => ColorType::Rgb8,
            Channels::Rgba => ColorType::Rgba8,
        };
        let Metadata { icc, exif, xmp, density, .. } = options.metadata;
        let mut encoder = WebPEncoder::new(&mut sink);
        if let Some(icc) = icc {
            encoder.set_icc_profile(icc);
        }
        // The format itself states no density.
        if let Some(exif) = exif.or_else(|| density.map(exif::density_only)) {
            encoder.set_exif_metadata(exif);
        }
        if let Some(xmp) = xmp {
            encoder.set_xmp_metadata(xmp);
        }
        encoder.encode(&samples, counter.rows.width, counter.rows.height, colour).map_err(|e| failed(OutputFormat::WebP, e))?;
        sink.flush().map_err(|e| failed(OutputFormat::WebP, e))
    }
}
