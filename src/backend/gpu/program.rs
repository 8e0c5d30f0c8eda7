//! A network as a list of dispatches, complete but for the device.

use super::kernels::{ActivationKind, ConvVariant, GROUP, MATRIX_BYTES, PadKind, Params, Target, Variant, View, WeightSpace};
use super::memory::{self, Plan};
use super::weights;
use crate::backend::lower::{Arithmetic, ConvStage, Lowered, Stage, StageKind};
use crate::model::graph::{Activation, Pad, PadMode, Shape, ValueId};

/// Multiplications and additions of f32 in one dispatch, at most: 20 ms at 200 GFLOP/s, which is a
/// slow integrated GPU, where a driver resets the device after 2 s.
const MAX_DISPATCH_MACS: u64 = 2_000_000_000;

/// Multiplications and additions between two submissions, at most, for the same reason.
const MAX_SUBMIT_MACS: u64 = 32_000_000_000;

/// Workgroups along one side of a dispatch, at most.
const MAX_GROUPS: u32 = 65_535;

/// Alignment of every constant: what any device accepts as the start of a binding.
const ALIGNMENT: usize = 256;

/// A buffer that a dispatch reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The picture that goes in.
    Input,
    /// The picture that comes out.
    Output,
    /// An activation buffer.
    Activation(usize),
}

/// Part of the constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub size: u64,
}

/// One dispatch.
#[derive(Debug, Clone)]
pub struct Step {
    /// The kernel.
    pub variant: Variant,
    /// What it reads.
    pub src: Place,
    /// What it writes.
    pub dst: Place,
    /// What else it reads; `src` where there is nothing.
    pub other: Place,
    /// Its parameters.
    pub params: Range,
    /// Its weights.
    pub weights: Range,
    /// Its vectors per block of channels.
    pub channel: Range,
    /// Workgroups.
    pub groups: [u32; 3],
    /// Whether the work so far is submitted before this dispatch.
    pub submit_before: bool,
}

/// A network for one shape of input.
#[derive(Debug)]
pub struct Program {
    /// Dispatches in order.
    pub steps: Vec<Step>,
    /// Parameters, weights and vectors of all steps.
    pub constants: Vec<u8>,
    /// Sizes of the buffers.
    pub plan: Plan,
    /// Shape of the input.
    pub input: Shape,
    /// Shape of the output.
    pub output: Shape,
    /// Largest storage binding of constants, in bytes.
    pub largest_constant: u64,
}

/// Makes the dispatches of `lowered`, whose values lie as `plan` says. The caller has checked that
/// the plan's buffers are possible at all.
pub fn assemble(lowered: &Lowered<'_>, plan: Plan) -> Program {
    let (input, output) = (lowered.shapes[0], lowered.shapes[lowered.output.0]);
    let mut builder = Builder { lowered, plan: &plan, steps: Vec::new(), constants: vec![0; ALIGNMENT], macs: 0, largest_constant: 0 };
    builder.pack(input);
    for stage in &lowered.stages {
        builder.stage(stage);
    }
    if !lowered.stages.last().is_some_and(memory::writes_picture) {
        builder.unpack(output);
    }
    let Builder { steps, constants, largest_constant, .. } = builder;
    Program { steps, constants, plan, input, output, largest_constant }
}

/// How a picture lies in its buffer.
fn picture_view(shape: Shape) -> View {
    View {
        row: shape.width as u32,
        plane: (shape.width * shape.height) as u32,
        width: shape.width as u32,
        height: shape.height as u32,
        channels: shape.channels as u32,
        blocks: shape.channels.div_ceil(4) as u32,
        ..View::default()
    }
}

/// Where a kernel's operands lie.
struct Operands {
    src: Place,
    dst: Place,
    other: Place,
}

struct Builder<'a> {
    lowered: &'a Lowered<'a>,
    plan: &'a Plan,
    steps: Vec<Step>,
    constants: Vec<u8>,
    macs: u64,
    largest_constant: u64,
}

impl Builder<'_> {
    fn constant(&mut self, bytes: &[u8]) -> Range {
        let offset = self.constants.len();
        self.constants.extend_from_slice(bytes);
        self.constants.resize(self.constants.len().next_multiple_of(ALIGNMENT), 0);
        self.largest_constant = self.largest_constant.max(bytes.len() as u64);
        Range { offset: offset as u64, size: bytes.len() as u64 }
    }

    fn shape(&self, value: ValueId) -> Shape {
        self.lowered.shapes[value.0]
    }

    /// Buffer and view of a value in planes.
    fn planes(&self, value: ValueId) -> (Place, View) {
        match self.plan.places[value.0] {
            Some(place) => (Place::Activation(place.buffer), place.view),
            // A value that a stage reads or writes is placed.
            None => (Place::Input, View::default()),
        }
    }

    fn pack(&mut self, shape: Shape) {
        let (dst, view) = self.planes(ValueId::INPUT);
        let params = Params { src: picture_view(shape), dst: view, ..Params::default() };
        let operands = Operands { src: Place::Input, dst, other: Place::Input };
        self.dispatch_all(Variant::Pack, &operands, params, NONE, shape, 4);
    }

    fn unpack(&mut self, shape: Shape) {
        let (src, view) = self.planes(self.lowered.output);
        let params = Params { src: view, dst: picture_view(shape), ..Params::default() };
        let operands = Operands { src, dst: Place::Output, other: src };
        self.dispatch_all(Variant::Unpack, &operands, params, NONE, shape, 4);
    }

    fn stage(&mut self, stage: &Stage<'_>) {
        let shape = self.shape(stage.output);
        let (src, src_view) = self.planes(stage.inputs[0]);
        let (other, other_view) = self.planes(*stage.inputs.get(1).unwrap_or(&stage.inputs[0]));
        let (dst, dst_view) = self.planes(stage.output);
        let params = Params { src: src_view, dst: dst_view, other: other_view, ..Params::default() };
        let operands = Operands { src, dst, other };
        match &stage.kind {
            StageKind::Conv(conv) => self.conv(conv, stage, &operands, params),
            StageKind::Pointwise { arithmetic, constant, activation } => {
                let vectors = weights::channel_vectors(shape.channels, constant.unwrap_or(&[]), *activation);
                let channel = self.constant(bytemuck::cast_slice(&vectors));
                let variant = Variant::Pointwise {
                    arithmetic: *arithmetic,
                    value: constant.is_none() && *arithmetic != Arithmetic::None,
                    activation: activation_kind(*activation),
                };
                self.dispatch_all(variant, &operands, params, channel, shape, 8);
            }
            StageKind::Concat => {
                let mut first = 0;
                for id in &stage.inputs {
                    let channels = self.shape(*id).channels;
                    let (src, src_view) = self.planes(*id);
                    let blocks = [first / 4, (first + channels).div_ceil(4)];
                    let params = Params { src: src_view, first_channel: first as u32, origin_block: blocks[0] as u32, ..params };
                    let extent = Shape::new((blocks[1] - blocks[0]) * 4, shape.height, shape.width);
                    self.dispatch_all(Variant::Concat, &Operands { src, dst, other: src }, params, NONE, extent, 4);
                    first += channels;
                }
            }
            StageKind::DepthToSpace(shuffle) => {
                let params = Params { shuffle: shuffle.block as u32, ..params };
                self.dispatch_all(Variant::DepthToSpace(shuffle.order), &operands, params, NONE, shape, 8);
            }
            StageKind::Resize(resize) => {
                let params = Params { scale: resize.scale as u32, ..params };
                self.dispatch_all(Variant::Resize(resize.mode), &operands, params, NONE, shape, 16);
            }
            StageKind::Pad(Pad { pads, mode }) => {
                let (kind, fill) = match mode {
                    PadMode::Constant(fill) => (PadKind::Constant, *fill),
                    PadMode::Edge => (PadKind::Edge, 0.0),
                    PadMode::Reflect => (PadKind::Reflect, 0.0),
                };
                let params = Params { pad_top: pads[0] as u32, pad_left: pads[1] as u32, fill, ..params };
                self.dispatch_all(Variant::Pad(kind), &operands, params, NONE, shape, 4);
            }
        }
    }

    fn conv(&mut self, fused: &ConvStage<'_>, stage: &Stage<'_>, operands: &Operands, params: Params) {
        let conv = fused.conv;
        let direct = memory::is_direct(conv);
        let slices = weights::slices(conv);
        let matrices = weights::matrices(fused, &slices);
        let weights = self.constant(bytemuck::cast_slice(&matrices));
        let vectors = weights::channel_vectors(conv.out_channels, &fused.bias, fused.activation);
        let channel = self.constant(bytemuck::cast_slice(&vectors));
        let mut params = Params {
            read_blocks: slices.read_blocks as u32,
            group_in: conv.group_in_channels as u32,
            group_out: (conv.out_channels / conv.group) as u32,
            pad_top: conv.pads[0] as u32,
            pad_left: conv.pads[1] as u32,
            stride_y: conv.stride[0] as u32,
            stride_x: conv.stride[1] as u32,
            dilation_y: conv.dilation[0] as u32,
            dilation_x: conv.dilation[1] as u32,
            ..params
        };
        if direct {
            // The border is at least as wide as the padding.
            params.src.offset -= params.pad_top * params.src.row + params.pad_left;
        }
        let mut extent = self.shape(stage.output);
        let mut dst = operands.dst;
        let mut target = Target::Planes;
        if let Some(picture) = fused.picture {
            let block = picture.shuffle.block;
            target = Target::Picture(picture.shuffle.order);
            dst = Place::Output;
            params.dst = picture_view(extent);
            params.shuffle = block as u32;
            params.scale = picture.anchor_scale as u32;
            [params.low, params.high] = picture.limits;
            extent = Shape::new(conv.out_channels, extent.height / block, extent.width / block);
        }
        let operands = Operands { dst, ..*operands };
        let variant = Variant::Conv(ConvVariant {
            direct,
            kernel: [conv.kernel[0] as u32, conv.kernel[1] as u32],
            weights: slices.space,
            activation: activation_kind(fused.activation),
            residual: fused.residual,
            target,
        });
        let blocks = conv.out_channels.div_ceil(4);
        for slice in 0..slices.count {
            let first = slice * slices.blocks;
            let bound = match slices.space {
                WeightSpace::Uniform(bound) => {
                    Range { offset: weights.offset + (slice * slices.stride * MATRIX_BYTES) as u64, size: u64::from(bound) * MATRIX_BYTES as u64 }
                }
                WeightSpace::Storage => weights,
            };
            let extent = Shape::new((blocks - first).min(slices.blocks) * 4, extent.height, extent.width);
            let params = Params { origin_block: first as u32, ..params };
            self.dispatch(variant, &operands, params, bound, channel, extent, slices.block_matrices as u64 * 16, slices.block_matrices as u32);
        }
    }

    /// Dispatches without weights.
    fn dispatch_all(&mut self, variant: Variant, operands: &Operands, params: Params, channel: Range, extent: Shape, macs: u64) {
        self.dispatch(variant, operands, params, NONE, channel, extent, macs, 0);
    }

    /// Cuts the work on `extent` into dispatches: `macs` is the work on one pixel of one block.
    #[expect(clippy::too_many_arguments, reason = "the parts of a dispatch, each from another place")]
    fn dispatch(
        &mut self,
        variant: Variant,
        operands: &Operands,
        params: Params,
        weights: Range,
        channel: Range,
        extent: Shape,
        macs: u64,
        block_matrices: u32,
    ) {
        let [across, down] = variant.pixels_per_thread();
        let cell = [across * GROUP[0], down * GROUP[1]];
        let groups = [(extent.width as u32).div_ceil(cell[0]), (extent.height as u32).div_ceil(cell[1]), extent.channels.div_ceil(4) as u32];
        let group_macs = macs * u64::from(cell[0] * cell[1]);
        for part in cut(groups, group_macs, MAX_DISPATCH_MACS) {
            let params = Params {
                origin_x: part.first[0] * cell[0],
                origin_y: part.first[1] * cell[1],
                origin_block: params.origin_block + part.first[2],
                first_weight: part.first[2] * block_matrices,
                ..params
            };
            let work = part.groups.iter().map(|&g| u64::from(g)).product::<u64>() * group_macs;
            let submit_before = self.macs > 0 && self.macs + work > MAX_SUBMIT_MACS;
            self.macs = if submit_before { work } else { self.macs + work };
            let params = self.constant(bytemuck::bytes_of(&params));
            self.steps.push(Step {
                variant,
                src: operands.src,
                dst: operands.dst,
                other: operands.other,
                params,
                weights,
                channel,
                groups: part.groups,
                submit_before,
            });
        }
    }
}

/// What is bound where a kernel reads nothing: the zeros at the start of the constants.
const NONE: Range = Range { offset: 0, size: ALIGNMENT as u64 };

/// Part of a grid of workgroups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    first: [u32; 3],
    groups: [u32; 3],
}

/// Cuts a grid of workgroups of `group_work` each into parts of at most `most` work and at most
/// [`MAX_GROUPS`] along each side; at the least one workgroup a part.
fn cut(groups: [u32; 3], group_work: u64, most: u64) -> Vec<Part> {
    let fit = |work: u64, groups: u32| (most / work.max(1)).clamp(1, u64::from(groups.min(MAX_GROUPS))) as u32;
    let x = fit(group_work, groups[0]);
    let y = fit(group_work * u64::from(x), groups[1]);
    let z = fit(group_work * u64::from(x) * u64::from(y), groups[2]);
    let step = [x, y, z];
    let mut parts = Vec::new();
    for block in (0..groups[2]).step_by(step[2] as usize) {
        for row in (0..groups[1]).step_by(step[1] as usize) {
            for column in (0..groups[0]).step_by(step[0] as usize) {
                let first = [column, row, block];
                let groups = std::array::from_fn(|axis| step[axis].min(groups[axis] - first[axis]));
                parts.push(Part { first, groups });
            }
        }
    }
    parts
}

fn activation_kind(activation: Option<&Activation>) -> ActivationKind {
    match activation {
        None | Some(Activation::Relu | Activation::LeakyRelu(_) | Activation::PRelu(_)) => ActivationKind::Slope,
        Some(Activation::Clip { .. }) => ActivationKind::Clip,
        Some(Activation::Sigmoid) => ActivationKind::Sigmoid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_grid_once_within_the_limits() {
        for (groups, work, most) in
            [([1, 1, 1], 10, 5), ([7, 5, 3], 10, 45), ([7, 5, 3], 1, 1000), ([200_000, 1, 2], 1, u64::MAX), ([70_000, 70_000, 1], 1, 1 << 40)]
        {
            let parts = cut(groups, work, most);
            let mut cells = 0;
            for part in &parts {
                let count: u64 = part.groups.iter().map(|&g| u64::from(g)).product();
                assert!(count == 1 || count * work <= most, "{part:?}");
                assert!(part.groups.iter().all(|&g| (1..=MAX_GROUPS).contains(&g)), "{part:?}");
                assert!((0..3).all(|axis| part.first[axis] + part.groups[axis] <= groups[axis]), "{part:?}");
                cells += count;
            }
            assert_eq!(cells, groups.iter().map(|&g| u64::from(g)).product::<u64>());
            let mut firsts: Vec<_> = parts.iter().map(|p| p.first).collect();
            firsts.dedup();
            assert_eq!(firsts.len(), parts.len());
        }
    }
}
