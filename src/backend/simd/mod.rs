//! Our SIMD kernels on the CPU: wasm simd128 and relaxed-simd, SSE to AVX-512, NEON, from one source.
//!
//! | module | part |
//! |---|---|
//! | [`layout`] | how a value lies in memory |
//! | [`kernel`] | the register block that every convolution ends in, activations |
//! | [`direct`] | convolution as it is written |
//! | [`winograd`] | 3x3 convolution with a quarter of the products |
//! | [`other`] | everything else |
//! | [`program`] | a network as steps over planned buffers |

#![allow(clippy::inline_always, reason = "an instruction set holds only for what is inlined into the function that was chosen for it")]
#![allow(clippy::needless_range_loop, reason = "several arrays are walked with one index")]

pub mod direct;
pub mod kernel;
pub mod layout;
pub mod other;
pub mod program;
pub mod winograd;

use std::cell::RefCell;

use fearless_simd::Level;

use super::{Backend, BackendKind, Capabilities, LocalFuture, Session, Tensor};
use crate::error::{Error, Result};
use crate::model::Network;
use crate::model::graph::Shape;
use program::{Memory, Program};

/// Our SIMD kernels.
#[derive(Debug)]
pub struct SimdBackend {
    level: Level,
    adapter: String,
    capabilities: Capabilities,
}

impl SimdBackend {
    /// The engine, for sessions on as many threads as `parallel_sessions`; one session uses one thread.
    pub fn new(parallel_sessions: usize) -> Self {
        let level = Level::new();
        Self { level, adapter: format!("CPU, {}", instructions(level)), capabilities: Capabilities::cpu(parallel_sessions, false) }
    }
}

impl SimdBackend {
    /// Bytes that one session on inputs of `shape` keeps: weights, activations, scratch.
    ///
    /// # Errors
    /// As [`Backend::prepare`].
    pub fn planned_bytes(&self, network: &Network, shape: Shape) -> Result<u64> {
        Ok(Program::new(self.level, network.graph()?, shape)?.bytes())
    }
}

/// The instruction set in words.
fn instructions(level: Level) -> &'static str {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    match level {
        Level::Avx512(_) => return "AVX-512",
        Level::Avx2(_) => return "AVX2",
        Level::Sse4_2(_) => return "SSE4.2",
        _ => {}
    }
    if cfg!(target_feature = "relaxed-simd") {
        "WebAssembly relaxed SIMD"
    } else if cfg!(target_arch = "wasm32") {
        "WebAssembly SIMD"
    } else if cfg!(target_arch = "aarch64") {
        "NEON"
    } else if level.is_fallback() {
        "without SIMD"
    } else {
        "SSE2"
    }
}

impl Backend for SimdBackend {
    fn kind(&self) -> BackendKind {
        BackendKind::Simd
    }

    fn adapter(&self) -> &str {
        &self.adapter
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn prepare<'a>(&'a self, network: &'a Network, shape: Shape) -> LocalFuture<'a, Result<Box<dyn Session>>> {
        Box::pin(async move {
            let program = Program::new(self.level, network.graph()?, shape)?;
            let memory = RefCell::new(Some(program.memory()?));
            let session: Box<dyn Session> = Box::new(SimdSession { program, memory });
            Ok(session)
        })
    }
}

struct SimdSession {
    program: Program,
    /// Taken while a tile runs.
    memory: RefCell<Option<Memory>>,
}

impl Session for SimdSession {
    fn input_shape(&self) -> Shape {
        self.program.input_shape()
    }

    fn output_shape(&self) -> Shape {
        self.program.output_shape()
    }

    fn run<'a>(&'a self, tile: &'a Tensor) -> LocalFuture<'a, Result<Tensor>> {
        Box::pin(async move {
            if tile.shape != self.program.input_shape() {
                return Err(Error::parameter(
                    format!("The session was prepared for {:?} and was given {:?}", self.program.input_shape(), tile.shape),
                    "",
                ));
            }
            let kept = self.memory.borrow_mut().take();
            let mut memory = match kept {
                Some(memory) => memory,
                None => self.program.memory()?,
            };
            let output = self.program.run(&mut memory, &tile.data)?;
            *self.memory.borrow_mut() = Some(memory);
            Tensor::new(self.program.output_shape(), output)
        })
    }
}
