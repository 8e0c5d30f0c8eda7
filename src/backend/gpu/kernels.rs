//! The kernels: which there are, their WGSL, and the parameters of a dispatch.
//!
//! A shader is a header of constants, `common.wgsl`, and the parts that the variant needs, in this
//! order. There is no template language: what differs between variants is a constant that the
//! shader compiler folds, or another part.

use bytemuck::{Pod, Zeroable};

use crate::backend::lower::{Arithmetic, Residual};
use crate::model::graph::{DepthOrder, ResizeMode};

/// Threads of a workgroup, horizontally and vertically.
pub const GROUP: [u32; 2] = [8, 8];

/// Pixels that a thread of the direct convolution makes, horizontally and vertically.
pub const BLOCK: [u32; 2] = [4, 4];

/// Bytes of the part of the weights that one dispatch may bind as a uniform: every device allows as much.
pub const UNIFORM_SLICE_BYTES: usize = 64 << 10;

/// Bytes of a 4 x 4 matrix of f32.
pub const MATRIX_BYTES: usize = 64;

/// Where a value lies in its buffer, in elements of the buffer's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct View {
    /// Position of pixel (0, 0) of the first block or channel.
    pub offset: u32,
    /// Elements from one row to the next.
    pub row: u32,
    /// Elements from one block or channel to the next.
    pub plane: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Channels.
    pub channels: u32,
    /// Blocks of four channels.
    pub blocks: u32,
    /// Unused.
    pub spare: u32,
}

/// The parameters of a dispatch: `Params` of `common.wgsl`, where the fields are explained.
#[derive(Debug, Clone, Copy, PartialEq, Default, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "common.wgsl explains the fields beside the code that reads them")]
pub struct Params {
    pub src: View,
    pub dst: View,
    pub other: View,
    pub origin_x: u32,
    pub origin_y: u32,
    pub origin_block: u32,
    pub first_weight: u32,
    pub read_blocks: u32,
    pub group_in: u32,
    pub group_out: u32,
    pub pad_top: u32,
    pub pad_left: u32,
    pub stride_y: u32,
    pub stride_x: u32,
    pub dilation_y: u32,
    pub dilation_x: u32,
    pub shuffle: u32,
    pub scale: u32,
    pub first_channel: u32,
    pub low: f32,
    pub high: f32,
    pub fill: f32,
    pub spare: u32,
}

/// The element-wise function at the end of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActivationKind {
    /// `x` where positive, else `x` times the channel's slope; the identity has a slope of 1.
    Slope,
    /// Limits from below and above.
    Clip,
    /// The logistic function.
    Sigmoid,
}

/// Where a convolution's result goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// To further kernels: planes of four channels.
    Planes,
    /// To the picture that is read back, after a pixel shuffle of this order.
    Picture(DepthOrder),
}

/// Where the weights are bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WeightSpace {
    /// As a uniform of so many matrices, which most devices read faster.
    Uniform(u32),
    /// As a storage buffer, which has no such limit of size.
    Storage,
}

/// A convolution kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConvVariant {
    /// Register-blocked, for stride 1 and dilation 1; otherwise the general kernel.
    pub direct: bool,
    /// Kernel height and width.
    pub kernel: [u32; 2],
    /// Where the weights are.
    pub weights: WeightSpace,
    /// The fused activation.
    pub activation: ActivationKind,
    /// What is added.
    pub residual: Residual,
    /// Where the result goes.
    pub target: Target,
}

/// What fills a border.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PadKind {
    /// A constant.
    Constant,
    /// The nearest edge pixel.
    Edge,
    /// Mirrored pixels.
    Reflect,
}

/// A kernel with all that is fixed when it is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Variant {
    /// A picture into planes.
    Pack,
    /// Planes into a picture.
    Unpack,
    /// A convolution.
    Conv(ConvVariant),
    /// Element-wise arithmetic and activation; the right side is a value, or else a constant.
    Pointwise {
        /// The arithmetic.
        arithmetic: Arithmetic,
        /// Whether the right side is a value.
        value: bool,
        /// The activation that follows.
        activation: ActivationKind,
    },
    /// One operand of a concatenation.
    Concat,
    /// Pixel shuffle.
    DepthToSpace(DepthOrder),
    /// Enlargement.
    Resize(ResizeMode),
    /// A border.
    Pad(PadKind),
}

/// The codes that the shaders compare with: every name is declared in every shader.
const CODES: &[(&str, u32)] = &[
    ("ACTIVATION_CLIP", 1),
    ("ACTIVATION_SIGMOID", 2),
    ("RESIDUAL_BEFORE", 1),
    ("RESIDUAL_AFTER", 2),
    ("RESIDUAL_ANCHOR", 3),
    ("RESIDUAL_TIMES", 4),
    ("RESIDUAL_GATE", 5),
    ("RESIZE_LINEAR", 1),
    ("RESIZE_ASYMMETRIC", 2),
    ("ORDER_DCR", 1),
    ("OPERAND_VALUE", 1),
    ("ARITHMETIC_ADD", 1),
    ("ARITHMETIC_SUB", 2),
    ("ARITHMETIC_SUB_FROM", 3),
    ("ARITHMETIC_MUL", 4),
    ("PAD_CONSTANT", 1),
    ("PAD_REFLECT", 2),
];

impl ActivationKind {
    fn code(self) -> u32 {
        match self {
            Self::Slope => 0,
            Self::Clip => 1,
            Self::Sigmoid => 2,
        }
    }
}

fn resize_code(mode: ResizeMode) -> u32 {
    match mode {
        ResizeMode::Nearest => 0,
        ResizeMode::Linear => 1,
        ResizeMode::LinearAsymmetric => 2,
    }
}

fn order_code(order: DepthOrder) -> u32 {
    match order {
        DepthOrder::Crd => 0,
        DepthOrder::Dcr => 1,
    }
}

impl Variant {
    /// Whether the kernel reads its weights as a uniform.
    pub fn uniform_weights(self) -> bool {
        !matches!(self, Self::Conv(ConvVariant { weights: WeightSpace::Storage, .. }))
    }

    /// Matrices of the uniform that holds weights; 1 where there is none.
    pub fn uniform_matrices(self) -> u32 {
        match self {
            Self::Conv(ConvVariant { weights: WeightSpace::Uniform(matrices), .. }) => matrices,
            _ => 1,
        }
    }

    /// Pixels that one thread makes, horizontally and vertically.
    pub fn pixels_per_thread(self) -> [u32; 2] {
        match self {
            Self::Conv(ConvVariant { direct: true, .. }) => BLOCK,
            _ => [1, 1],
        }
    }

    /// The parts behind `common.wgsl`.
    fn parts(self) -> Vec<&'static str> {
        const SAMPLE: &str = include_str!("shaders/sample.wgsl");
        match self {
            Self::Pack => vec![include_str!("shaders/pack.wgsl")],
            Self::Unpack => vec![include_str!("shaders/unpack.wgsl")],
            Self::Conv(conv) => {
                let mut parts = vec![match conv.weights {
                    WeightSpace::Uniform(_) => include_str!("shaders/weights_uniform.wgsl"),
                    WeightSpace::Storage => include_str!("shaders/weights_storage.wgsl"),
                }];
                parts.push(include_str!("shaders/finish_value.wgsl"));
                match conv.target {
                    Target::Planes => parts.push(include_str!("shaders/finish_planes.wgsl")),
                    Target::Picture(_) => parts.extend([SAMPLE, include_str!("shaders/finish_picture.wgsl")]),
                }
                parts.push(match (conv.direct, conv.kernel) {
                    (false, _) => include_str!("shaders/conv_general.wgsl"),
                    (true, [3, 3] | [5, 5]) => include_str!("shaders/conv_direct_square.wgsl"),
                    (true, _) => include_str!("shaders/conv_direct.wgsl"),
                });
                parts
            }
            Self::Pointwise { .. } => vec![include_str!("shaders/pointwise.wgsl")],
            Self::Concat => vec![include_str!("shaders/concat.wgsl")],
            Self::DepthToSpace(_) => vec![include_str!("shaders/depth_to_space.wgsl")],
            Self::Resize(_) => vec![SAMPLE, include_str!("shaders/resize.wgsl")],
            Self::Pad(_) => vec![include_str!("shaders/pad.wgsl")],
        }
    }

    /// The constants that make this variant.
    fn constants(self) -> Vec<(&'static str, u32)> {
        let mut constants = vec![("WEIGHTS", self.uniform_matrices())];
        let (mut activation, mut residual, mut resize, mut order) = (ActivationKind::Slope, 0, 0, 0);
        match self {
            Self::Pack | Self::Unpack | Self::Concat => {}
            Self::Conv(conv) => {
                constants.extend([("KERNEL_H", conv.kernel[0]), ("KERNEL_W", conv.kernel[1])]);
                activation = conv.activation;
                residual = match conv.residual {
                    Residual::None => 0,
                    Residual::Before => 1,
                    Residual::After => 2,
                    Residual::Anchor(mode) => {
                        resize = resize_code(mode);
                        3
                    }
                    Residual::Times => 4,
                    Residual::Gate => 5,
                };
                if let Target::Picture(shuffle) = conv.target {
                    order = order_code(shuffle);
                }
            }
            Self::Pointwise { arithmetic, value, activation: function } => {
                constants.push(("OPERAND", u32::from(value)));
                constants.push((
                    "ARITHMETIC",
                    match arithmetic {
                        Arithmetic::None => 0,
                        Arithmetic::Add => 1,
                        Arithmetic::Sub => 2,
                        Arithmetic::SubFrom => 3,
                        Arithmetic::Mul => 4,
                    },
                ));
                activation = function;
            }
            Self::DepthToSpace(shuffle) => order = order_code(shuffle),
            Self::Resize(mode) => resize = resize_code(mode),
            Self::Pad(kind) => constants.push((
                "PAD",
                match kind {
                    PadKind::Edge => 0,
                    PadKind::Constant => 1,
                    PadKind::Reflect => 2,
                },
            )),
        }
        constants.extend([("ACTIVATION", activation.code()), ("RESIDUAL", residual), ("RESIZE", resize), ("ORDER", order)]);
        constants
    }

    /// The WGSL of this variant; its entry point is `main`.
    pub fn source(self) -> String {
        let mut source = String::from("alias elem = f32;\n");
        let group = [("GROUP_X", GROUP[0]), ("GROUP_Y", GROUP[1])];
        for (name, value) in group.into_iter().chain(CODES.iter().copied()).chain(self.constants()) {
            source.push_str("const ");
            source.push_str(name);
            source.push_str(": u32 = ");
            source.push_str(&value.to_string());
            source.push_str(";\n");
        }
        source.push_str(include_str!("shaders/common.wgsl"));
        for part in self.parts() {
            source.push_str(part);
        }
        source
    }
}
