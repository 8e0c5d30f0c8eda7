//! A decoded picture as bytes: on its way from the browser's module `codecs` to the one that enlarges.
//!
//! The samples come first, so that 8-bit ones stay where they are; then what is said of them, and its length in four bytes. Numbers are
//! little-endian, and what may be missing stands behind a byte that says whether it is there. Both modules are of one build: the layout has
//! no version.

use super::Decoded;
use crate::codec::sniff::Format;
use crate::codec::{Density, DensityUnit, Metadata};
use crate::error::{Error, Result};
use crate::image::{Channels, Depth, Picture, Samples};
use crate::limits::try_vec;

/// What [`Decoded::colour`] says of the formats that are handed over.
const COLOURS: [&str; 8] = ["grey", "grey with alpha", "RGB", "RGB with alpha", "palette", "palette with transparency", "CMYK", "YCbCr"];
const CHANNELS: [Channels; 4] = [Channels::Grey, Channels::GreyAlpha, Channels::Rgb, Channels::Rgba];

impl Decoded {
    /// All of it as bytes.
    ///
    /// # Errors
    /// `Limits` where the memory cannot be had.
    pub fn into_bytes(self) -> Result<Vec<u8>> {
        let said = said(&self);
        let mut bytes = match self.picture.samples {
            Samples::U8(values) => values,
            Samples::U16(values) => {
                let mut bytes = try_vec(0_u8, 2 * values.len())?;
                bytes.as_chunks_mut().0.iter_mut().zip(values).for_each(|(to, value)| *to = value.to_le_bytes());
                bytes
            }
        };
        bytes.extend(&said);
        bytes.extend((said.len() as u32).to_le_bytes());
        Ok(bytes)
    }

    /// What [`Decoded::into_bytes`] was called on.
    ///
    /// # Errors
    /// `Parameter` where the bytes are of nothing of the kind, `Limits` where the memory cannot be had.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let odd = || Error::parameter("The picture from the module for its format is not understood", "Reload the page");
        let (bytes, length) = bytes.split_last_chunk().ok_or_else(odd)?;
        let at = bytes.len().checked_sub(u32::from_le_bytes(*length) as usize).ok_or_else(odd)?;
        let (samples, mut rest) = bytes.split_at(at);
        let (parts, [width, height]) = heard(&mut rest).ok_or_else(odd)?;
        let count = width as usize * height as usize * parts.channels.count();
        if !rest.is_empty() || samples.len() != count << u8::from(parts.sixteen) {
            return Err(odd());
        }
        let samples = if parts.sixteen {
            let mut values = try_vec(0_u16, count)?;
            values.iter_mut().zip(samples.as_chunks().0).for_each(|(to, value)| *to = u16::from_le_bytes(*value));
            Samples::U16(values)
        } else {
            let mut values = try_vec(0_u8, count)?;
            values.copy_from_slice(samples);
            Samples::U8(values)
        };
        let picture = Picture::new(width, height, parts.channels, samples)?;
        let Parts { format, bits, colour, metadata, lossy, warnings, .. } = parts;
        Ok(Self { picture, format, bits, colour, metadata, lossy, warnings })
    }
}

/// What is said of the samples.
fn said(decoded: &Decoded) -> Vec<u8> {
    let Picture { width, height, channels, samples } = &decoded.picture;
    let place = |found: Option<usize>| found.unwrap_or(usize::from(u8::MAX)) as u8;
    let mut bytes = vec![
        place(Format::ALL.iter().position(|format| *format == decoded.format)),
        place(COLOURS.iter().position(|colour| *colour == decoded.colour)),
        place(CHANNELS.iter().position(|of| of == channels)),
        u8::from(samples.depth() == Depth::Sixteen),
        decoded.bits,
        u8::from(decoded.lossy),
    ];
    bytes.extend([*width, *height].map(u32::to_le_bytes).as_flattened());
    let Metadata { icc, exif, xmp, iptc, density } = &decoded.metadata;
    bytes.push(density.map_or(0, |density| if density.unit == DensityUnit::Inch { 1 } else { 2 }));
    bytes.extend(density.map_or([0.0; 2], |density| [density.x, density.y]).map(f64::to_le_bytes).as_flattened());
    for block in [icc, exif, xmp, iptc] {
        bytes.push(u8::from(block.is_some()));
        put(&mut bytes, block.as_deref().unwrap_or_default());
    }
    bytes.extend((decoded.warnings.len() as u32).to_le_bytes());
    for warning in &decoded.warnings {
        put(&mut bytes, warning.as_bytes());
    }
    bytes
}

/// What is said of the samples, taken apart.
struct Parts {
    format: Format,
    colour: &'static str,
    channels: Channels,
    sixteen: bool,
    bits: u8,
    lossy: bool,
    metadata: Metadata,
    warnings: Vec<String>,
}

fn heard(rest: &mut &[u8]) -> Option<(Parts, [u32; 2])> {
    let [format, colour, channels, sixteen, bits, lossy] = *array(rest)?;
    let size = [u32::from_le_bytes(*array(rest)?), u32::from_le_bytes(*array(rest)?)];
    let [unit] = *array(rest)?;
    let [x, y] = [f64::from_le_bytes(*array(rest)?), f64::from_le_bytes(*array(rest)?)];
    let density = match unit {
        0 => None,
        unit => Some(Density { x, y, unit: if unit == 1 { DensityUnit::Inch } else { DensityUnit::Centimetre } }),
    };
    let mut block = || {
        let [there] = *array(rest)?;
        let block = piece(rest)?;
        Some((there != 0).then(|| block.to_vec()))
    };
    let metadata = Metadata { icc: block()?, exif: block()?, xmp: block()?, iptc: block()?, density };
    let count = u32::from_le_bytes(*array(rest)?);
    let warnings = (0..count).map(|_| Some(std::str::from_utf8(piece(rest)?).ok()?.to_owned())).collect::<Option<_>>()?;
    let parts = Parts {
        format: *Format::ALL.get(usize::from(format))?,
        colour: COLOURS.get(usize::from(colour))?,
        channels: *CHANNELS.get(usize::from(channels))?,
        sixteen: sixteen != 0,
        bits,
        lossy: lossy != 0,
        metadata,
        warnings,
    };
    Some((parts, size))
}

fn put(bytes: &mut Vec<u8>, piece: &[u8]) {
    bytes.extend((piece.len() as u32).to_le_bytes());
    bytes.extend(piece);
}

fn piece<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = u32::from_le_bytes(*array(rest)?) as usize;
    rest.split_off(..length)
}

fn array<'b, const N: usize>(rest: &mut &'b [u8]) -> Option<&'b [u8; N]> {
    rest.split_off(..N)?.first_chunk()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures() -> Vec<Decoded> {
        let metadata = Metadata {
            icc: Some(vec![1, 2, 3]),
            exif: None,
            xmp: Some(Vec::new()),
            iptc: Some(vec![9; 300]),
            density: Density::new(11.25, 300.0, DensityUnit::Centimetre),
        };
        let eight = Picture::new(3, 2, Channels::GreyAlpha, Samples::U8((0..12).collect())).unwrap();
        let sixteen = Picture::new(2, 1, Channels::Rgb, Samples::U16(vec![0, 1, 256, 65_535, 4660, 9])).unwrap();
        let warnings = vec!["Größe".to_owned(), String::new()];
        vec![
            Decoded { picture: eight, format: Format::Gif, bits: 4, colour: "palette", metadata, lossy: false, warnings },
            Decoded {
                picture: sixteen,
                format: Format::Tiff,
                bits: 16,
                colour: "CMYK",
                metadata: Metadata::default(),
                lossy: true,
                warnings: Vec::new(),
            },
        ]
    }

    fn same(a: &Decoded, b: &Decoded) -> bool {
        format!("{a:?}") == format!("{b:?}")
    }

    #[test]
    fn what_is_handed_over_arrives_whole() {
        let pictures = pictures();
        for picture in &pictures {
            assert!(same(&Decoded::from_bytes(&picture.clone().into_bytes().unwrap()).unwrap(), picture));
        }
        assert!(!same(&pictures[0], &pictures[1]));
        let mut other = pictures[0].clone();
        other.metadata.iptc.as_mut().unwrap()[299] = 8;
        assert!(!same(&other, &pictures[0]), "one byte of the metadata");
    }

    #[test]
    fn what_is_cut_short_or_too_long_is_refused() {
        let bytes = pictures().remove(0).into_bytes().unwrap();
        for end in 0..bytes.len() {
            assert_eq!(Decoded::from_bytes(&bytes[..end]).unwrap_err().kind(), "parameter", "{end}");
            assert!(Decoded::from_bytes(&bytes[end + 1..]).is_err(), "{end}");
        }
        assert!(Decoded::from_bytes(&[&[0], &bytes[..]].concat()).is_err());
    }
}
