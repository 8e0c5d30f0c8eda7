//! The golden tile: a small network with a known answer that an engine must reproduce before it is trusted.
//!
//! Drivers exist that compile a shader wrongly, lose weights, or return zeros. The probe runs every kind of
//! layer that our networks use on a tile of odd size and compares with what the reference interpreter gave; the answer is
//! kept in a file, so that no start interprets it again.

use std::sync::Arc;

use super::{Backend, Tensor};
use crate::error::{Error, Result};
use crate::model::Network;
use crate::model::graph::{Activation, BinaryOp, Conv, DepthOrder, DepthToSpace, Graph, Node, Op, Resize, ResizeMode, Shape, ValueId};

/// Largest difference from the reference that the probe accepts, on values of about 0..=1.
pub const PROBE_TOLERANCE: f32 = 1e-3;

const TILE: Shape = Shape::new(3, 13, 21);

/// Runs the golden tile.
///
/// # Errors
/// `Device` says by how much the answer was wrong, or why there was none.
pub async fn probe(backend: &dyn Backend) -> Result<()> {
    let network = Network::from_graph(golden_graph());
    let tile = golden_tile();
    let answer = run(backend, &network, &tile).await?;
    let expected = golden_answer();
    let error = largest_difference(&expected, &answer);
    if error <= PROBE_TOLERANCE {
        Ok(())
    } else {
        Err(Error::device(
            format!("{} computes wrongly: a test tile is off by {error}", backend.adapter()),
            "Update the graphics driver, or use the CPU",
        ))
    }
}

/// The answer of the reference interpreter: CHW, little-endian 16-bit numbers in units of 1/[`GOLDEN_UNIT`].
const GOLDEN: &[u8] = include_bytes!("golden.bin");
const GOLDEN_UNIT: f32 = 4096.0;
const GOLDEN_SHAPE: Shape = Shape::new(3, 2 * TILE.height, 2 * TILE.width);

fn golden_answer() -> Tensor {
    let data = GOLDEN.as_chunks().0.iter().map(|&bytes| f32::from(i16::from_le_bytes(bytes)) / GOLDEN_UNIT).collect();
    Tensor { shape: GOLDEN_SHAPE, data }
}

async fn run(backend: &dyn Backend, network: &Network, tile: &Tensor) -> Result<Tensor> {
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

/// Values in -1..=1 from a xorshift generator (Marsaglia 2003), so that the tile and weights need no file.
pub fn noise(seed: u32, len: usize) -> Vec<f32> {
    let mut state = seed | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn golden_tile() -> Tensor {
    Tensor { shape: TILE, data: noise(7, TILE.len()).iter().map(|v| 0.5 + 0.5 * v).collect() }
}

fn golden_graph() -> Graph {
    let conv = |seed: u32, inputs: usize, outputs: usize, side: usize| {
        let fan_in = (inputs * side * side) as f32;
        let weight: Arc<[f32]> = noise(seed, outputs * inputs * side * side).iter().map(|v| v * (3.0 / fan_in).sqrt()).collect();
        Op::Conv(Conv {
            out_channels: outputs,
            group_in_channels: inputs,
            kernel: [side, side],
            stride: [1, 1],
            dilation: [1, 1],
            pads: [side / 2; 4],
            group: 1,
            weight,
            bias: noise(seed + 1, outputs).iter().map(|v| 0.1 * v).collect(),
        })
    };
    let prelu = Op::Activation(Activation::PRelu(noise(23, 20).iter().map(|v| 0.2 + 0.1 * v).collect()));
    let layers = [
        (conv(11, 3, 20, 5), vec![0]),
        (prelu, vec![1]),
        (conv(31, 20, 20, 3), vec![2]),
        (Op::Activation(Activation::Relu), vec![3]),
        (Op::Binary(BinaryOp::Add), vec![4, 2]),
        (conv(41, 20, 12, 3), vec![5]),
        (Op::DepthToSpace(DepthToSpace { block: 2, order: DepthOrder::Crd }), vec![6]),
        (Op::Resize(Resize { scale: 2, mode: ResizeMode::Nearest }), vec![0]),
        (Op::Binary(BinaryOp::Add), vec![7, 8]),
    ];
    let nodes: Vec<Node> =
        layers.into_iter().map(|(op, inputs)| Node { name: op.name().into(), op, inputs: inputs.into_iter().map(ValueId).collect() }).collect();
    Graph { input_channels: 3, output: ValueId(nodes.len()), nodes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::reference::ReferenceBackend;

    #[test]
    fn the_kept_answer_is_that_of_the_reference() {
        let network = Network::from_graph(golden_graph());
        let answer = pollster::block_on(run(&ReferenceBackend::new(1), &network, &golden_tile())).unwrap();
        let kept: Vec<u8> = answer.data.iter().flat_map(|v| ((v * GOLDEN_UNIT).round() as i16).to_le_bytes()).collect();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/backend/golden.bin");
        if std::env::var_os("INLARGE_WRITE_GOLDEN").is_some() {
            std::fs::write(path, &kept).unwrap();
        }
        let difference = largest_difference(&answer, &golden_answer());
        assert!(difference <= 0.5 / GOLDEN_UNIT, "off by {difference}: INLARGE_WRITE_GOLDEN=1 cargo test --lib golden writes {path} anew");
        let span = answer.data.iter().fold([f32::MAX, f32::MIN], |[low, high], &v| [low.min(v), high.max(v)]);
        assert!(span[1] - span[0] > 1.0, "an answer that is nearly flat tells nothing: {span:?}");
    }
}
