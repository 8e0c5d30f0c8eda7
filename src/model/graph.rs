//! The intermediate representation: what super-resolution networks are made of.
//!
//! A [`Graph`] is a list of nodes in execution order. Each node reads values made before it and
//! makes one value. Values are tensors of shape `[channels, height, width]`, f32, row-major; the
//! batch is always 1. Weights live inside the operations.

use std::sync::Arc;

/// Index of a value: 0 is the graph's input, `i + 1` is the output of node `i`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub usize);

impl ValueId {
    /// The graph's input.
    pub const INPUT: Self = Self(0);
}

/// Channels, height and width of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Number of channels.
    pub channels: usize,
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
}

impl Shape {
    /// A shape from its three sizes.
    pub const fn new(channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width }
    }

    /// Number of elements; the largest number there is where it cannot be counted.
    pub const fn len(self) -> usize {
        self.channels.saturating_mul(self.height).saturating_mul(self.width)
    }

    /// Whether the tensor has no elements.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// A network for one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// Channels of the input: 1 for a luma network, 3 for RGB.
    pub input_channels: usize,
    /// Nodes in execution order.
    pub nodes: Vec<Node>,
    /// The value that is the result.
    pub output: ValueId,
}

/// One operation with its operands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Name from the model file, for messages.
    pub name: String,
    /// What to compute.
    pub op: Op,
    /// Operands; every one is made before this node.
    pub inputs: Vec<ValueId>,
}

/// An operation. Definitions follow ONNX opset 17 on tensors `[1, C, H, W]`.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// 2-D convolution (cross-correlation) with zero padding.
    Conv(Conv),
    /// An element-wise function of one operand.
    Activation(Activation),
    /// Element-wise arithmetic of two operands of equal shape.
    Binary(BinaryOp),
    /// Element-wise arithmetic with a constant.
    BinaryConstant(BinaryConstant),
    /// Joins its operands along the channels.
    Concat,
    /// Moves channels into space (pixel shuffle).
    DepthToSpace(DepthToSpace),
    /// Enlarges or reduces by a fixed factor.
    Resize(Resize),
    /// Adds a border.
    Pad(Pad),
}

/// Parameters of a convolution.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv {
    /// Output channels.
    pub out_channels: usize,
    /// Input channels of one group: `in_channels / group`.
    pub group_in_channels: usize,
    /// Kernel height and width.
    pub kernel: [usize; 2],
    /// Vertical and horizontal stride.
    pub stride: [usize; 2],
    /// Vertical and horizontal dilation.
    pub dilation: [usize; 2],
    /// Zero padding: top, left, bottom, right.
    pub pads: [usize; 4],
    /// Number of groups.
    pub group: usize,
    /// Weights, OIHW: `[out_channels, group_in_channels, kernel[0], kernel[1]]`.
    pub weight: Arc<[f32]>,
    /// Bias, one per output channel; zeros where the file has none.
    pub bias: Arc<[f32]>,
}

/// An element-wise function.
#[derive(Debug, Clone, PartialEq)]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// `x` where positive, else `slope * x`.
    LeakyRelu(f32),
    /// Leaky `ReLU` with a slope per channel.
    PRelu(Arc<[f32]>),
    /// `min(max(x, low), high)`.
    Clip {
        /// Lower bound.
        low: f32,
        /// Upper bound.
        high: f32,
    },
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
}

/// Arithmetic of two tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `a + b`.
    Add,
    /// `a - b`.
    Sub,
    /// `a * b`.
    Mul,
}

impl BinaryOp {
    /// The operation on two numbers.
    pub fn apply(self, a: f32, b: f32) -> f32 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
        }
    }
}

/// Arithmetic with a constant.
#[derive(Debug, Clone, PartialEq)]
pub struct BinaryConstant {
    /// The operation.
    pub op: BinaryOp,
    /// One value for all, or one per channel.
    pub constant: Arc<[f32]>,
    /// Whether the constant is the left operand.
    pub constant_left: bool,
}

/// Order of the channels in a pixel shuffle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DepthOrder {
    /// Column, row, depth: channel `c * block² + dy * block + dx` (`PyTorch`'s `pixel_shuffle`).
    Crd,
    /// Depth, column, row: channel `(dy * block + dx) * C + c`.
    Dcr,
}

/// Parameters of a pixel shuffle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DepthToSpace {
    /// Side of the block that one input pixel becomes.
    pub block: usize,
    /// Channel order.
    pub order: DepthOrder,
}

/// How a resize finds its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResizeMode {
    /// `in[floor(out / scale)]`: ONNX `nearest`, `asymmetric`, `floor`.
    Nearest,
    /// Bilinear, `half_pixel` coordinates, edges clamped.
    Linear,
    /// Bilinear, `asymmetric` coordinates (`in = out / scale`), edges clamped.
    LinearAsymmetric,
}

/// Parameters of a resize by a whole factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resize {
    /// Enlargement factor, at least 1, the same in both directions.
    pub scale: usize,
    /// Interpolation.
    pub mode: ResizeMode,
}

/// What a border is filled with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PadMode {
    /// A constant.
    Constant(f32),
    /// The nearest edge pixel.
    Edge,
    /// Mirrored without repeating the edge pixel.
    Reflect,
}

/// Parameters of a border.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pad {
    /// Pixels added: top, left, bottom, right.
    pub pads: [usize; 4],
    /// Filling.
    pub mode: PadMode,
}

impl Op {
    /// Name for messages, as ONNX calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Conv(_) => "Conv",
            Self::Activation(Activation::Relu) => "Relu",
            Self::Activation(Activation::LeakyRelu(_)) => "LeakyRelu",
            Self::Activation(Activation::PRelu(_)) => "PRelu",
            Self::Activation(Activation::Clip { .. }) => "Clip",
            Self::Activation(Activation::Sigmoid) => "Sigmoid",
            Self::Binary(BinaryOp::Add) | Self::BinaryConstant(BinaryConstant { op: BinaryOp::Add, .. }) => "Add",
            Self::Binary(BinaryOp::Sub) | Self::BinaryConstant(BinaryConstant { op: BinaryOp::Sub, .. }) => "Sub",
            Self::Binary(BinaryOp::Mul) | Self::BinaryConstant(BinaryConstant { op: BinaryOp::Mul, .. }) => "Mul",
            Self::Concat => "Concat",
            Self::DepthToSpace(_) => "DepthToSpace",
            Self::Resize(_) => "Resize",
            Self::Pad(_) => "Pad",
        }
    }
}
