//! Reads a JPEG's markers and counts its entropy-coded blocks, without making pixels.
//!
//! The decoder behind us paints what is missing of a file that is cut short in grey and reports
//! success. So every scan is read here first, code by code, and a file is only decoded when each
//! block that the frame promises is there. Source: ITU-T T.81, annexes B, F and G.

use super::jpeg_bits::{Bits, Table, next_marker};
use super::jpeg_segments::Segments;
use super::{damaged, truncated, unsupported};
use crate::codec::Metadata;
use crate::codec::sniff::Format;
use crate::error::Result;
use crate::limits;

/// Most scans that a progressive file may have; encoders write about ten.
pub(super) const MAX_SCANS: usize = 100;

/// What the markers say.
pub(super) struct Outline {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: usize,
    /// Colour transform of the Adobe segment, where there is one.
    pub(super) adobe: Option<u8>,
    pub(super) metadata: Metadata,
    /// Whether the end-of-image marker is there.
    pub(super) complete: bool,
    /// Whether it is a sequential file with a scan for each colour, not all at the same resolution.
    pub(super) separate: bool,
    /// Whether the first colour has a lower resolution than another, or one has a third of it.
    pub(super) uneven: bool,
}

struct Component {
    id: u8,
    h: u32,
    v: u32,
    /// Blocks per row and rows of blocks, with the padding of interleaved scans.
    stride: usize,
    rows: usize,
    /// Blocks per row and rows of blocks in a scan of its own.
    alone: (usize, usize),
    /// Which coefficients of each block are not zero; for refinement scans only.
    set: Vec<u64>,
    /// Per coefficient, the bit that the last scan reached plus one; 0: not seen at all.
    reached: [u8; 64],
}

struct Frame {
    progressive: bool,
    width: u32,
    height: u32,
    mcus: (usize, usize),
    components: Vec<Component>,
}

#[derive(Default)]
struct Walker {
    frame: Option<Frame>,
    dc: [Option<Box<Table>>; 4],
    ac: [Option<Box<Table>>; 4],
    restart: usize,
    adobe: Option<u8>,
    segments: Segments,
    scans: usize,
}

/// Reads all of the file.
///
/// # Errors
/// `Decode` for a file that is cut short or damaged, `Unsupported` for the rare kinds of JPEG,
/// `Limits` for a claimed size that is too large, before anything is allocated for it.
pub(super) fn walk(bytes: &[u8]) -> Result<Outline> {
    let mut walker = Walker::default();
    let mut at = 2;
    let complete = loop {
        let Some((marker, after)) = next_marker(bytes, at) else { break false };
        at = after;
        match marker {
            0xD9 => break true,
            // Markers without a segment.
            0x01 | 0xD0..=0xD8 => {}
            _ => {
                let length = bytes.get(at..at + 2).map(|b| usize::from(u16::from_be_bytes([b[0], b[1]])));
                let Some(length) = length else { break false };
                if length < 2 {
                    return Err(damaged(Format::Jpeg, "a segment without a length"));
                }
                let Some(segment) = bytes.get(at + 2..at + length) else { break false };
                at += length;
                match marker {
                    0xC4 => walker.huffman(segment)?,
                    0xC0..=0xC2 => walker.frame(segment, marker == 0xC2)?,
                    0xC3 | 0xC5..=0xC7 | 0xC9..=0xCF => return Err(unsupported(Format::Jpeg, rare(marker))),
                    0xDD => {
                        let &[a, b, ..] = segment else { return Err(damaged(Format::Jpeg, "a restart interval without a value")) };
                        walker.restart = u16::from_be_bytes([a, b]).into();
                    }
                    0xDA => at += walker.scan(segment, &bytes[at..])?,
                    0xEE if segment.starts_with(b"Adobe") => walker.adobe = segment.get(11).copied(),
                    _ => walker.segments.put(marker, segment),
                }
            }
        }
    };
    walker.finish(complete)
}

fn rare(marker: u8) -> &'static str {
    match marker {
        0xC3 => "it is a lossless JPEG",
        0xC9..=0xCB => "it uses arithmetic coding",
        _ => "it is a hierarchical JPEG",
    }
}

impl Walker {
    fn huffman(&mut self, mut segment: &[u8]) -> Result<()> {
        while let Some((&head, rest)) = segment.split_first() {
            let broken = || damaged(Format::Jpeg, "a broken Huffman table");
            let counts = rest.get(..16).ok_or_else(broken)?;
            let total: usize = counts.iter().map(|&n| usize::from(n)).sum();
            let symbols = rest.get(16..16 + total).ok_or_else(broken)?;
            let table = Table::new(counts, symbols).ok_or_else(broken)?;
            let set = if head >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *set.get_mut(usize::from(head & 15)).ok_or_else(broken)? = Some(Box::new(table));
            segment = &rest[16 + total..];
        }
        Ok(())
    }

    fn frame(&mut self, segment: &[u8], progressive: bool) -> Result<()> {
        if self.frame.is_some() {
            return Err(damaged(Format::Jpeg, "two frames"));
        }
        let broken = || damaged(Format::Jpeg, "a broken frame header");
        let &[bits, a, b, c, d, count, ref rest @ ..] = segment else { return Err(broken()) };
        let (height, width) = (u32::from(u16::from_be_bytes([a, b])), u32::from(u16::from_be_bytes([c, d])));
        if bits != 8 {
            return Err(unsupported(Format::Jpeg, format!("it has {bits} bits per sample")));
        }
        // Bytes per pixel while decoding: the output; for a progressive file also 16-bit
        // coefficients, at full resolution in the worst case, and our own marks.
        let colours = u32::from(count);
        limits::check_input_size(width, height, if progressive { 4 * colours } else { colours + 1 })?;
        if rest.len() < 3 * usize::from(count) || count == 0 || count > 4 {
            return Err(broken());
        }
        let parts: Vec<_> = rest.chunks_exact(3).take(count.into()).map(|p| (p[0], u32::from(p[1] >> 4), u32::from(p[1] & 15))).collect();
        if parts.iter().any(|&(_, h, v)| !(1..=4).contains(&h) || !(1..=4).contains(&v)) {
            return Err(broken());
        }
        let h_max = parts.iter().map(|p| p.1).max().unwrap_or(1);
        let v_max = parts.iter().map(|p| p.2).max().unwrap_or(1);
        let mcus = (width.div_ceil(8 * h_max) as usize, height.div_ceil(8 * v_max) as usize);
        let components = parts
            .into_iter()
            .map(|(id, h, v)| Component {
                id,
                h,
                v,
                stride: mcus.0 * h as usize,
                rows: mcus.1 * v as usize,
                alone: ((width * h).div_ceil(8 * h_max) as usize, (height * v).div_ceil(8 * v_max) as usize),
                set: Vec::new(),
                reached: [0; 64],
            })
            .collect();
        self.frame = Some(Frame { progressive, width, height, mcus, components });
        Ok(())
    }

    /// Reads one scan; returns how many of `data`'s bytes it took.
    fn scan(&mut self, segment: &[u8], data: &[u8]) -> Result<usize> {
        let broken = || damaged(Format::Jpeg, "a broken scan header");
        self.scans += 1;
        if self.scans > MAX_SCANS {
            return Err(damaged(Format::Jpeg, "too many scans"));
        }
        let frame = self.frame.as_mut().ok_or_else(broken)?;
        let &[count, ref rest @ ..] = segment else { return Err(broken()) };
        let count = usize::from(count);
        if rest.len() < 2 * count + 3 || !(1..=4).contains(&count) {
            return Err(broken());
        }
        let mut parts: Vec<(usize, usize, usize)> = Vec::with_capacity(count);
        for p in rest.chunks_exact(2).take(count) {
            let index = frame.components.iter().position(|c| c.id == p[0]).ok_or_else(broken)?;
            let tables = (usize::from(p[1] >> 4), usize::from(p[1] & 15));
            if tables.0 > 3 || tables.1 > 3 || parts.iter().any(|&(i, ..)| i == index) {
                return Err(broken());
            }
            parts.push((index, tables.0, tables.1));
        }
        let spectral = &rest[2 * count..];
        let band = if frame.progressive {
            Band { first: spectral[0].into(), last: spectral[1].into(), high: spectral[2] >> 4, low: spectral[2] & 15 }
        } else {
            Band { first: 0, last: 63, high: 0, low: 0 }
        };
        let mixed = frame.progressive && band.first == 0 && band.last != 0;
        if band.first > band.last || band.last > 63 || mixed || (count > 1 && frame.progressive && band.first > 0) {
            return Err(broken());
        }
        for &(index, ..) in &parts {
            frame.components[index].reached[band.first..=band.last].fill(band.low + 1);
        }
        let mut scan = Scan { bits: Bits::new(data), band, progressive: frame.progressive, run: 0 };
        scan.read(frame, &parts, &self.dc, &self.ac, self.restart)?;
        Ok(scan.bits.position())
    }

    fn finish(self, complete: bool) -> Result<Outline> {
        let Some(frame) = self.frame else {
            return Err(if complete { damaged(Format::Jpeg, "it holds no picture") } else { truncated(Format::Jpeg) });
        };
        // Every component needs at least its flat colours; without an end marker also all detail,
        // as scans of a progressive file may be missing.
        let whole = |c: &Component| if complete { c.reached[0] > 0 } else { c.reached.iter().all(|&r| r == 1) };
        if !frame.components.iter().all(whole) {
            return Err(truncated(Format::Jpeg));
        }
        let first = &frame.components[0];
        let differ = frame.components.iter().any(|c| (c.h, c.v) != (first.h, first.v));
        let uneven = frame.components.iter().any(|c| c.h > first.h || c.v > first.v || c.h == 3 || c.v == 3);
        Ok(Outline {
            separate: !frame.progressive && self.scans > 1 && differ,
            uneven,
            width: frame.width,
            height: frame.height,
            components: frame.components.len(),
            adobe: self.adobe,
            metadata: self.segments.metadata(),
            complete,
        })
    }
}

/// Which coefficients of a block a scan holds, in zigzag order, and which of their bits.
#[derive(Clone, Copy)]
struct Band {
    first: usize,
    last: usize,
    high: u8,
    low: u8,
}

struct Scan<'a> {
    bits: Bits<'a>,
    band: Band,
    progressive: bool,
    /// Blocks that a run of empty ones still covers.
    run: u32,
}

type Tables = [Option<Box<Table>>; 4];

impl Scan<'_> {
    fn read(&mut self, frame: &mut Frame, parts: &[(usize, usize, usize)], dc: &Tables, ac: &Tables, restart: usize) -> Result<()> {
        let missing = || damaged(Format::Jpeg, "a missing Huffman table");
        let alone = parts.len() == 1;
        let (across, down) = if alone { frame.components[parts[0].0].alone } else { frame.mcus };
        // A scan of flat colours needs no table for details, and a refinement of them none at all.
        let needs_dc = self.band.first == 0 && self.band.high == 0;
        let needs_ac = self.band.last > 0;
        let mut jobs = Vec::with_capacity(parts.len());
        for &(index, d, a) in parts {
            let d = dc[d].as_deref();
            let a = ac[a].as_deref();
            if (needs_dc && d.is_none()) || (needs_ac && a.is_none()) {
                return Err(missing());
            }
            let component = &mut frame.components[index];
            if self.progressive && self.band.first > 0 && component.set.is_empty() {
                component.set = limits::try_vec(0_u64, component.stride * component.rows)?;
            }
            jobs.push((index, d, a));
        }
        let mut left = restart;
        for y in 0..down {
            for x in 0..across {
                if restart > 0 {
                    if left == 0 {
                        self.bits.restart()?;
                        self.run = 0;
                        left = restart;
                    }
                    left -= 1;
                }
                for &(index, d, a) in &jobs {
                    let component = &mut frame.components[index];
                    let (h, v) = if alone { (1, 1) } else { (component.h as usize, component.v as usize) };
                    for by in 0..v {
                        for bx in 0..h {
                            let block = (y * v + by) * component.stride + x * h + bx;
                            self.block(d, a, component.set.get_mut(block))?;
                        }
                    }
                }
            }
            self.bits.check()?;
        }
        Ok(())
    }

    fn block(&mut self, dc: Option<&Table>, ac: Option<&Table>, set: Option<&mut u64>) -> Result<()> {
        let Band { first, last, high, .. } = self.band;
        if first == 0 {
            match dc {
                Some(table) if high == 0 => {
                    let size = self.bits.symbol(table)?;
                    if size > 16 {
                        return Err(damaged(Format::Jpeg, "an impossible code"));
                    }
                    self.bits.take(u32::from(size));
                }
                _ => {
                    self.bits.take(1);
                }
            }
        }
        let Some(table) = ac.filter(|_| last > 0) else { return Ok(()) };
        match set {
            Some(set) if high > 0 => self.refine(table, set, last),
            set => self.details(table, set),
        }
    }

    fn details(&mut self, table: &Table, mut set: Option<&mut u64>) -> Result<()> {
        if self.run > 0 {
            self.run -= 1;
            return Ok(());
        }
        let mut k = self.band.first.max(1);
        while k <= self.band.last {
            let symbol = self.bits.symbol(table)?;
            let (zeros, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size > 0 {
                k += zeros;
                if k > self.band.last {
                    return Err(damaged(Format::Jpeg, "a block with too many details"));
                }
                self.bits.take(size);
                if let Some(set) = set.as_deref_mut() {
                    *set |= 1 << k;
                }
                k += 1;
            } else if zeros == 15 {
                k += 16;
            } else {
                if self.progressive {
                    self.run = (1 << zeros) - 1 + self.bits.take(zeros as u32);
                }
                return Ok(());
            }
        }
        Ok(())
    }

    /// A refinement holds one bit for each coefficient that is not zero yet, between the codes.
    fn refine(&mut self, table: &Table, set: &mut u64, last: usize) -> Result<()> {
        let mut k = self.band.first;
        if self.run == 0 {
            while k <= last {
                let symbol = self.bits.symbol(table)?;
                let (mut zeros, size) = (symbol >> 4, symbol & 15);
                if size > 0 {
                    self.bits.take(1);
                } else if zeros < 15 {
                    self.run = (1 << zeros) + self.bits.take(u32::from(zeros));
                    break;
                }
                while k <= last {
                    if *set & (1 << k) != 0 {
                        self.bits.take(1);
                    } else if zeros == 0 {
                        break;
                    } else {
                        zeros -= 1;
                    }
                    k += 1;
                }
                if size > 0 && k <= last {
                    *set |= 1 << k;
                }
                k += 1;
            }
        }
        if self.run > 0 {
            let rest = if k <= last { (*set >> k) & (u64::MAX >> (63 - (last - k))) } else { 0 };
            self.bits.take_many(rest.count_ones());
            self.run -= 1;
        }
        Ok(())
    }
}
