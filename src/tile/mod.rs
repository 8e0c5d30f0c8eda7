//! Tiles: which part of the picture each one covers, and the bands that they make.

pub mod band;
pub mod plan;

pub use band::Bands;
pub use plan::{Tile, TilePlan};
