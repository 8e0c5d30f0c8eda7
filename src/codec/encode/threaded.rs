//! An encoder on a thread of its own, so that rows are compressed while the next ones are made.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::{RowEncoder, Rows};
use crate::error::{Error, Result};

/// Pushes of rows that may wait for the encoder.
const WAITING: usize = 32;

/// Rows of the encoder's own.
enum Owned {
    U8(Vec<u8>),
    U16(Vec<u16>),
}

impl Owned {
    fn rows(&self) -> Rows<'_> {
        match self {
            Self::U8(samples) => Rows::U8(samples),
            Self::U16(samples) => Rows::U16(samples),
        }
    }
}

/// What the thread is told; the end without [`Message::Finish`] leaves the file as it is.
enum Message {
    Rows(Owned),
    Finish,
}

struct Threaded {
    /// `None` once the thread has been told to end.
    messages: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<Result<()>>>,
}

/// `encoder` on a thread of its own. An error of it comes with one of the next rows, or at the end.
pub fn threaded(mut encoder: Box<dyn RowEncoder>) -> Box<dyn RowEncoder> {
    let (messages, received) = sync_channel(WAITING);
    let thread = thread::spawn(move || {
        for message in received {
            match message {
                Message::Rows(rows) => encoder.write_rows(rows.rows())?,
                Message::Finish => return encoder.finish(),
            }
        }
        Ok(())
    });
    Box::new(Threaded { messages: Some(messages), thread: Some(thread) })
}

impl Threaded {
    fn send(&mut self, message: Message) -> Result<()> {
        let sent = self.messages.as_ref().is_some_and(|messages| messages.send(message).is_ok());
        if sent { Ok(()) } else { self.end().and(Err(lost())) }
    }

    /// Waits for the thread; its result, once.
    fn end(&mut self) -> Result<()> {
        self.messages = None;
        self.thread.take().map_or_else(|| Err(lost()), |thread| thread.join().unwrap_or_else(|_| Err(lost())))
    }
}

fn lost() -> Error {
    Error::encode("The encoder ended early", "Try again")
}

impl RowEncoder for Threaded {
    fn write_rows(&mut self, rows: Rows<'_>) -> Result<()> {
        self.send(Message::Rows(match rows {
            Rows::U8(samples) => Owned::U8(samples.to_vec()),
            Rows::U16(samples) => Owned::U16(samples.to_vec()),
        }))
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.send(Message::Finish)?;
        self.end()
    }
}

impl Drop for Threaded {
    fn drop(&mut self) {
        // The file is closed when this returns; what went wrong no longer matters to who gave up.
        if self.thread.is_some() {
            let _ = self.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom, Write};

    use super::*;
    use crate::codec::encode::{EncoderOptions, MemoryFile, OutputFormat, encoder};
    use crate::image::{Channels, Depth, RowFormat};

    const ROWS: RowFormat = RowFormat { width: 500, height: 400, channels: Channels::Rgb, depth: Depth::Eight };

    fn row(y: u32) -> Vec<u8> {
        (0..1500u32).map(|x| (x.wrapping_mul(2_654_435_761 + y) >> 24) as u8).collect()
    }

    fn write(mut encoder: Box<dyn RowEncoder>, rows: u32) -> Result<()> {
        for y in 0..rows {
            encoder.write_rows(Rows::U8(&row(y)))?;
        }
        encoder.finish()
    }

    #[test]
    fn the_file_is_the_same() {
        for format in OutputFormat::ALL {
            let (here, there) = (MemoryFile::default(), MemoryFile::default());
            write(encoder(format, ROWS, &EncoderOptions::default(), here.clone()).unwrap(), 400).unwrap();
            write(threaded(encoder(format, ROWS, &EncoderOptions::default(), there.clone()).unwrap()), 400).unwrap();
            assert!(here.bytes() == there.bytes() && !here.bytes().is_empty(), "{}", format.name());
        }
    }

    /// A disk that is full after so many bytes.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Full {
        fn seek(&mut self, _: SeekFrom) -> std::io::Result<u64> {
            Ok(0)
        }
    }

    #[test]
    fn errors_arrive_and_nothing_hangs() {
        let run = |bytes, rows| write(threaded(encoder(OutputFormat::Png, ROWS, &EncoderOptions::default(), Full(bytes)).unwrap()), rows);
        assert!(run(10_000_000, 400).is_ok());
        let full = run(5_000, 400).unwrap_err();
        assert!(full.to_string().contains("PNG"), "{full}");
        assert!(run(10_000_000, 399).unwrap_err().to_string().contains("399 of 400"));
        // Given up in the middle: the rows so far are written, and the file has no end.
        let file = MemoryFile::default();
        let mut given_up = threaded(encoder(OutputFormat::Png, ROWS, &EncoderOptions::default(), file.clone()).unwrap());
        given_up.write_rows(Rows::U8(&row(0))).unwrap();
        drop(given_up);
        assert!(crate::codec::decode(&file.bytes()).is_err());
    }
}
