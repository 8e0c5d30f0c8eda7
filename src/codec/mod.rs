//! Files to pictures and rows of pixels to files.
//!
//! [`decode`](decode::decode) reads a whole file into a [`Picture`](crate::image::Picture);
//! [`encode::encoder`] takes rows, so that a result never has to be in memory whole. One file per
//! format and direction, and per third-party engine behind it.

pub mod decode;
pub mod encode;
pub mod exif;
mod icc;
pub mod sniff;

pub use decode::{Decoded, decode};
pub use sniff::{Format, sniff};
