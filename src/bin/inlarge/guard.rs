//! A fault within a decoder, a model or an engine ends one picture, not the batch.

use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use inlarge::codec::{Decoded, decode};
use inlarge::{Error, Result};

/// Whether a panic is caught, and need not be told to the terminal.
static GUARDED: AtomicBool = AtomicBool::new(false);
/// Where the first panic of the guarded work happened: one in a thread has others follow it.
static PLACE: Mutex<Option<String>> = Mutex::new(None);

/// Keeps panics of guarded work from the terminal, where nobody asked for them with `RUST_BACKTRACE`.
pub(crate) fn install() {
    let loud = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let guarded = GUARDED.load(Ordering::Relaxed);
        if !guarded || std::env::var_os("RUST_BACKTRACE").is_some() {
            loud(info);
        }
        if guarded && let Ok(mut place) = PLACE.lock() {
            place.get_or_insert_with(|| info.location().map(|at| format!("{}:{}", short(at.file()), at.line())).unwrap_or_default());
        }
    }));
}

/// Reads an image file.
///
/// # Errors
/// As for [`decode`]; `Decode` too where the decoder panics.
pub(crate) fn decoded(bytes: &[u8]) -> Result<Decoded> {
    guarded(
        || decode(bytes),
        |place| {
            Error::decode(
                format!("The file is damaged, or of a kind that its decoder was not made for (it failed in {place})"),
                "Save it anew from an image editor; a report with the file helps to mend this",
            )
        },
    )
}

/// Reads a model.
///
/// # Errors
/// Those of `work`; `Model` too where it panics.
pub(crate) fn model<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    guarded(work, |place| {
        Error::model(
            format!("The model is damaged, or of a kind that was not foreseen (reading it failed in {place})"),
            "Choose another model; a report with the file helps to mend this",
        )
    })
}

/// Enlarges a picture.
///
/// # Errors
/// Those of `work`; `Model` where an engine panics.
pub(crate) fn picture<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    guarded(work, |place| {
        Error::model(
            format!("The engine failed on this picture and model (in {place})"),
            "Choose another engine with --backend, or another model; a report helps to mend this",
        )
    })
}

fn guarded<T>(work: impl FnOnce() -> Result<T>, fault: impl FnOnce(String) -> Error) -> Result<T> {
    let outer = GUARDED.swap(true, Ordering::Relaxed);
    // What the work held is dropped on the way; nothing of it is used afterwards.
    let done = catch_unwind(AssertUnwindSafe(work));
    GUARDED.store(outer, Ordering::Relaxed);
    let place = PLACE.lock().ok().and_then(|mut place| place.take());
    done.unwrap_or_else(|_| Err(fault(place.filter(|place| !place.is_empty()).unwrap_or_else(|| "an unknown place".into()))))
}

/// The end of a source file's path, which tells it well enough.
fn short(file: &str) -> String {
    let parts: Vec<_> = Path::new(file).components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts[parts.len().saturating_sub(4)..].join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_of_its_kind_and_the_next_one_too() {
        install();
        let fail = || -> Result<()> { panic!("a fault") };
        for _ in 0..2 {
            let error = picture(fail).unwrap_err();
            assert_eq!(error.kind(), "model");
            assert!(error.to_string().contains("inlarge/guard.rs:"), "{error}");
        }
        assert!(model(fail).unwrap_err().to_string().contains("reading it failed"));
        // In a thread, too: the panic that follows from joining it is not the one that is told.
        let threaded = || -> Result<()> { std::thread::spawn(|| panic!("a fault")).join().map_err(|fault| -> Error { panic::resume_unwind(fault) }) };
        assert!(picture(threaded).unwrap_err().to_string().contains("inlarge/guard.rs:"));
        // A decoder's, within the guard of its picture.
        let nested = picture(|| guarded(fail, |place| Error::decode(place, ""))).unwrap_err();
        assert_eq!(nested.kind(), "decode");
        assert_eq!(picture(|| Ok(7)), Ok(7));
        assert_eq!(picture(|| Err::<(), _>(Error::Cancelled)), Err(Error::Cancelled));
    }
}
