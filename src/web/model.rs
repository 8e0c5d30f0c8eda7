//! Networks and pictures in the coordinator worker.

use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;

use super::error::JsError;
use super::order::written;
use super::preview::Preview;
use crate::codec::{Decoded, Format, decode, sniff};
use crate::error::Result;
use crate::model::Network;
use crate::model::choice::guess;
use crate::model::receptive_field::Geometry;
use crate::order::Order;
use crate::order::plan::Subject;

/// A network, parsed.
#[wasm_bindgen]
pub struct Model {
    network: Rc<Network>,
    geometry: Option<Geometry>,
}

#[wasm_bindgen]
impl Model {
    /// Reads an ONNX file; where the network takes a level that it denoises by, it takes `denoise`.
    pub fn load(onnx: &[u8], denoise: Option<f32>) -> Result<Model, JsError> {
        let network = Network::from_onnx_with(onnx, denoise)?;
        let geometry = network.graph().ok().map(Geometry::of).transpose()?;
        Ok(Self { network: Rc::new(network), geometry })
    }

    /// Enlargement factor; 0 where only running the network tells.
    #[wasm_bindgen(getter)]
    pub fn scale(&self) -> usize {
        self.geometry.map_or(0, |g| g.scale)
    }

    /// Channels of the input: 1 or 3.
    #[wasm_bindgen(getter = inputChannels)]
    pub fn input_channels(&self) -> usize {
        self.network.input_channels()
    }

    /// Whether the graph is not covered: only tract can run it, on the whole picture.
    #[wasm_bindgen(getter)]
    pub fn opaque(&self) -> bool {
        self.geometry.is_none()
    }

    /// Halo in input pixels.
    #[wasm_bindgen(getter)]
    pub fn halo(&self) -> usize {
        self.geometry.map_or(0, |g| g.halo)
    }

    /// The file for the compute workers; differs from what was loaded where that names a fixed size.
    pub fn onnx(&self) -> Vec<u8> {
        self.network.onnx().to_vec()
    }
}

/// The networks of a picture's passes, in their order.
#[wasm_bindgen]
#[derive(Default)]
pub struct Passes(Vec<Rc<Network>>);

#[wasm_bindgen]
impl Passes {
    /// No pass.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Passes {
        Self::default()
    }

    /// Adds a pass after the others.
    pub fn add(&mut self, model: &Model) {
        self.0.push(model.network.clone());
    }
}

impl Passes {
    pub(super) fn networks(&self) -> Vec<&Network> {
        self.0.iter().map(Rc::as_ref).collect()
    }
}

/// A file's picture, decoded.
#[wasm_bindgen]
pub struct Source(pub(super) Decoded);

#[wasm_bindgen]
impl Source {
    /// Reads a file.
    pub fn decode(file: &[u8]) -> Result<Source, JsError> {
        Ok(Self(decode(file)?))
    }

    /// Whether the module `codecs` has to decode `file`, which may be its first 32 bytes.
    #[wasm_bindgen(js_name = needsCodecs)]
    pub fn needs_codecs(file: &[u8]) -> bool {
        sniff(file).is_some_and(Format::is_apart)
    }

    /// Takes what `decodeFile` of that module gave.
    pub fn decoded(bytes: &[u8]) -> Result<Source, JsError> {
        Ok(Self(Decoded::from_bytes(bytes)?))
    }

    /// The picture reduced so that neither side is longer than `max_side`.
    pub fn preview(self, max_side: u32) -> Result<Preview, JsError> {
        Preview::of(self.0, max_side)
    }

    /// What it shows, as far as can be guessed: `photo`, `art` or `text`.
    pub fn kind(&self) -> Result<String, JsError> {
        Ok(guess(&self.0.picture)?.kind.name().into())
    }

    /// What an order is planned by: a `Subject`, as JSON, with the `name` of its file, and what it shows where the order asks for that.
    pub fn subject(&self, name: &str, order: &str) -> Result<String, JsError> {
        let order = Order::from_json(order)?;
        let kind = if order.is_auto() { Some(guess(&self.0.picture)?.kind) } else { None };
        Ok(written(&Subject { kind, ..Subject::of(&self.0.picture, name) })?)
    }

    /// Width, upright.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> u32 {
        self.0.picture.width
    }

    /// Height, upright.
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> u32 {
        self.0.picture.height
    }
}
