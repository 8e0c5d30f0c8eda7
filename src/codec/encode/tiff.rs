//! TIFF in strips of rows, and `BigTIFF` where the pixels could pass 4 GB.
//!
//! The file begins with its directories, so that only the strips' offsets and lengths are written back near its start
//! when all strips are there. The directories come from [`crate::codec::ifd`] and not from the `tiff` crate, whose encoder
//! borrows itself for the whole picture, so that no rows can be pushed, and knows no byte order but the machine's: a
//! camera maker's note has to keep its own. Deflate is the crate's. Sources: TIFF 6.0, sections 2, 14 and 18; TIFF
//! Technical Note 2 of Adobe (deflate); `BigTIFF`.

use std::io::SeekFrom;

use tiff::encoder::compression::{CompressionAlgorithm, Deflate, DeflateLevel};

use super::{Counter, EncoderOptions, OutputFormat, RowEncoder, Rows, Sink, failed};
use crate::codec::exif;
use crate::codec::ifd::{Entry, Order, Tree, UNDEFINED};
use crate::error::Result;
use crate::image::Depth;

/// Bytes that a strip has, if rows are not wider.
const STRIP: usize = 512 << 10;
/// From this many bytes of pixels up, offsets have 64 bits: what does not get smaller gets a little larger, and metadata
/// comes on top.
const BIG: u64 = 0xF000_0000;

const STRIP_OFFSETS: u16 = 273;
const STRIP_BYTE_COUNTS: u16 = 279;
const ADOBE_DEFLATE: u16 = 8;
const HORIZONTAL: u16 = 2;
const UNASSOCIATED: u16 = 2;
const BYTE: u16 = 1;

pub(super) struct Encoder<'w> {
    counter: Counter,
    sink: Box<dyn Sink + 'w>,
    order: Order,
    big: bool,
    /// Where the file begins in the sink.
    base: u64,
    /// Bytes written from there.
    written: u64,
    /// Where the strips' offsets and byte counts lie.
    places: [usize; 2],
    /// Offset and length of every strip.
    strips: Vec<(u64, u64)>,
    /// Samples that wait for their strip to be full, in the file's byte order and as differences.
    strip: Vec<u8>,
    /// Bytes of a full strip.
    capacity: usize,
}

impl<'w> Encoder<'w> {
    pub(super) fn new(counter: Counter, options: &EncoderOptions, sink: Box<dyn Sink + 'w>) -> Result<Self> {
        let rows = counter.rows;
        let big = rows.row_len() as u64 * rows.depth.bytes() as u64 * u64::from(rows.height) >= BIG;
        Self::of_size(counter, options, sink, big)
    }

    fn of_size(counter: Counter, options: &EncoderOptions, mut sink: Box<dyn Sink + 'w>, big: bool) -> Result<Self> {
        let rows = counter.rows;
        let row = rows.row_len() * rows.depth.bytes();
        let strip_rows = (STRIP / row).clamp(1, rows.height as usize);
        let count = (rows.height as usize).div_ceil(strip_rows);
        let mut tree = options.metadata.exif.as_deref().and_then(exif::read).unwrap_or_else(|| Tree::new(Order::Little));
        let (colours, samples) = (rows.channels.colours(), rows.channels.count() as u16);
        let bits = if rows.depth == Depth::Eight { 8 } else { 16 };
        let shorts: [(u16, &[u16]); 9] = [
            (258, &vec![bits; usize::from(samples)]),
            (259, &[ADOBE_DEFLATE]),
            (262, &[if colours == 1 { 1 } else { 2 }]),
            (274, &[1]),
            (277, &[samples]),
            (284, &[1]),
            (317, &[HORIZONTAL]),
            (338, &[UNASSOCIATED]),
            (exif::RESOLUTION_UNIT, &[1]),
        ];
        let has_density = tree.main.get(exif::X_RESOLUTION).is_some() || options.metadata.density.is_some();
        for (tag, values) in shorts {
            let wanted = match tag {
                338 => rows.channels.has_alpha(),
                exif::RESOLUTION_UNIT => !has_density,
                274 => tree.main.get(274).is_none(),
                _ => true,
            };
            if wanted {
                tree.main.set(tree.short(tag, values));
            }
        }
        for (tag, value) in [(256, rows.width), (257, rows.height), (278, strip_rows as u32)] {
            tree.main.set(tree.long(tag, &[value]));
        }
        match options.metadata.density {
            Some(density) => exif::set_density(&mut tree, density),
            // The format demands a density: 1 by 1 of no unit says that the pixels are square.
            None if !has_density => [exif::X_RESOLUTION, exif::Y_RESOLUTION].map(|tag| tree.main.set(tree.rational(tag, 1.0))).into_iter().collect(),
            None => {}
        }
        let blobs = [
            (exif::XMP, BYTE, &options.metadata.xmp),
            (exif::IPTC, UNDEFINED, &options.metadata.iptc),
            (exif::ICC, UNDEFINED, &options.metadata.icc),
        ];
        for (tag, kind, data) in blobs {
            if let Some(data) = data {
                tree.main.set(Entry { tag, kind, data: data.clone() });
            }
        }
        for tag in [STRIP_OFFSETS, STRIP_BYTE_COUNTS] {
            tree.main.set(Tree::blank(tag, count, big));
        }
        let (head, places) = tree.write(big);
        let place = |tag: u16| places.iter().find(|p| p.0 == tag).map_or(0, |p| p.1);
        let error = |e| failed(OutputFormat::Tiff, e);
        let base = sink.stream_position().map_err(error)?;
        sink.write_all(&head).map_err(error)?;
        Ok(Self {
            counter,
            sink,
            order: tree.order,
            big,
            base,
            written: head.len() as u64,
            places: [place(STRIP_OFFSETS), place(STRIP_BYTE_COUNTS)],
            strips: Vec::with_capacity(count),
            strip: Vec::with_capacity(strip_rows * row),
            capacity: strip_rows * row,
        })
    }

    fn write_strip(&mut self) -> Result<()> {
        let error = |e| failed(OutputFormat::Tiff, e);
        // Strips begin at even offsets, as values do.
        let mut packed = vec![0; (self.written % 2) as usize];
        let start = packed.len() as u64;
        Deflate::with_level(DeflateLevel::Fast).write_to(&mut packed, &self.strip).map_err(error)?;
        self.strips.push((self.written + start, packed.len() as u64 - start));
        self.sink.write_all(&packed).map_err(error)?;
        self.written += packed.len() as u64;
        self.strip.clear();
        Ok(())
    }

    fn push_row(&mut self, row: impl Iterator<Item = u8>) -> Result<()> {
        self.strip.extend(row);
        if self.strip.len() >= self.capacity { self.write_strip() } else { Ok(()) }
    }

    /// `values` at `place`, in words of the file's size.
    fn write_back(&mut self, place: usize, values: impl Iterator<Item = u64>) -> Result<()> {
        let bytes: Vec<u8> = values.flat_map(|v| if self.big { self.order.u64(v).to_vec() } else { self.order.u32(v as u32).to_vec() }).collect();
        let error = |e| failed(OutputFormat::Tiff, e);
        self.sink.seek(SeekFrom::Start(self.base + place as u64)).map_err(error)?;
        self.sink.write_all(&bytes).map_err(error)
    }
}

/// The samples of a row as differences from their left neighbours of the same channel.
fn differences<T: Copy + Default>(row: &[T], count: usize, minus: impl Fn(T, T) -> T) -> impl Iterator<Item = T> {
    let zeros = std::iter::repeat_n(T::default(), count);
    row.iter().copied().zip(zeros.chain(row.iter().copied())).map(move |(value, left)| minus(value, left))
}

impl RowEncoder for Encoder<'_> {
    fn write_rows(&mut self, rows: Rows<'_>) -> Result<()> {
        self.counter.push(&rows)?;
        let (row, count) = (self.counter.rows.row_len(), self.counter.rows.channels.count());
        match rows {
            Rows::U8(samples) => {
                for row in samples.chunks_exact(row) {
                    self.push_row(differences(row, count, u8::wrapping_sub))?;
                }
            }
            Rows::U16(samples) => {
                let order = self.order;
                for row in samples.chunks_exact(row) {
                    self.push_row(differences(row, count, u16::wrapping_sub).flat_map(move |v| order.u16(v)))?;
                }
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.counter.finish()?;
        if !self.strip.is_empty() {
            self.write_strip()?;
        }
        let error = |e| failed(OutputFormat::Tiff, e);
        if !self.big && self.written > u64::from(u32::MAX) {
            return Err(failed(OutputFormat::Tiff, "it has grown beyond 4 GB"));
        }
        let strips = std::mem::take(&mut self.strips);
        let [offsets, counts] = self.places;
        self.write_back(offsets, strips.iter().map(|s| s.0))?;
        self.write_back(counts, strips.iter().map(|s| s.1))?;
        self.sink.seek(SeekFrom::Start(self.base + self.written)).map_err(error)?;
        self.sink.flush().map_err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::ifd::MAKER_NOTE;
    use crate::codec::{Density, Metadata, decode};
    use crate::image::{Channels, RowFormat, Samples};
    use std::io::Cursor;

    /// A block with a maker's note and a place.
    fn block(order: Order) -> Vec<u8> {
        let mut tree = Tree::new(order);
        tree.main.set(Entry { tag: 0x010F, kind: 2, data: b"Camera works\0".to_vec() });
        tree.main.set(tree.short(274, &[1]));
        tree.exif.set(Entry { tag: MAKER_NOTE, kind: UNDEFINED, data: b"a note of the maker".to_vec() });
        tree.gps.set(Entry { tag: 29, kind: 2, data: b"2024:01:02\0".to_vec() });
        tree.write(false).0
    }

    #[test]
    fn both_sizes_and_byte_orders_are_read_back() {
        let samples: Vec<u16> = (0..700 * 500 * 3_u32).map(|i| (i * 77) as u16).collect();
        for order in [Order::Little, Order::Big] {
            for big in [false, true] {
                let metadata = Metadata {
                    exif: Some(block(order)),
                    xmp: Some(b"<a/>".to_vec()),
                    iptc: Some(b"\x1C\x02\x05\0\x01T".to_vec()),
                    density: Density::dpi(300.0),
                    icc: crate::codec::icc::of_code_points(12, 13, false),
                };
                let rows = RowFormat { width: 700, height: 500, channels: Channels::Rgb, depth: Depth::Sixteen };
                let mut file = Cursor::new(Vec::new());
                let options = EncoderOptions { metadata: metadata.clone(), ..EncoderOptions::default() };
                let mut encoder = Box::new(Encoder::of_size(Counter { rows, written: 0 }, &options, Box::new(&mut file), big).unwrap());
                encoder.write_rows(Rows::U16(&samples)).unwrap();
                encoder.finish().unwrap();
                assert_eq!(crate::codec::ifd::header(file.get_ref()), Some((order, big)));
                let found = decode(file.get_ref()).unwrap();
                assert!(found.picture.samples == Samples::U16(samples.clone()), "{order:?} {big}");
                assert_eq!(found.warnings, Vec::<String>::new());
                let tree = |metadata: &Metadata| {
                    let mut tree = exif::read(metadata.exif.as_deref().unwrap()).unwrap();
                    exif::set_density(&mut tree, Density::dpi(300.0).unwrap());
                    (tree.main, tree.exif, tree.gps)
                };
                assert_eq!(tree(&found.metadata), tree(&metadata), "{order:?} {big}");
                assert_eq!(Metadata { exif: None, ..found.metadata }, Metadata { exif: None, ..metadata });
            }
        }
    }

    #[test]
    fn large_pictures_have_64_bit_offsets() {
        for (width, height, big) in [(40_000_u32, 30_000_u32, false), (40_000, 40_000, true)] {
            let rows = RowFormat { width, height, channels: Channels::Rgb, depth: Depth::Eight };
            let mut file = Cursor::new(Vec::new());
            let counter = Counter { rows, written: 0 };
            drop(Encoder::new(counter, &EncoderOptions::default(), Box::new(&mut file)).unwrap());
            assert_eq!(crate::codec::ifd::header(file.get_ref()), Some((Order::Little, big)));
        }
    }
}
