//! Files to pictures and rows of pixels to files.
//!
//! [`decode`](decode::decode) reads a whole file into a [`Picture`](crate::image::Picture);
//! [`encode::encoder`] takes rows, so that a result never has to be in memory whole. One file per
//! format and direction, and per third-party engine behind it. What comes with the pixels is [`Metadata`].

mod byte_order;
mod curve;
pub mod decode;
mod density;
pub mod encode;
pub mod exif;
mod icc;
mod ifd;
mod inks;
mod iptc;
pub mod metadata;
pub mod sniff;
mod xmp;

pub use decode::{Decoded, decode};
pub(crate) use density::INCH;
pub use density::{Density, DensityUnit};
pub use metadata::{Metadata, MetadataPolicy};
pub use sniff::{Format, sniff};
