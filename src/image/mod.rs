//! Pictures and pure mathematics on them.

pub mod alpha;
pub mod colour;
pub mod kind;
pub mod metrics;
pub mod orientation;
pub mod resample;
pub mod rows;

use crate::error::{Error, Result};

/// What the samples of a pixel mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channels {
    /// One grey sample.
    Grey,
    /// Grey and straight (not premultiplied) alpha.
    GreyAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue and straight alpha.
    Rgba,
}

impl Channels {
    /// Samples per pixel.
    pub const fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    /// Samples per pixel that are colour.
    pub const fn colours(self) -> usize {
        match self {
            Self::Grey | Self::GreyAlpha => 1,
            Self::Rgb | Self::Rgba => 3,
        }
    }

    /// Whether there is an alpha sample.
    pub const fn has_alpha(self) -> bool {
        matches!(self, Self::GreyAlpha | Self::Rgba)
    }

    /// The same without alpha.
    #[must_use]
    pub const fn without_alpha(self) -> Self {
        match self {
            Self::Grey | Self::GreyAlpha => Self::Grey,
            Self::Rgb | Self::Rgba => Self::Rgb,
        }
    }
}

/// Sample values, interleaved, row-major, encoded as in the file (not linear).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Samples {
    /// 0..=255.
    U8(Vec<u8>),
    /// 0..=65535.
    U16(Vec<u16>),
}

impl Samples {
    /// Number of samples.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::U16(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sample `index` as 0..=1.
    ///
    /// # Panics
    /// Where `index` is out of range.
    pub fn unit(&self, index: usize) -> f32 {
        match self {
            Self::U8(v) => f32::from(v[index]) / 255.0,
            Self::U16(v) => f32::from(v[index]) / 65_535.0,
        }
    }

    /// Bits per sample.
    pub fn depth(&self) -> Depth {
        match self {
            Self::U8(_) => Depth::Eight,
            Self::U16(_) => Depth::Sixteen,
        }
    }
}

/// Bits per sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Depth {
    /// 8 bits.
    Eight,
    /// 16 bits.
    Sixteen,
}

impl Depth {
    /// Bytes per sample.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Eight => 1,
            Self::Sixteen => 2,
        }
    }
}

/// A whole picture in memory, upright.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Width in pixels, at least 1.
    pub width: u32,
    /// Height in pixels, at least 1.
    pub height: u32,
    /// What the samples mean.
    pub channels: Channels,
    /// `width * height * channels.count()` samples.
    pub samples: Samples,
}

impl Picture {
    /// A picture over `samples`.
    ///
    /// # Errors
    /// `Parameter` where a side is 0 or the number of samples does not fit.
    pub fn new(width: u32, height: u32, channels: Channels, samples: Samples) -> Result<Self> {
        let need = width as usize * height as usize * channels.count();
        if need == 0 || samples.len() != need {
            return Err(Error::parameter(
                format!("A picture of {width} x {height} with {} samples a pixel needs {need} samples and has {}", channels.count(), samples.len()),
                "",
            ));
        }
        Ok(Self { width, height, channels, samples })
    }
}

impl Picture {
    /// The picture with `margin` pixels around it, which are those of its opposite edges.
    ///
    /// # Errors
    /// `Limits` where the memory cannot be had.
    pub fn wrapped(&self, margin: usize) -> Result<Self> {
        let samples = match &self.samples {
            Samples::U8(values) => Samples::U8(self.wrap(values, margin)?),
            Samples::U16(values) => Samples::U16(self.wrap(values, margin)?),
        };
        Self::new(self.width + 2 * margin as u32, self.height + 2 * margin as u32, self.channels, samples)
    }

    fn wrap<T: Copy + Default>(&self, values: &[T], margin: usize) -> Result<Vec<T>> {
        let (width, height, count) = (self.width as usize, self.height as usize, self.channels.count());
        let place = |at: usize, side: usize| (at + side * margin.div_ceil(side) - margin) % side;
        let mut grown = crate::limits::try_vec(T::default(), (width + 2 * margin) * (height + 2 * margin) * count)?;
        for (y, row) in grown.chunks_exact_mut((width + 2 * margin) * count).enumerate() {
            let from = place(y, height) * width;
            for (x, pixel) in row.chunks_exact_mut(count).enumerate() {
                pixel.copy_from_slice(&values[(from + place(x, width)) * count..][..count]);
            }
        }
        Ok(grown)
    }
}

/// What an encoder needs to know before the first row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowFormat {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Samples of a pixel.
    pub channels: Channels,
    /// Bits of a sample.
    pub depth: Depth,
}

impl RowFormat {
    /// Samples in one row.
    pub const fn row_len(&self) -> usize {
        self.width as usize * self.channels.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opposite_edges_surround_a_wrapped_picture() {
        let picture = Picture::new(3, 2, Channels::Grey, Samples::U8(vec![1, 2, 3, 4, 5, 6])).unwrap();
        let Samples::U8(values) = picture.wrapped(1).unwrap().samples else { panic!() };
        assert_eq!(values, [6, 4, 5, 6, 4, 3, 1, 2, 3, 1, 6, 4, 5, 6, 4, 3, 1, 2, 3, 1]);
        // A margin wider than the picture repeats it.
        let wide = picture.wrapped(7).unwrap();
        let Samples::U8(values) = &wide.samples else { panic!() };
        assert_eq!((wide.width, wide.height), (17, 16));
        assert!((0..16).all(|y| (0..17).all(|x| values[y * 17 + x] == [[1, 2, 3], [4, 5, 6]][(y + 1) % 2][(x + 2) % 3])));
    }
}
