//! How far a picture is.

use serde::Serialize;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[non_exhaustive]
pub enum Phase {
    /// File, networks and engine are fetched and started.
    Load,
    /// The file is read.
    Decode,
    /// Tiles are run.
    Upscale,
    /// The rest of the result is written.
    Encode,
}

/// How far a picture is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[non_exhaustive]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// Parts of it that are done.
    pub done: usize,
    /// Parts in all.
    pub total: usize,
    /// Seconds since the start of the call.
    pub seconds: f64,
    /// Size of the result, as soon as it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Sides>,
    /// The tile just finished, in pixels of the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tile: Option<Rectangle>,
}

/// A size in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Sides {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

/// A part of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Rectangle {
    /// Left edge.
    pub x: usize,
    /// Top edge.
    pub y: usize,
    /// From left to right.
    pub width: usize,
    /// From top to bottom.
    pub height: usize,
}
