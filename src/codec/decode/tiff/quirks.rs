//! What the engine behind us reads wrong, or not at all, of a TIFF: put right in a copy of the file, or refused.
//!
//! Source: TIFF 6.0, and its supplement 2 for JPEG.

use std::borrow::Cow;

use super::{Reader, damaged, error, jpeg_scan, truncated, unsupported};
use crate::codec::exif;
use crate::codec::ifd::{Entry, RATIONAL, Tree};
use crate::codec::sniff::Format;
use crate::error::{Error, Result};
use tiff::decoder::ChunkType;
use tiff::tags::Tag;

const HEIGHT: u16 = 257;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const FILL_ORDER: u16 = 266;
const SAMPLES: u16 = 277;
const PLANES: u16 = 284;
const PREDICTOR: u16 = 317;
const INKS: u16 = 332;
const YCC_COEFFICIENTS: u16 = 529;
const YCC_RANGE: u16 = 532;

/// Values of `PhotometricInterpretation`.
const GREY: u32 = 1;
const PALETTE: u32 = 3;
const YCC: u32 = 6;
/// Value of `FillOrder`: the first pixel of a byte is its lowest bit.
const LOW_BITS_FIRST: u32 = 2;
/// Value of `Compression`.
const JPEG: u32 = 7;
/// Value of `PlanarConfiguration`.
const SEPARATE: u32 = 2;
/// Value of `InkSet`: other inks than CMYK.
const OTHER_INKS: u32 = 2;
/// Value of `ExtraSamples` for what is not said.
const UNSPECIFIED: u16 = 0;
/// Value of `ExtraSamples` for colours that are already multiplied by alpha.
const ASSOCIATED: u16 = 1;

/// What the tags say that decide how the engine's samples are to be taken.
pub(super) struct Tags {
    pub(super) palette: bool,
    /// Samples of a pixel in the file, with those that are not colours.
    pub(super) samples: u32,
    /// What the first sample after the colours is.
    extra: Option<u16>,
    predicted: bool,
    fill_order: u32,
    compression: u32,
    /// The height of whole tiles, where the file has tiles for each colour and the last ones reach below the picture.
    tiles: Option<u32>,
}

impl Tags {
    /// # Errors
    /// `Unsupported` for what neither the engine nor we read as it is meant.
    pub(super) fn read(bytes: &[u8], height: u32, reader: &mut Reader<'_>) -> Result<Self> {
        // As the engine reads them, which takes more types of numbers than the standard names.
        let mut number = |tag, default| reader.find_tag_unsigned::<u32>(Tag::from_u16_exhaustive(tag)).ok().flatten().unwrap_or(default);
        let samples = number(SAMPLES, 1);
        if number(INKS, 1) == OTHER_INKS {
            return Err(unsupported(Format::Tiff, "its inks are others than cyan, magenta, yellow and black"));
        }
        let (photometric, separate) = (number(PHOTOMETRIC, GREY), number(PLANES, 1) == SEPARATE);
        let (predicted, fill_order, compression) = (number(PREDICTOR, 1) > 1, number(FILL_ORDER, 1), number(COMPRESSION, 1));
        let tree = Tree::parse(bytes, |tag| matches!(tag, YCC_COEFFICIENTS | YCC_RANGE)).ok_or_else(|| truncated(Format::Tiff))?;
        let usual = |tag, values: &[f64]| tree.main.get(tag).is_none_or(|entry| ratios(&tree, entry).is_some_and(|found| near(&found, values)));
        if photometric == YCC && !(usual(YCC_COEFFICIENTS, &[0.299, 0.587, 0.114]) && usual(YCC_RANGE, &[0.0, 255.0, 128.0, 255.0, 128.0, 255.0])) {
            return Err(unsupported(Format::Tiff, "its YCbCr colours are of an unusual kind"));
        }
        // The `tiff` crate takes no padding off the lowest tiles of all colours but the first, and panics.
        let apart = separate && samples > 1 && reader.get_chunk_type() == ChunkType::Tile;
        let whole = if apart { height.checked_next_multiple_of(reader.chunk_dimensions().1) } else { None };
        let extra = reader.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples).ok().flatten().and_then(|kinds| kinds.first().copied());
        let palette = photometric == PALETTE;
        Ok(Self { palette, samples, extra, predicted, fill_order, compression, tiles: whole.filter(|&whole| whole != height) })
    }

    /// Whether colours are already multiplied by alpha.
    pub(super) fn associated(&self) -> bool {
        self.extra == Some(ASSOCIATED)
    }

    /// Whether the sample after the colours is not said to be alpha.
    pub(super) fn unspecified(&self) -> bool {
        self.extra == Some(UNSPECIFIED)
    }

    /// The file as the engine reads it right, and the height that it is told.
    pub(super) fn mend<'a>(&self, bytes: &'a [u8], height: u32, reader: &mut Reader<'_>) -> Result<(Cow<'a, [u8]>, u32)> {
        // JPEG has an order of its own.
        let turned = self.fill_order == LOW_BITS_FIRST && self.compression != JPEG;
        if !turned && !self.palette && self.tiles.is_none() {
            return Ok((Cow::Borrowed(bytes), height));
        }
        let mut own = bytes.to_vec();
        // The engine does not look at the order, which is that of the compressed bytes.
        if turned {
            turn(&mut own, chunks(reader)?)?;
        }
        // It knows no palettes, but reads their indices as shades of grey.
        if self.palette && !exif::replace(&mut own, PHOTOMETRIC, PALETTE, GREY) {
            return Err(unsupported(Format::Tiff, "it is a BigTIFF with a palette"));
        }
        // A picture of whole tiles has no padding.
        let whole = self.tiles.unwrap_or(height);
        if whole != height && !exif::replace(&mut own, HEIGHT, height, whole) {
            return Err(unsupported(Format::Tiff, "it has tiles for each of its colours"));
        }
        Ok((Cow::Owned(own), whole))
    }

    /// Checks what the engine does not, before it makes pixels of `bits` bits, of which `used` are taken.
    pub(super) fn check(&self, bytes: &[u8], reader: &mut Reader<'_>, bits: u8, used: usize) -> Result<()> {
        // The engine takes samples off a row before it undoes the prediction, which then goes by the wrong neighbours.
        if self.predicted && self.samples as usize > used {
            return Err(unsupported(Format::Tiff, "it has channels beside its colours, and they are compressed together"));
        }
        if self.compression == JPEG { jpeg(bytes, reader, bits) } else { Ok(()) }
    }
}

/// The rational values of an entry.
fn ratios(tree: &Tree, entry: &Entry) -> Option<Vec<f64>> {
    let parts = || entry.data.chunks_exact(8).map(|part| tree.ratio(&Entry { data: part.to_vec(), ..*entry }));
    (entry.kind == RATIONAL).then(parts)?.collect()
}

fn near(found: &[f64], values: &[f64]) -> bool {
    found.len() == values.len() && found.iter().zip(values).all(|(a, b)| (a - b).abs() < 0.002 * b.max(1.0))
}

/// Where the strips or tiles lie: first byte and end.
fn chunks(reader: &mut Reader<'_>) -> Result<Vec<(usize, usize)>> {
    let mut list = |strips, tiles| {
        let found = reader.find_tag_unsigned_vec::<u64>(strips).map_err(error)?;
        if found.is_some() { Ok(found) } else { reader.find_tag_unsigned_vec::<u64>(tiles).map_err(error) }
    };
    let (starts, lengths) = (list(Tag::StripOffsets, Tag::TileOffsets)?, list(Tag::StripByteCounts, Tag::TileByteCounts)?);
    let places = starts.unwrap_or_default().into_iter().zip(lengths.unwrap_or_default());
    let place = |(start, length): (u64, u64)| Some((usize::try_from(start).ok()?, usize::try_from(start.checked_add(length)?).ok()?));
    places.map(place).collect::<Option<_>>().ok_or_else(|| truncated(Format::Tiff))
}

/// Turns the bits of every byte round, once, even where parts share their bytes.
fn turn(bytes: &mut [u8], mut parts: Vec<(usize, usize)>) -> Result<()> {
    parts.sort_unstable();
    let mut done = 0;
    for (start, end) in parts {
        let part = bytes.get_mut(start.max(done)..end.max(done)).ok_or_else(|| truncated(Format::Tiff))?;
        for byte in part {
            *byte = byte.reverse_bits();
        }
        done = done.max(end);
    }
    Ok(())
}

/// Reads every block of every part, as for a JPEG file: the engine paints what is missing, and takes parts of any size.
fn jpeg(bytes: &[u8], reader: &mut Reader<'_>, bits: u8) -> Result<()> {
    let tables = match reader.find_tag(Tag::JPEGTables).map_err(error)? {
        Some(value) => value.into_u8_vec().map_err(error)?,
        None => Vec::new(),
    };
    let (width, _) = reader.chunk_dimensions();
    for (index, (start, end)) in chunks(reader)?.into_iter().enumerate() {
        let part = bytes.get(start..end).ok_or_else(|| truncated(Format::Tiff))?;
        let (_, rows) = reader.chunk_data_dimensions(index as u32);
        // The tables' end and the part's start are taken off, as the engine does.
        let file = match tables.len().checked_sub(2) {
            Some(end) => Cow::Owned([&tables[..end], part.get(2..).unwrap_or_default()].concat()),
            None => Cow::Borrowed(part),
        };
        let outline = jpeg_scan::walk(&file).map_err(of_tiff)?;
        if outline.separate || outline.uneven {
            return Err(unsupported(Format::Tiff, "the JPEG data in it is of an unusual kind"));
        }
        if outline.width != width || outline.height < rows || bits != 8 {
            return Err(damaged(Format::Tiff, "the JPEG data in it has another size than the file says"));
        }
    }
    Ok(())
}

fn of_tiff(error: Error) -> Error {
    match error {
        Error::Decode(mut fault) => {
            fault.what = fault.what.replace("The JPEG file", "The JPEG data in the TIFF file");
            Error::Decode(fault)
        }
        Error::Unsupported(_) => unsupported(Format::Tiff, "the JPEG data in it is of an unusual kind"),
        other => other,
    }
}
