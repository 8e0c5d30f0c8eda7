//! Translates ONNX nodes into the graph's operations.

use std::collections::HashMap;

use super::File;
use super::attributes::{constant_attribute, damaged, float, floats, four_pads, int, ints, missing, string, unsupported};
use super::proto::{self, Node as OnnxNode};
use super::tensor::{Constant, Values, fold, per_channel};
use crate::error::{Error, Result};
use crate::model::graph::{
    Activation, BinaryConstant, BinaryOp, Conv, DepthOrder, DepthToSpace, Graph, Node, Op, Pad, PadMode, Resize, ResizeMode, ValueId,
};
use crate::model::shapes;

/// What a name in the file stands for.
#[derive(Clone)]
enum Named {
    Tensor(ValueId),
    Constant(Constant),
    /// A reshape of `source` to six dimensions: the first step of a pixel shuffle.
    Split {
        source: ValueId,
        dims: Vec<i64>,
    },
    /// The transpose of such a reshape.
    Shuffled {
        source: ValueId,
        block: usize,
        order: DepthOrder,
    },
}

pub(super) struct Importer<'a> {
    file: &'a proto::Graph,
    input_channels: usize,
    names: HashMap<String, Named>,
    nodes: Vec<Node>,
}

impl<'a> Importer<'a> {
    pub(super) fn new(file: &'a File) -> Result<Self> {
        let input_channels = file.input_channels()?;
        let mut names = HashMap::new();
        for tensor in &file.graph.initializer {
            let name = tensor.name.clone().unwrap_or_default();
            names.insert(name, Named::Constant(Constant::read(tensor)?));
        }
        for input in file.picture_inputs() {
            names.insert(input.name.clone().unwrap_or_default(), Named::Tensor(ValueId::INPUT));
        }
        Ok(Self { file: &file.graph, input_channels, names, nodes: Vec::new() })
    }

    pub(super) fn run(mut self) -> Result<Graph> {
        for node in &self.file.node {
            self.node(node)?;
        }
        let [output] = self.file.output.as_slice() else {
            return Err(Error::unsupported(
                format!("The network gives {} outputs; one picture is supported", self.file.output.len()),
                "Use a network that takes one picture and gives one",
            ));
        };
        let name = output.name.as_deref().unwrap_or("");
        let output = match self.names.get(name) {
            Some(Named::Tensor(id)) => *id,
            _ => return Err(missing(name)),
        };
        let mut graph = Graph { input_channels: self.input_channels, nodes: self.nodes, output };
        drop_unused(&mut graph);
        shapes::check_channels(&graph)?;
        Ok(graph)
    }

    fn node(&mut self, node: &OnnxNode) -> Result<()> {
        let standard = matches!(node.domain.as_deref().unwrap_or(""), "" | "ai.onnx");
        let kind = node.op_type.as_deref().unwrap_or("");
        let named = match kind {
            _ if !standard => return Err(unsupported(node, "is not part of the ONNX standard")),
            "Constant" => Named::Constant(constant_attribute(node)?),
            "Identity" | "Dropout" => self.named(node, 0)?,
            "Cast" => self.cast(node)?,
            "Conv" => self.conv(node)?,
            "Relu" => self.activation(node, Activation::Relu)?,
            "LeakyRelu" => self.activation(node, Activation::LeakyRelu(float(node, "alpha").unwrap_or(0.01)))?,
            "Sigmoid" => self.activation(node, Activation::Sigmoid)?,
            "PRelu" => self.prelu(node)?,
            "Clip" => self.clip(node)?,
            "Add" => self.binary(node, BinaryOp::Add)?,
            "Sub" => self.binary(node, BinaryOp::Sub)?,
            "Mul" => self.binary(node, BinaryOp::Mul)?,
            "Concat" => self.concat(node)?,
            "DepthToSpace" => self.depth_to_space(node)?,
            "Reshape" => self.reshape(node)?,
            "Transpose" => self.transpose(node)?,
            "Resize" | "Upsample" => self.resize(node, kind)?,
            "Pad" => self.pad(node)?,
            _ => return Err(unsupported(node, "is not one that the engine's own networks use")),
        };
        let name = node.output.first().cloned().unwrap_or_default();
        self.names.insert(name, named);
        Ok(())
    }

    fn push(&mut self, node: &OnnxNode, op: Op, inputs: Vec<ValueId>) -> Named {
        let name = node.name.clone().filter(|n| !n.is_empty());
        let name = name.or_else(|| node.output.first().cloned()).unwrap_or_default();
        self.nodes.push(Node { name, op, inputs });
        Named::Tensor(ValueId(self.nodes.len()))
    }

    fn named(&self, node: &OnnxNode, index: usize) -> Result<Named> {
        let name = node.input.get(index).map_or("", String::as_str);
        self.names.get(name).cloned().ok_or_else(|| missing(name))
    }

    fn tensor(&self, node: &OnnxNode, index: usize) -> Result<ValueId> {
        match self.named(node, index)? {
            Named::Tensor(id) => Ok(id),
            _ => Err(unsupported(node, "works on a constant or a reshaped tensor")),
        }
    }

    /// Input `index` where it is there and not the empty name.
    fn constant(&self, node: &OnnxNode, index: usize) -> Result<Option<Constant>> {
        match node.input.get(index) {
            None => Ok(None),
            Some(name) if name.is_empty() => Ok(None),
            Some(_) => match self.named(node, index)? {
                Named::Constant(constant) => Ok(Some(constant)),
                _ => Err(unsupported(node, "computes a parameter at run time that must be a constant")),
            },
        }
    }

    fn cast(&self, node: &OnnxNode) -> Result<Named> {
        let to = int(node, "to").unwrap_or(0) as i32;
        match self.named(node, 0)? {
            Named::Constant(c) if matches!(to, proto::data_type::INT64 | proto::data_type::INT32) => {
                Ok(Named::Constant(Constant { values: Values::Int(c.ints()), dims: c.dims }))
            }
            Named::Constant(c) if to == proto::data_type::FLOAT => Ok(Named::Constant(Constant { values: Values::Float(c.floats()), dims: c.dims })),
            tensor @ Named::Tensor(_) if to == proto::data_type::FLOAT => Ok(tensor),
            _ => Err(unsupported(node, "changes the type of a picture")),
        }
    }

    fn conv(&mut self, node: &OnnxNode) -> Result<Named> {
        let input = self.tensor(node, 0)?;
        let weight = self.constant(node, 1)?.ok_or_else(|| unsupported(node, "has no weights"))?;
        let [out_channels, group_in_channels, kh, kw] = weight.dims[..] else {
            return Err(unsupported(node, &format!("has weights of {} dimensions; 4 are supported", weight.dims.len())));
        };
        let pair = |name: &str| -> Result<[usize; 2]> {
            match ints(node, name).as_deref() {
                None => Ok([1, 1]),
                Some(&[a, b]) if a > 0 && b > 0 => Ok([a as usize, b as usize]),
                _ => Err(unsupported(node, &format!("has an unusual attribute \"{name}\""))),
            }
        };
        let (stride, dilation) = (pair("strides")?, pair("dilations")?);
        let pads = match string(node, "auto_pad").as_deref() {
            None | Some("NOTSET" | "") => four_pads(node, ints(node, "pads").as_deref())?,
            Some("VALID") => [0; 4],
            Some(mode @ ("SAME_UPPER" | "SAME_LOWER")) if stride == [1, 1] => {
                let total = [dilation[0] * (kh - 1), dilation[1] * (kw - 1)];
                let upper = usize::from(mode == "SAME_UPPER");
                let begin = |t: usize| if upper == 1 { t / 2 } else { t.div_ceil(2) };
                [begin(total[0]), begin(total[1]), total[0] - begin(total[0]), total[1] - begin(total[1])]
            }
            Some(other) => return Err(unsupported(node, &format!("pads by \"{other}\""))),
        };
        let group = usize::try_from(int(node, "group").unwrap_or(1)).unwrap_or(0);
        if group == 0 || out_channels == 0 || out_channels % group != 0 || group_in_channels == 0 || kh * kw == 0 {
            return Err(damaged(node, &format!("{out_channels} channels cannot be made in {group} groups")));
        }
        let bias = match self.constant(node, 2)? {
            Some(bias) => bias.floats(),
            None => vec![0.0; out_channels],
        };
        if bias.len() != out_channels {
            return Err(damaged(node, &format!("{} biases for {out_channels} channels", bias.len())));
        }
        let conv = Conv {
            out_channels,
            group_in_channels,
            kernel: [kh, kw],
            stride,
            dilation,
            pads,
            group,
            weight: weight.floats().into(),
            bias: bias.into(),
        };
        Ok(self.push(node, Op::Conv(conv), vec![input]))
    }

    fn activation(&mut self, node: &OnnxNode, activation: Activation) -> Result<Named> {
        let input = self.tensor(node, 0)?;
        Ok(self.push(node, Op::Activation(activation), vec![input]))
    }

    fn prelu(&mut self, node: &OnnxNode) -> Result<Named> {
        let slope = self.constant(node, 1)?.ok_or_else(|| unsupported(node, "has no slope"))?;
        let slope = per_channel(&slope).ok_or_else(|| unsupported(node, "has a slope that is not one per channel"))?;
        let activation = match slope[..] {
            [one] => Activation::LeakyRelu(one),
            _ => Activation::PRelu(slope.into()),
        };
        self.activation(node, activation)
    }

    fn clip(&mut self, node: &OnnxNode) -> Result<Named> {
        let bound = |index: usize, name: &str, default: f32| -> Result<f32> {
            let constant = self.constant(node, index)?;
            Ok(constant.and_then(|c| c.floats().first().copied()).or_else(|| float(node, name)).unwrap_or(default))
        };
        let (low, high) = (bound(1, "min", f32::NEG_INFINITY)?, bound(2, "max", f32::INFINITY)?);
        self.activation(node, Activation::Clip { low, high })
    }

    fn binary(&mut self, node: &OnnxNode, op: BinaryOp) -> Result<Named> {
        match (self.named(node, 0)?, self.named(node, 1)?) {
            (Named::Tensor(a), Named::Tensor(b)) => Ok(self.push(node, Op::Binary(op), vec![a, b])),
            (Named::Tensor(a), Named::Constant(c)) | (Named::Constant(c), Named::Tensor(a)) => {
                let constant = per_channel(&c).ok_or_else(|| unsupported(node, "has a constant that is not one per channel"))?;
                let constant_left = matches!(self.named(node, 0)?, Named::Constant(_));
                let op = Op::BinaryConstant(BinaryConstant { op, constant: constant.into(), constant_left });
                Ok(self.push(node, op, vec![a]))
            }
            (Named::Constant(a), Named::Constant(b)) => {
                fold(op, &a, &b).map(Named::Constant).ok_or_else(|| unsupported(node, "combines constants of different shapes"))
            }
            _ => Err(unsupported(node, "works on a reshaped tensor")),
        }
    }

    fn concat(&mut self, node: &OnnxNode) -> Result<Named> {
        let axis = int(node, "axis").unwrap_or(1);
        let parts: Vec<Named> = (0..node.input.len()).map(|i| self.named(node, i)).collect::<Result<_>>()?;
        if parts.iter().all(|p| matches!(p, Named::Constant(_))) {
            let mut values = Vec::new();
            for part in &parts {
                if let Named::Constant(c) = part {
                    values.extend(c.floats());
                }
            }
            return Ok(Named::Constant(Constant { dims: vec![values.len()], values: Values::Float(values) }));
        }
        if axis != 1 && axis != -3 {
            return Err(unsupported(node, &format!("joins along axis {axis}; the channels (1) are supported")));
        }
        let inputs = (0..node.input.len()).map(|i| self.tensor(node, i)).collect::<Result<_>>()?;
        Ok(self.push(node, Op::Concat, inputs))
    }

    fn depth_to_space(&mut self, node: &OnnxNode) -> Result<Named> {
        let input = self.tensor(node, 0)?;
        let block = usize::try_from(int(node, "blocksize").unwrap_or(0)).unwrap_or(0);
        if !(1..=16).contains(&block) {
            return Err(damaged(node, "the block size is missing or out of range"));
        }
        let order = match string(node, "mode").as_deref() {
            Some("CRD") => DepthOrder::Crd,
            None | Some("DCR") => DepthOrder::Dcr,
            Some(other) => return Err(unsupported(node, &format!("has the mode \"{other}\""))),
        };
        Ok(self.push(node, Op::DepthToSpace(DepthToSpace { block, order }), vec![input]))
    }

    /// Only as the first and last step of a pixel shuffle.
    fn reshape(&mut self, node: &OnnxNode) -> Result<Named> {
        let dims = match self.constant(node, 1)? {
            Some(shape) => shape.ints(),
            None => ints(node, "shape").unwrap_or_default(),
        };
        match self.named(node, 0)? {
            Named::Tensor(source) if dims.len() == 6 => Ok(Named::Split { source, dims }),
            Named::Shuffled { source, block, order } if dims.len() == 4 => {
                Ok(self.push(node, Op::DepthToSpace(DepthToSpace { block, order }), vec![source]))
            }
            Named::Constant(mut constant) => {
                let count: usize = constant.dims.iter().product();
                let known: i64 = dims.iter().filter(|&&d| d > 0).product();
                constant.dims = dims.iter().map(|&d| if d > 0 { d as usize } else { count / known.max(1) as usize }).collect();
                Ok(Named::Constant(constant))
            }
            _ => Err(unsupported(node, "is not part of a pixel shuffle")),
        }
    }

    fn transpose(&mut self, node: &OnnxNode) -> Result<Named> {
        let Named::Split { source, dims } = self.named(node, 0)? else {
            return Err(unsupported(node, "is not part of a pixel shuffle"));
        };
        let perm = ints(node, "perm").unwrap_or_default();
        let (order, blocks) = match perm[..] {
            [0, 1, 4, 2, 5, 3] => (DepthOrder::Crd, [dims[2], dims[3]]),
            [0, 3, 4, 1, 5, 2] => (DepthOrder::Dcr, [dims[1], dims[2]]),
            _ => return Err(unsupported(node, &format!("permutes by {perm:?}, which is no pixel shuffle"))),
        };
        if blocks[0] != blocks[1] || !(1..=16).contains(&blocks[0]) {
            return Err(unsupported(node, &format!("shuffles blocks of {} x {}", blocks[0], blocks[1])));
        }
        Ok(Named::Shuffled { source, block: blocks[0] as usize, order })
    }

    fn resize(&mut self, node: &OnnxNode, kind: &str) -> Result<Named> {
        let input = self.tensor(node, 0)?;
        let (scales_index, old) = if kind == "Upsample" || node.input.len() == 2 { (1, true) } else { (2, false) };
        let scales = match self.constant(node, scales_index)? {
            Some(scales) => scales.floats(),
            None => floats(node, "scales").unwrap_or_default(),
        };
        let scale = match scales[..] {
            [n, c, h, w] if n == 1.0 && c == 1.0 && h == w && (1.0..=16.0).contains(&h) && h.fract() == 0.0 => h as usize,
            [] => return Err(unsupported(node, "resizes to a size, not by a constant factor")),
            _ => return Err(unsupported(node, &format!("resizes by {scales:?}; whole factors from 1 to 16 are supported"))),
        };
        let mode = string(node, "mode").unwrap_or_else(|| "nearest".into());
        // Opset 10 and Upsample have no such attribute and are asymmetric.
        let default = if old { "asymmetric" } else { "half_pixel" };
        let coordinates = string(node, "coordinate_transformation_mode").unwrap_or_else(|| default.into());
        let rounding = string(node, "nearest_mode").unwrap_or_else(|| if old { "floor".into() } else { "round_prefer_floor".into() });
        let mode = match (mode.as_str(), coordinates.as_str(), rounding.as_str()) {
            ("nearest", "asymmetric", "floor")
            // With a whole factor s, round((o + 0.5) / s - 0.5) is floor(o / s): the half-pixel centres stay within 0.5.
            | ("nearest", "half_pixel" | "pytorch_half_pixel", "round_prefer_floor" | "round_prefer_ceil") => ResizeMode::Nearest,
            ("linear" | "bilinear", "half_pixel" | "pytorch_half_pixel", _) => ResizeMode::Linear,
            ("linear" | "bilinear", "asymmetric", _) => ResizeMode::LinearAsymmetric,
            (m, c, r) => return Err(unsupported(node, &format!("interpolates by {m}, {c}, {r}"))),
        };
        Ok(self.push(node, Op::Resize(Resize { scale, mode }), vec![input]))
    }

    fn pad(&mut self, node: &OnnxNode) -> Result<Named> {
        let input = self.tensor(node, 0)?;
        let pads = match self.constant(node, 1)? {
            Some(pads) => pads.ints(),
            None => ints(node, "pads").unwrap_or_default(),
        };
        let value = self.constant(node, 2)?.and_then(|c| c.floats().first().copied());
        let value = value.or_else(|| float(node, "value")).unwrap_or(0.0);
        let [0, 0, top, left, 0, 0, bottom, right] = pads[..] else {
            return Err(unsupported(node, &format!("pads by {pads:?}; only height and width can be padded")));
        };
        let pads = four_pads(node, Some(&[top, left, bottom, right]))?;
        let mode = match string(node, "mode").as_deref() {
            None | Some("constant") => PadMode::Constant(value),
            Some("edge") => PadMode::Edge,
            Some("reflect") => PadMode::Reflect,
            Some(other) => return Err(unsupported(node, &format!("pads by \"{other}\""))),
        };
        Ok(self.push(node, Op::Pad(Pad { pads, mode }), vec![input]))
    }
}

/// Removes nodes that the output does not depend on.
fn drop_unused(graph: &mut Graph) {
    let mut used = vec![false; graph.nodes.len() + 1];
    used[graph.output.0] = true;
    for index in (0..graph.nodes.len()).rev() {
        if used[index + 1] {
            for input in &graph.nodes[index].inputs {
                used[input.0] = true;
            }
        }
    }
    let mut renumbered = vec![ValueId::INPUT; used.len()];
    let mut next = 1;
    for index in 1..used.len() {
        if used[index] {
            renumbered[index] = ValueId(next);
            next += 1;
        }
    }
    let mut keep = used.iter().skip(1);
    graph.nodes.retain(|_| *keep.next().unwrap_or(&false));
    for input in graph.nodes.iter_mut().flat_map(|n| &mut n.inputs) {
        *input = renumbered[input.0];
    }
    graph.output = renumbered[graph.output.0];
}
