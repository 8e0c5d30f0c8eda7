//! Huffman codes and bits of a JPEG's entropy-coded data. Source: ITU-T T.81, annexes C and F.

use super::{damaged, truncated};
use crate::codec::sniff::Format;
use crate::error::{Error, Result};

/// The next marker at or after `at` and the offset after it.
pub(super) fn next_marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        at += bytes.get(at..)?.iter().position(|&b| b == 0xFF)? + 1;
        let marker = *bytes.get(at)?;
        if !matches!(marker, 0 | 0xFF) {
            return Some((marker, at + 1));
        }
    }
}

/// A canonical Huffman table.
pub(super) struct Table {
    /// For each value of the next 9 bits: length and symbol of the code, or length 0.
    short: [(u8, u8); 512],
    /// Per length: first code, first index into `symbols`, number of codes.
    lengths: [(u32, u32, u32); 17],
    symbols: Vec<u8>,
}

impl Table {
    pub(super) fn new(counts: &[u8], symbols: &[u8]) -> Option<Self> {
        let mut table = Self { short: [(0, 0); 512], lengths: [(0, 0, 0); 17], symbols: symbols.to_vec() };
        let (mut code, mut index) = (0_u32, 0_u32);
        for (length, &count) in (1_u32..=16).zip(counts) {
            let count = u32::from(count);
            table.lengths[length as usize] = (code, index, count);
            for i in 0..count {
                if length <= 9 {
                    let start = ((code + i) << (9 - length)) as usize;
                    let symbol = symbols[(index + i) as usize];
                    table.short.get_mut(start..start + (1 << (9 - length)))?.fill((length as u8, symbol));
                }
            }
            code += count;
            index += count;
            if code > 1 << length {
                return None;
            }
            code <<= 1;
        }
        Some(table)
    }
}

/// The bits of a scan, up to the marker that ends it.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    buffer: u64,
    count: u32,
    /// Bits that were asked for and are not there.
    short: u64,
    /// Whether a marker, or the end of the file, was reached.
    ended: bool,
}

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, buffer: 0, count: 0, short: 0, ended: false }
    }

    /// Makes 32 bits or more available, zeros after the end.
    fn fill(&mut self) {
        while self.count <= 48 {
            let byte = match self.data.get(self.at) {
                Some(0xFF) if !self.ended && self.data.get(self.at + 1) == Some(&0) => {
                    self.at += 2;
                    0xFF
                }
                Some(&byte) if !self.ended && byte != 0xFF => {
                    self.at += 1;
                    byte
                }
                _ => {
                    self.ended = true;
                    0
                }
            };
            if self.ended {
                self.short += 8;
            }
            self.buffer = self.buffer << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    pub(super) fn take(&mut self, count: u32) -> u32 {
        if count == 0 {
            return 0;
        }
        if self.count < count {
            self.fill();
        }
        self.count -= count;
        (self.buffer >> self.count) as u32 & (u32::MAX >> (32 - count))
    }

    pub(super) fn take_many(&mut self, mut count: u32) {
        while count > 0 {
            let some = count.min(16);
            self.take(some);
            count -= some;
        }
    }

    pub(super) fn symbol(&mut self, table: &Table) -> Result<u8> {
        if self.count < 16 {
            self.fill();
        }
        let next = (self.buffer >> (self.count - 16)) as u32 & 0xFFFF;
        let (length, symbol) = table.short[(next >> 7) as usize];
        if length > 0 {
            self.count -= u32::from(length);
            return Ok(symbol);
        }
        for length in 10..=16 {
            let (first, index, count) = table.lengths[length as usize];
            let code = next >> (16 - length);
            if code.wrapping_sub(first) < count {
                self.count -= length;
                let symbol = table.symbols.get((index + code - first) as usize).copied();
                return symbol.ok_or_else(|| damaged(Format::Jpeg, "a broken Huffman table"));
            }
        }
        self.check()?;
        // The zeros after the end may themselves be no code.
        Err(if self.ended { self.end() } else { damaged(Format::Jpeg, "an impossible code") })
    }

    /// Fails where more bits were taken than there are.
    pub(super) fn check(&self) -> Result<()> {
        if self.short > u64::from(self.count) { Err(self.end()) } else { Ok(()) }
    }

    /// The error for a scan that ends too early: the file does, or it was damaged on the way.
    fn end(&self) -> Error {
        match next_marker(self.data, self.at) {
            Some((0xD0..=0xD7, _)) => damaged(Format::Jpeg, "a part between two restart markers is too short"),
            _ => truncated(Format::Jpeg),
        }
    }

    /// Goes on after a restart marker.
    pub(super) fn restart(&mut self) -> Result<()> {
        self.check()?;
        match next_marker(self.data, self.at) {
            Some((0xD0..=0xD7, after)) => {
                *self = Self { data: self.data, at: after, buffer: 0, count: 0, short: 0, ended: false };
                Ok(())
            }
            Some((0xD9, _)) | None => Err(truncated(Format::Jpeg)),
            Some(_) => Err(damaged(Format::Jpeg, "a missing restart marker")),
        }
    }

    /// Bytes that may be skipped: no marker lies before.
    pub(super) fn position(&self) -> usize {
        self.at - if self.ended { 0 } else { (self.count / 8) as usize }.min(self.at)
    }
}
