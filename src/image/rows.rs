//! Rows of a picture as planes, 0..=1.

use std::ops::Range;

use super::colour::luma;
use super::{Channels, Picture, Samples};
use crate::vector::widest;

/// Adds `columns` of channel `c` of row `y`, 0..=1.
pub fn channel_row(source: &Picture, y: usize, c: usize, columns: Range<usize>, into: &mut Vec<f32>) {
    match (c, source.channels) {
        (0, _) => each_colour(source, y, columns, |rgb| rgb[0], into),
        (1, Channels::Rgb | Channels::Rgba) => each_colour(source, y, columns, |rgb| rgb[1], into),
        (2, Channels::Rgb | Channels::Rgba) => each_colour(source, y, columns, |rgb| rgb[2], into),
        _ => {
            let (row, count) = (y * source.width as usize, source.channels.count());
            into.extend(columns.map(|x| source.samples.unit((row + x) * count + c)));
        }
    }
}

/// Adds `columns` of the luma of row `y`, 0..=1.
pub fn luma_row(source: &Picture, y: usize, columns: Range<usize>, into: &mut Vec<f32>) {
    each_colour(source, y, columns, luma, into);
}

/// Adds what `value` makes of the colours of row `y`; a grey pixel has three equal ones.
pub(crate) fn each_colour(source: &Picture, y: usize, columns: Range<usize>, value: impl Fn([f32; 3]) -> f32, into: &mut Vec<f32>) {
    fn put<T: Copy + Into<f32>, const N: usize>(row: &[T], peak: f32, value: impl Fn([f32; 3]) -> f32, into: &mut Vec<f32>) {
        let (pixels, start) = (row.as_chunks::<N>().0, into.len());
        into.resize(start + pixels.len(), 0.0);
        widest(
            #[inline(always)]
            || {
                for (out, pixel) in into[start..].iter_mut().zip(pixels) {
                    let [r, g, b] = if N > 2 { [0, 1, 2] } else { [0, 0, 0] };
                    *out = value([pixel[r].into() / peak, pixel[g].into() / peak, pixel[b].into() / peak]);
                }
            },
        );
    }
    let (first, count) = (y * source.width as usize, source.channels.count());
    let row = (first + columns.start) * count..(first + columns.end) * count;
    match (&source.samples, source.channels) {
        (Samples::U8(values), Channels::Grey) => put::<_, 1>(&values[row], 255.0, value, into),
        (Samples::U8(values), Channels::GreyAlpha) => put::<_, 2>(&values[row], 255.0, value, into),
        (Samples::U8(values), Channels::Rgb) => put::<_, 3>(&values[row], 255.0, value, into),
        (Samples::U8(values), Channels::Rgba) => put::<_, 4>(&values[row], 255.0, value, into),
        (Samples::U16(values), Channels::Grey) => put::<_, 1>(&values[row], 65_535.0, value, into),
        (Samples::U16(values), Channels::GreyAlpha) => put::<_, 2>(&values[row], 65_535.0, value, into),
        (Samples::U16(values), Channels::Rgb) => put::<_, 3>(&values[row], 65_535.0, value, into),
        (Samples::U16(values), Channels::Rgba) => put::<_, 4>(&values[row], 65_535.0, value, into),
    }
}
