//! The eight orientations of EXIF, applied to the pixels.
//!
//! Source: EXIF 2.32 (CIPA DC-008), tag 0x0112. The value says where row 0 and column 0 of the
//! stored picture lie in the upright one.

use super::{Picture, Samples};
use crate::error::Result;
use crate::limits;

/// How a stored picture is turned to stand upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Orientation {
    /// 1: as it is.
    #[default]
    Upright,
    /// 2: mirrored left to right.
    MirrorX,
    /// 3: turned by 180 degrees.
    Turn180,
    /// 4: mirrored top to bottom.
    MirrorY,
    /// 5: mirrored along the main diagonal.
    Transpose,
    /// 6: must be turned by 90 degrees clockwise.
    TurnRight,
    /// 7: mirrored along the other diagonal.
    Transverse,
    /// 8: must be turned by 90 degrees counterclockwise.
    TurnLeft,
}

impl Orientation {
    /// All eight, in the order of their EXIF values.
    pub const ALL: [Self; 8] =
        [Self::Upright, Self::MirrorX, Self::Turn180, Self::MirrorY, Self::Transpose, Self::TurnRight, Self::Transverse, Self::TurnLeft];

    /// The orientation for an EXIF value of 1..=8, else `None`.
    pub fn from_exif(value: u32) -> Option<Self> {
        let index = usize::try_from(value).ok()?.checked_sub(1)?;
        Self::ALL.get(index).copied()
    }

    /// The value in EXIF, 1..=8.
    pub const fn exif(self) -> u8 {
        self as u8 + 1
    }

    /// Whether width and height change places.
    pub const fn swaps_sides(self) -> bool {
        matches!(self, Self::Transpose | Self::TurnRight | Self::Transverse | Self::TurnLeft)
    }

    /// Where the stored pixel `(x, y)` of a `width` x `height` picture lies in the upright one.
    const fn place(self, x: usize, y: usize, width: usize, height: usize) -> (usize, usize) {
        match self {
            Self::Upright => (x, y),
            Self::MirrorX => (width - 1 - x, y),
            Self::Turn180 => (width - 1 - x, height - 1 - y),
            Self::MirrorY => (x, height - 1 - y),
            Self::Transpose => (y, x),
            Self::TurnRight => (height - 1 - y, x),
            Self::Transverse => (height - 1 - y, width - 1 - x),
            Self::TurnLeft => (y, width - 1 - x),
        }
    }
}

/// The picture stood upright. Samples are moved, never changed.
///
/// The four orientations that keep the sides work in place; the others need a second picture's
/// memory for a moment.
///
/// # Errors
/// `Limits` where the memory for the turned picture cannot be had.
pub fn apply(picture: Picture, orientation: Orientation) -> Result<Picture> {
    if orientation == Orientation::Upright {
        return Ok(picture);
    }
    let (width, height) = (picture.width as usize, picture.height as usize);
    let count = picture.channels.count();
    let samples = match picture.samples {
        Samples::U8(v) => Samples::U8(turn(v, width, height, count, orientation)?),
        Samples::U16(v) => Samples::U16(turn(v, width, height, count, orientation)?),
    };
    let (width, height) = if orientation.swaps_sides() { (picture.height, picture.width) } else { (picture.width, picture.height) };
    Ok(Picture { width, height, channels: picture.channels, samples })
}

/// Blocks of this side keep the rows that are read and the rows that are written in the cache.
const BLOCK: usize = 32;

fn turn<T: Copy + Default>(mut samples: Vec<T>, width: usize, height: usize, count: usize, to: Orientation) -> Result<Vec<T>> {
    let row = width * count;
    if matches!(to, Orientation::MirrorY | Orientation::Turn180) {
        for y in 0..height / 2 {
            let (upper, lower) = samples.split_at_mut((height - 1 - y) * row);
            upper[y * row..(y + 1) * row].swap_with_slice(&mut lower[..row]);
        }
    }
    if matches!(to, Orientation::MirrorX | Orientation::Turn180) {
        for line in samples.chunks_exact_mut(row) {
            for x in 0..width / 2 {
                let (left, right) = line.split_at_mut((width - 1 - x) * count);
                left[x * count..(x + 1) * count].swap_with_slice(&mut right[..count]);
            }
        }
    }
    if !to.swaps_sides() {
        return Ok(samples);
    }
    let mut turned = limits::try_vec(T::default(), samples.len())?;
    for top in (0..height).step_by(BLOCK) {
        for left in (0..width).step_by(BLOCK) {
            for y in top..height.min(top + BLOCK) {
                for x in left..width.min(left + BLOCK) {
                    let (to_x, to_y) = to.place(x, y, width, height);
                    let source = (y * width + x) * count;
                    let target = (to_y * height + to_x) * count;
                    turned[target..target + count].copy_from_slice(&samples[source..source + count]);
                }
            }
        }
    }
    Ok(turned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Channels;

    /// 3 x 2 pixels named a to f, and what the standard's figure makes of them.
    const STORED: &[u8] = b"abcdef";
    const UPRIGHT: [(u32, &[u8]); 8] =
        [(3, b"abcdef"), (3, b"cbafed"), (3, b"fedcba"), (3, b"defabc"), (2, b"adbecf"), (2, b"daebfc"), (2, b"fcebda"), (2, b"cfbead")];

    fn stored(channels: Channels) -> Picture {
        let samples = STORED.iter().flat_map(|&p| (0..channels.count() as u8).map(move |c| p + 32 * c)).collect();
        Picture { width: 3, height: 2, channels, samples: Samples::U8(samples) }
    }

    fn first_channel(picture: &Picture) -> Vec<u8> {
        let Samples::U8(v) = &picture.samples else { panic!("8-bit picture expected") };
        v.chunks_exact(picture.channels.count()).map(|p| p[0]).collect()
    }

    #[test]
    fn all_eight_match_the_standard() {
        for (orientation, (width, expected)) in Orientation::ALL.into_iter().zip(UPRIGHT) {
            for channels in [Channels::Grey, Channels::GreyAlpha, Channels::Rgb, Channels::Rgba] {
                let upright = apply(stored(channels), orientation).expect("memory");
                assert_eq!((upright.width, upright.height), (width, 6 / width), "{orientation:?}");
                assert_eq!(first_channel(&upright), expected, "{orientation:?} {channels:?}");
                let Samples::U8(v) = &upright.samples else { panic!("8-bit picture expected") };
                for pixel in v.chunks_exact(channels.count()) {
                    for (c, &s) in pixel.iter().enumerate() {
                        assert_eq!(s, pixel[0] + 32 * c as u8, "samples of a pixel stay together");
                    }
                }
            }
        }
    }

    #[test]
    fn the_eight_differ() {
        // The twin of the test above: no orientation passes for another.
        let all: Vec<_> = Orientation::ALL.map(|o| first_channel(&apply(stored(Channels::Grey), o).expect("memory"))).into();
        for (i, a) in all.iter().enumerate() {
            for b in &all[..i] {
                assert_ne!(a, b);
            }
        }
    }

    #[test]
    fn larger_than_a_block_and_16_bit() {
        let (width, height) = (67_usize, 41_usize);
        let source: Vec<u16> = (0..width * height * 3).map(|i| (i * 7) as u16).collect();
        for orientation in Orientation::ALL {
            let picture = Picture { width: 67, height: 41, channels: Channels::Rgb, samples: Samples::U16(source.clone()) };
            let upright = apply(picture, orientation).expect("memory");
            let Samples::U16(v) = &upright.samples else { panic!("16-bit picture expected") };
            for y in 0..height {
                for x in 0..width {
                    let (to_x, to_y) = orientation.place(x, y, width, height);
                    let target = (to_y * upright.width as usize + to_x) * 3;
                    assert_eq!(v[target..target + 3], source[(y * width + x) * 3..][..3], "{orientation:?} {x} {y}");
                }
            }
        }
    }

    #[test]
    fn values_outside_of_1_to_8_are_none() {
        for (value, orientation) in (1..=8).zip(Orientation::ALL) {
            assert_eq!(Orientation::from_exif(value), Some(orientation));
            assert_eq!(u32::from(orientation.exif()), value);
        }
        for value in [0, 9, 65_535, u32::MAX] {
            assert_eq!(Orientation::from_exif(value), None);
        }
    }
}
