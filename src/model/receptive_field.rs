//! How a graph maps pixels to pixels: its scale, its receptive field, and with them the halo of a tile.
//!
//! Method: the indices that one block of output pixels needs are propagated back through the graph
//! in exact integer arithmetic, in both directions of the picture. Guarantee: an output pixel of
//! the block depends on no input pixel outside of the returned halo, so a tile with that halo gives
//! the values of the untiled network wherever the graph's own padding lies further out.

use super::graph::{Graph, Op, ResizeMode, Shape};
use super::shapes;
use crate::error::{Error, Result};

/// The pixel geometry of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Output pixels per input pixel and direction.
    pub scale: usize,
    /// Output pixels that the network cuts off at each side: `output = scale * input - 2 * crop`.
    pub crop: usize,
    /// Input pixels around a block that its output depends on.
    pub halo: usize,
    /// Tile origins and sizes must be multiples of this many input pixels.
    pub alignment: usize,
}

/// The first input pixel of the block that is traced: far from the border, a multiple of every alignment.
const ORIGIN: i64 = 1 << 20;

impl Geometry {
    /// The geometry of `graph`.
    ///
    /// # Errors
    /// `Unsupported` where the output is not a whole multiple of the input in size, cut equally at the sides.
    pub fn of(graph: &Graph) -> Result<Self> {
        let alignment = total_stride(graph);
        let base = 4096usize.next_multiple_of(alignment);
        let output = |height: usize, width: usize| -> Result<Shape> {
            let shapes = shapes::infer(graph, Shape::new(graph.input_channels, height, width))?;
            Ok(shapes[graph.output.0])
        };
        let small = output(base, base)?;
        let large = output(base + alignment, base + alignment)?;
        let irregular = || {
            Error::unsupported("The network's output is not a whole multiple of its input in size", "Use a network that enlarges by a whole factor")
        };
        let growth = large.height.saturating_sub(small.height);
        if large.width.saturating_sub(small.width) != growth || growth == 0 || !growth.is_multiple_of(alignment) {
            return Err(irregular());
        }
        let scale = growth / alignment;
        let cut = (scale * base).checked_sub(small.height).ok_or_else(irregular)?;
        if small.height != small.width || !cut.is_multiple_of(2) {
            return Err(irregular());
        }
        let crop = cut / 2;
        let halo = [0, 1].map(|axis| halo_along(graph, axis, scale as i64, crop as i64, alignment as i64)).into_iter().max().unwrap_or(0);
        Ok(Self { scale, crop, halo: halo.next_multiple_of(alignment), alignment })
    }
}

/// The least common multiple of the input strides of all values.
fn total_stride(graph: &Graph) -> usize {
    // Each value's pixels are `numerator / denominator` input pixels apart.
    let mut steps = vec![(1usize, 1usize)];
    for node in &graph.nodes {
        let (mut n, mut d) = node.inputs.first().map_or((1, 1), |id| steps[id.0]);
        match &node.op {
            Op::Conv(conv) => n *= conv.stride[0].max(conv.stride[1]),
            Op::DepthToSpace(shuffle) => d *= shuffle.block,
            Op::Resize(resize) => d *= resize.scale,
            _ => {}
        }
        let divisor = gcd(n, d);
        steps.push((n / divisor, d / divisor));
    }
    steps.iter().fold(1, |lcm, &(n, _)| lcm / gcd(lcm, n) * n)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Input pixels needed beyond a block along one axis (0 vertical, 1 horizontal).
fn halo_along(graph: &Graph, axis: usize, scale: i64, crop: i64, block: i64) -> usize {
    let mut needed: Vec<Option<(i64, i64)>> = vec![None; graph.nodes.len() + 1];
    needed[graph.output.0] = Some((scale * ORIGIN - crop, scale * (ORIGIN + block) - 1 - crop));
    for (index, node) in graph.nodes.iter().enumerate().rev() {
        let Some((first, last)) = needed[index + 1] else { continue };
        let (first, last) = match &node.op {
            Op::Conv(conv) => {
                let (stride, pad) = (conv.stride[axis] as i64, conv.pads[axis] as i64);
                let span = (conv.dilation[axis] * (conv.kernel[axis] - 1)) as i64;
                (first * stride - pad, last * stride - pad + span)
            }
            Op::DepthToSpace(shuffle) => (first.div_euclid(shuffle.block as i64), last.div_euclid(shuffle.block as i64)),
            Op::Resize(resize) => {
                let s = resize.scale as i64;
                match resize.mode {
                    ResizeMode::Nearest => (first.div_euclid(s), last.div_euclid(s)),
                    // floor((2 o + 1 - s) / 2 s) is the left neighbour of output pixel o.
                    ResizeMode::Linear => ((2 * first + 1 - s).div_euclid(2 * s), (2 * last + 1 - s).div_euclid(2 * s) + 1),
                    ResizeMode::LinearAsymmetric => (first.div_euclid(s), last.div_euclid(s) + 1),
                }
            }
            Op::Pad(pad) => (first - pad.pads[axis] as i64, last - pad.pads[axis] as i64),
            Op::Activation(_) | Op::Binary(_) | Op::BinaryConstant(_) | Op::Concat => (first, last),
        };
        for input in &node.inputs {
            let known = needed[input.0].get_or_insert((first, last));
            *known = (known.0.min(first), known.1.max(last));
        }
    }
    let (first, last) = needed[0].unwrap_or((ORIGIN, ORIGIN + block - 1));
    (ORIGIN - first).max(last - (ORIGIN + block - 1)).max(0) as usize
}
