//! Image files in and out.
#![cfg(feature = "codec")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod decode;
mod encode;
mod hostile;
mod hostile_metadata;
mod make;
mod metadata;
mod panics;
mod tiff;
