//! Networks on the GPU: WebGPU in the browser; Vulkan, Metal or DirectX 12 natively.
//!
//! | module | what |
//! |---|---|
//! | [`lower`](super::lower) | fuses the graph's nodes into stages |
//! | [`memory`] | places the values in buffers; estimates |
//! | [`weights`] | the layout of weights |
//! | [`program`] | stages as dispatches with their parameters, complete but for the device |
//! | [`kernels`] | the WGSL of each kernel variant |
//! | `device` | adapter, limits, faults, pipelines |
//! | `run`, `readback` | buffers on the device, submission, results |
//!
//! Everything up to `program` is arithmetic and runs without a device.

mod device;
pub mod kernels;
pub mod memory;
pub mod program;
mod readback;
mod run;
pub mod weights;

use std::rc::Rc;

pub use device::{AdapterDescription, Options};

use super::{Backend, BackendKind, Capabilities, LocalFuture, Session};
use crate::error::Result;
use crate::model::Network;
use crate::model::graph::Shape;
use device::Gpu;
use run::GpuSession;

/// The GPU.
pub struct GpuBackend {
    gpu: Rc<Gpu>,
    capabilities: Capabilities,
}

impl GpuBackend {
    /// Opens the device.
    ///
    /// # Errors
    /// `Device` where there is none, none by the name asked for, or only a software adapter that
    /// `options` does not allow.
    pub async fn request(options: Options) -> Result<Self> {
        let gpu = Gpu::open(&options).await?;
        let capabilities = Capabilities {
            opaque_networks: false,
            software_adapter: gpu.software,
            parallel_sessions: 1,
            tiles_in_flight: 2,
            max_buffer_bytes: Some(gpu.max_buffer_bytes()),
        };
        Ok(Self { gpu: Rc::new(gpu), capabilities })
    }

    /// All adapters of this machine.
    #[cfg(not(target_arch = "wasm32"))]
    pub async fn adapters() -> Vec<AdapterDescription> {
        device::adapters().await
    }

    /// Submits nothing. Firefox looks for finished work only every 100 ms, or when something is
    /// submitted: who waits for a tile there can call this every few milliseconds.
    pub fn nudge(&self) {
        self.gpu.queue.submit([]);
    }
}

impl Backend for GpuBackend {
    fn kind(&self) -> BackendKind {
        BackendKind::Gpu
    }

    fn adapter(&self) -> &str {
        &self.gpu.name
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn prepare<'a>(&'a self, network: &'a Network, shape: Shape) -> LocalFuture<'a, Result<Box<dyn Session>>> {
        Box::pin(async move {
            let lowered = super::lower::lower(network.graph()?, shape)?;
            let plan = memory::plan(&lowered);
            self.gpu.check_tile(&plan, shape)?;
            let program = program::assemble(&lowered, plan);
            self.gpu.check_weights(&program)?;
            let session = GpuSession::create(self.gpu.clone(), &program).await?;
            Ok(Box::new(session) as Box<dyn Session>)
        })
    }
}
