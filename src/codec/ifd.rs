//! The directories of a TIFF file or an EXIF block: read into memory, and laid out anew.
//!
//! Values keep the byte order and the type that they have in the file, known or not. Offsets within a maker's note count
//! from the start of the block or of the note, so a note is put back at the offset that it had: everything else finds its
//! place around it. Sources: TIFF 6.0, section 2; `BigTIFF`; EXIF 2.32 (CIPA DC-008), 4.6.

pub(super) use super::byte_order::Order;

pub(super) const SHORT: u16 = 3;
pub(super) const LONG: u16 = 4;
pub(super) const RATIONAL: u16 = 5;
pub(super) const UNDEFINED: u16 = 7;
const LONG8: u16 = 16;

pub(super) const EXIF_DIRECTORY: u16 = 0x8769;
pub(super) const GPS_DIRECTORY: u16 = 0x8825;
const INTEROPERABILITY_DIRECTORY: u16 = 0xA005;
pub(super) const MAKER_NOTE: u16 = 0x927C;
/// Where a maker's note may end: beyond this its block would be a hole, and would not fit into a JPEG.
const NOTE_END: usize = 60_000;

/// The byte order of a block or file, and whether it is a `BigTIFF`.
pub(super) fn header(bytes: &[u8]) -> Option<(Order, bool)> {
    match bytes.get(..4)? {
        b"II*\0" => Some((Order::Little, false)),
        b"MM\0*" => Some((Order::Big, false)),
        b"II+\0" => Some((Order::Little, true)),
        b"MM\0+" => Some((Order::Big, true)),
        _ => None,
    }
}

/// Bytes of one value of a type; 0 for a type that does not exist.
fn size_of_kind(kind: u16) -> usize {
    match kind {
        // BYTE, ASCII, SBYTE, UNDEFINED, and EXIF 3's UTF-8.
        1 | 2 | 6 | 7 | 129 => 1,
        // SHORT, SSHORT.
        3 | 8 => 2,
        // LONG, SLONG, FLOAT, IFD.
        4 | 9 | 11 | 13 => 4,
        // RATIONAL, SRATIONAL, DOUBLE, LONG8, SLONG8, IFD8.
        5 | 10 | 12 | 16..=18 => 8,
        _ => 0,
    }
}

/// A tag with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) tag: u16,
    pub(super) kind: u16,
    /// In the tree's byte order.
    pub(super) data: Vec<u8>,
}

/// The entries of a directory, by tag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Directory(Vec<Entry>);

impl Directory {
    pub(super) fn get(&self, tag: u16) -> Option<&Entry> {
        self.0.iter().find(|e| e.tag == tag)
    }

    /// Puts an entry in its place, or into that of the one with its tag.
    pub(super) fn set(&mut self, entry: Entry) {
        match self.0.binary_search_by_key(&entry.tag, |e| e.tag) {
            Ok(at) => self.0[at] = entry,
            Err(at) => self.0.insert(at, entry),
        }
    }

    pub(super) fn take(&mut self, tag: u16) -> Option<Entry> {
        let at = self.0.iter().position(|e| e.tag == tag)?;
        Some(self.0.remove(at))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A block's directories. The thumbnail's is never among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) order: Order,
    /// The picture's, called IFD0.
    pub(super) main: Directory,
    pub(super) exif: Directory,
    pub(super) gps: Directory,
    interoperability: Directory,
    /// The offset that the maker's note has to keep.
    note: usize,
    /// Whether there is a maker's note that could not be put back where it was.
    pub(super) note_lost: bool,
}

impl Tree {
    pub(super) fn new(order: Order) -> Self {
        let none = Directory::default;
        Self { order, main: none(), exif: none(), gps: none(), interoperability: none(), note: 0, note_lost: false }
    }

    /// Reads the directories that `bytes` has; of the first one the tags that `wanted` names. What lies outside of `bytes`
    /// is left out. `None` where there is no header.
    pub(super) fn parse(bytes: &[u8], wanted: impl Fn(u16) -> bool) -> Option<Self> {
        let (order, big) = header(bytes)?;
        let first = if big { order.u64_at(bytes, 8)? } else { order.u32_at(bytes, 4)?.into() };
        // No byte of a sound file belongs to two values: a file whose values overlap cannot ask for more memory than its own.
        let mut reader = Reader { bytes, order, big, left: bytes.len(), note: 0 };
        let mut tree = Self::new(order);
        tree.main = reader.directory(first, wanted);
        let mut below = |parent: &mut Directory, tag: u16| {
            let at = parent.take(tag).and_then(|entry| number(order, &entry));
            at.map(|at| reader.directory(at, |_| true)).unwrap_or_default()
        };
        tree.exif = below(&mut tree.main, EXIF_DIRECTORY);
        tree.gps = below(&mut tree.main, GPS_DIRECTORY);
        tree.interoperability = below(&mut tree.exif, INTEROPERABILITY_DIRECTORY);
        tree.note = reader.note;
        let note = tree.exif.get(MAKER_NOTE).map_or(0, |e| e.data.len());
        if note > 4 && tree.note.saturating_add(note) > NOTE_END {
            tree.exif.take(MAKER_NOTE);
            tree.note_lost = true;
        }
        Some(tree)
    }

    pub(super) fn short(&self, tag: u16, values: &[u16]) -> Entry {
        Entry { tag, kind: SHORT, data: values.iter().flat_map(|&v| self.order.u16(v)).collect() }
    }

    pub(super) fn long(&self, tag: u16, values: &[u32]) -> Entry {
        Entry { tag, kind: LONG, data: values.iter().flat_map(|&v| self.order.u32(v)).collect() }
    }

    /// `count` zeros, to be filled in later: LONG, or LONG8 in a `BigTIFF`.
    pub(super) fn blank(tag: u16, count: usize, big: bool) -> Entry {
        Entry { tag, kind: if big { LONG8 } else { LONG }, data: vec![0; count * if big { 8 } else { 4 }] }
    }

    /// A positive number with four decimals.
    pub(super) fn rational(&self, tag: u16, value: f64) -> Entry {
        let whole = value.fract() == 0.0;
        let denominator = if whole { 1 } else { 10_000 };
        let numerator = (value * f64::from(denominator)).round().clamp(0.0, f64::from(u32::MAX)) as u32;
        Entry { kind: RATIONAL, ..self.long(tag, &[numerator, denominator]) }
    }

    /// The single SHORT or LONG of an entry.
    pub(super) fn number(&self, entry: &Entry) -> Option<u32> {
        number(self.order, entry).and_then(|v| u32::try_from(v).ok())
    }

    /// The single RATIONAL of an entry, where it is a number.
    pub(super) fn ratio(&self, entry: &Entry) -> Option<f64> {
        if entry.kind != RATIONAL || entry.data.len() != 8 {
            return None;
        }
        let (n, d) = (self.order.u32_at(&entry.data, 0)?, self.order.u32_at(&entry.data, 4)?);
        (d > 0).then(|| f64::from(n) / f64::from(d))
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.main.is_empty() && self.exif.is_empty() && self.gps.is_empty()
    }

    /// Lays the directories out behind a header, and tells where the value of each tag of the first one lies.
    pub(super) fn write(&self, big: bool) -> (Vec<u8>, Vec<(u16, usize)>) {
        let (note, note_len) = self.exif.get(MAKER_NOTE).map_or((0, 0), |e| (self.note, e.data.len()));
        let mut writer = Writer { out: Vec::new(), order: self.order, big, note, note_end: note.saturating_add(note_len) };
        let header: &[u8] = match (self.order, big) {
            (Order::Little, false) => b"II*\0",
            (Order::Big, false) => b"MM\0*",
            (Order::Little, true) => b"II+\0\x08\0\0\0",
            (Order::Big, true) => b"MM\0+\0\x08\0\0",
        };
        writer.out.extend(header);
        writer.out.resize(if big { 16 } else { 8 }, 0);
        let start = writer.out.len();
        if note < start || note_len <= writer.inline() {
            (writer.note, writer.note_end) = (0, 0);
        }
        let mut main = self.main.clone();
        let mut exif = self.exif.clone();
        if !big {
            for directory in [&mut main, &mut exif] {
                // Numbers of 64 bits exist in a `BigTIFF` only.
                directory.0.retain(|e| !(LONG8..=LONG8 + 2).contains(&e.kind));
            }
        }
        if !self.interoperability.is_empty() {
            exif.set(Self::blank(INTEROPERABILITY_DIRECTORY, 1, false));
        }
        if !exif.is_empty() {
            main.set(Self::blank(EXIF_DIRECTORY, 1, false));
        }
        if !self.gps.is_empty() {
            main.set(Self::blank(GPS_DIRECTORY, 1, false));
        }
        let places = writer.directory(&main);
        let first = places.0;
        writer.pointer(if big { 8 } else { 4 }, first);
        let at = |places: &[(u16, usize)], tag: u16| places.iter().find(|p| p.0 == tag).map_or(0, |p| p.1);
        if !exif.is_empty() {
            let below = writer.directory(&exif);
            writer.long(at(&places.1, EXIF_DIRECTORY), below.0);
            if !self.interoperability.is_empty() {
                let deepest = writer.directory(&self.interoperability).0;
                writer.long(at(&below.1, INTEROPERABILITY_DIRECTORY), deepest);
            }
        }
        if !self.gps.is_empty() {
            let below = writer.directory(&self.gps).0;
            writer.long(at(&places.1, GPS_DIRECTORY), below);
        }
        (writer.out, places.1)
    }
}

fn number(order: Order, entry: &Entry) -> Option<u64> {
    match (entry.kind, entry.data.len()) {
        (SHORT, 2) => order.u16_at(&entry.data, 0).map(u64::from),
        (LONG | 13, 4) => order.u32_at(&entry.data, 0).map(u64::from),
        (LONG8 | 18, 8) => order.u64_at(&entry.data, 0),
        _ => None,
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    order: Order,
    big: bool,
    /// Bytes that values may still take.
    left: usize,
    note: usize,
}

impl Reader<'_> {
    fn directory(&mut self, at: u64, wanted: impl Fn(u16) -> bool) -> Directory {
        let mut found = Directory::default();
        let Some((first, count)) = self.start(at) else { return found };
        let step = if self.big { 20 } else { 12 };
        for i in 0..count {
            let Some(place) = i.checked_mul(step).and_then(|i| first.checked_add(i)) else { break };
            // Directories do not run past the file, whatever they count.
            if place.saturating_add(step) > self.bytes.len() {
                break;
            }
            if let Some(entry) = self.entry(place, &wanted) {
                found.set(entry);
            }
        }
        found
    }

    fn start(&self, at: u64) -> Option<(usize, usize)> {
        let at = usize::try_from(at).ok()?;
        if self.big {
            Some((at.checked_add(8)?, usize::try_from(self.order.u64_at(self.bytes, at)?).ok()?))
        } else {
            Some((at.checked_add(2)?, self.order.u16_at(self.bytes, at)?.into()))
        }
    }

    fn entry(&mut self, at: usize, wanted: impl Fn(u16) -> bool) -> Option<Entry> {
        let (order, bytes) = (self.order, self.bytes);
        let (tag, kind) = (order.u16_at(bytes, at)?, order.u16_at(bytes, at + 2)?);
        if !wanted(tag) {
            return None;
        }
        let (count, field, inline) = if self.big {
            (usize::try_from(order.u64_at(bytes, at + 4)?).ok()?, at + 12, 8)
        } else {
            (order.u32_at(bytes, at + 4)? as usize, at + 8, 4)
        };
        let length = count.checked_mul(size_of_kind(kind)).filter(|&n| n > 0 && n <= self.left)?;
        let start = match (length <= inline, self.big) {
            (true, _) => field,
            (false, true) => usize::try_from(order.u64_at(bytes, field)?).ok()?,
            (false, false) => order.u32_at(bytes, field)? as usize,
        };
        let data = bytes.get(start..start.checked_add(length)?)?.to_vec();
        self.left -= length;
        if tag == MAKER_NOTE {
            self.note = start;
        }
        Some(Entry { tag, kind, data })
    }
}

struct Writer {
    out: Vec<u8>,
    order: Order,
    big: bool,
    /// Where the maker's note begins and ends; both 0 where it may lie anywhere.
    note: usize,
    note_end: usize,
}

impl Writer {
    const fn inline(&self) -> usize {
        if self.big { 8 } else { 4 }
    }

    /// An even offset with `length` free bytes after it, which are zeros.
    fn space(&mut self, length: usize) -> usize {
        let mut at = self.out.len().next_multiple_of(2);
        if self.note_end > 0 && at < self.note_end && at + length > self.note {
            at = self.note_end.next_multiple_of(2);
        }
        self.out.resize(at + length, 0);
        at
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        if self.out.len() < at + bytes.len() {
            self.out.resize(at + bytes.len(), 0);
        }
        self.out[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn pointer(&mut self, at: usize, value: usize) {
        if self.big {
            self.put(at, &self.order.u64(value as u64));
        } else {
            self.put(at, &self.order.u32(value as u32));
        }
    }

    fn long(&mut self, at: usize, value: usize) {
        self.put(at, &self.order.u32(value as u32));
    }

    fn directory(&mut self, directory: &Directory) -> (usize, Vec<(u16, usize)>) {
        let entries = &directory.0;
        let (head, step, pointer) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let start = self.space(head + step * entries.len() + pointer);
        let count = if self.big { self.order.u64(entries.len() as u64).to_vec() } else { self.order.u16(entries.len() as u16).to_vec() };
        self.put(start, &count);
        let mut places = Vec::with_capacity(entries.len());
        for (i, entry) in entries.iter().enumerate() {
            let at = start + head + step * i;
            self.put(at, &self.order.u16(entry.tag));
            self.put(at + 2, &self.order.u16(entry.kind));
            self.pointer(at + 4, entry.data.len() / size_of_kind(entry.kind).max(1));
            let field = at + 4 + pointer;
            let place = if entry.data.len() <= self.inline() {
                field
            } else if entry.tag == MAKER_NOTE && self.note_end > 0 {
                self.note
            } else {
                self.space(entry.data.len())
            };
            self.put(place, &entry.data);
            if place != field {
                self.pointer(field, place);
            }
            places.push((entry.tag, place));
        }
        (start, places)
    }
}
