//! Networks of many forms with random weights, for comparing engines.

use std::sync::Arc;

use inlarge::backend::Tensor;
use inlarge::model::graph::{
    Activation, BinaryConstant, BinaryOp, Conv, DepthOrder, DepthToSpace, Graph, Node, Op, Pad, PadMode, Resize, ResizeMode, Shape, ValueId,
};

/// A small generator of pseudo-random numbers (xorshift32).
pub(crate) struct Random(u32);

impl Random {
    pub(crate) fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(2_654_435_761) | 1)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 8) as usize % n
    }

    /// A number in -1..1.
    pub(crate) fn signed(&mut self) -> f32 {
        self.below(1 << 20) as f32 / (1 << 19) as f32 - 1.0
    }

    pub(crate) fn values(&mut self, n: usize, scale: f32) -> Arc<[f32]> {
        (0..n).map(|_| self.signed() * scale).collect()
    }
}

/// A picture of noise in 0..1.
pub(crate) fn noise(shape: Shape, seed: u32) -> Tensor {
    let mut random = Random::new(seed);
    Tensor { shape, data: (0..shape.len()).map(|_| random.signed() * 0.5 + 0.5).collect() }
}

/// Builds a graph node by node.
pub(crate) struct Net {
    pub(crate) graph: Graph,
    pub(crate) random: Random,
    channels: Vec<usize>,
}

impl Net {
    pub(crate) fn new(input_channels: usize, seed: u32) -> Self {
        let graph = Graph { input_channels, nodes: Vec::new(), output: ValueId::INPUT };
        Self { graph, random: Random::new(seed), channels: vec![input_channels] }
    }

    pub(crate) fn channels(&self, id: ValueId) -> usize {
        self.channels[id.0]
    }

    pub(crate) fn push(&mut self, op: Op, inputs: &[ValueId]) -> ValueId {
        let first = self.channels[inputs[0].0];
        self.channels.push(match &op {
            Op::Conv(conv) => conv.out_channels,
            Op::Concat => inputs.iter().map(|id| self.channels[id.0]).sum(),
            Op::DepthToSpace(shuffle) => first / (shuffle.block * shuffle.block),
            _ => first,
        });
        let name = format!("node {}", self.graph.nodes.len());
        self.graph.nodes.push(Node { name, op, inputs: inputs.to_vec() });
        self.graph.output = ValueId(self.graph.nodes.len());
        self.graph.output
    }

    /// A convolution whose sums stay near the size of its operand.
    pub(crate) fn conv_with(&mut self, x: ValueId, out_channels: usize, kernel: [usize; 2], group: usize, set: impl FnOnce(&mut Conv)) -> ValueId {
        let group_in_channels = self.channels(x) / group;
        let taps = group_in_channels * kernel[0] * kernel[1];
        let mut conv = Conv {
            out_channels,
            group_in_channels,
            kernel,
            stride: [1, 1],
            dilation: [1, 1],
            pads: [kernel[0] / 2, kernel[1] / 2, kernel[0] / 2, kernel[1] / 2],
            group,
            weight: self.random.values(out_channels * taps, (2.0 / taps as f32).sqrt()),
            bias: self.random.values(out_channels, 0.1),
        };
        set(&mut conv);
        self.push(Op::Conv(conv), &[x])
    }

    pub(crate) fn conv(&mut self, x: ValueId, out_channels: usize, side: usize) -> ValueId {
        self.conv_with(x, out_channels, [side, side], 1, |_| {})
    }

    pub(crate) fn activation(&mut self, x: ValueId, activation: Activation) -> ValueId {
        self.push(Op::Activation(activation), &[x])
    }

    pub(crate) fn prelu(&mut self, x: ValueId) -> ValueId {
        let slopes = self.random.values(self.channels(x), 0.3);
        self.activation(x, Activation::PRelu(slopes))
    }

    pub(crate) fn binary(&mut self, op: BinaryOp, a: ValueId, b: ValueId) -> ValueId {
        self.push(Op::Binary(op), &[a, b])
    }

    pub(crate) fn constant(&mut self, op: BinaryOp, x: ValueId, per_channel: bool, constant_left: bool) -> ValueId {
        let n = if per_channel { self.channels(x) } else { 1 };
        let constant = self.random.values(n, 1.0);
        self.push(Op::BinaryConstant(BinaryConstant { op, constant, constant_left }), &[x])
    }

    pub(crate) fn resize(&mut self, x: ValueId, scale: usize, mode: ResizeMode) -> ValueId {
        self.push(Op::Resize(Resize { scale, mode }), &[x])
    }

    pub(crate) fn shuffle(&mut self, x: ValueId, block: usize, order: DepthOrder) -> ValueId {
        self.push(Op::DepthToSpace(DepthToSpace { block, order }), &[x])
    }

    pub(crate) fn pad(&mut self, x: ValueId, pads: [usize; 4], mode: PadMode) -> ValueId {
        self.push(Op::Pad(Pad { pads, mode }), &[x])
    }
}

/// photo-fast: luma, 16 channels, a skip over the body, a nearest anchor.
pub(crate) fn photo_fast(scale: usize) -> Graph {
    let mut net = Net::new(1, 11 + scale as u32);
    let head = net.conv(ValueId::INPUT, 16, 5);
    let skip = net.prelu(head);
    let mut x = skip;
    for _ in 0..6 {
        x = net.conv(x, 16, 3);
        x = net.prelu(x);
    }
    x = net.binary(BinaryOp::Add, x, skip);
    x = net.conv(x, scale * scale, 3);
    x = net.shuffle(x, scale, DepthOrder::Crd);
    let anchor = net.resize(ValueId::INPUT, scale, ResizeMode::Nearest);
    net.binary(BinaryOp::Add, x, anchor);
    net.graph
}

/// A small luma network with a smooth anchor and limits on the result.
pub(crate) fn anchored(scale: usize, mode: ResizeMode) -> Graph {
    let mut net = Net::new(1, 13);
    let x = net.conv(ValueId::INPUT, 8, 3);
    let x = net.activation(x, Activation::Relu);
    let x = net.conv(x, scale * scale, 3);
    let x = net.shuffle(x, scale, DepthOrder::Crd);
    let anchor = net.resize(ValueId::INPUT, scale, mode);
    let x = net.binary(BinaryOp::Add, anchor, x);
    net.activation(x, Activation::Clip { low: 0.0, high: 1.0 });
    net.graph
}

/// `SRVGGNetCompact`: 64 channels in the original.
pub(crate) fn compact(features: usize, layers: usize, scale: usize) -> Graph {
    let mut net = Net::new(3, 5);
    let mut x = net.conv(ValueId::INPUT, features, 3);
    x = net.prelu(x);
    for _ in 0..layers {
        x = net.conv(x, features, 3);
        x = net.prelu(x);
    }
    x = net.conv(x, 3 * scale * scale, 3);
    x = net.shuffle(x, scale, DepthOrder::Crd);
    let anchor = net.resize(ValueId::INPUT, scale, ResizeMode::Nearest);
    net.binary(BinaryOp::Add, anchor, x);
    net.graph
}

/// Two residual-in-residual dense blocks and an upsampler, as in ESRGAN.
pub(crate) fn dense(features: usize, growth: usize) -> Graph {
    let mut net = Net::new(3, 6);
    let first = net.conv(ValueId::INPUT, features, 3);
    let mut x = first;
    for _ in 0..2 {
        let block = x;
        let mut parts = vec![x];
        for _ in 0..3 {
            let joined = if parts.len() == 1 { parts[0] } else { net.push(Op::Concat, &parts) };
            let made = net.conv(joined, growth, 3);
            parts.push(net.activation(made, Activation::LeakyRelu(0.2)));
        }
        let joined = net.push(Op::Concat, &parts);
        x = net.conv(joined, features, 3);
        let scaled = BinaryConstant { op: BinaryOp::Mul, constant: Arc::from([0.2]), constant_left: false };
        x = net.push(Op::BinaryConstant(scaled), &[x]);
        x = net.binary(BinaryOp::Add, x, block);
    }
    x = net.conv(x, features, 3);
    x = net.binary(BinaryOp::Add, first, x);
    x = net.resize(x, 2, ResizeMode::Nearest);
    x = net.conv(x, features, 3);
    x = net.activation(x, Activation::LeakyRelu(0.2));
    net.conv(x, 3, 3);
    net.graph
}

/// A residual network with the addition before the activation, a shuffle in the middle, and a pixel shuffle without anchor.
pub(crate) fn residual() -> Graph {
    let mut net = Net::new(3, 8);
    let first = net.conv(ValueId::INPUT, 12, 3);
    let mut x = net.activation(first, Activation::Relu);
    for _ in 0..2 {
        let skip = x;
        x = net.conv(x, 12, 3);
        x = net.activation(x, Activation::Relu);
        x = net.conv(x, 12, 3);
        x = net.binary(BinaryOp::Add, skip, x);
        x = net.activation(x, Activation::Relu);
    }
    x = net.shuffle(x, 2, DepthOrder::Dcr);
    x = net.conv(x, 12, 1);
    x = net.activation(x, Activation::Sigmoid);
    net.shuffle(x, 2, DepthOrder::Dcr);
    net.graph
}

/// A network of random operations; the same seed gives the same network.
pub(crate) fn random_net(seed: u32) -> Graph {
    let mut net = Net::new(if seed.is_multiple_of(2) { 1 } else { 3 }, seed);
    let mut x = ValueId::INPUT;
    // Values of one size, to be joined and added.
    let mut same_size = vec![x];
    let mut area = 1;
    for _ in 0..9 {
        let c = net.channels(x);
        match net.random.below(12) {
            0..=3 => {
                let out = 1 + net.random.below(18);
                let side = [1, 3, 5][net.random.below(3)];
                x = net.conv(x, out, side);
            }
            4 => {
                let function = match net.random.below(4) {
                    0 => Activation::Relu,
                    1 => Activation::LeakyRelu(0.1),
                    2 => Activation::Clip { low: -0.5, high: 0.7 },
                    _ => Activation::Sigmoid,
                };
                x = net.activation(x, function);
            }
            5 => x = net.prelu(x),
            6 => {
                let op = [BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul][net.random.below(3)];
                let (per_channel, left) = (net.random.below(2) == 0, net.random.below(2) == 0);
                x = net.constant(op, x, per_channel, left);
            }
            7 => {
                let with = same_size[net.random.below(same_size.len())];
                x = net.push(Op::Concat, &[with, x]);
            }
            8 => {
                let alike: Vec<_> = same_size.iter().copied().filter(|&v| net.channels(v) == c).collect();
                if !alike.is_empty() {
                    let with = alike[net.random.below(alike.len())];
                    let op = [BinaryOp::Add, BinaryOp::Add, BinaryOp::Sub][net.random.below(3)];
                    x = net.binary(op, x, with);
                }
            }
            9 => {
                let pads = [net.random.below(3), net.random.below(3), net.random.below(3), net.random.below(3)];
                let mode = if net.random.below(2) == 0 { PadMode::Edge } else { PadMode::Constant(0.25) };
                x = net.pad(x, pads, mode);
                same_size.clear();
            }
            10 if area < 3 => {
                let mode = [ResizeMode::Nearest, ResizeMode::Linear, ResizeMode::LinearAsymmetric][net.random.below(3)];
                x = net.resize(x, 2, mode);
                area += 1;
                same_size.clear();
            }
            _ if area < 3 && c.is_multiple_of(4) => {
                let order = [DepthOrder::Crd, DepthOrder::Dcr][net.random.below(2)];
                x = net.shuffle(x, 2, order);
                area += 1;
                same_size.clear();
            }
            _ => {
                let out = 4 * (1 + net.random.below(4));
                x = net.conv(x, out, 3);
            }
        }
        same_size.push(x);
    }
    net.graph
}
