//! What is not a convolution: element-wise work, joining channels, pixel shuffle, enlargement, borders, and the
//! way in and out of the network.

use fearless_simd::{Simd, SimdBase};

use super::kernel::Activation;
use super::layout::{Source, Target};
use crate::backend::lower::{Arithmetic, Picture, Residual};
use crate::model::graph::{DepthOrder, DepthToSpace, Pad, PadMode, Resize, ResizeMode};

/// Takes in a tile, CHW.
#[inline(never)]
pub fn enter(tile: &[f32], (to, y): Target<'_>) {
    let plane = to.shape.height * to.shape.width;
    for row in 0..to.shape.height {
        for (x, pixel) in y[to.row(row)].chunks_exact_mut(to.stride).enumerate() {
            for (c, value) in pixel[..to.shape.channels].iter_mut().enumerate() {
                *value = tile[c * plane + row * to.shape.width + x];
            }
        }
    }
}

/// Gives a value out, CHW.
#[inline(never)]
pub fn leave((from, x): Source<'_>, output: &mut [f32]) {
    let plane = from.shape.height * from.shape.width;
    for row in 0..from.shape.height {
        for (column, pixel) in x[from.row(row)].chunks_exact(from.stride).enumerate() {
            for (c, &value) in pixel[..from.shape.channels].iter().enumerate() {
                output[c * plane + row * from.shape.width + column] = value;
            }
        }
    }
}

/// The operand of element-wise work.
#[derive(Debug, Clone, Copy)]
pub enum Right<'a> {
    /// None.
    Nothing,
    /// One number per channel, filled up to the stride.
    Constant(&'a [f32]),
    /// A value of the same shape.
    Value(Source<'a>),
}

/// Element-wise arithmetic, then an activation.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
pub fn pointwise<S: Simd>(simd: S, arithmetic: Arithmetic, (from, x): Source<'_>, right: Right<'_>, (to, y): Target<'_>, activation: &Activation) {
    let lanes = S::f32s::LEN;
    for row in 0..to.shape.height {
        let a = &x[from.row(row)];
        let b = match right {
            Right::Value((layout, values)) => Some(&values[layout.row(row)]),
            _ => None,
        };
        let into = &mut y[to.row(row)];
        for (at, out) in into.chunks_exact_mut(lanes).enumerate() {
            let at = at * lanes;
            let channel = at % to.stride;
            let left = S::f32s::from_slice(simd, &a[at..][..lanes]);
            let right = match (b, right) {
                (Some(b), _) => S::f32s::from_slice(simd, &b[at..][..lanes]),
                (None, Right::Constant(constant)) => S::f32s::from_slice(simd, &constant[channel..][..lanes]),
                _ => left,
            };
            let value = match arithmetic {
                Arithmetic::None => left,
                Arithmetic::Add => left + right,
                Arithmetic::Sub => left - right,
                Arithmetic::SubFrom => right - left,
                Arithmetic::Mul => left * right,
            };
            let mut active = [value];
            activation.apply(simd, &mut active, channel);
            active[0].store_slice(out);
        }
    }
}

/// Joins the channels of the operands.
#[inline(never)]
pub fn concat(operands: &[Source<'_>], (to, y): Target<'_>) {
    let mut first = 0;
    for (from, x) in operands {
        let channels = from.shape.channels;
        for row in 0..to.shape.height {
            let pixels = y[to.row(row)].chunks_exact_mut(to.stride);
            for (into, pixel) in pixels.zip(x[from.row(row)].chunks_exact(from.stride)) {
                into[first..][..channels].copy_from_slice(&pixel[..channels]);
            }
        }
        first += channels;
    }
}

/// The channel of the input that makes channel `c` of the pixel `phase` of a block.
fn shuffled(shuffle: DepthToSpace, channels: usize, c: usize, phase: usize) -> usize {
    match shuffle.order {
        DepthOrder::Crd => c * shuffle.block * shuffle.block + phase,
        DepthOrder::Dcr => phase * channels + c,
    }
}

/// Pixel shuffle.
#[inline(never)]
pub fn depth_to_space(shuffle: DepthToSpace, (from, x): Source<'_>, (to, y): Target<'_>) {
    let block = shuffle.block;
    for row in 0..to.shape.height {
        for (column, pixel) in y[to.row(row)].chunks_exact_mut(to.stride).enumerate() {
            let source = &x[from.at(row / block, column / block)..][..from.stride];
            let phase = row % block * block + column % block;
            for (c, value) in pixel[..to.shape.channels].iter_mut().enumerate() {
                *value = source[shuffled(shuffle, to.shape.channels, c, phase)];
            }
        }
    }
}

/// The neighbours of an output index, and the weight of the second.
fn taps(mode: ResizeMode, scale: usize, index: usize, size: usize) -> (usize, usize, f32) {
    let s = scale as f32;
    let position = match mode {
        ResizeMode::Nearest => return (index / scale, index / scale, 0.0),
        ResizeMode::Linear => ((index as f32 + 0.5) / s - 0.5).clamp(0.0, (size - 1) as f32),
        ResizeMode::LinearAsymmetric => (index as f32 / s).clamp(0.0, (size - 1) as f32),
    };
    let left = position.floor() as usize;
    (left, (left + 1).min(size - 1), position - left as f32)
}

/// Enlargement.
#[inline(never)]
pub fn enlarge(resize: Resize, (from, x): Source<'_>, (to, y): Target<'_>) {
    let columns: Vec<_> = (0..to.shape.width).map(|c| taps(resize.mode, resize.scale, c, from.shape.width)).collect();
    for row in 0..to.shape.height {
        let (top, bottom, fy) = taps(resize.mode, resize.scale, row, from.shape.height);
        for (pixel, &(left, right, fx)) in y[to.row(row)].chunks_exact_mut(to.stride).zip(&columns) {
            let corner = |y: usize, x_: usize| &x[from.at(y, x_)..][..from.shape.channels];
            let (a, b, c, d) = (corner(top, left), corner(top, right), corner(bottom, left), corner(bottom, right));
            for (i, value) in pixel[..from.shape.channels].iter_mut().enumerate() {
                *value = if resize.mode == ResizeMode::Nearest {
                    a[i]
                } else {
                    (a[i] * (1.0 - fx) + b[i] * fx) * (1.0 - fy) + (c[i] * (1.0 - fx) + d[i] * fx) * fy
                };
            }
        }
    }
}

/// A border.
#[inline(never)]
pub fn pad(pad: &Pad, (from, x): Source<'_>, (to, y): Target<'_>) {
    let source = |index: usize, before: usize, size: usize| -> Option<usize> {
        let (i, last) = (index as i64 - before as i64, size as i64 - 1);
        match pad.mode {
            PadMode::Constant(_) => (0..=last).contains(&i).then_some(i as usize),
            PadMode::Edge => Some(i.clamp(0, last) as usize),
            PadMode::Reflect => Some(if i < 0 { -i } else { i.min(2 * last - i) } as usize),
        }
    };
    let fill = if let PadMode::Constant(value) = pad.mode { value } else { 0.0 };
    for row in 0..to.shape.height {
        let from_row = source(row, pad.pads[0], from.shape.height);
        for (column, pixel) in y[to.row(row)].chunks_exact_mut(to.stride).enumerate() {
            let channels = from.shape.channels;
            match from_row.zip(source(column, pad.pads[1], from.shape.width)) {
                Some((sy, sx)) => pixel[..channels].copy_from_slice(&x[from.at(sy, sx)..][..channels]),
                None => pixel[..channels].fill(fill),
            }
        }
    }
}

/// The end of a network: pixel shuffle of the last convolution's result, plus the enlarged anchor, within limits,
/// to CHW.
#[inline(never)]
pub fn finish(picture: &Picture, residual: Residual, (from, x): Source<'_>, anchor: Option<Source<'_>>, output: &mut [f32]) {
    let shuffle = picture.shuffle;
    let block = shuffle.block;
    let channels = from.shape.channels / (block * block);
    let [height, width] = [from.shape.height * block, from.shape.width * block];
    let mode = if let Residual::Anchor(mode) = residual { mode } else { ResizeMode::Nearest };
    let [low, high] = picture.limits;
    let limited = picture.limits != [f32::MIN, f32::MAX];
    for (line, out) in output.chunks_exact_mut(width).enumerate() {
        let (c, row) = (line / height, line % height);
        let phase = row % block * block;
        let first = shuffled(shuffle, channels, c, phase);
        let step = shuffled(shuffle, channels, c, phase + 1) - first;
        let pixels = x[from.row(row / block)].chunks_exact(from.stride);
        match anchor {
            // The common case: every pixel of a block gets the same.
            Some((layout, values)) if mode == ResizeMode::Nearest && picture.anchor_scale == block => {
                let anchors = values[layout.row(row / block)].chunks_exact(layout.stride);
                for ((pixel, anchor), block) in pixels.zip(anchors).zip(out.chunks_exact_mut(block)) {
                    for (value, &shifted) in block.iter_mut().zip(pixel[first..].iter().step_by(step)) {
                        *value = shifted + anchor[c];
                    }
                }
            }
            _ => {
                for (pixel, block) in pixels.zip(out.chunks_exact_mut(block)) {
                    for (value, &shifted) in block.iter_mut().zip(pixel[first..].iter().step_by(step)) {
                        *value = shifted;
                    }
                }
                if let Some(anchor) = anchor {
                    add_enlarged(mode, picture.anchor_scale, anchor, c, row, out);
                }
            }
        }
        if limited {
            for value in out {
                *value = value.max(low).min(high);
            }
        }
    }
}

/// Adds row `row` of the enlarged channel `c` of `anchor` to `out`.
fn add_enlarged(mode: ResizeMode, scale: usize, (layout, values): Source<'_>, c: usize, row: usize, out: &mut [f32]) {
    let (top, bottom, fy) = taps(mode, scale, row, layout.shape.height);
    let (top, bottom) = (&values[layout.row(top)], &values[layout.row(bottom)]);
    for (column, value) in out.iter_mut().enumerate() {
        let (left, right, fx) = taps(mode, scale, column, layout.shape.width);
        let at = |line: &[f32], column: usize| line[column * layout.stride + c];
        *value += if mode == ResizeMode::Nearest {
            at(top, left)
        } else {
            (at(top, left) * (1.0 - fx) + at(top, right) * fx) * (1.0 - fy) + (at(bottom, left) * (1.0 - fx) + at(bottom, right) * fx) * fy
        };
    }
}
