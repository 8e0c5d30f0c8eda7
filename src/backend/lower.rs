//! Fuses the nodes of a graph into the stages that kernels run.
//!
//! A convolution takes along what only it feeds: arithmetic with constants (folded into weights and
//! bias), an activation, the addition of an equal-shaped value or the product with one; and where its result is the
//! network's, pixel shuffle, the addition of an enlarged value and final limits.

use crate::error::{Error, Result};
use crate::model::graph::{
    Activation, BinaryConstant, BinaryOp, Conv, DepthOrder, DepthToSpace, Graph, Node, Op, Pad, Resize, ResizeMode, Shape, ValueId,
};
use crate::model::shapes;

/// What happens to the sum of a convolution, together with a further value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Residual {
    /// Nothing.
    None,
    /// A value of the same shape, before the activation.
    Before,
    /// A value of the same shape, after the activation.
    After,
    /// A value enlarged to the size of the result, after pixel shuffle.
    Anchor(ResizeMode),
    /// The result is multiplied by a value of the same shape, after the activation.
    Times,
    /// The result is multiplied by a value of the same shape plus the convolution's own input, after the activation.
    Gate,
}

/// Arithmetic of the pointwise kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// The operand as it is.
    None,
    /// Operand plus right side.
    Add,
    /// Operand minus right side.
    Sub,
    /// Right side minus operand.
    SubFrom,
    /// Operand times right side.
    Mul,
}

/// A graph as stages, for one shape of input.
#[derive(Debug)]
pub struct Lowered<'g> {
    /// Stages in execution order.
    pub stages: Vec<Stage<'g>>,
    /// Shapes of all values of the graph.
    pub shapes: Vec<Shape>,
    /// The value that is the result.
    pub output: ValueId,
}

/// What one kernel computes, in one or several dispatches.
#[derive(Debug)]
pub struct Stage<'g> {
    /// What to compute.
    pub kind: StageKind<'g>,
    /// Operands.
    pub inputs: Vec<ValueId>,
    /// The value that it makes.
    pub output: ValueId,
}

/// The computation of a stage.
#[derive(Debug)]
pub enum StageKind<'g> {
    /// A convolution and what is fused with it.
    Conv(Box<ConvStage<'g>>),
    /// Element-wise work: `constant` is the right side unless there is a second operand.
    Pointwise {
        /// The arithmetic.
        arithmetic: Arithmetic,
        /// Right side: one value, or one per channel.
        constant: Option<&'g [f32]>,
        /// The activation that follows.
        activation: Option<&'g Activation>,
    },
    /// Joins channels.
    Concat,
    /// Pixel shuffle.
    DepthToSpace(DepthToSpace),
    /// Enlargement.
    Resize(Resize),
    /// Border.
    Pad(Pad),
}

/// A convolution with its fused neighbours. Operands: the input, then that of `residual`.
#[derive(Debug)]
pub struct ConvStage<'g> {
    /// The convolution.
    pub conv: &'g Conv,
    /// Factor per output channel on the weights.
    pub gain: Vec<f32>,
    /// Bias with folded constants, per output channel.
    pub bias: Vec<f32>,
    /// The fused activation.
    pub activation: Option<&'g Activation>,
    /// What is added or multiplied.
    pub residual: Residual,
    /// How the result becomes the picture, where it does.
    pub picture: Option<Picture>,
}

/// The end of a network.
#[derive(Debug, Clone, Copy)]
pub struct Picture {
    /// Pixel shuffle; a block of 1 is none.
    pub shuffle: DepthToSpace,
    /// Enlargement of the anchor.
    pub anchor_scale: usize,
    /// Limits of the result.
    pub limits: [f32; 2],
}

/// Cuts `graph` into stages.
///
/// # Errors
/// Those of shape inference.
pub fn lower(graph: &Graph, input: Shape) -> Result<Lowered<'_>> {
    let shapes = shapes::infer(graph, input)?;
    if shapes.iter().any(|s| [s.channels, s.height, s.width].contains(&0)) {
        return Err(Error::limits("A value of the network is empty for this picture", "Use a larger picture or tile"));
    }
    let mut fuser = Fuser::new(graph);
    let mut stages: Vec<(usize, Stage<'_>)> = Vec::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        if let Op::Conv(conv) = &node.op
            && fuser.reachable[index]
        {
            if conv.group == 0 || conv.out_channels % conv.group != 0 {
                return Err(Error::model(
                    format!("The convolution \"{}\" splits {} channels into {} groups", node.name, conv.out_channels, conv.group),
                    "The model file is damaged; download it again",
                ));
            }
            stages.push(fuser.conv(index, conv, node.inputs[0]));
        }
    }
    for (index, node) in graph.nodes.iter().enumerate() {
        if fuser.reachable[index] && !fuser.taken[index] && !matches!(node.op, Op::Conv(_)) {
            stages.push(fuser.other(index, node));
        }
    }
    // A stage runs where the last of its nodes stood: its operands are made by then.
    stages.sort_by_key(|(position, _)| *position);
    Ok(Lowered { stages: stages.into_iter().map(|(_, stage)| stage).collect(), shapes, output: graph.output })
}

struct Fuser<'g> {
    graph: &'g Graph,
    /// Nodes that the output depends on.
    reachable: Vec<bool>,
    /// Number of reads of each value, by reachable nodes.
    reads: Vec<usize>,
    /// The last node that reads each value.
    reader: Vec<usize>,
    /// Nodes that are part of another node's stage.
    taken: Vec<bool>,
}

impl<'g> Fuser<'g> {
    fn new(graph: &'g Graph) -> Self {
        let count = graph.nodes.len();
        let mut reachable = vec![false; count];
        let mut reads = vec![0; count + 1];
        let mut reader = vec![0; count + 1];
        if graph.output.0 > 0 {
            reachable[graph.output.0 - 1] = true;
        }
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            if reachable[index] {
                for id in &node.inputs {
                    if reads[id.0] == 0 {
                        reader[id.0] = index;
                    }
                    reads[id.0] += 1;
                    if id.0 > 0 {
                        reachable[id.0 - 1] = true;
                    }
                }
            }
        }
        Self { graph, reachable, reads, reader, taken: vec![false; count] }
    }

    /// The node that alone reads `value`, if it is free to be fused.
    fn only_reader(&self, value: ValueId) -> Option<(usize, &'g Node)> {
        let index = self.reader[value.0];
        (value != self.graph.output && self.reads[value.0] == 1 && !self.taken[index]).then(|| (index, &self.graph.nodes[index]))
    }

    fn conv(&mut self, index: usize, conv: &'g Conv, input: ValueId) -> (usize, Stage<'g>) {
        let mut stage = ConvStage {
            conv,
            gain: vec![1.0; conv.out_channels],
            bias: conv.bias.to_vec(),
            activation: None,
            residual: Residual::None,
            picture: None,
        };
        let mut inputs = vec![input];
        let mut position = index;
        loop {
            let value = ValueId(position + 1);
            if let Some(end) = self.end(value, &mut stage, &mut inputs) {
                position = end;
                break;
            }
            let Some((next, node)) = self.only_reader(value) else { break };
            match &node.op {
                Op::BinaryConstant(constant) if stage.activation.is_none() && stage.residual == Residual::None => {
                    fold(&mut stage, constant);
                }
                Op::Activation(function) if stage.activation.is_none() && matches!(stage.residual, Residual::None | Residual::Before) => {
                    stage.activation = Some(function);
                }
                Op::Binary(BinaryOp::Add) if stage.residual == Residual::None => {
                    stage.residual = if stage.activation.is_some() { Residual::After } else { Residual::Before };
                    inputs.push(other_operand(node, value));
                }
                Op::Binary(BinaryOp::Mul) if stage.residual == Residual::None && node.inputs[0] != node.inputs[1] => {
                    let factor = other_operand(node, value);
                    let gate = self.sum_with_input(factor, conv, input);
                    stage.residual = if gate.is_some() { Residual::Gate } else { Residual::Times };
                    inputs.push(gate.unwrap_or(factor));
                }
                _ => break,
            }
            self.taken[next] = true;
            position = next;
        }
        (position, Stage { kind: StageKind::Conv(Box::new(stage)), inputs, output: ValueId(position + 1) })
    }

    /// Fuses the end of the network, if nothing else lies between `value` and the result:
    /// an optional pixel shuffle, with or without an anchor, and an optional clip.
    fn end(&mut self, value: ValueId, stage: &mut ConvStage<'g>, inputs: &mut Vec<ValueId>) -> Option<usize> {
        let mut nodes = Vec::new();
        let mut picture = Picture { shuffle: DepthToSpace { block: 1, order: DepthOrder::Crd }, anchor_scale: 1, limits: [f32::MIN, f32::MAX] };
        let mut residual = stage.residual;
        let mut anchor = None;
        let mut last = value;
        let mut resize = None;
        if let Some((index, Node { op: Op::DepthToSpace(shuffle), .. })) = self.only_reader(last) {
            picture.shuffle = *shuffle;
            nodes.push(index);
            last = ValueId(index + 1);
            if let (Residual::None, Some((index, node))) = (residual, self.only_reader(last))
                && node.op == Op::Binary(BinaryOp::Add)
            {
                let other = other_operand(node, last);
                resize = self.resize_read_once(other);
                (residual, anchor, picture.anchor_scale) = match resize {
                    Some((_, resize, input)) => (Residual::Anchor(resize.mode), Some(input), resize.scale),
                    None => (Residual::Anchor(ResizeMode::Nearest), Some(other), 1),
                };
                nodes.push(index);
                last = ValueId(index + 1);
            }
        }
        if let Some((index, Node { op: Op::Activation(Activation::Clip { low, high }), .. })) = self.only_reader(last) {
            // Infinite limits are none, and a shader has no infinity to compare with.
            picture.limits = [low.max(f32::MIN), high.min(f32::MAX)];
            nodes.push(index);
            last = ValueId(index + 1);
        }
        if last != self.graph.output {
            return None;
        }
        for index in nodes.into_iter().chain(resize.map(|(index, ..)| index)) {
            self.taken[index] = true;
        }
        stage.residual = residual;
        stage.picture = Some(picture);
        inputs.extend(anchor);
        Some(last.0 - 1)
    }

    /// Where `factor` is the sum of some value and of the input of `conv`, pixel by pixel, and is read once: that value. The
    /// sum is part of the convolution from then on.
    fn sum_with_input(&mut self, factor: ValueId, conv: &Conv, input: ValueId) -> Option<ValueId> {
        let index = factor.0.checked_sub(1)?;
        let node = &self.graph.nodes[index];
        let pixelwise = conv.kernel == [1, 1] && conv.stride == [1, 1] && conv.pads == [0; 4] && conv.group == 1;
        let fits = pixelwise && conv.out_channels == conv.group_in_channels && input != ValueId::INPUT;
        let is_sum = node.op == Op::Binary(BinaryOp::Add) && node.inputs.contains(&input) && self.reads[factor.0] == 1 && !self.taken[index];
        (fits && is_sum).then(|| {
            self.taken[index] = true;
            other_operand(node, input)
        })
    }

    /// The resize that made `value`, if `value` is read once.
    fn resize_read_once(&self, value: ValueId) -> Option<(usize, Resize, ValueId)> {
        let index = value.0.checked_sub(1)?;
        let node = &self.graph.nodes[index];
        match node.op {
            Op::Resize(resize) if self.reads[value.0] == 1 => Some((index, resize, node.inputs[0])),
            _ => None,
        }
    }

    fn other(&mut self, index: usize, node: &'g Node) -> (usize, Stage<'g>) {
        let mut position = index;
        let kind = match &node.op {
            Op::Conv(_) | Op::Concat => StageKind::Concat,
            Op::DepthToSpace(shuffle) => StageKind::DepthToSpace(*shuffle),
            Op::Resize(resize) => StageKind::Resize(*resize),
            Op::Pad(pad) => StageKind::Pad(*pad),
            Op::Activation(function) => StageKind::Pointwise { arithmetic: Arithmetic::None, constant: None, activation: Some(function) },
            Op::Binary(op) => {
                StageKind::Pointwise { arithmetic: arithmetic(*op, false), constant: None, activation: self.activation_after(&mut position) }
            }
            Op::BinaryConstant(binary) => StageKind::Pointwise {
                arithmetic: arithmetic(binary.op, binary.constant_left),
                constant: Some(&binary.constant),
                activation: self.activation_after(&mut position),
            },
        };
        (position, Stage { kind, inputs: node.inputs.clone(), output: ValueId(position + 1) })
    }

    fn activation_after(&mut self, position: &mut usize) -> Option<&'g Activation> {
        match self.only_reader(ValueId(*position + 1)) {
            Some((index, Node { op: Op::Activation(function), .. })) => {
                self.taken[index] = true;
                *position = index;
                Some(function)
            }
            _ => None,
        }
    }
}

fn other_operand(node: &Node, value: ValueId) -> ValueId {
    if node.inputs[0] == value { node.inputs[1] } else { node.inputs[0] }
}

fn arithmetic(op: BinaryOp, constant_left: bool) -> Arithmetic {
    match op {
        BinaryOp::Add => Arithmetic::Add,
        BinaryOp::Sub if constant_left => Arithmetic::SubFrom,
        BinaryOp::Sub => Arithmetic::Sub,
        BinaryOp::Mul => Arithmetic::Mul,
    }
}

/// Takes arithmetic with a constant into weights and bias.
fn fold(stage: &mut ConvStage<'_>, binary: &BinaryConstant) {
    for (channel, (gain, bias)) in stage.gain.iter_mut().zip(&mut stage.bias).enumerate() {
        let constant = if binary.constant.len() == 1 { binary.constant[0] } else { binary.constant[channel] };
        match arithmetic(binary.op, binary.constant_left) {
            Arithmetic::None => {}
            Arithmetic::Add => *bias += constant,
            Arithmetic::Sub => *bias -= constant,
            Arithmetic::SubFrom => (*gain, *bias) = (-*gain, constant - *bias),
            Arithmetic::Mul => (*gain, *bias) = (*gain * constant, *bias * constant),
        }
    }
}
