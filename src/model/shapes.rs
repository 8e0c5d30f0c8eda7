//! Shape inference over a graph.

use super::graph::{Activation, Conv, Graph, Node, Op, Shape};
use crate::error::{Error, Result};

/// Shapes of all values for an input of `input`: index 0 is the input, `i + 1` the output of node `i`.
///
/// # Errors
/// `Model` names the node whose operands do not fit together; `Limits` where the input is smaller
/// than a kernel.
pub fn infer(graph: &Graph, input: Shape) -> Result<Vec<Shape>> {
    if input.channels != graph.input_channels {
        return Err(Error::parameter(format!("The network takes {} channels and was given {}", graph.input_channels, input.channels), ""));
    }
    let mut shapes = vec![input];
    for node in &graph.nodes {
        let shape = node_shape(node, &shapes)?;
        shapes.push(shape);
    }
    Ok(shapes)
}

/// Checks that the nodes fit together, independently of the picture's size.
///
/// # Errors
/// As [`infer`].
pub(super) fn check_channels(graph: &Graph) -> Result<()> {
    // Larger than every kernel and border that the import admits, and a multiple of usual strides.
    infer(graph, Shape::new(graph.input_channels, 4096, 4096)).map(|_| ())
}

fn node_shape(node: &Node, shapes: &[Shape]) -> Result<Shape> {
    let mut inputs = Vec::with_capacity(node.inputs.len());
    for id in &node.inputs {
        inputs.push(*shapes.get(id.0).ok_or_else(|| misfit(node, "uses a value that is made later"))?);
    }
    let Some(&first) = inputs.first() else {
        return Err(misfit(node, "has no operand"));
    };
    let Shape { channels, height, width } = first;
    match &node.op {
        Op::Conv(conv) => {
            if channels != conv.group_in_channels * conv.group {
                return Err(misfit(node, &format!("takes {} channels and is given {channels}", conv.group_in_channels * conv.group)));
            }
            if conv.weight.len() != conv.out_channels * conv.group_in_channels * conv.kernel[0] * conv.kernel[1]
                || conv.bias.len() != conv.out_channels
            {
                return Err(misfit(node, "has weights of another size than its shape"));
            }
            convolved(conv, first).ok_or_else(|| {
                let what = format!("{} is given {width} x {height} pixels, fewer than its kernel spans", label(node));
                Error::limits(what, "Use a larger picture or tile")
            })
        }
        Op::Activation(Activation::PRelu(slope)) if slope.len() != channels => {
            Err(misfit(node, &format!("has {} slopes for {channels} channels", slope.len())))
        }
        Op::Activation(_) => Ok(first),
        Op::Binary(_) => match inputs[..] {
            [a, b] if a == b => Ok(a),
            [a, b] => Err(misfit(node, &format!("combines {a:?} and {b:?}"))),
            _ => Err(misfit(node, &format!("has {} operands in place of 2", inputs.len()))),
        },
        Op::BinaryConstant(binary) => match binary.constant.len() {
            1 => Ok(first),
            n if n == channels => Ok(first),
            n => Err(misfit(node, &format!("has {n} constants for {channels} channels"))),
        },
        Op::Concat => {
            if let Some(other) = inputs.iter().find(|s| (s.height, s.width) != (height, width)) {
                return Err(misfit(node, &format!("joins {first:?} and {other:?}")));
            }
            Ok(Shape::new(inputs.iter().map(|s| s.channels).sum(), height, width))
        }
        Op::DepthToSpace(shuffle) => {
            let block = shuffle.block;
            if channels % (block * block) != 0 {
                return Err(misfit(node, &format!("cannot spread {channels} channels over blocks of {block} x {block}")));
            }
            Ok(Shape::new(channels / (block * block), height * block, width * block))
        }
        Op::Resize(resize) => Ok(Shape::new(channels, height * resize.scale, width * resize.scale)),
        Op::Pad(pad) => {
            let [top, left, bottom, right] = pad.pads;
            if matches!(pad.mode, super::graph::PadMode::Reflect) && (top.max(bottom) >= height || left.max(right) >= width) {
                return Err(Error::limits(format!("{} mirrors more pixels than it is given", label(node)), "Use a larger picture or tile"));
            }
            Ok(Shape::new(channels, height + top + bottom, width + left + right))
        }
    }
}

/// The shape that a convolution makes of `input`; `None` where its kernel does not fit into it.
pub fn convolved(conv: &Conv, input: Shape) -> Option<Shape> {
    let side = |size: usize, axis: usize| {
        let padded = size + conv.pads[axis] + conv.pads[axis + 2];
        let span = conv.dilation[axis] * (conv.kernel[axis] - 1) + 1;
        padded.checked_sub(span).map(|rest| rest / conv.stride[axis] + 1)
    };
    Some(Shape::new(conv.out_channels, side(input.height, 0)?, side(input.width, 1)?))
}

fn label(node: &Node) -> String {
    format!("The operation {} (node \"{}\")", node.op.name(), node.name)
}

fn misfit(node: &Node, what: &str) -> Error {
    Error::model(format!("{} {what}", label(node)), "The model file is damaged; download it again")
}
