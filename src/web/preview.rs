//! Small pictures of files that the browser itself cannot show.

use js_sys::Uint8ClampedArray;
use wasm_bindgen::prelude::wasm_bindgen;

use super::error::JsError;
use crate::codec::Decoded;
use crate::pipeline::preview::{Preview as PipelinePreview, preview};

/// A preview.
#[wasm_bindgen]
pub struct Preview(PipelinePreview);

#[wasm_bindgen]
impl Preview {
    /// Width of the preview.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> u32 {
        self.0.width
    }

    /// Height of the preview.
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> u32 {
        self.0.height
    }

    /// Width of the file's picture.
    #[wasm_bindgen(getter = fullWidth)]
    pub fn full_width(&self) -> u32 {
        self.0.full_width
    }

    /// Height of the file's picture.
    #[wasm_bindgen(getter = fullHeight)]
    pub fn full_height(&self) -> u32 {
        self.0.full_height
    }

    /// RGBA, for `ImageData`.
    #[wasm_bindgen(getter)]
    pub fn rgba(&self) -> Uint8ClampedArray {
        Uint8ClampedArray::from(self.0.rgba.as_slice())
    }

    /// The file's format in words.
    #[wasm_bindgen(getter)]
    pub fn format(&self) -> String {
        self.0.format.into()
    }

    /// What the decoder said.
    #[wasm_bindgen(getter)]
    pub fn warnings(&self) -> Vec<String> {
        self.0.warnings.clone()
    }
}

impl Preview {
    pub(super) fn of(decoded: Decoded, max_side: u32) -> Result<Self, JsError> {
        Ok(Self(preview(decoded, max_side)?))
    }
}
