//! 3x3 convolution by Winograd's minimal filtering F(4x4, 3x3): 36 products make 16 outputs instead of 144.
//!
//! Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016. A block of tiles is transformed, one
//! matrix product is done for each of the 36 frequencies, and the products are transformed back. In f32 the result
//! differs from the direct sum by about 1e-6 of the values' size.

use fearless_simd::{Simd, SimdBase, SimdFloat};

use super::kernel::{Ending, multiply};
use super::layout::{Layout, Source, Target};
use crate::model::graph::Conv;

/// Tiles that go through the transforms together.
const TILES: usize = 24;
/// Side of the square of outputs that a tile makes.
const OUT: usize = 4;
/// Side of the square of inputs that a tile reads.
const IN: usize = 6;
const FREQUENCIES: usize = IN * IN;

/// Numbers from one frequency's tiles to the next: 64 bytes more than the tiles, or the 36 numbers that a transform reads or writes
/// at a time would share a few sets of the cache.
const fn apart(stride: usize) -> usize {
    TILES * stride + 16
}

/// A 3x3 convolution with transformed weights.
#[derive(Debug)]
pub struct Winograd {
    /// `[frequency][output block][input channel][channel of the block]`.
    weights: Vec<f32>,
    vectors: usize,
    corner: [usize; 2],
}

impl Winograd {
    /// Whether `conv` can be done so, with an output of `to`.
    pub fn fits(conv: &Conv, from: &Layout, to: &Layout, lanes: usize) -> bool {
        conv.kernel == [3, 3]
            && conv.stride == [1, 1]
            && conv.dilation == [1, 1]
            && conv.group == 1
            && from.stride.is_multiple_of(lanes)
            && from.stride >= 8
            && conv.out_channels >= 8
            && to.shape.height >= OUT
            && to.shape.width >= OUT
    }

    /// Transforms the weights of `conv`, each times the gain of its output channel.
    #[inline(never)]
    pub fn new(conv: &Conv, gain: &[f32], input: &Layout, lanes: usize) -> Self {
        let outputs = conv.out_channels.div_ceil(lanes);
        let vectors = super::kernel::vectors(outputs);
        let width = vectors * lanes;
        let blocks = outputs / vectors;
        let mut weights = vec![0.0; FREQUENCIES * blocks * width * input.stride];
        for (o, &gain) in gain.iter().enumerate() {
            for i in 0..conv.group_in_channels {
                let kernel = &conv.weight[(o * conv.group_in_channels + i) * 9..][..9];
                for (frequency, value) in transformed(kernel).into_iter().enumerate() {
                    weights[((frequency * blocks + o / width) * input.stride + i) * width + o % width] = gain * value;
                }
            }
        }
        Self { weights, vectors, corner: [conv.pads[0], conv.pads[1]] }
    }

    /// Numbers of scratch for the transformed tiles, and for the products.
    pub fn scratch(input: &Layout, output: &Layout) -> [usize; 2] {
        [FREQUENCIES * apart(input.stride), FREQUENCIES * apart(output.stride)]
    }

    /// What makes it another kind, for the probe's tests.
    #[cfg(test)]
    pub fn kind(&self) -> String {
        format!("winograd, {} vectors", self.vectors)
    }

    /// Numbers of the packed weights.
    pub fn weights_len(&self) -> usize {
        self.weights.len()
    }

    /// Runs it; `bias` is filled up to whole vectors.
    #[inline(always)]
    pub fn run<S: Simd>(
        &self,
        simd: S,
        (from, x): Source<'_>,
        (to, y): Target<'_>,
        bias: &[f32],
        ending: Ending<'_>,
        [tiles, products]: [&mut [f32]; 2],
    ) {
        let (across, down) = (to.shape.width.div_ceil(OUT), to.shape.height.div_ceil(OUT));
        // The last tile of a row or column is done where it ends, some of its pixels twice.
        let place = |t: usize| [(t / across * OUT).min(to.shape.height - OUT), (t % across * OUT).min(to.shape.width - OUT)];
        let mut first = 0;
        while first < across * down {
            let count = TILES.min(across * down - first);
            for t in 0..count {
                let [row, column] = place(first + t);
                let start = (row + from.border - self.corner[0]) * from.pitch() + (column + from.border - self.corner[1]) * from.stride;
                forward(simd, &x[start..], from, &mut tiles[t * from.stride..]);
            }
            match self.vectors {
                2 => self.product::<S, 6, 2>(simd, from.stride, to.stride, count, tiles, products),
                3 => self.product::<S, 4, 3>(simd, from.stride, to.stride, count, tiles, products),
                _ => self.product::<S, 8, 1>(simd, from.stride, to.stride, count, tiles, products),
            }
            for t in 0..count {
                let [row, column] = place(first + t);
                backward(simd, &products[t * to.stride..], to, y, to.at(row, column), bias, ending);
            }
            first += count;
        }
    }

    /// For each frequency: tiles x input channels times input channels x output channels.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    fn product<S: Simd, const P: usize, const V: usize>(
        &self,
        simd: S,
        inputs: usize,
        outputs: usize,
        count: usize,
        tiles: &[f32],
        products: &mut [f32],
    ) {
        let lanes = S::f32s::LEN;
        let width = V * lanes;
        for (frequency, weights) in self.weights.chunks_exact(outputs * inputs).enumerate() {
            let tiles = &tiles[frequency * apart(inputs)..][..TILES * inputs];
            let products = &mut products[frequency * apart(outputs)..][..TILES * outputs];
            for (block, weights) in weights.chunks_exact(inputs * width).enumerate() {
                // P divides TILES: rows beyond `count` are of an earlier block and are not read again.
                for first in (0..count).step_by(P) {
                    let mut rows: [&[f32]; P] = [&[]; P];
                    for (p, row) in rows.iter_mut().enumerate() {
                        *row = &tiles[(first + p) * inputs..][..inputs];
                    }
                    let mut sums = [[S::f32s::splat(simd, 0.0); V]; P];
                    multiply::<S, P, V>(simd, &mut sums, rows, weights);
                    for (p, row) in sums.iter().enumerate() {
                        let into = &mut products[(first + p) * outputs + block * width..][..width];
                        for (vector, values) in row.iter().zip(into.chunks_exact_mut(lanes)) {
                            vector.store_slice(values);
                        }
                    }
                }
            }
        }
    }
}

/// `G g G^T` of one 3x3 kernel, in f64.
fn transformed(kernel: &[f32]) -> [f32; FREQUENCIES] {
    const G: [[f64; 3]; IN] = [
        [1.0 / 4.0, 0.0, 0.0],
        [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
        [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
        [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
        [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
        [0.0, 0.0, 1.0],
    ];
    let mut result = [0.0; FREQUENCIES];
    for (r, gr) in G.iter().enumerate() {
        for (c, gc) in G.iter().enumerate() {
            let sum: f64 = (0..9).map(|k| gr[k / 3] * gc[k % 3] * f64::from(kernel[k])).sum();
            result[r * IN + c] = sum as f32;
        }
    }
    result
}

/// `B^T d` of six vectors.
#[inline(always)]
fn spread<S: Simd>(simd: S, d: [S::f32s; IN]) -> [S::f32s; IN] {
    let k = |value: f32| S::f32s::splat(simd, value);
    let a = d[2].mul_add(k(-4.0), d[4]);
    let b = d[1].mul_add(k(-4.0), d[3]);
    let c = d[4] - d[2];
    let e = d[3] - d[1];
    [
        d[0].mul_add(k(4.0), d[2].mul_add(k(-5.0), d[4])),
        a + b,
        a - b,
        e.mul_add(k(2.0), c),
        e.mul_add(k(-2.0), c),
        d[1].mul_add(k(4.0), d[3].mul_add(k(-5.0), d[5])),
    ]
}

/// `A^T m` of six vectors.
#[inline(always)]
fn gather<S: Simd>(simd: S, m: [S::f32s; IN]) -> [S::f32s; OUT] {
    let k = |value: f32| S::f32s::splat(simd, value);
    let (s1, d1) = (m[1] + m[2], m[1] - m[2]);
    let (s2, d2) = (m[3] + m[4], m[3] - m[4]);
    [m[0] + s1 + s2, d2.mul_add(k(2.0), d1), s2.mul_add(k(4.0), s1), d2.mul_add(k(8.0), d1) + m[5]]
}

/// Transforms the 6x6 pixels at the start of `x` into one tile.
///
/// The bounds are checked once for the whole tile: a check for each of its vectors takes as long as the arithmetic.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
#[expect(unsafe_code, reason = "checks within the transform made networks of 16 channels a quarter slower")]
fn forward<S: Simd>(simd: S, x: &[f32], from: &Layout, tile: &mut [f32]) {
    let lanes = S::f32s::LEN;
    let zero = S::f32s::splat(simd, 0.0);
    let (pitch, stride) = (from.pitch(), from.stride);
    assert!(stride.is_multiple_of(lanes) && x.len() >= (IN - 1) * pitch + IN * stride);
    assert!(tile.len() >= (FREQUENCIES - 1) * apart(stride) + stride);
    for channel in (0..stride).step_by(lanes) {
        let mut d = [[zero; IN]; IN];
        for (r, line) in d.iter_mut().enumerate() {
            let mut values = [zero; IN];
            for (q, value) in values.iter_mut().enumerate() {
                let at = r * pitch + q * stride + channel;
                // SAFETY: r and q are at most IN - 1 and channel at most stride - lanes, so `at + lanes` is at most
                // (IN - 1) * pitch + IN * stride, which was checked.
                *value = S::f32s::from_slice(simd, unsafe { x.get_unchecked(at..at + lanes) });
            }
            *line = spread(simd, values);
        }
        for q in 0..IN {
            let column = spread(simd, [d[0][q], d[1][q], d[2][q], d[3][q], d[4][q], d[5][q]]);
            for (r, value) in column.iter().enumerate() {
                let at = (r * IN + q) * apart(stride) + channel;
                // SAFETY: the frequency is at most FREQUENCIES - 1 and channel at most stride - lanes, so `at + lanes` is
                // at most (FREQUENCIES - 1) * apart(stride) + stride, which was checked.
                value.store_slice(unsafe { tile.get_unchecked_mut(at..at + lanes) });
            }
        }
    }
}

/// Transforms one tile's products into its 4x4 outputs at `start`. Bounds as in [`forward`].
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
#[expect(unsafe_code, reason = "as in forward")]
fn backward<S: Simd>(simd: S, products: &[f32], to: &Layout, y: &mut [f32], start: usize, bias: &[f32], ending: Ending<'_>) {
    let lanes = S::f32s::LEN;
    let zero = S::f32s::splat(simd, 0.0);
    let (pitch, stride) = (to.pitch(), to.stride);
    assert!(stride.is_multiple_of(lanes) && products.len() >= (FREQUENCIES - 1) * apart(stride) + stride);
    for channel in (0..stride).step_by(lanes) {
        let mut d = [[zero; OUT]; IN];
        for (r, line) in d.iter_mut().enumerate() {
            let mut values = [zero; IN];
            for (q, value) in values.iter_mut().enumerate() {
                let at = (r * IN + q) * apart(stride) + channel;
                // SAFETY: as for the tile in `forward`; the length was checked.
                *value = S::f32s::from_slice(simd, unsafe { products.get_unchecked(at..at + lanes) });
            }
            *line = gather(simd, values);
        }
        let bias = S::f32s::from_slice(simd, &bias[channel..][..lanes]);
        for q in 0..OUT {
            let column = gather(simd, [d[0][q], d[1][q], d[2][q], d[3][q], d[4][q], d[5][q]]);
            let column = column.map(|value| value + bias);
            ending.store(simd, column, channel, y, start + q * stride + channel, pitch);
        }
    }
}
