//! The golden networks: small ones that between them have every kind of layer that the shipped networks have.
//!
//! Their answers lie in a file, so that no start interprets them again. The tests below walk through the shipped
//! files and fail where one has a kind of layer, or makes an engine choose a kernel, that is not here.

use std::sync::Arc;

use super::Tensor;
use crate::model::graph::{Activation, BinaryOp, Conv, DepthOrder, DepthToSpace, Graph, Node, Op, Resize, ResizeMode, Shape, ValueId};

/// A network, a tile for it, and what the reference interpreter makes of that.
#[derive(Debug)]
pub(super) struct Golden {
    pub(super) graph: Graph,
    pub(super) tile: Tensor,
    pub(super) answer: Tensor,
}

/// The answers, one after the other: CHW, little-endian 16-bit numbers in units of 1/[`UNIT`].
const ANSWERS: &[u8] = include_bytes!("golden.bin");
const UNIT: f32 = 4096.0;

/// The networks with their tiles and answers.
pub(super) fn golden() -> impl Iterator<Item = Golden> {
    let mut rest = ANSWERS.as_chunks().0;
    sketches().into_iter().map(move |(graph, [height, width], answer)| {
        let tile = Shape::new(graph.input_channels, height, width);
        let (now, later) = rest.split_at(answer.len().min(rest.len()));
        rest = later;
        Golden {
            graph,
            tile: Tensor { shape: tile, data: noise(7, tile.len()).iter().map(|v| 0.5 + 0.5 * v).collect() },
            answer: Tensor { shape: answer, data: now.iter().map(|&bytes| f32::from(i16::from_le_bytes(bytes)) / UNIT).collect() },
        }
    })
}

/// Each network, height and width of its tile, and the shape of its answer. The sides are odd where they may be.
fn sketches() -> [(Graph, [usize; 2], Shape); 3] {
    [(joined(), [9, 11], Shape::new(3, 18, 22)), (gated(), [10, 14], Shape::new(3, 20, 28)), (luma(), [7, 11], Shape::new(1, 14, 22))]
}

/// Resize and concatenation, a slope for each channel, a value added to a result; the end with the input enlarged under it.
fn joined() -> Graph {
    let mut sketch = Sketch::new(3);
    let enlarged = sketch.push(Op::Resize(Resize { scale: 2, mode: ResizeMode::Nearest }), &[ValueId::INPUT]);
    let strided = sketch.conv(enlarged, [3, 24], 6, 2);
    let strided = sketch.push(Op::Activation(Activation::Relu), &[strided]);
    let head = sketch.conv(ValueId::INPUT, [3, 24], 3, 1);
    let head = sketch.prelu(head, 24);
    let joined = sketch.push(Op::Concat, &[ValueId::INPUT, head, strided]);
    let body = sketch.conv(joined, [51, 24], 3, 1);
    let body = sketch.push(Op::Activation(Activation::Relu), &[body]);
    let body = sketch.conv(body, [24, 24], 3, 1);
    let body = sketch.prelu(body, 24);
    let body = sketch.push(Op::Binary(BinaryOp::Add), &[body, head]);
    sketch.end(body, [24, 3], 2, 2);
    sketch.graph
}

/// A network at half of the size, with a gate; the input lies under its end enlarged by less than the pixel shuffle.
fn gated() -> Graph {
    let mut sketch = Sketch::new(3);
    let head = sketch.conv(ValueId::INPUT, [3, 48], 6, 2);
    // Read twice, so that the activation is a stage of its own.
    let body = sketch.push(Op::Activation(Activation::Relu), &[head]);
    let body = sketch.conv(body, [48, 48], 3, 1);
    let sum = sketch.push(Op::Binary(BinaryOp::Add), &[head, body]);
    let gate = sketch.conv(body, [48, 48], 1, 1);
    let body = sketch.push(Op::Binary(BinaryOp::Mul), &[sum, gate]);
    sketch.end(body, [48, 3], 4, 2);
    sketch.graph
}

/// A network on luma; a convolution of the input is added before its end's pixel shuffle.
fn luma() -> Graph {
    let mut sketch = Sketch::new(1);
    let body = sketch.conv(ValueId::INPUT, [1, 16], 5, 1);
    let body = sketch.prelu(body, 16);
    let body = sketch.conv(body, [16, 16], 3, 1);
    let body = sketch.prelu(body, 16);
    let body = sketch.conv(body, [16, 4], 3, 1);
    let input = sketch.conv(ValueId::INPUT, [1, 4], 3, 1);
    let sum = sketch.push(Op::Binary(BinaryOp::Add), &[body, input]);
    sketch.push(Op::DepthToSpace(DepthToSpace { block: 2, order: DepthOrder::Crd }), &[sum]);
    sketch.graph
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

/// A graph that grows by a node at a time, with weights from a fixed seed.
struct Sketch {
    graph: Graph,
    seed: u32,
}

impl Sketch {
    fn new(input_channels: usize) -> Self {
        Self { graph: Graph { input_channels, nodes: Vec::new(), output: ValueId::INPUT }, seed: 11 }
    }

    fn push(&mut self, op: Op, inputs: &[ValueId]) -> ValueId {
        self.graph.nodes.push(Node { name: op.name().into(), op, inputs: inputs.to_vec() });
        self.graph.output = ValueId(self.graph.nodes.len());
        self.graph.output
    }

    fn values(&mut self, count: usize, middle: f32, span: f32) -> Arc<[f32]> {
        self.seed += 10;
        noise(self.seed, count).iter().map(|v| middle + span * v).collect()
    }

    /// A convolution that keeps the size of its input, or divides it by the stride, and keeps the variance.
    fn conv(&mut self, from: ValueId, channels: [usize; 2], side: usize, stride: usize) -> ValueId {
        let fan_in = channels[0] * side * side;
        let conv = Conv {
            out_channels: channels[1],
            group_in_channels: channels[0],
            kernel: [side, side],
            stride: [stride, stride],
            dilation: [1, 1],
            pads: [(side - 1) / 2; 4],
            group: 1,
            weight: self.values(channels[1] * fan_in, 0.0, (3.0 / fan_in as f32).sqrt()),
            bias: self.values(channels[1], 0.0, 0.1),
        };
        self.push(Op::Conv(conv), &[from])
    }

    fn prelu(&mut self, from: ValueId, channels: usize) -> ValueId {
        let slopes = self.values(channels, 0.2, 0.1);
        self.push(Op::Activation(Activation::PRelu(slopes)), &[from])
    }

    /// Pixel shuffle by `block`, on the input enlarged by `scale`.
    fn end(&mut self, from: ValueId, channels: [usize; 2], block: usize, scale: usize) {
        let last = self.conv(from, [channels[0], channels[1] * block * block], 3, 1);
        let shuffled = self.push(Op::DepthToSpace(DepthToSpace { block, order: DepthOrder::Crd }), &[last]);
        let anchor = self.push(Op::Resize(Resize { scale, mode: ResizeMode::Nearest }), &[ValueId::INPUT]);
        self.push(Op::Binary(BinaryOp::Add), &[shuffled, anchor]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::probe::{largest_difference, run};
    use crate::backend::reference::ReferenceBackend;
    use crate::model::Network;

    /// What [`ANSWERS`] may weigh: every visitor of the page waits for it.
    const MAX_BYTES: usize = 6552;

    #[test]
    fn the_kept_answers_are_those_of_the_reference() {
        let reference = ReferenceBackend::new(1);
        let answers: Vec<Tensor> =
            golden().map(|golden| pollster::block_on(run(&reference, &Network::from_graph(golden.graph), &golden.tile)).unwrap()).collect();
        let kept: Vec<u8> = answers.iter().flat_map(|answer| &answer.data).flat_map(|v| ((v * UNIT).round() as i16).to_le_bytes()).collect();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/backend/golden.bin");
        if std::env::var_os("INLARGE_WRITE_GOLDEN").is_some() {
            std::fs::write(path, &kept).unwrap();
        }
        assert!(kept.len() <= MAX_BYTES, "{} bytes of answers", kept.len());
        assert_eq!(ANSWERS.len(), kept.len(), "INLARGE_WRITE_GOLDEN=1 cargo test --lib golden writes {path} anew");
        for (answer, golden) in answers.iter().zip(golden()) {
            let difference = largest_difference(answer, &golden.answer);
            assert!(difference <= 0.5 / UNIT, "off by {difference}: INLARGE_WRITE_GOLDEN=1 cargo test --lib golden writes {path} anew");
            let span = answer.data.iter().fold([f32::MAX, f32::MIN], |[low, high], &v| [low.min(v), high.max(v)]);
            assert!(span[1] - span[0] > 1.0, "an answer that is nearly flat tells nothing: {span:?}");
        }
    }
}

#[cfg(all(test, feature = "cli", feature = "gpu", feature = "simd"))]
mod kinds {
    use std::collections::BTreeSet;

    use super::*;
    use crate::backend::gpu::kernels::{ConvVariant, Variant, WeightSpace};
    use crate::backend::gpu::memory::plan;
    use crate::backend::gpu::program::{Step, assemble};
    use crate::backend::lower::lower;
    use crate::backend::simd::program::Program;
    use crate::model::manifest::shipped;
    use crate::model::receptive_field::Geometry;

    /// Numbers in a vector of the instruction sets that there are.
    const LANES: [usize; 3] = [4, 8, 16];

    /// What a graph is made of: its layers with all that makes them another kind, and the kernels that each engine runs for it.
    fn kinds(graph: &Graph, height: usize, width: usize) -> BTreeSet<String> {
        let input = Shape::new(graph.input_channels, height, width);
        let mut kinds: BTreeSet<String> = graph.nodes.iter().map(|node| layer(&node.op)).collect();
        for lanes in LANES {
            kinds.extend(Program::kinds(graph, input, lanes).unwrap().into_iter().map(|kind| format!("simd, {lanes} lanes: {kind}")));
        }
        let lowered = lower(graph, input).unwrap();
        let program = assemble(&lowered, plan(&lowered));
        kinds.extend(shaders(&program.steps).into_iter().map(|kind| format!("gpu: {kind}")));
        kinds
    }

    /// Variants of shaders, the sizes of the uniforms that they read weights from, and whether weights are cut over dispatches.
    fn shaders(steps: &[Step]) -> BTreeSet<String> {
        let kind = |step: &Step| match step.variant {
            Variant::Conv(conv @ ConvVariant { weights: WeightSpace::Uniform(size), .. }) => {
                // The code is the same whatever the size.
                let same = ConvVariant { weights: WeightSpace::Uniform(0), ..conv };
                vec![format!("uniform of {size} matrices"), format!("{same:?}")]
            }
            other => vec![format!("{other:?}")],
        };
        let cut = steps.windows(2).any(|pair| pair[0].channel == pair[1].channel && pair[0].weights != pair[1].weights);
        steps.iter().flat_map(kind).chain(cut.then(|| "weights over several dispatches".into())).collect()
    }

    fn layer(op: &Op) -> String {
        match op {
            Op::Conv(conv) => format!(
                "Conv {:?}, stride {:?}, dilation {:?}, {}",
                conv.kernel,
                conv.stride,
                conv.dilation,
                if conv.group == 1 { "whole" } else { "in groups" }
            ),
            Op::DepthToSpace(shuffle) => format!("{shuffle:?}"),
            Op::Resize(resize) => format!("Resize {:?}", resize.mode),
            Op::Pad(pad) => format!("Pad {:?}", std::mem::discriminant(&pad.mode)),
            Op::BinaryConstant(_) => format!("{} of a constant", op.name()),
            _ => op.name().to_owned(),
        }
    }

    fn kinds_of_shipped() -> Vec<(String, BTreeSet<String>)> {
        let models = shipped::manifest().unwrap().models;
        assert!(models.len() >= 11, "{} models", models.len());
        let walk = |entry: &crate::model::manifest::Entry| {
            let network = shipped::load(entry).unwrap();
            let graph = network.graph().unwrap();
            let side = 64 * Geometry::of(graph).unwrap().alignment;
            (entry.file.clone(), kinds(graph, side, side))
        };
        models.iter().map(walk).collect()
    }

    /// The kinds of the golden networks but those of number `left_out`.
    fn probed(left_out: Option<usize>) -> BTreeSet<String> {
        let kept = sketches().into_iter().enumerate().filter(|(index, _)| Some(*index) != left_out);
        kept.flat_map(|(_, (graph, [height, width], _))| kinds(&graph, height, width)).collect()
    }

    fn lacking<'a>(shipped: &'a [(String, BTreeSet<String>)], probed: &BTreeSet<String>) -> Vec<String> {
        let missing = |(file, kinds): &'a (String, BTreeSet<String>)| kinds.difference(probed).map(move |kind| format!("{file}: {kind}"));
        shipped.iter().flat_map(missing).collect()
    }

    #[test]
    fn every_kind_of_layer_of_the_shipped_files_is_probed() {
        let shipped = kinds_of_shipped();
        let lacking = lacking(&shipped, &probed(None));
        assert!(lacking.is_empty(), "the golden networks lack what shipped files have: {lacking:#?}");
    }

    /// The twin: without one of the networks, or with a file of another kind, something is missing.
    #[test]
    fn a_kind_that_is_not_probed_is_found() {
        let mut shipped = kinds_of_shipped();
        for left_out in 0..sketches().len() {
            assert!(!lacking(&shipped, &probed(Some(left_out))).is_empty(), "the golden network {left_out} shows nothing");
        }
        let mut sketch = Sketch::new(3);
        let made = sketch.conv(ValueId::INPUT, [3, 8], 7, 1);
        sketch.push(Op::Activation(Activation::Sigmoid), &[made]);
        shipped.push(("planted.onnx".into(), kinds(&sketch.graph, 64, 64)));
        let lacking = lacking(&shipped, &probed(None));
        assert!(lacking.iter().all(|line| line.starts_with("planted.onnx: ")), "{lacking:#?}");
        for word in ["Conv [7, 7]", "Sigmoid", "gpu: ", "simd, 8 lanes: "] {
            assert!(lacking.iter().any(|line| line.contains(word)), "{word}: {lacking:#?}");
        }
    }
}
