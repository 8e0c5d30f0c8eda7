//! How a value lies in memory: rows of pixels, the channels of a pixel together (NHWC), with a border of zeros that
//! stands for the padding of the convolutions that read it.

use crate::model::graph::Shape;

/// A value to read: its layout and its numbers.
pub type Source<'a> = (&'a Layout, &'a [f32]);
/// A value to write.
pub type Target<'a> = (&'a Layout, &'a mut [f32]);

/// The layout of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Channels, height and width.
    pub shape: Shape,
    /// Numbers of a pixel: the channels, filled up to whole vectors where vectors are stored.
    pub stride: usize,
    /// Pixels of zeros around it.
    pub border: usize,
}

impl Layout {
    /// Numbers of a row.
    pub fn pitch(&self) -> usize {
        (self.shape.width + 2 * self.border) * self.stride
    }

    /// Numbers of the buffer.
    pub fn numbers(&self) -> usize {
        (self.shape.height + 2 * self.border) * self.pitch()
    }

    /// Where the first channel of a pixel lies.
    pub fn at(&self, y: usize, x: usize) -> usize {
        (y + self.border) * self.pitch() + (x + self.border) * self.stride
    }

    /// The numbers of row `y` without its border.
    pub fn row(&self, y: usize) -> std::ops::Range<usize> {
        let start = self.at(y, 0);
        start..start + self.shape.width * self.stride
    }
}
