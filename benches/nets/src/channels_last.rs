//! A graph as JSON and weights for TF.js, which keeps channels last: weights are HWIO, and a pixel shuffle takes its
//! channels in the order DCR.
//!
//! Node `i` makes value `i + 1`; value 0 is the input. `weight`, `bias` and `slope` are places in the weights, in floats.

use inlarge::model::graph::{Activation, BinaryOp, Conv, DepthOrder, Graph, Node, Op, ResizeMode, ValueId};
use serde_json::{Value, json};

/// What is written to disk.
#[derive(Debug)]
pub(crate) struct Dump {
    /// `{"output": id, "nodes": [{"op", "inputs", ...}]}`.
    pub(crate) nodes: Value,
    /// All weights, one after the other.
    pub(crate) weights: Vec<f32>,
}

/// # Errors
/// Names the operation that is not covered.
pub(crate) fn dump(graph: &Graph) -> Result<Dump, String> {
    let mut weights = Vec::new();
    let mut nodes = Vec::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        let mut entry = operation(graph, node, ValueId(index + 1), &mut weights)?;
        entry["inputs"] = node.inputs.iter().map(|id| id.0).collect();
        nodes.push(entry);
    }
    Ok(Dump { nodes: json!({ "output": graph.output.0, "nodes": nodes }), weights })
}

fn operation(graph: &Graph, node: &Node, value: ValueId, weights: &mut Vec<f32>) -> Result<Value, String> {
    let refused = |why: &str| Err(format!("{} {:?}: {why}", node.op.name(), node.name));
    Ok(match &node.op {
        Op::Conv(conv) => {
            let [height, width] = conv.kernel;
            if conv.group != 1 || conv.stride != [1, 1] || conv.dilation != [1, 1] || conv.pads != [height / 2, width / 2, height / 2, width / 2] {
                return refused("only plain convolutions that keep the size are covered");
            }
            let order = output_order(graph, value, conv);
            let bias = push(weights, order.iter().map(|&o| conv.bias[o]));
            let weight = push(weights, hwio(conv, &order));
            json!({ "op": "conv", "kernel": conv.kernel, "in": conv.group_in_channels, "out": conv.out_channels, "weight": weight, "bias": bias })
        }
        Op::Activation(Activation::PRelu(slopes)) => {
            json!({ "op": "prelu", "slope": push(weights, slopes.iter().copied()), "channels": slopes.len() })
        }
        Op::Activation(Activation::Relu) => json!({ "op": "relu" }),
        Op::Activation(Activation::LeakyRelu(slope)) => json!({ "op": "leaky", "alpha": slope }),
        Op::Activation(Activation::Sigmoid) => json!({ "op": "sigmoid" }),
        Op::Activation(Activation::Clip { low, high }) => json!({ "op": "clip", "low": low, "high": high }),
        Op::Binary(BinaryOp::Add) => json!({ "op": "add" }),
        Op::Binary(BinaryOp::Sub) => json!({ "op": "sub" }),
        Op::Binary(BinaryOp::Mul) => json!({ "op": "mul" }),
        Op::DepthToSpace(shuffle) => {
            if shuffle.order == DepthOrder::Crd && !made_by_conv_alone(graph, node.inputs[0]) {
                return refused("its channels cannot be put into the order DCR");
            }
            json!({ "op": "shuffle", "block": shuffle.block })
        }
        Op::Resize(resize) if resize.mode == ResizeMode::Nearest => json!({ "op": "nearest", "scale": resize.scale }),
        _ => return refused("not covered"),
    })
}

fn push(weights: &mut Vec<f32>, values: impl IntoIterator<Item = f32>) -> usize {
    let start = weights.len();
    weights.extend(values);
    start
}

/// Whether a convolution makes `value`, and a pixel shuffle is all that reads it.
fn made_by_conv_alone(graph: &Graph, value: ValueId) -> bool {
    let maker = value.0.checked_sub(1).map(|index| &graph.nodes[index].op);
    let readers = graph.nodes.iter().filter(|node| node.inputs.contains(&value)).count();
    matches!(maker, Some(Op::Conv(_))) && readers == 1 && graph.output != value
}

/// For each output channel of the convolution in the dump, the channel that it is in the graph.
fn output_order(graph: &Graph, value: ValueId, conv: &Conv) -> Vec<usize> {
    let block = graph.nodes.iter().find_map(|node| match &node.op {
        Op::DepthToSpace(shuffle) if node.inputs.contains(&value) && shuffle.order == DepthOrder::Crd => Some(shuffle.block),
        _ => None,
    });
    match block {
        Some(block) if made_by_conv_alone(graph, value) => dcr_from_crd(conv.out_channels, block),
        _ => (0..conv.out_channels).collect(),
    }
}

/// Channel `position * depth + c` of DCR is channel `c * block² + position` of CRD.
fn dcr_from_crd(channels: usize, block: usize) -> Vec<usize> {
    let positions = block * block;
    let depth = channels / positions;
    (0..channels).map(|channel| channel % depth * positions + channel / depth).collect()
}

fn hwio(conv: &Conv, order: &[usize]) -> Vec<f32> {
    let area = conv.kernel[0] * conv.kernel[1];
    let inputs = conv.group_in_channels;
    let places = (0..area).flat_map(|at| (0..inputs).flat_map(move |i| order.iter().map(move |&o| (o * inputs + i) * area + at)));
    places.map(|place| conv.weight[place]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks;

    #[test]
    fn channels_of_a_pixel_shuffle_change_their_order() {
        // RGB at x2: the first three channels are R, G, B of the block's first pixel.
        assert_eq!(dcr_from_crd(12, 2)[..6], [0, 4, 8, 1, 5, 9]);
        assert_eq!(dcr_from_crd(4, 2), [0, 1, 2, 3]);
    }

    #[test]
    fn weights_are_height_width_input_output() {
        let conv = Conv {
            out_channels: 2,
            group_in_channels: 3,
            kernel: [1, 2],
            stride: [1, 1],
            dilation: [1, 1],
            pads: [0; 4],
            group: 1,
            weight: (0..12).map(|v| v as f32).collect(),
            bias: vec![0.0; 2].into(),
        };
        assert_eq!(hwio(&conv, &[0, 1]), [0.0, 6.0, 2.0, 8.0, 4.0, 10.0, 1.0, 7.0, 3.0, 9.0, 5.0, 11.0]);
        assert_eq!(hwio(&conv, &[1, 0])[..2], [6.0, 0.0]);
    }

    #[test]
    fn every_weight_is_in_the_dump_once() {
        for graph in [networks::tiny(), networks::photo()] {
            let dump = dump(&graph).unwrap();
            let sum: usize = graph
                .nodes
                .iter()
                .map(|node| match &node.op {
                    Op::Conv(conv) => conv.weight.len() + conv.bias.len(),
                    Op::Activation(Activation::PRelu(slopes)) => slopes.len(),
                    _ => 0,
                })
                .sum();
            assert_eq!(dump.weights.len(), sum);
        }
    }

    #[test]
    fn what_has_no_counterpart_is_named() {
        let mut graph = networks::tiny();
        let Op::Conv(conv) = &mut graph.nodes[0].op else { panic!("the first node is a convolution") };
        conv.stride = [2, 2];
        assert!(dump(&graph).unwrap_err().contains("Conv \"node0\""));
    }
}
