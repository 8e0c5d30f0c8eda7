//! JPEG, in bands spliced at restart markers, through `jpeg-encoder`.
//!
//! Each band of rows is encoded as a picture of its own, with the standard Huffman tables and so
//! with the same headers. The first band's headers, with the full height written into them, open
//! the file; of the others only the entropy-coded data is kept. The restart interval is one band,
//! and a decoder starts each interval afresh, exactly as the band's encoder did.
//! Source: ITU-T T.81, B.2 and E.1.4.

use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, EncodingError, PixelDensity, PixelDensityUnit, SamplingFactor};

use super::{Counter, EncoderOptions, OutputFormat, RowEncoder, Rows, Sink, failed};
use crate::codec::{Density, DensityUnit, Metadata, iptc, xmp};
use crate::error::{Error, Result};
use crate::image::Channels;

/// Samples that a band holds, if rows are not wider.
const BAND_SAMPLES: usize = 1 << 20;
/// From this quality up colour is stored at full resolution.
const FULL_COLOUR: u8 = 90;
const START_OF_FRAME: u8 = 0xC0;
const START_OF_SCAN: u8 = 0xDA;

pub(super) struct Encoder<'w> {
    counter: Counter,
    options: EncoderOptions,
    sink: Box<dyn Sink + 'w>,
    /// Rows that wait for their band to be full.
    band: Vec<u8>,
    /// Samples in a full band.
    capacity: usize,
    /// Minimum coded units in a full band.
    interval: u16,
    bands: usize,
}

impl<'w> Encoder<'w> {
    pub(super) fn new(counter: Counter, options: &EncoderOptions, sink: Box<dyn Sink + 'w>) -> Self {
        let (rows, interval) = band(counter.rows.width as usize, counter.rows.channels, options.quality);
        let capacity = rows * counter.rows.row_len();
        Self { counter, options: options.clone(), sink, band: Vec::new(), capacity, interval, bands: 0 }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.sink.write_all(bytes).map_err(|e| failed(OutputFormat::Jpeg, e))
    }

    fn write_band(&mut self, samples: &[u8]) -> Result<()> {
        let rows = self.counter.rows;
        let first = self.bands == 0;
        let mut file = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut file, self.options.quality);
        encoder.set_sampling_factor(if half_colour(rows.channels, self.options.quality) { SamplingFactor::F_2_2 } else { SamplingFactor::F_1_1 });
        encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
        encoder.set_restart_interval(self.interval);
        let error = |e| failed(OutputFormat::Jpeg, e);
        if first {
            add_metadata(&mut encoder, &self.options.metadata).map_err(error)?;
        }
        let colour = if rows.channels == Channels::Grey { ColorType::Luma } else { ColorType::Rgb };
        let height = samples.len() / rows.row_len();
        encoder.encode(samples, rows.width as u16, height as u16, colour).map_err(error)?;

        let parts = Parts::find(&mut file).ok_or_else(|| failed(OutputFormat::Jpeg, "its encoder wrote an unknown layout"))?;
        if first {
            parts.height.copy_from_slice(&(rows.height as u16).to_be_bytes());
            let data = parts.data;
            let end = file.len() - 2;
            debug_assert!(data < end);
            self.write(&file[..end])?;
        } else {
            let data = parts.data;
            let marker = 0xD0 + ((self.bands - 1) % 8) as u8;
            self.write(&[0xFF, marker])?;
            let end = file.len() - 2;
            self.write(&file[data..end])?;
        }
        self.bands += 1;
        Ok(())
    }
}

/// Bytes of an extension that a segment holds beside its length, name, digest and two numbers.
const EXTENSION_SEGMENT: usize = 65_535 - 2 - xmp::EXTENSION.len() - 32 - 8;

/// Sources: JFIF 1.02; Adobe XMP Specification, part 3, 1.1.3.
fn add_metadata(encoder: &mut jpeg_encoder::Encoder<&mut Vec<u8>>, metadata: &Metadata) -> Result<(), EncodingError> {
    if let Some(density) = metadata.density {
        encoder.set_density(whole(density));
    }
    if let Some(exif) = &metadata.exif {
        encoder.add_exif_metadata(exif)?;
    }
    match &metadata.xmp {
        Some(packet) if packet.len() <= super::JPEG_XMP => encoder.add_app_segment(1, [xmp::SEGMENT, packet].concat())?,
        Some(packet) => {
            // A packet that is no XML cannot be split; none that was read from a file is like that.
            if let Some((main, digest, extension)) = xmp::split(packet) {
                encoder.add_app_segment(1, [xmp::SEGMENT, &main].concat())?;
                for (i, part) in extension.chunks(EXTENSION_SEGMENT).enumerate() {
                    let numbers = [extension.len() as u32, (i * EXTENSION_SEGMENT) as u32].map(u32::to_be_bytes).concat();
                    encoder.add_app_segment(1, [xmp::EXTENSION, digest.as_bytes(), &numbers, part].concat())?;
                }
            }
        }
        None => {}
    }
    if let Some(sets) = &metadata.iptc {
        encoder.add_app_segment(13, [iptc::SEGMENT, &iptc::to_resource(sets)].concat())?;
    }
    if let Some(icc) = &metadata.icc {
        encoder.add_icc_profile(icc)?;
    }
    Ok(())
}

/// A density in whole numbers: per centimetre where it is whole as it is, else per inch.
fn whole(density: Density) -> PixelDensity {
    let exact = density.unit == DensityUnit::Centimetre && density.x.fract() == 0.0 && density.y.fract() == 0.0;
    let (numbers, unit) =
        if exact { ([density.x, density.y], PixelDensityUnit::Centimeters) } else { (density.per_inch(), PixelDensityUnit::Inches) };
    let [x, y] = numbers.map(|v| v.round().clamp(1.0, f64::from(u16::MAX)) as u16);
    PixelDensity { density: (x, y), unit }
}

/// Whether the colour channels have half the resolution of the brightness.
fn half_colour(channels: Channels, quality: u8) -> bool {
    channels != Channels::Grey && quality < FULL_COLOUR
}

/// Rows of a full band, and its minimum coded units, of which the format allows 65,535.
fn band(width: usize, channels: Channels, quality: u8) -> (usize, u16) {
    let unit = if half_colour(channels, quality) { 16 } else { 8 };
    let across = width.div_ceil(unit);
    let by_size = BAND_SAMPLES / (width * channels.count() * unit);
    let down = by_size.min(usize::from(u16::MAX) / across).clamp(1, 32);
    (down * unit, (down * across) as u16)
}

/// Where the parts of a whole JPEG lie.
struct Parts<'a> {
    height: &'a mut [u8],
    /// Offset of the entropy-coded data, which ends two bytes before the end of the file.
    data: usize,
}

impl<'a> Parts<'a> {
    fn find(file: &'a mut [u8]) -> Option<Self> {
        let (mut at, mut height) = (2, None);
        loop {
            let &[0xFF, marker, a, b] = file.get(at..at + 4)? else { return None };
            let next = at + 2 + usize::from(u16::from_be_bytes([a, b]));
            match marker {
                // Length, precision, height.
                START_OF_FRAME => height = Some(at + 5),
                START_OF_SCAN => {
                    let height = height?;
                    return Some(Self { height: file.get_mut(height..height + 2)?, data: next });
                }
                _ => {}
            }
            at = next;
        }
    }
}

impl RowEncoder for Encoder<'_> {
    fn write_rows(&mut self, rows: Rows<'_>) -> Result<()> {
        self.counter.push(&rows)?;
        let Rows::U8(mut samples) = rows else {
            return Err(Error::parameter("JPEG takes rows of 8 bits", ""));
        };
        while !samples.is_empty() {
            if self.band.is_empty() && samples.len() >= self.capacity {
                let (whole, rest) = samples.split_at(self.capacity);
                self.write_band(whole)?;
                samples = rest;
                continue;
            }
            let (some, rest) = samples.split_at(samples.len().min(self.capacity - self.band.len()));
            self.band.extend_from_slice(some);
            samples = rest;
            if self.band.len() == self.capacity {
                let band = std::mem::take(&mut self.band);
                self.write_band(&band)?;
                self.band = band;
                self.band.clear();
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.counter.finish()?;
        if !self.band.is_empty() {
            let band = std::mem::take(&mut self.band);
            self.write_band(&band)?;
        }
        self.write(&[0xFF, 0xD9])?;
        self.sink.flush().map_err(|e| failed(OutputFormat::Jpeg, e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_has_a_band_whose_units_fit() {
        for channels in [Channels::Grey, Channels::Rgb] {
            for quality in [1, 89, 90, 100] {
                for width in 1..=super::super::JPEG_SIDE as usize {
                    let (rows, units) = band(width, channels, quality);
                    let unit = if half_colour(channels, quality) { 16 } else { 8 };
                    assert!(rows >= unit && rows % unit == 0, "{width}");
                    assert_eq!(usize::from(units), width.div_ceil(unit) * (rows / unit), "{width}");
                }
            }
        }
    }
}
