//! Convolution as it is written: any kernel, stride and dilation.

use fearless_simd::{Simd, SimdBase};

use super::kernel::{Ending, biased, multiply, vectors};
use super::layout::{Layout, Source, Target};
use crate::model::graph::Conv;

/// A convolution with its weights packed for blocks of `V` vectors of output channels.
#[derive(Debug)]
pub struct Direct {
    /// Neighbouring numbers of the input that are read together: offset from the pixel's first, and how many.
    runs: Vec<(usize, usize)>,
    /// `[output block][number of a run][channel of the block]`.
    weights: Vec<f32>,
    /// Vectors of a block.
    vectors: usize,
    /// Rows and columns from one output pixel to the next.
    stride: [usize; 2],
    /// The pixel under the kernel's corner, from the output pixel times the stride, upwards and to the left.
    corner: [usize; 2],
}

impl Direct {
    /// Packs the weights of `conv`, each times the gain of its output channel.
    #[inline(never)]
    pub fn new(conv: &Conv, gain: &[f32], input: &Layout, lanes: usize) -> Self {
        let [kh, kw] = conv.kernel;
        let together = conv.dilation[1] == 1;
        let mut runs = Vec::new();
        for ky in 0..kh {
            let row = ky * conv.dilation[0] * input.pitch();
            if together {
                runs.push((row, kw * input.stride));
            } else {
                runs.extend((0..kw).map(|kx| (row + kx * conv.dilation[1] * input.stride, input.stride)));
            }
        }
        let outputs = conv.out_channels.div_ceil(lanes);
        let vectors = vectors(outputs);
        let width = vectors * lanes;
        let reduction = kh * kw * input.stride;
        let mut weights = vec![0.0; outputs * lanes * reduction];
        let group_out = conv.out_channels / conv.group;
        for (o, &gain) in gain.iter().enumerate() {
            // A grouped convolution is a dense one with zeros.
            let first = o / group_out * conv.group_in_channels;
            for i in 0..conv.group_in_channels {
                for k in 0..kh * kw {
                    let step = k * input.stride + first + i;
                    weights[(o / width * reduction + step) * width + o % width] = gain * conv.weight[(o * conv.group_in_channels + i) * kh * kw + k];
                }
            }
        }
        Self { runs, weights, vectors, stride: conv.stride, corner: [conv.pads[0], conv.pads[1]] }
    }

    /// What makes it another kind, for the probe's tests.
    #[cfg(test)]
    pub fn kinds(&self) -> [String; 2] {
        [format!("direct, {} vectors", self.vectors), format!("direct, {} runs, stride {:?}", self.runs.len(), self.stride)]
    }

    /// Numbers of the packed weights.
    pub fn weights_len(&self) -> usize {
        self.weights.len()
    }

    /// Runs it; `bias` is filled up to whole vectors.
    #[inline(always)]
    pub fn run<S: Simd>(&self, simd: S, input: Source<'_>, (to, y): Target<'_>, bias: &[f32], ending: Ending<'_>) {
        let wide = to.shape.width;
        // A call for each row: a browser puts better code in place between two calls.
        for row in 0..to.shape.height {
            let output = (to, &mut *y);
            match self.vectors {
                2 if wide >= 6 => self.row::<S, 6, 2>(simd, row, input, output, bias, ending),
                2 => self.row::<S, 1, 2>(simd, row, input, output, bias, ending),
                3 if wide >= 4 => self.row::<S, 4, 3>(simd, row, input, output, bias, ending),
                3 => self.row::<S, 1, 3>(simd, row, input, output, bias, ending),
                _ if wide >= 8 => self.row::<S, 8, 1>(simd, row, input, output, bias, ending),
                _ => self.row::<S, 1, 1>(simd, row, input, output, bias, ending),
            }
        }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    fn row<S: Simd, const P: usize, const V: usize>(
        &self,
        simd: S,
        row: usize,
        (from, x): Source<'_>,
        (to, y): Target<'_>,
        bias: &[f32],
        ending: Ending<'_>,
    ) {
        let lanes = S::f32s::LEN;
        let width = V * lanes;
        let step = self.stride[1] * from.stride;
        let reduction: usize = self.runs.iter().map(|run| run.1).sum();
        let top = (row * self.stride[0] + from.border - self.corner[0]) * from.pitch() + (from.border - self.corner[1]) * from.stride;
        for (block, weights) in self.weights.chunks_exact(reduction * width).enumerate() {
            let mut column = 0;
            while column < to.shape.width {
                // The last block is done where it ends, some of its pixels twice.
                let left = column.min(to.shape.width - P);
                let mut sums = biased::<S, P, V>(simd, &bias[block * width..][..width]);
                let mut rest = weights;
                for &(offset, length) in &self.runs {
                    let (now, later) = rest.split_at(length * width);
                    let start = top + left * step + offset;
                    let mut rows: [&[f32]; P] = [&[]; P];
                    for (p, r) in rows.iter_mut().enumerate() {
                        *r = &x[start + p * step..][..length];
                    }
                    multiply::<S, P, V>(simd, &mut sums, rows, now);
                    rest = later;
                }
                for v in 0..V {
                    let channel = block * width + v * lanes;
                    ending.store(simd, sums.map(|pixel| pixel[v]), channel, y, to.at(row, left) + channel, to.stride);
                }
                column += P;
            }
        }
    }
}
