//! Inlarge enlarges images with super-resolution networks.

pub mod backend;
#[cfg(feature = "codec")]
pub mod codec;
pub mod error;
pub mod finish;
pub mod image;
pub mod limits;
pub mod model;
#[cfg(feature = "codec")]
pub mod pipeline;
pub mod tile;
mod vector;
#[cfg(target_arch = "wasm32")]
pub mod web;

pub use error::{Error, Result};
