//! A file in memory.

use std::cell::{Ref, RefCell};
use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::rc::Rc;

/// A file in memory. Its clones are the same file, so that its bytes can be read when an encoder has taken one.
#[derive(Debug, Clone, Default)]
pub struct MemoryFile(Rc<RefCell<Cursor<Vec<u8>>>>);

impl MemoryFile {
    /// What was written so far.
    ///
    /// # Panics
    /// Where it is written to while the answer is in use.
    pub fn bytes(&self) -> Ref<'_, Vec<u8>> {
        Ref::map(self.0.borrow(), Cursor::get_ref)
    }
}

impl Write for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for MemoryFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.borrow_mut().seek(to)
    }
}
