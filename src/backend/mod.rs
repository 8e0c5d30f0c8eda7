//! The one trait that all engines implement, and the choice among them.

mod golden;
#[cfg(feature = "gpu")]
pub mod gpu;
#[cfg(any(feature = "gpu", feature = "simd"))]
pub mod lower;
pub mod probe;
pub mod reference;
pub mod select;
#[cfg(feature = "simd")]
pub mod simd;
#[cfg(feature = "tract")]
pub mod tract;

use std::future::Future;
use std::pin::Pin;

use crate::error::{Error, Result};
use crate::model::Network;
use crate::model::graph::Shape;
use crate::named::named;

/// A future that stays on its thread: a browser's GPU objects cannot be sent to another.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A dense tensor of one picture or tile: CHW, f32, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Its sizes.
    pub shape: Shape,
    /// `shape.len()` values.
    pub data: Vec<f32>,
}

impl Tensor {
    /// A tensor over `data`.
    ///
    /// # Errors
    /// `Parameter` where the number of values is not the shape's.
    pub fn new(shape: Shape, data: Vec<f32>) -> Result<Self> {
        if data.len() == shape.len() {
            Ok(Self { shape, data })
        } else {
            Err(Error::parameter(
                format!(
                    "A tensor of {} x {} x {} needs {} values and was given {}",
                    shape.channels,
                    shape.height,
                    shape.width,
                    shape.len(),
                    data.len()
                ),
                "Pass one value per element",
            ))
        }
    }

    /// A tensor of zeros.
    pub fn zeros(shape: Shape) -> Self {
        Self { shape, data: vec![0.0; shape.len()] }
    }
}

named! {
    /// Which engine.
    pub enum BackendKind ("engine", name) {
        /// wgpu and our WGSL kernels.
        Gpu = "gpu",
        /// Our SIMD kernels on the CPU.
        Simd = "simd",
        /// tract-onnx on the CPU.
        Tract = "tract",
        /// The naive interpreter of the graph on the CPU.
        Reference = "reference",
    }
}

impl BackendKind {
    /// Whether it takes several times as long as `simd`.
    pub fn is_slow(self) -> bool {
        matches!(self, Self::Tract | Self::Reference)
    }
}

/// The refusal of a GPU that is none, by its name: on `auto`, the CPU's own engine is faster.
pub fn software_refused(adapter: &str) -> Error {
    Error::device(format!("{adapter} is a GPU emulated on the CPU, slower than the CPU itself"), "Choose the engine \"gpu\" to use it all the same")
}

/// What an engine can do. Asked before `prepare`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Runs networks whose graph the intermediate representation does not cover.
    pub opaque_networks: bool,
    /// Runs on a CPU that pretends to be a GPU: refused by automatic choice.
    pub software_adapter: bool,
    /// Sessions that can usefully run at the same time.
    pub parallel_sessions: usize,
    /// Tiles that can usefully be in flight in one session.
    pub tiles_in_flight: usize,
    /// Largest buffer that a tile's activations may take, in bytes; `None` where only memory limits it.
    pub max_buffer_bytes: Option<u64>,
}

impl Capabilities {
    /// Of an engine on the CPU, with sessions on as many threads as `parallel_sessions`; one session uses one thread.
    pub fn cpu(parallel_sessions: usize, opaque_networks: bool) -> Self {
        Self { opaque_networks, software_adapter: false, parallel_sessions, tiles_in_flight: 1, max_buffer_bytes: None }
    }
}

/// An engine.
pub trait Backend {
    /// Which one.
    fn kind(&self) -> BackendKind;

    /// The device in words, for people: "NVIDIA H100 (Vulkan)", "CPU".
    fn adapter(&self) -> &str;

    /// What it can do.
    fn capabilities(&self) -> &Capabilities;

    /// Compiles `network` for inputs of `shape`.
    ///
    /// # Errors
    /// `Unsupported` names the operation that this engine lacks; `Limits` says what does not fit; `Device` for the rest.
    fn prepare<'a>(&'a self, network: &'a Network, shape: Shape) -> LocalFuture<'a, Result<Box<dyn Session>>>;
}

/// A network compiled for one input shape.
pub trait Session {
    /// Shape of the input.
    fn input_shape(&self) -> Shape;

    /// Shape of the output.
    fn output_shape(&self) -> Shape;

    /// Runs one tile. Several calls may be in flight at once.
    ///
    /// # Errors
    /// `Parameter` for a tile of another shape; `Device` where the device fails.
    fn run<'a>(&'a self, tile: &'a Tensor) -> LocalFuture<'a, Result<Tensor>>;
}
