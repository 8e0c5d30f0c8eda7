//! Networks and pictures with fixed pseudo-random values.

use std::sync::Arc;

use inlarge::backend::Tensor;
use inlarge::backend::probe::noise;
use inlarge::model::graph::{
    Activation, BinaryConstant, BinaryOp, Conv, DepthOrder, DepthToSpace, Graph, Node, Op, Pad, PadMode, Resize, ResizeMode, Shape, ValueId,
};

/// Builds a graph node by node.
pub(crate) struct Builder {
    graph: Graph,
    seed: u32,
}

impl Builder {
    pub(crate) fn new(input_channels: usize) -> Self {
        Self { graph: Graph { input_channels, nodes: Vec::new(), output: ValueId::INPUT }, seed: 1000 }
    }

    pub(crate) fn push(&mut self, op: Op, inputs: &[ValueId]) -> ValueId {
        self.graph.nodes.push(Node { name: format!("node{}", self.graph.nodes.len()), op, inputs: inputs.to_vec() });
        self.graph.output = ValueId(self.graph.nodes.len());
        self.graph.output
    }

    fn values(&mut self, len: usize, scale: f32) -> Arc<[f32]> {
        self.seed += 17;
        noise(self.seed, len).iter().map(|v| v * scale).collect()
    }

    /// A convolution that keeps the variance of its input.
    pub(crate) fn conv(&mut self, input: ValueId, channels: [usize; 2], side: usize, edit: impl FnOnce(&mut Conv)) -> ValueId {
        let mut conv = Conv {
            out_channels: channels[1],
            group_in_channels: channels[0],
            kernel: [side, side],
            stride: [1, 1],
            dilation: [1, 1],
            pads: [side / 2; 4],
            group: 1,
            weight: Arc::new([]),
            bias: self.values(channels[1], 0.05),
        };
        edit(&mut conv);
        let fan_in = conv.group_in_channels * conv.kernel[0] * conv.kernel[1];
        conv.weight = self.values(conv.out_channels * fan_in, (3.0 / fan_in as f32).sqrt());
        self.push(Op::Conv(conv), &[input])
    }

    pub(crate) fn activation(&mut self, input: ValueId, activation: Activation) -> ValueId {
        self.push(Op::Activation(activation), &[input])
    }

    pub(crate) fn prelu(&mut self, input: ValueId, channels: usize) -> ValueId {
        let slopes = self.values(channels, 0.3);
        self.activation(input, Activation::PRelu(slopes))
    }

    pub(crate) fn binary(&mut self, op: BinaryOp, a: ValueId, b: ValueId) -> ValueId {
        self.push(Op::Binary(op), &[a, b])
    }

    pub(crate) fn finish(self) -> Graph {
        self.graph
    }
}

/// Like photo-fast: luma, 5x5 head, residual body, pixel shuffle on a nearest anchor.
pub(crate) fn luma(scale: usize) -> Graph {
    let mut b = Builder::new(1);
    let head = b.conv(ValueId::INPUT, [1, 16], 5, |_| {});
    let head = b.prelu(head, 16);
    let mut x = head;
    for _ in 0..3 {
        x = b.conv(x, [16, 16], 3, |_| {});
        x = b.prelu(x, 16);
    }
    let x = b.binary(BinaryOp::Add, x, head);
    anchored(&mut b, x, 16, 1, scale, ResizeMode::Nearest);
    b.finish()
}

/// Like `SRVGGNetCompact`: RGB, 24 channels, linear anchor.
pub(crate) fn compact(scale: usize) -> Graph {
    let mut b = Builder::new(3);
    let mut x = b.conv(ValueId::INPUT, [3, 24], 3, |_| {});
    for _ in 0..2 {
        x = b.activation(x, Activation::LeakyRelu(0.2));
        x = b.conv(x, [24, 24], 3, |_| {});
    }
    anchored(&mut b, x, 24, 3, scale, ResizeMode::Linear);
    b.finish()
}

/// Like photo: RGB, 48 channels, six gated blocks of three convolutions.
pub fn photo(scale: usize) -> Graph {
    let mut b = Builder::new(3);
    let mut x = b.conv(ValueId::INPUT, [3, 48], 3, |_| {});
    for _ in 0..6 {
        let mut f = x;
        for _ in 0..2 {
            f = b.conv(f, [48, 48], 3, |_| {});
            f = b.activation(f, Activation::Relu);
        }
        let f = b.conv(f, [48, 48], 3, |_| {});
        let sum = b.binary(BinaryOp::Add, x, f);
        let gate = b.conv(f, [48, 48], 1, |_| {});
        x = b.binary(BinaryOp::Mul, sum, gate);
    }
    anchored(&mut b, x, 48, 3, scale, ResizeMode::Nearest);
    b.finish()
}

fn anchored(b: &mut Builder, x: ValueId, channels: usize, colours: usize, scale: usize, mode: ResizeMode) {
    let x = b.conv(x, [channels, colours * scale * scale], 3, |_| {});
    let x = b.push(Op::DepthToSpace(DepthToSpace { block: scale, order: DepthOrder::Crd }), &[x]);
    let anchor = b.push(Op::Resize(Resize { scale, mode }), &[ValueId::INPUT]);
    b.binary(BinaryOp::Add, x, anchor);
}

/// A residual dense block with every way of combining values; channel counts that are no multiples of 4.
pub(crate) fn dense() -> Graph {
    let mut b = Builder::new(3);
    let a = b.conv(ValueId::INPUT, [3, 10], 3, |_| {});
    let a = b.activation(a, Activation::Relu);
    let c = b.push(Op::Concat, &[ValueId::INPUT, a]);
    let d = b.conv(c, [13, 7], 3, |_| {});
    let gate = b.activation(d, Activation::Sigmoid);
    let d = b.binary(BinaryOp::Mul, d, gate);
    let e = b.push(Op::Concat, &[c, d, a]);
    let e = b.conv(e, [30, 10], 1, |_| {});
    let e = b.push(Op::BinaryConstant(BinaryConstant { op: BinaryOp::Mul, constant: vec![0.2].into(), constant_left: false }), &[e]);
    let f = b.binary(BinaryOp::Add, e, a);
    let f = b.binary(BinaryOp::Sub, f, e);
    let per_channel: Vec<f32> = (0..10).map(|i| i as f32 / 10.0).collect();
    let f = b.push(Op::BinaryConstant(BinaryConstant { op: BinaryOp::Sub, constant: per_channel.into(), constant_left: true }), &[f]);
    let f = b.push(Op::Resize(Resize { scale: 2, mode: ResizeMode::Nearest }), &[f]);
    let f = b.conv(f, [10, 3], 3, |_| {});
    b.activation(f, Activation::Clip { low: 0.0, high: 1.0 });
    b.finish()
}

/// Small graphs of one or two operations each, with the rarer parameters.
pub(crate) fn operations() -> Vec<(&'static str, Graph)> {
    type Build = fn(&mut Builder);
    let list: [(&'static str, Build); 17] = [
        ("5x5 convolution", |b| drop_id(b.conv(ValueId::INPUT, [6, 5], 5, |_| {}))),
        ("1x1 convolution", |b| drop_id(b.conv(ValueId::INPUT, [6, 9], 1, |_| {}))),
        ("1x3 convolution", |b| drop_id(b.conv(ValueId::INPUT, [6, 4], 1, |c| (c.kernel, c.pads) = ([1, 3], [0, 1, 0, 1])))),
        ("strided convolution", |b| drop_id(b.conv(ValueId::INPUT, [6, 8], 3, |c| c.stride = [2, 2]))),
        ("dilated convolution", |b| drop_id(b.conv(ValueId::INPUT, [6, 8], 3, |c| (c.dilation, c.pads) = ([2, 2], [2; 4])))),
        ("grouped convolution", |b| drop_id(b.conv(ValueId::INPUT, [3, 8], 3, |c| c.group = 2))),
        ("depthwise convolution", |b| drop_id(b.conv(ValueId::INPUT, [1, 6], 3, |c| c.group = 6))),
        ("asymmetric padding", |b| drop_id(b.conv(ValueId::INPUT, [6, 4], 3, |c| c.pads = [0, 2, 1, 0]))),
        ("convolution times a value", |b| {
            let x = b.conv(ValueId::INPUT, [6, 9], 3, |_| {});
            let factor = b.conv(ValueId::INPUT, [6, 9], 1, |_| {});
            let x = b.activation(x, Activation::LeakyRelu(0.3));
            let x = b.binary(BinaryOp::Mul, factor, x);
            b.activation(x, Activation::Relu);
        }),
        ("convolution times itself", |b| {
            let x = b.conv(ValueId::INPUT, [6, 9], 3, |_| {});
            b.binary(BinaryOp::Mul, x, x);
        }),
        ("gate with the convolution's input", |b| {
            let x = b.conv(ValueId::INPUT, [6, 10], 3, |_| {});
            let f = b.conv(x, [10, 10], 3, |_| {});
            let sum = b.binary(BinaryOp::Add, x, f);
            let gate = b.conv(f, [10, 10], 1, |_| {});
            let gate = b.activation(gate, Activation::Sigmoid);
            b.binary(BinaryOp::Mul, gate, sum);
        }),
        ("DCR pixel shuffle", |b| {
            let x = b.conv(ValueId::INPUT, [6, 18], 3, |_| {});
            b.push(Op::DepthToSpace(DepthToSpace { block: 3, order: DepthOrder::Dcr }), &[x]);
        }),
        ("linear resize", |b| drop_id(b.push(Op::Resize(Resize { scale: 3, mode: ResizeMode::Linear }), &[ValueId::INPUT]))),
        ("asymmetric linear resize", |b| drop_id(b.push(Op::Resize(Resize { scale: 2, mode: ResizeMode::LinearAsymmetric }), &[ValueId::INPUT]))),
        ("constant border", |b| drop_id(b.push(Op::Pad(Pad { pads: [1, 2, 3, 4], mode: PadMode::Constant(0.25) }), &[ValueId::INPUT]))),
        ("replicated border", |b| drop_id(b.push(Op::Pad(Pad { pads: [3, 0, 1, 2], mode: PadMode::Edge }), &[ValueId::INPUT]))),
        ("mirrored border", |b| drop_id(b.push(Op::Pad(Pad { pads: [2, 3, 1, 4], mode: PadMode::Reflect }), &[ValueId::INPUT]))),
    ];
    list.into_iter()
        .map(|(name, build)| {
            let mut builder = Builder::new(6);
            build(&mut builder);
            (name, builder.finish())
        })
        .collect()
}

fn drop_id(_: ValueId) {}

/// A tensor of values in 0..=1.
pub(crate) fn tile(shape: Shape, seed: u32) -> Tensor {
    Tensor { shape, data: noise(seed, shape.len()).iter().map(|v| 0.5 + 0.5 * v).collect() }
}
