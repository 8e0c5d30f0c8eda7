//! The naive interpreter of the graph: slow on purpose, the gold standard in tests.
//!
//! Every operation is computed as its ONNX definition says, one node after the other. Convolutions
//! accumulate in f64 in a fixed order, so the result is the f32 nearest to the exact sum and is the
//! same on every machine (sigmoid alone uses the platform's `exp`).

use super::{Backend, BackendKind, Capabilities, LocalFuture, Session, Tensor};
use crate::error::{Error, Result};
use crate::limits::try_vec;
use crate::model::Network;
use crate::model::graph::{Activation, Conv, DepthOrder, DepthToSpace, Graph, Op, Pad, PadMode, Resize, ResizeMode, Shape};
use crate::model::shapes;

/// The interpreter.
#[derive(Debug)]
pub struct ReferenceBackend {
    capabilities: Capabilities,
}

impl ReferenceBackend {
    /// The interpreter, for sessions on as many threads as `parallel_sessions`.
    pub fn new(parallel_sessions: usize) -> Self {
        Self { capabilities: Capabilities::cpu(parallel_sessions, false) }
    }
}

impl Backend for ReferenceBackend {
    fn kind(&self) -> BackendKind {
        BackendKind::Reference
    }

    fn adapter(&self) -> &'static str {
        "CPU, reference interpreter"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn prepare<'a>(&'a self, network: &'a Network, shape: Shape) -> LocalFuture<'a, Result<Box<dyn Session>>> {
        Box::pin(async move {
            let graph = network.graph()?.clone();
            let shapes = shapes::infer(&graph, shape)?;
            let session: Box<dyn Session> = Box::new(ReferenceSession { graph, shapes });
            Ok(session)
        })
    }
}

struct ReferenceSession {
    graph: Graph,
    shapes: Vec<Shape>,
}

impl Session for ReferenceSession {
    fn input_shape(&self) -> Shape {
        self.shapes[0]
    }

    fn output_shape(&self) -> Shape {
        self.shapes[self.graph.output.0]
    }

    fn run<'a>(&'a self, tile: &'a Tensor) -> LocalFuture<'a, Result<Tensor>> {
        Box::pin(async move { interpret(&self.graph, &self.shapes, tile) })
    }
}

/// Runs `graph` on one tensor.
///
/// # Errors
/// `Parameter` for an input of another shape than `shapes[0]`; `Limits` where memory runs out.
fn interpret(graph: &Graph, shapes: &[Shape], input: &Tensor) -> Result<Tensor> {
    if input.shape != shapes[0] {
        return Err(Error::parameter(format!("The session was prepared for {:?} and was given {:?}", shapes[0], input.shape), ""));
    }
    // A value is dropped after its last use.
    let mut last_use = vec![0; shapes.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        for id in &node.inputs {
            last_use[id.0] = index;
        }
    }
    last_use[graph.output.0] = graph.nodes.len();
    let mut values: Vec<Option<Tensor>> = vec![None; shapes.len()];
    values[0] = Some(input.clone());
    for (index, node) in graph.nodes.iter().enumerate() {
        let operands: Vec<&Tensor> = node.inputs.iter().filter_map(|id| values[id.0].as_ref()).collect();
        let result = Tensor { shape: shapes[index + 1], data: evaluate(&node.op, &operands, shapes[index + 1])? };
        values[index + 1] = Some(result);
        for id in &node.inputs {
            if last_use[id.0] == index {
                values[id.0] = None;
            }
        }
    }
    values[graph.output.0].take().ok_or_else(|| Error::model("The network's output is never computed", "Download the model again"))
}

fn evaluate(op: &Op, operands: &[&Tensor], shape: Shape) -> Result<Vec<f32>> {
    let Some(&first) = operands.first() else {
        return Err(Error::model("An operation has no operand", "Download the model again"));
    };
    Ok(match op {
        Op::Conv(conv) => convolve(conv, first, shape)?,
        Op::Activation(activation) => activate(activation, first),
        Op::Binary(op) => first.data.iter().zip(&operands[1].data).map(|(&a, &b)| op.apply(a, b)).collect(),
        Op::BinaryConstant(binary) => {
            let plane = shape.height * shape.width;
            let at = |i: usize| if binary.constant.len() == 1 { binary.constant[0] } else { binary.constant[i / plane] };
            let apply = |(i, &x): (usize, &f32)| {
                if binary.constant_left { binary.op.apply(at(i), x) } else { binary.op.apply(x, at(i)) }
            };
            first.data.iter().enumerate().map(apply).collect()
        }
        Op::Concat => operands.iter().flat_map(|t| t.data.iter().copied()).collect(),
        Op::DepthToSpace(shuffle) => depth_to_space(*shuffle, first, shape),
        Op::Resize(resize) => enlarge(*resize, first, shape),
        Op::Pad(pad) => border(pad, first, shape),
    })
}

fn convolve(conv: &Conv, input: &Tensor, shape: Shape) -> Result<Vec<f32>> {
    let [kh, kw] = conv.kernel;
    let Shape { height: ih, width: iw, .. } = input.shape;
    let group_out = conv.out_channels / conv.group;
    let mut output = try_vec(0.0f32, shape.len())?;
    let mut sums = vec![0.0f64; shape.width];
    for (row, out) in output.chunks_exact_mut(shape.width).enumerate() {
        let (channel, y) = (row / shape.height, row % shape.height);
        sums.fill(f64::from(conv.bias[channel]));
        let first_in = channel / group_out * conv.group_in_channels;
        for ci in 0..conv.group_in_channels {
            let plane = &input.data[(first_in + ci) * ih * iw..][..ih * iw];
            for ky in 0..kh {
                let Some(sy) = (y * conv.stride[0] + ky * conv.dilation[0]).checked_sub(conv.pads[0]).filter(|&sy| sy < ih) else { continue };
                let source = &plane[sy * iw..][..iw];
                for kx in 0..kw {
                    let weight = f64::from(conv.weight[((channel * conv.group_in_channels + ci) * kh + ky) * kw + kx]);
                    let shift = kx * conv.dilation[1];
                    for (x, sum) in sums.iter_mut().enumerate() {
                        if let Some(sx) = (x * conv.stride[1] + shift).checked_sub(conv.pads[1]).filter(|&sx| sx < iw) {
                            *sum += weight * f64::from(source[sx]);
                        }
                    }
                }
            }
        }
        for (value, sum) in out.iter_mut().zip(&sums) {
            *value = *sum as f32;
        }
    }
    Ok(output)
}

fn activate(activation: &Activation, input: &Tensor) -> Vec<f32> {
    let plane = input.shape.height * input.shape.width;
    let leaky = |x: f32, slope: f32| if x >= 0.0 { x } else { x * slope };
    let each = |f: &dyn Fn(usize, f32) -> f32| input.data.iter().enumerate().map(|(i, &x)| f(i, x)).collect();
    match activation {
        Activation::Relu => each(&|_, x| x.max(0.0)),
        Activation::LeakyRelu(slope) => each(&|_, x| leaky(x, *slope)),
        Activation::PRelu(slopes) => each(&|i, x| leaky(x, slopes[i / plane])),
        Activation::Clip { low, high } => each(&|_, x| x.max(*low).min(*high)),
        Activation::Sigmoid => each(&|_, x| 1.0 / (1.0 + (-x).exp())),
    }
}

fn depth_to_space(shuffle: DepthToSpace, input: &Tensor, shape: Shape) -> Vec<f32> {
    let block = shuffle.block;
    let Shape { height: ih, width: iw, .. } = input.shape;
    let mut output = Vec::with_capacity(shape.len());
    for c in 0..shape.channels {
        for y in 0..shape.height {
            for x in 0..shape.width {
                let phase = y % block * block + x % block;
                let source = match shuffle.order {
                    DepthOrder::Crd => c * block * block + phase,
                    DepthOrder::Dcr => phase * shape.channels + c,
                };
                output.push(input.data[(source * ih + y / block) * iw + x / block]);
            }
        }
    }
    output
}

fn enlarge(resize: Resize, input: &Tensor, shape: Shape) -> Vec<f32> {
    let Shape { height: ih, width: iw, .. } = input.shape;
    // Left neighbour, right neighbour and weight of the right one, for an output index.
    let taps = |o: usize, size: usize| -> (usize, usize, f32) {
        let s = resize.scale as f32;
        let position = match resize.mode {
            ResizeMode::Nearest => return (o / resize.scale, o / resize.scale, 0.0),
            ResizeMode::Linear => ((o as f32 + 0.5) / s - 0.5).clamp(0.0, (size - 1) as f32),
            ResizeMode::LinearAsymmetric => (o as f32 / s).clamp(0.0, (size - 1) as f32),
        };
        let left = position.floor() as usize;
        (left, (left + 1).min(size - 1), position - left as f32)
    };
    let mut output = Vec::with_capacity(shape.len());
    for plane in input.data.chunks_exact(ih * iw) {
        for y in 0..shape.height {
            let (top, bottom, fy) = taps(y, ih);
            for x in 0..shape.width {
                let (left, right, fx) = taps(x, iw);
                let row = |y: usize| plane[y * iw + left] * (1.0 - fx) + plane[y * iw + right] * fx;
                output.push(if resize.mode == ResizeMode::Nearest { plane[top * iw + left] } else { row(top) * (1.0 - fy) + row(bottom) * fy });
            }
        }
    }
    output
}

fn border(pad: &Pad, input: &Tensor, shape: Shape) -> Vec<f32> {
    let Shape { height: ih, width: iw, .. } = input.shape;
    let mut output = Vec::with_capacity(shape.len());
    let source = |o: usize, before: usize, size: usize| -> Option<usize> {
        let (i, last) = (o as i64 - before as i64, size as i64 - 1);
        match pad.mode {
            PadMode::Constant(_) => (0..=last).contains(&i).then_some(i as usize),
            PadMode::Edge => Some(i.clamp(0, last) as usize),
            PadMode::Reflect => Some(if i < 0 {
                -i
            } else if i > last {
                2 * last - i
            } else {
                i
            } as usize),
        }
    };
    let fill = if let PadMode::Constant(value) = pad.mode { value } else { 0.0 };
    for plane in input.data.chunks_exact(ih * iw) {
        for y in 0..shape.height {
            for x in 0..shape.width {
                let value = source(y, pad.pads[0], ih).zip(source(x, pad.pads[1], iw));
                output.push(value.map_or(fill, |(sy, sx)| plane[sy * iw + sx]));
            }
        }
    }
    output
}
