//! Encoded bytes on their way to JavaScript.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Seek, SeekFrom, Write};
use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;

/// Encoded bytes on their way to JavaScript, each piece with its place in the file.
#[derive(Clone, Default)]
pub(super) struct Chunks(Rc<RefCell<Pieces>>);

#[derive(Default)]
struct Pieces {
    waiting: VecDeque<(u64, Vec<u8>)>,
    position: u64,
    /// Bytes of the file, what JavaScript has included.
    length: u64,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut pieces = self.0.borrow_mut();
        let position = pieces.position;
        if pieces.waiting.back().is_none_or(|(start, piece)| start + piece.len() as u64 != position) {
            pieces.waiting.push_back((position, Vec::new()));
        }
        if let Some((_, piece)) = pieces.waiting.back_mut() {
            piece.try_reserve(bytes.len()).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
            piece.extend_from_slice(bytes);
        }
        pieces.position += bytes.len() as u64;
        pieces.length = pieces.length.max(pieces.position);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Chunks {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let mut pieces = self.0.borrow_mut();
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::Current(by) => pieces.position.checked_add_signed(by),
            SeekFrom::End(by) => pieces.length.checked_add_signed(by),
        };
        pieces.position = place.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(pieces.position)
    }
}

impl Chunks {
    /// The next piece that is ready.
    pub(super) fn take(&self) -> Option<Chunk> {
        let (offset, bytes) = self.0.borrow_mut().waiting.pop_front()?;
        Some(Chunk(offset, bytes))
    }
}

/// A piece of the encoded file.
#[wasm_bindgen]
pub struct Chunk(u64, Vec<u8>);

#[wasm_bindgen]
impl Chunk {
    /// Where it lies in the file; before the end of what came earlier for the few bytes that are written back.
    #[wasm_bindgen(getter)]
    pub fn offset(&self) -> f64 {
        self.0 as f64
    }

    /// Its bytes, once.
    pub fn bytes(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.1)
    }
}
