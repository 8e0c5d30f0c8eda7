//! The start-up probe: small networks with known answers that an engine must reproduce before it is trusted.
//!
//! Drivers exist that compile a shader wrongly, lose weights, or return zeros. The probe runs every kind of layer that
//! our networks use (`golden.rs`) and compares with what the reference interpreter gave.

use super::golden::golden;
pub use super::golden::noise;
use super::{Backend, Tensor};
use crate::error::{Error, Result};
use crate::model::Network;

/// Largest difference from the reference that the probe accepts, on values of about 0..=1.
pub const PROBE_TOLERANCE: f32 = 1e-3;

/// Runs the golden networks.
///
/// # Errors
/// `Device` says by how much an answer was wrong, or why there was none.
pub async fn probe(backend: &dyn Backend) -> Result<()> {
    for golden in golden() {
        let answer = run(backend, &Network::from_graph(golden.graph), &golden.tile).await?;
        let error = largest_difference(&golden.answer, &answer);
        if error > PROBE_TOLERANCE {
            return Err(Error::device(
                format!("{} computes wrongly: a test tile is off by {error}", backend.adapter()),
                "Update the graphics driver, or use the CPU",
            ));
        }
    }
    Ok(())
}

pub(super) async fn run(backend: &dyn Backend, network: &Network, tile: &Tensor) -> Result<Tensor> {
    backend.prepare(network, tile.shape).await?.run(tile).await
}

/// The largest absolute difference; infinite where shapes differ or a value is not a number.
pub fn largest_difference(a: &Tensor, b: &Tensor) -> f32 {
    if a.shape != b.shape {
        return f32::INFINITY;
    }
    a.data.iter().zip(&b.data).fold(0.0, |worst: f32, (x, y)| {
        let difference = (x - y).abs();
        if difference.is_nan() { f32::INFINITY } else { worst.max(difference) }
    })
}
