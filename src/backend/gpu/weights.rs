//! Weights as the convolution kernels read them.

use super::kernels::{MATRIX_BYTES, UNIFORM_SLICE_BYTES, WeightSpace};
use crate::backend::lower::ConvStage;
use crate::model::graph::{Activation, Conv};

/// Sizes in which weights are bound as uniforms, in matrices; the last is [`UNIFORM_SLICE_BYTES`].
const UNIFORM_SIZES: [usize; 3] = [64, 256, UNIFORM_SLICE_BYTES / MATRIX_BYTES];

/// How the matrices of a convolution are cut over dispatches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slices {
    /// Blocks of four input channels that one block of output channels reads.
    pub read_blocks: usize,
    /// Matrices of one block of output channels.
    pub block_matrices: usize,
    /// Blocks of output channels in a slice.
    pub blocks: usize,
    /// Matrices from one slice to the next, so that each starts where a binding may.
    pub stride: usize,
    /// Number of slices.
    pub count: usize,
    /// Where the matrices are bound.
    pub space: WeightSpace,
}

/// Cuts the matrices of `conv`: as few equal slices as fit a uniform binding each, or one in a
/// storage buffer where not even a block fits.
pub fn slices(conv: &Conv) -> Slices {
    let blocks = conv.out_channels.div_ceil(4);
    let read_blocks = (0..blocks).map(|block| read_range(conv, block)).map(|(first, last)| last - first + 1).max().unwrap_or(1);
    let block_matrices = read_blocks * conv.kernel[0] * conv.kernel[1];
    let most = UNIFORM_SLICE_BYTES / (block_matrices * MATRIX_BYTES);
    if most == 0 {
        return Slices { read_blocks, block_matrices, blocks, stride: blocks * block_matrices, count: 1, space: WeightSpace::Storage };
    }
    let count = blocks.div_ceil(most);
    let per_slice = blocks.div_ceil(count);
    // Four matrices are 256 bytes, the alignment of a binding.
    let stride = (per_slice * block_matrices).next_multiple_of(4);
    // The size of a uniform is part of the pipeline: few sizes make few pipelines.
    let bound = UNIFORM_SIZES.into_iter().find(|&size| size >= stride).unwrap_or(stride);
    Slices { read_blocks, block_matrices, blocks: per_slice, stride, count: blocks.div_ceil(per_slice), space: WeightSpace::Uniform(bound as u32) }
}

/// First and last block of input channels that a block of output channels reads.
fn read_range(conv: &Conv, block: usize) -> (usize, usize) {
    let group_out = conv.out_channels / conv.group;
    let last_out = (block * 4 + 3).min(conv.out_channels - 1);
    let first = block * 4 / group_out * conv.group_in_channels;
    let last = last_out / group_out * conv.group_in_channels + conv.group_in_channels - 1;
    (first / 4, last / 4)
}

/// The matrices `[output block][input block][ky][kx]`, whole slices of them, the last one as long as
/// its binding: column `i` of a matrix
/// is what input lane `i` gives to the four output lanes. Lanes without a channel are zero.
pub fn matrices(stage: &ConvStage<'_>, slices: &Slices) -> Vec<f32> {
    let conv = stage.conv;
    let taps = conv.kernel[0] * conv.kernel[1];
    let group_out = conv.out_channels / conv.group;
    let bound = if let WeightSpace::Uniform(bound) = slices.space { bound as usize } else { slices.stride };
    let mut matrices = vec![0.0; ((slices.count - 1) * slices.stride + bound) * 16];
    for out in 0..conv.out_channels {
        let block = out / 4;
        let (first, _) = read_range(conv, block);
        let start = block / slices.blocks * slices.stride + block % slices.blocks * slices.block_matrices;
        for within in 0..conv.group_in_channels {
            let input = out / group_out * conv.group_in_channels + within;
            for tap in 0..taps {
                let matrix = start + (input / 4 - first) * taps + tap;
                matrices[matrix * 16 + input % 4 * 4 + out % 4] = stage.gain[out] * conv.weight[(out * conv.group_in_channels + within) * taps + tap];
            }
        }
    }
    matrices
}

/// Three vectors for each block of channels: `first` (a bias or a constant; one value for all, or
/// one per channel), and the two that the activation reads.
pub fn channel_vectors(channels: usize, first: &[f32], activation: Option<&Activation>) -> Vec<f32> {
    let mut vectors = vec![0.0; channels.div_ceil(4) * 12];
    for channel in 0..channels {
        let (a, b) = match activation {
            None => (1.0, 0.0),
            Some(Activation::Relu | Activation::Sigmoid) => (0.0, 0.0),
            Some(Activation::LeakyRelu(slope)) => (*slope, 0.0),
            Some(Activation::PRelu(slopes)) => (slopes[channel], 0.0),
            Some(Activation::Clip { low, high }) => (low.max(f32::MIN), high.min(f32::MAX)),
        };
        let at = channel / 4 * 12 + channel % 4;
        vectors[at] = if first.len() == 1 { first[0] } else { first.get(channel).copied().unwrap_or(0.0) };
        vectors[at + 4] = a;
        vectors[at + 8] = b;
    }
    vectors
}
