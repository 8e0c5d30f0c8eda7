//! Networks: the manifest of those we ship, ONNX import, and the graph.

pub mod choice;
pub mod graph;
pub mod manifest;
pub mod onnx;
pub mod receptive_field;
pub mod shapes;

use std::sync::Arc;

use crate::error::{Error, Result};
use graph::Graph;

/// A network as loaded from a file.
#[derive(Debug, Clone)]
pub struct Network {
    /// The graph, where the intermediate representation covers the file.
    graph: std::result::Result<Graph, Error>,
    /// The ONNX file.
    onnx: Arc<[u8]>,
    /// Channels of the input: 1 for a luma network, 3 for RGB.
    input_channels: usize,
    /// How much it denoises, where that can be chosen.
    denoise: Option<f32>,
}

/// The setting of a file that says how much its network denoises, 0 for not at all.
const DENOISE: &str = "denoise";

impl Network {
    /// Reads an ONNX file.
    ///
    /// A file that is sound but uses an operation outside of the graph's is accepted: only
    /// backends that take [opaque networks](crate::backend::Capabilities::opaque_networks) can run it.
    ///
    /// # Errors
    /// `Model` for a file that is not ONNX or is damaged; `Limits` for one that is too large;
    /// `Unsupported` for a network that does not take one picture of 1 or 3 channels.
    pub fn from_onnx(bytes: &[u8]) -> Result<Self> {
        Self::from_onnx_with(bytes, None)
    }

    /// As [`Network::from_onnx`], denoising as much as `denoise` says where the network can and it says something.
    ///
    /// # Errors
    /// As [`Network::from_onnx`].
    pub fn from_onnx_with(bytes: &[u8], denoise: Option<f32>) -> Result<Self> {
        let mut file = onnx::File::parse(bytes)?;
        let own = file.setting(DENOISE);
        let changes = own.is_some() && denoise.is_some_and(|level| own != Some(level));
        if let Some(level) = denoise {
            file.set(DENOISE, level);
        }
        let input_channels = file.input_channels()?;
        let graph = file.graph();
        // A file written for one size is of no use for tiles; its graph is.
        let onnx = match &graph {
            Ok(graph) if changes || file.has_fixed_size() => onnx::export(graph).into(),
            _ => bytes.into(),
        };
        Ok(Self { graph, onnx, input_channels, denoise: file.setting(DENOISE) })
    }

    /// A network over a graph made in the program.
    pub fn from_graph(graph: Graph) -> Self {
        let onnx = onnx::export(&graph).into();
        Self { input_channels: graph.input_channels, graph: Ok(graph), onnx, denoise: None }
    }

    /// The graph.
    ///
    /// # Errors
    /// The `Unsupported` error that names the operation and node that the import stopped at.
    pub fn graph(&self) -> Result<&Graph> {
        self.graph.as_ref().map_err(Clone::clone)
    }

    /// What the graph does not cover, as a sentence without its full stop that names the operation and its node.
    pub fn gap(&self) -> Option<String> {
        match self.graph.as_ref().err()? {
            Error::Unsupported(fault) | Error::Model(fault) => Some(fault.what.clone()),
            other => Some(other.to_string()),
        }
    }

    /// How much the network denoises, 0 for not at all; `None` where it cannot be asked to.
    pub fn denoise(&self) -> Option<f32> {
        self.denoise
    }

    /// Channels of the input.
    pub fn input_channels(&self) -> usize {
        self.input_channels
    }

    /// The ONNX file that was read, or one exported from the graph.
    pub fn onnx(&self) -> &[u8] {
        &self.onnx
    }
}
