//! The browser's side of the library: thin classes over the pipeline and the engines.
//!
//! Every method forwards; errors become JavaScript `Error` objects with `kind` and `remedy`.
#![allow(unreachable_pub, reason = "wasm-bindgen exports the public items of private modules")]

#[cfg(all(feature = "codec", feature = "simd"))]
mod chunks;
#[cfg(feature = "formats")]
mod codecs;
#[cfg(any(feature = "simd", feature = "tract"))]
mod engine;
mod error;
#[cfg(all(feature = "codec", feature = "simd"))]
mod job;
#[cfg(all(feature = "codec", feature = "simd"))]
mod model;
#[cfg(all(feature = "codec", feature = "simd"))]
mod order;
#[cfg(all(feature = "codec", feature = "simd"))]
mod preview;
#[cfg(all(feature = "codec", feature = "simd"))]
mod supervise;

use wasm_bindgen::prelude::wasm_bindgen;

/// Sends panics, which are bugs, to the console with their place.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// The version of the package.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").into()
}
