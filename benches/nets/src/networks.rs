//! Networks with fixed pseudo-random weights. Speed does not depend on what the weights are; agreement is only worth
//! something where the values stay of the order of 1, so convolutions keep the variance of their input (He et al. 2015).

use std::sync::Arc;

use inlarge::backend::probe::noise;
use inlarge::model::graph::{Activation, BinaryOp, Conv, DepthOrder, DepthToSpace, Graph, Node, Op, Resize, ResizeMode, ValueId};

/// SRVGG-like: RGB, 16 channels, 8 convolutions, x2.
pub(crate) fn tiny() -> Graph {
    srvgg(16, 6, 2)
}

/// `SRVGGNetCompact` of Real-ESRGAN (Wang et al. 2021): RGB, 64 channels, 34 convolutions, x4.
pub(crate) fn compact() -> Graph {
    srvgg(64, 32, 4)
}

fn srvgg(channels: usize, body: usize, scale: usize) -> Graph {
    let mut b = Builder::new();
    let mut x = b.conv(ValueId::INPUT, [3, channels], 3, HE);
    x = b.prelu(x, channels);
    for _ in 0..body {
        x = b.conv(x, [channels, channels], 3, HE);
        x = b.prelu(x, channels);
    }
    b.anchored(x, channels, scale);
    b.graph
}

/// SPANV2-like: RGB, 32 channels, 5 blocks of three 3x3 convolutions with the gate `(x + f3) * conv1x1(f3)`, x2.
pub(crate) fn photo() -> Graph {
    const CHANNELS: usize = 32;
    let mut b = Builder::new();
    let mut x = b.conv(ValueId::INPUT, [3, CHANNELS], 3, HE);
    for _ in 0..5 {
        let mut f = x;
        for _ in 0..3 {
            f = b.conv(f, [CHANNELS, CHANNELS], 3, HE);
            f = b.push(Op::Activation(Activation::Relu), &[f]);
        }
        let sum = b.push(Op::Binary(BinaryOp::Add), &[x, f]);
        let gate = b.conv(f, [CHANNELS, CHANNELS], 1, GATE);
        x = b.push(Op::Binary(BinaryOp::Mul), &[sum, gate]);
    }
    b.anchored(x, CHANNELS, 2);
    b.graph
}

/// Mean of the biases, and gain of the weights over those of a linear layer that keeps the variance.
#[derive(Clone, Copy)]
struct Range {
    bias: f32,
    gain: f32,
}

/// Before a rectifier, which halves the second moment.
const HE: Range = Range { bias: 0.0, gain: std::f32::consts::SQRT_2 };
/// A factor of about one half, for the sum that it multiplies has twice the variance.
const GATE: Range = Range { bias: 0.5, gain: 0.2 };
const LINEAR: Range = Range { bias: 0.0, gain: 1.0 };

struct Builder {
    graph: Graph,
    seed: u32,
}

impl Builder {
    fn new() -> Self {
        Self { graph: Graph { input_channels: 3, nodes: Vec::new(), output: ValueId::INPUT }, seed: 1 }
    }

    fn push(&mut self, op: Op, inputs: &[ValueId]) -> ValueId {
        self.graph.nodes.push(Node { name: format!("node{}", self.graph.nodes.len()), op, inputs: inputs.to_vec() });
        self.graph.output = ValueId(self.graph.nodes.len());
        self.graph.output
    }

    /// Uniform values in `centre - reach ..= centre + reach`.
    fn values(&mut self, len: usize, centre: f32, reach: f32) -> Arc<[f32]> {
        self.seed += 7919;
        noise(self.seed, len).iter().map(|v| centre + v * reach).collect()
    }

    fn conv(&mut self, input: ValueId, [from, to]: [usize; 2], side: usize, range: Range) -> ValueId {
        let fan_in = from * side * side;
        let weight = self.values(to * fan_in, 0.0, range.gain * (3.0 / fan_in as f32).sqrt());
        let bias = self.values(to, range.bias, 0.02);
        let conv = Conv {
            out_channels: to,
            group_in_channels: from,
            kernel: [side; 2],
            stride: [1; 2],
            dilation: [1; 2],
            pads: [side / 2; 4],
            group: 1,
            weight,
            bias,
        };
        self.push(Op::Conv(conv), &[input])
    }

    fn prelu(&mut self, input: ValueId, channels: usize) -> ValueId {
        let slopes = self.values(channels, 0.175, 0.125);
        self.push(Op::Activation(Activation::PRelu(slopes)), &[input])
    }

    /// The last convolution, its pixel shuffle, and the nearest neighbours of the input added to it.
    fn anchored(&mut self, input: ValueId, channels: usize, scale: usize) {
        let x = self.conv(input, [channels, 3 * scale * scale], 3, LINEAR);
        let x = self.push(Op::DepthToSpace(DepthToSpace { block: scale, order: DepthOrder::Crd }), &[x]);
        let anchor = self.push(Op::Resize(Resize { scale, mode: ResizeMode::Nearest }), &[ValueId::INPUT]);
        self.push(Op::Binary(BinaryOp::Add), &[x, anchor]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inlarge::backend::reference::ReferenceBackend;
    use inlarge::backend::{Backend, Tensor};
    use inlarge::model::Network;
    use inlarge::model::graph::Shape;

    /// An engine that leaves out a layer of a network whose residual is 0 would not be found out.
    #[test]
    fn what_is_added_to_the_anchor_is_of_the_order_of_one() {
        for (name, graph) in [("tiny", tiny()), ("photo", photo()), ("compact", compact())] {
            let shape = Shape::new(3, 6, 7);
            let input = Tensor { shape, data: noise(3, shape.len()).iter().map(|v| 0.5 + 0.5 * v).collect() };
            let network = Network::from_graph(graph);
            let backend = ReferenceBackend::new(1);
            let output = pollster::block_on(async { backend.prepare(&network, shape).await?.run(&input).await }).unwrap();
            let scale = output.shape.width / shape.width;
            let anchor = |i: usize| {
                let (x, rest) = (i % output.shape.width, i / output.shape.width);
                let (y, c) = (rest % output.shape.height, rest / output.shape.height);
                input.data[(c * shape.height + y / scale) * shape.width + x / scale]
            };
            let square = output.data.iter().enumerate().map(|(i, v)| (v - anchor(i)).powi(2)).sum::<f32>() / output.data.len() as f32;
            assert!((0.05..5.0).contains(&square.sqrt()), "{name}: {}", square.sqrt());
        }
    }

    #[test]
    fn weights_are_the_same_every_time() {
        assert_eq!(tiny(), tiny());
        assert_eq!(tiny().nodes.iter().filter(|node| matches!(node.op, Op::Conv(_))).count(), 8);
        assert_eq!(compact().nodes.iter().filter(|node| matches!(node.op, Op::Conv(_))).count(), 34);
    }
}
