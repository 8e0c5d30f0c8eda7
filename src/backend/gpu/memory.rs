//! Where the values of a network lie: planes, borders, and buffers shared over time.
//!
//! All of it is arithmetic on shapes: nothing here touches a device, so the sizes are known before
//! anything is created.

use super::kernels::View;
use crate::backend::lower::{Lowered, Stage, StageKind, lower};
use crate::error::Result;
use crate::model::graph::{Conv, Graph, Shape, ValueId};

/// Bytes of one pixel of a block of four channels.
pub const PIXEL_BYTES: u64 = 16;

/// Where every value lies.
#[derive(Debug)]
pub struct Plan {
    /// The place of each value by its number; `None` for those that fusion removed.
    pub places: Vec<Option<Place>>,
    /// Sizes of the activation buffers, in bytes.
    pub buffers: Vec<u64>,
    /// Bytes of the input picture.
    pub input_bytes: u64,
    /// Bytes of the output picture.
    pub output_bytes: u64,
}

impl Plan {
    /// The largest buffer that running needs, in bytes.
    pub fn largest(&self) -> u64 {
        self.buffers.iter().copied().chain([self.input_bytes, self.output_bytes]).max().unwrap_or(0)
    }

    /// All buffers that grow with the tile, in bytes, read-back included.
    pub fn total(&self) -> u64 {
        self.buffers.iter().sum::<u64>() + self.input_bytes + self.output_bytes * 3
    }
}

/// The place of a value.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The buffer.
    pub buffer: usize,
    /// Where in the buffer.
    pub view: View,
}

/// Whether a convolution runs on the register-blocked kernel.
pub fn is_direct(conv: &Conv) -> bool {
    conv.stride == [1, 1] && conv.dilation == [1, 1]
}

/// Values of one size share a border, so that they can take each other's buffer: the border is
/// zero from the start, and no kernel writes there.
struct Class {
    size: [usize; 2],
    border: usize,
}

impl Class {
    fn row(&self) -> u64 {
        // Rows start at 64 bytes.
        (self.size[1] as u64 + 2 * self.border as u64).next_multiple_of(4)
    }

    fn plane(&self) -> u64 {
        self.row() * (self.size[0] as u64 + 2 * self.border as u64)
    }

    fn view(&self, shape: Shape) -> View {
        View {
            offset: (self.border as u64 * self.row() + self.border as u64) as u32,
            row: self.row() as u32,
            plane: self.plane() as u32,
            width: shape.width as u32,
            height: shape.height as u32,
            channels: shape.channels as u32,
            blocks: shape.channels.div_ceil(4) as u32,
            spare: 0,
        }
    }
}

struct Buffer {
    class: usize,
    blocks: u64,
    free: bool,
}

/// Places the values of `lowered`.
pub fn plan(lowered: &Lowered<'_>) -> Plan {
    let shapes = &lowered.shapes;
    let mut classes: Vec<Class> = Vec::new();
    let mut class_of = vec![0; shapes.len()];
    for (value, shape) in shapes.iter().enumerate() {
        let size = [shape.height, shape.width];
        class_of[value] = classes.iter().position(|c| c.size == size).unwrap_or_else(|| {
            classes.push(Class { size, border: 0 });
            classes.len() - 1
        });
    }
    let mut last_read = vec![0; shapes.len()];
    for (index, stage) in lowered.stages.iter().enumerate() {
        for id in &stage.inputs {
            last_read[id.0] = index;
        }
        if let StageKind::Conv(conv) = &stage.kind
            && is_direct(conv.conv)
        {
            let class = &mut classes[class_of[stage.inputs[0].0]];
            class.border = conv.conv.pads.into_iter().fold(class.border, usize::max);
        }
    }
    last_read[lowered.output.0] = usize::MAX;

    let mut places = vec![None; shapes.len()];
    let mut buffers: Vec<Buffer> = Vec::new();
    let mut place = |value: ValueId, buffers: &mut Vec<Buffer>| {
        let class = class_of[value.0];
        let blocks = shapes[value.0].channels.div_ceil(4) as u64;
        // The smallest free buffer that is large enough, else the largest one made larger.
        let fit = |b: &Buffer| if b.blocks >= blocks { (0, b.blocks) } else { (1, u64::MAX - b.blocks) };
        let found = (0..buffers.len()).filter(|&i| buffers[i].free && buffers[i].class == class).min_by_key(|&i| fit(&buffers[i]));
        let buffer = found.unwrap_or_else(|| {
            buffers.push(Buffer { class, blocks, free: true });
            buffers.len() - 1
        });
        buffers[buffer].blocks = buffers[buffer].blocks.max(blocks);
        buffers[buffer].free = false;
        places[value.0] = Some(Place { buffer, view: classes[class].view(shapes[value.0]) });
        buffer
    };
    let mut buffer_of = vec![None; shapes.len()];
    buffer_of[0] = Some(place(ValueId::INPUT, &mut buffers));
    for (index, stage) in lowered.stages.iter().enumerate() {
        if !writes_picture(stage) {
            buffer_of[stage.output.0] = Some(place(stage.output, &mut buffers));
        }
        for id in &stage.inputs {
            if let (Some(buffer), true) = (buffer_of[id.0], last_read[id.0] == index) {
                buffers[buffer].free = true;
            }
        }
    }
    let picture_bytes = |shape: Shape| shape.channels as u64 * shape.height as u64 * shape.width as u64 * 4;
    Plan {
        places,
        buffers: buffers.iter().map(|b| b.blocks * classes[b.class].plane() * PIXEL_BYTES).collect(),
        input_bytes: picture_bytes(shapes[0]),
        output_bytes: picture_bytes(shapes[lowered.output.0]),
    }
}

/// Whether a stage makes the picture itself, and no value in planes.
pub fn writes_picture(stage: &Stage<'_>) -> bool {
    matches!(&stage.kind, StageKind::Conv(conv) if conv.picture.is_some())
}

/// The largest buffer, in bytes, that running `graph` on an input of `shape` takes: what a device's
/// limits are held against.
///
/// # Errors
/// Those of shape inference.
pub fn activation_bytes(graph: &Graph, shape: Shape) -> Result<u64> {
    Ok(plan(&lower(graph, shape)?).largest())
}

/// All buffers, in bytes, that running `graph` on an input of `shape` takes, weights aside.
///
/// # Errors
/// Those of shape inference.
pub fn total_bytes(graph: &Graph, shape: Shape) -> Result<u64> {
    Ok(plan(&lower(graph, shape)?).total())
}

/// Side of the largest square input that needs no buffer above `max_buffer_bytes`, at most `most`;
/// 0 where not even a pixel fits.
pub fn max_tile(graph: &Graph, max_buffer_bytes: u64, most: usize) -> usize {
    // A side too small for the network's kernels is no error here: sizes grow with the side.
    let fits = |side: usize| activation_bytes(graph, Shape::new(graph.input_channels, side, side)).is_ok_and(|bytes| bytes <= max_buffer_bytes);
    let (mut low, mut high) = (0, most);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if fits(middle) {
            low = middle;
        } else if activation_bytes(graph, Shape::new(graph.input_channels, middle, middle)).is_ok() {
            high = middle - 1;
        } else {
            // Below the network's smallest input: only larger sides can fit.
            low = middle;
        }
    }
    if fits(low) { low } else { 0 }
}
