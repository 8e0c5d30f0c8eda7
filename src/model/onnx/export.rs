//! The graph as an ONNX file (opset 17), for engines that read ONNX.

use prost::Message;

use super::proto::{
    Attribute, Dimension, Graph as OnnxGraph, Model, Node as OnnxNode, OperatorSet, Tensor, TensorShape, TensorType, Type, ValueInfo, attribute_type,
    data_type,
};
use crate::model::graph::{Activation, DepthOrder, Graph, Node, Op, PadMode, ResizeMode, ValueId};

/// Writes `graph` as an ONNX file with input `input` and output `output`, height and width open.
pub fn export(graph: &Graph) -> Vec<u8> {
    let mut exporter = Exporter { nodes: Vec::new(), initializers: Vec::new() };
    for (index, node) in graph.nodes.iter().enumerate() {
        exporter.node(node, ValueId(index + 1));
    }
    exporter.nodes.push(OnnxNode {
        op_type: Some("Identity".into()),
        input: vec![value_name(graph.output)],
        output: vec!["output".into()],
        name: Some("output".into()),
        ..OnnxNode::default()
    });
    Model {
        ir_version: Some(8),
        producer_name: Some("inlarge".into()),
        opset_import: vec![OperatorSet { domain: Some(String::new()), version: Some(17) }],
        graph: Some(OnnxGraph {
            name: Some("network".into()),
            node: exporter.nodes,
            initializer: exporter.initializers,
            input: vec![value_info("input", Some(graph.input_channels))],
            output: vec![value_info("output", None)],
        }),
    }
    .encode_to_vec()
}

struct Exporter {
    nodes: Vec<OnnxNode>,
    initializers: Vec<Tensor>,
}

impl Exporter {
    fn floats(&mut self, dims: &[usize], values: &[f32]) -> String {
        self.tensor(Tensor {
            data_type: Some(data_type::FLOAT),
            raw_data: Some(values.iter().flat_map(|v| v.to_le_bytes()).collect()),
            ..tensor(dims)
        })
    }

    fn ints(&mut self, values: &[i64]) -> String {
        self.tensor(Tensor {
            data_type: Some(data_type::INT64),
            raw_data: Some(values.iter().flat_map(|v| v.to_le_bytes()).collect()),
            ..tensor(&[values.len()])
        })
    }

    fn tensor(&mut self, mut tensor: Tensor) -> String {
        let name = format!("constant{}", self.initializers.len());
        tensor.name = Some(name.clone());
        self.initializers.push(tensor);
        name
    }

    fn node(&mut self, node: &Node, output: ValueId) {
        let mut input: Vec<String> = node.inputs.iter().map(|&i| value_name(i)).collect();
        let mut attribute = Vec::new();
        match &node.op {
            Op::Conv(conv) => {
                input.push(self.floats(&[conv.out_channels, conv.group_in_channels, conv.kernel[0], conv.kernel[1]], &conv.weight));
                input.push(self.floats(&[conv.out_channels], &conv.bias));
                attribute.extend([
                    ints_attribute("kernel_shape", &conv.kernel),
                    ints_attribute("strides", &conv.stride),
                    ints_attribute("dilations", &conv.dilation),
                    ints_attribute("pads", &conv.pads),
                    int_attribute("group", conv.group),
                ]);
            }
            Op::Activation(Activation::LeakyRelu(alpha)) => {
                attribute.push(Attribute { f: Some(*alpha), r#type: Some(attribute_type::FLOAT), ..named("alpha") });
            }
            Op::Activation(Activation::PRelu(slope)) => input.push(self.floats(&[slope.len(), 1, 1], slope)),
            Op::Activation(Activation::Clip { low, high }) => {
                input.push(self.floats(&[], &[*low]));
                input.push(self.floats(&[], &[*high]));
            }
            Op::Activation(Activation::Relu | Activation::Sigmoid) | Op::Binary(_) => {}
            Op::BinaryConstant(binary) => {
                let constant = self.floats(&[binary.constant.len(), 1, 1], &binary.constant);
                input.insert(usize::from(!binary.constant_left), constant);
            }
            Op::Concat => attribute.push(int_attribute("axis", 1)),
            Op::DepthToSpace(shuffle) => attribute.extend([
                int_attribute("blocksize", shuffle.block),
                string_attribute(
                    "mode",
                    match shuffle.order {
                        DepthOrder::Crd => "CRD",
                        DepthOrder::Dcr => "DCR",
                    },
                ),
            ]),
            Op::Resize(resize) => {
                let scale = resize.scale as f32;
                input.push(String::new());
                input.push(self.floats(&[4], &[1.0, 1.0, scale, scale]));
                let (mode, coordinates) = match resize.mode {
                    ResizeMode::Nearest => ("nearest", "asymmetric"),
                    ResizeMode::Linear => ("linear", "half_pixel"),
                    ResizeMode::LinearAsymmetric => ("linear", "asymmetric"),
                };
                attribute.extend([
                    string_attribute("mode", mode),
                    string_attribute("coordinate_transformation_mode", coordinates),
                    string_attribute("nearest_mode", "floor"),
                ]);
            }
            Op::Pad(pad) => {
                let [top, left, bottom, right] = pad.pads.map(|p| p as i64);
                input.push(self.ints(&[0, 0, top, left, 0, 0, bottom, right]));
                let mode = match pad.mode {
                    PadMode::Constant(value) => {
                        input.push(self.floats(&[], &[value]));
                        "constant"
                    }
                    PadMode::Edge => "edge",
                    PadMode::Reflect => "reflect",
                };
                attribute.push(string_attribute("mode", mode));
            }
        }
        self.nodes.push(OnnxNode {
            op_type: Some(node.op.name().into()),
            // Engines refuse two nodes of one name, which files of other programs have.
            name: Some(format!("{}_{}", node.name, output.0)),
            input,
            output: vec![value_name(output)],
            attribute,
            domain: None,
        });
    }
}

fn value_name(value: ValueId) -> String {
    if value == ValueId::INPUT { "input".into() } else { format!("value{}", value.0) }
}

fn tensor(dims: &[usize]) -> Tensor {
    Tensor { dims: dims.iter().map(|&d| d as i64).collect(), ..Tensor::default() }
}

fn named(name: &str) -> Attribute {
    Attribute { name: Some(name.into()), ..Attribute::default() }
}

fn int_attribute(name: &str, value: usize) -> Attribute {
    Attribute { i: Some(value as i64), r#type: Some(attribute_type::INT), ..named(name) }
}

fn ints_attribute(name: &str, values: &[usize]) -> Attribute {
    Attribute { ints: values.iter().map(|&v| v as i64).collect(), r#type: Some(attribute_type::INTS), ..named(name) }
}

fn string_attribute(name: &str, value: &str) -> Attribute {
    Attribute { s: Some(value.as_bytes().to_vec()), r#type: Some(attribute_type::STRING), ..named(name) }
}

fn value_info(name: &str, channels: Option<usize>) -> ValueInfo {
    let open = |param: &str| Dimension { dim_value: None, dim_param: Some(param.into()) };
    let channels = match channels {
        Some(c) => Dimension { dim_value: Some(c as i64), dim_param: None },
        None => open("channels"),
    };
    let (height, width) = if name == "input" { ("height", "width") } else { ("output_height", "output_width") };
    let shape = TensorShape { dim: vec![Dimension { dim_value: Some(1), dim_param: None }, channels, open(height), open(width)] };
    ValueInfo {
        name: Some(name.into()),
        r#type: Some(Type { tensor_type: Some(TensorType { elem_type: Some(data_type::FLOAT), shape: Some(shape) }) }),
    }
}
