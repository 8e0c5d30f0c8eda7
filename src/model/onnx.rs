//! ONNX import and export.
use super::graph::Graph;
use crate::error::{Error, Result};
/// A parsed file.
#[derive(Debug)]
pub struct File;
impl File {
    /// Parses.
    /// # Errors
    /// `Model`.
    pub fn parse(_bytes: &[u8]) -> Result<Self> { Err(Error::model("not yet", "")) }
    /// Channels.
    /// # Errors
    /// `Unsupported`.
    pub fn input_channels(&self) -> Result<usize> { Ok(3) }
    /// Graph.
    /// # Errors
    /// `Unsupported`.
    pub fn graph(&self) -> Result<Graph> { Err(Error::model("not yet", "")) }
}
/// Exports.
pub fn export(_graph: &Graph) -> Vec<u8> { Vec::new() }
