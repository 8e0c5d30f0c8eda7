//! An engine in a compute worker.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Float32Array;
use wasm_bindgen::prelude::wasm_bindgen;

use super::error::JsError;
use crate::backend::select::{Preference, open};
use crate::backend::{Backend, Session, Tensor};
use crate::error::{Error, Result};
use crate::model::Network;
use crate::model::graph::Shape;

/// An engine and the session that it prepared.
#[wasm_bindgen]
pub struct Engine {
    backend: Box<dyn Backend>,
    session: RefCell<Option<Rc<dyn Session>>>,
}

#[wasm_bindgen]
impl Engine {
    /// Opens the engine `gpu`, `simd`, `tract` or `reference`; throws with the reason where it is refused.
    pub async fn create(backend: String, allow_software: bool) -> Result<Engine, JsError> {
        let Preference::Only(kind) = backend.parse()? else {
            return Err(Error::parameter("An engine must be named", "Choose gpu, simd, tract or reference").into());
        };
        let backend = open(kind, allow_software, 1).await?;
        Ok(Self { backend, session: RefCell::new(None) })
    }

    /// The device in words.
    #[wasm_bindgen(getter)]
    pub fn adapter(&self) -> String {
        self.backend.adapter().into()
    }

    /// Whether it is a CPU that pretends to be a GPU.
    #[wasm_bindgen(getter)]
    pub fn software(&self) -> bool {
        self.backend.capabilities().software_adapter
    }

    /// Sessions that can usefully run at the same time.
    #[wasm_bindgen(getter = parallelSessions)]
    pub fn parallel_sessions(&self) -> usize {
        self.backend.capabilities().parallel_sessions
    }

    /// Tiles that can usefully be in flight.
    #[wasm_bindgen(getter = tilesInFlight)]
    pub fn tiles_in_flight(&self) -> usize {
        self.backend.capabilities().tiles_in_flight
    }

    /// Largest buffer in bytes.
    #[wasm_bindgen(getter = maxBufferBytes)]
    pub fn max_buffer_bytes(&self) -> Option<f64> {
        self.backend.capabilities().max_buffer_bytes.map(|b| b as f64)
    }

    /// Compiles the network for one tile shape.
    pub async fn prepare(&self, onnx: Vec<u8>, channels: usize, height: usize, width: usize) -> Result<(), JsError> {
        let network = Network::from_onnx(&onnx)?;
        // The old session's buffers go before the new ones come.
        self.session.borrow_mut().take();
        let session = self.backend.prepare(&network, Shape::new(channels, height, width)).await?;
        *self.session.borrow_mut() = Some(session.into());
        Ok(())
    }

    /// Channels, height and width of a tile's output; empty before `prepare`.
    #[wasm_bindgen(getter = outputShape)]
    pub fn output_shape(&self) -> Vec<usize> {
        let shape = self.session.borrow().as_ref().map(|s| s.output_shape());
        shape.map(|s| vec![s.channels, s.height, s.width]).unwrap_or_default()
    }

    /// Runs one tile, CHW; may be called again before it resolves.
    pub async fn run(&self, data: Vec<f32>) -> Result<Float32Array, JsError> {
        let session = self.session.borrow().clone();
        let session = session.ok_or_else(|| Error::parameter("A tile was sent before the network was prepared", ""))?;
        let tile = Tensor::new(session.input_shape(), data)?;
        let output = session.run(&tile).await?;
        Ok(Float32Array::from(output.data.as_slice()))
    }
}
