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

/// An engine and the sessions that it prepared, by slot.
#[wasm_bindgen]
pub struct Engine {
    backend: Box<dyn Backend>,
    sessions: RefCell<Vec<Option<Rc<dyn Session>>>>,
}

#[wasm_bindgen]
impl Engine {
    /// Opens the engine `gpu`, `simd`, `tract` or `reference`; throws with the reason where it is refused.
    pub async fn create(backend: String, allow_software: bool) -> Result<Engine, JsError> {
        let Preference::Only(kind) = backend.parse()? else {
            return Err(Error::parameter("An engine must be named", "Choose gpu, simd, tract or reference").into());
        };
        let backend = open(kind, allow_software, 1).await?;
        Ok(Self { backend, sessions: RefCell::default() })
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

    /// Compiles the network for one tile shape, as the session in `slot` of the `slots` that a picture needs; others end.
    pub async fn prepare(&self, slot: usize, slots: usize, onnx: Vec<u8>, channels: usize, height: usize, width: usize) -> Result<(), JsError> {
        let network = Network::from_onnx(&onnx)?;
        {
            // The old session's buffers go before the new ones come.
            let mut sessions = self.sessions.borrow_mut();
            sessions.resize(slots.max(slot + 1), None);
            sessions[slot] = None;
        }
        let session = self.backend.prepare(&network, Shape::new(channels, height, width)).await?;
        if let Some(place) = self.sessions.borrow_mut().get_mut(slot) {
            *place = Some(session.into());
        }
        Ok(())
    }

    /// Channels, height and width of a tile's output; empty before `prepare`.
    #[wasm_bindgen(js_name = outputShape)]
    pub fn output_shape(&self, slot: usize) -> Vec<usize> {
        let shape = self.session(slot).map(|s| s.output_shape());
        shape.map(|s| vec![s.channels, s.height, s.width]).unwrap_or_default()
    }

    /// Runs one tile, CHW; may be called again before it resolves.
    pub async fn run(&self, slot: usize, data: Vec<f32>) -> Result<Float32Array, JsError> {
        let session = self.session(slot).ok_or_else(|| Error::parameter("A tile was sent before the network was prepared", ""))?;
        let tile = Tensor::new(session.input_shape(), data)?;
        let output = session.run(&tile).await?;
        Ok(Float32Array::from(output.data.as_slice()))
    }
}

impl Engine {
    fn session(&self, slot: usize) -> Option<Rc<dyn Session>> {
        self.sessions.borrow().get(slot)?.clone()
    }
}
