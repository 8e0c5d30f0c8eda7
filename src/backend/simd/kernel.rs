//! The register block: sums of a few pixels times a few vectors of output channels.
//!
//! Every convolution ends here, as rows of numbers (the pixels under the kernel, or the Winograd tiles of one
//! frequency) times a matrix of weights `[reduction][output channels]`. A block keeps `P` rows times `V` vectors
//! of sums in registers; per step it loads `V` vectors of weights once and `P` single numbers.
//!
//! Natively a kernel must be inlined into the function that was compiled for the processor's instructions. In wasm the
//! instructions are the module's, and a kernel is a function of its own: browsers optimise function by function while
//! the first picture waits, and one function of all kernels keeps them busy for long.

use fearless_simd::{Simd, SimdBase, SimdFloat};

/// Steps of the reduction that are unrolled.
const UNROLL: usize = 4;

/// Vectors of output channels of a block, where there are `outputs` in all: two suit sixteen registers best.
pub fn vectors(outputs: usize) -> usize {
    if outputs.is_multiple_of(2) {
        2
    } else if outputs.is_multiple_of(3) {
        3
    } else {
        1
    }
}

/// Sums of `P` rows times `V` vectors of output channels.
pub type Sums<S, const P: usize, const V: usize> = [[<S as Simd>::f32s; V]; P];

/// Sums that all start with the bias.
#[inline(always)]
pub fn biased<S: Simd, const P: usize, const V: usize>(simd: S, bias: &[f32]) -> Sums<S, P, V> {
    let lanes = S::f32s::LEN;
    let mut row = [S::f32s::splat(simd, 0.0); V];
    for (vector, values) in row.iter_mut().zip(bias.chunks_exact(lanes)) {
        *vector = S::f32s::from_slice(simd, values);
    }
    [row; P]
}

/// Adds `rows` times `weights`: `weights` has `V` vectors for each number of a row.
#[inline(always)]
pub fn multiply<S: Simd, const P: usize, const V: usize>(simd: S, sums: &mut Sums<S, P, V>, rows: [&[f32]; P], weights: &[f32]) {
    let lanes = S::f32s::LEN;
    let length = rows[0].len();
    let (whole, _) = rows[0].as_chunks::<UNROLL>();
    let count = whole.len();
    let mut chunks: [&[[f32; UNROLL]]; P] = [whole; P];
    for p in 1..P {
        // All rows are of one length: saying so here spares a check for each number.
        chunks[p] = &rows[p].as_chunks::<UNROLL>().0[..count];
    }
    let mut local = *sums;
    let mut blocks = weights.chunks_exact(UNROLL * V * lanes);
    for step in 0..count {
        let Some(block) = blocks.next() else { break };
        for u in 0..UNROLL {
            let mut w = [S::f32s::splat(simd, 0.0); V];
            for v in 0..V {
                w[v] = S::f32s::from_slice(simd, &block[(u * V + v) * lanes..][..lanes]);
            }
            for p in 0..P {
                let x = S::f32s::splat(simd, chunks[p][step][u]);
                for v in 0..V {
                    local[p][v] = x.mul_add(w[v], local[p][v]);
                }
            }
        }
    }
    let rest = &weights[count * UNROLL * V * lanes..];
    for (i, block) in (count * UNROLL..length).zip(rest.chunks_exact(V * lanes)) {
        for p in 0..P {
            let x = S::f32s::splat(simd, rows[p][i]);
            for v in 0..V {
                local[p][v] = x.mul_add(S::f32s::from_slice(simd, &block[v * lanes..][..lanes]), local[p][v]);
            }
        }
    }
    *sums = local;
}

/// The function that follows a convolution, with its constants per channel.
#[derive(Debug, Clone, PartialEq)]
pub enum Activation {
    /// None.
    Identity,
    /// `x` where positive, else 0.
    Relu,
    /// `x` where positive, else `x` times the slope of its channel.
    Leaky(Vec<f32>),
    /// Limits.
    Clip([f32; 2]),
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
}

impl Activation {
    /// Applies it to vectors whose first lane is channel `channel`.
    #[inline(always)]
    pub fn apply<S: Simd, const N: usize>(&self, simd: S, x: &mut [S::f32s; N], channel: usize) {
        match self {
            Self::Identity => {}
            Self::Relu => {
                for x in x {
                    *x = x.max(0.0);
                }
            }
            Self::Leaky(slopes) => {
                let zero = S::f32s::splat(simd, 0.0);
                let slope = S::f32s::from_slice(simd, &slopes[channel..][..S::f32s::LEN]);
                for x in x {
                    *x = x.min(zero).mul_add(slope, x.max(zero));
                }
            }
            Self::Clip([low, high]) => {
                for x in x {
                    *x = x.max(*low).min(*high);
                }
            }
            Self::Sigmoid => {
                for x in x {
                    for lane in x.as_mut_slice() {
                        *lane = 1.0 / (1.0 + (-*lane).exp());
                    }
                }
            }
        }
    }
}

/// What happens to the sums of a convolution before they are stored.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    /// The activation.
    pub activation: &'a Activation,
    /// What is added or multiplied.
    pub operand: Operand<'a>,
}

/// A value that the sums of a convolution meet. Its shape and layout are those of the output.
#[derive(Debug, Clone, Copy)]
pub enum Operand<'a> {
    /// None.
    Nothing,
    /// Added before the activation.
    Before(&'a [f32]),
    /// Added after the activation.
    After(&'a [f32]),
    /// Multiplied after the activation.
    Times(&'a [f32]),
    /// The sum of both is multiplied after the activation.
    Gate(&'a [f32], &'a [f32]),
}

impl Ending<'_> {
    /// Finishes the vectors of channel `channel` of `N` pixels: the first is stored at `first` in the output, where the operand's lies
    /// too, and each of the others `apart` numbers after the one before.
    ///
    /// What follows a convolution is asked once for all of them, and the lengths are compared before the vectors are walked.
    ///
    /// # Panics
    /// Where the output or an operand ends before the last of them.
    #[inline(always)]
    pub fn store<S: Simd, const N: usize>(&self, simd: S, mut x: [S::f32s; N], channel: usize, output: &mut [f32], first: usize, apart: usize) {
        let lanes = S::f32s::LEN;
        let end = first + (N - 1) * apart + lanes;
        assert!(output.len() >= end);
        let load = |values: &[f32], n: usize| {
            let at = first + n * apart;
            S::f32s::from_slice(simd, &values[at..at + lanes])
        };
        let reaches = |values: &[f32]| assert!(values.len() >= end);
        if let Operand::Before(values) = self.operand {
            reaches(values);
            for n in 0..N {
                x[n] += load(values, n);
            }
        }
        self.activation.apply(simd, &mut x, channel);
        match self.operand {
            Operand::Nothing | Operand::Before(_) => {}
            Operand::After(values) => {
                reaches(values);
                for n in 0..N {
                    x[n] += load(values, n);
                }
            }
            Operand::Times(values) => {
                reaches(values);
                for n in 0..N {
                    x[n] *= load(values, n);
                }
            }
            Operand::Gate(left, right) => {
                reaches(left);
                reaches(right);
                for n in 0..N {
                    x[n] *= load(left, n) + load(right, n);
                }
            }
        }
        for n in 0..N {
            let at = first + n * apart;
            x[n].store_slice(&mut output[at..at + lanes]);
        }
    }
}
