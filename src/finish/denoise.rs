//! Denoising of the input, for networks that have no denoising of their own.
//!
//! Method: bilateral filter (Tomasi and Manduchi 1998) over 5 x 5 pixels, on the picture before it is enlarged: neighbours count by
//! their distance and by how alike they are in all colours, so edges stay. Alpha is left as it is.

use crate::error::Result;
use crate::image::{Picture, Samples};
use crate::limits::try_vec;

const REACH: usize = 2;
/// Standard deviation of the distance in pixels.
const DISTANCE: f32 = 1.2;
/// Standard deviation of the colour's difference at full strength, of 0..=1.
const DIFFERENCE: f32 = 0.12;

/// `picture` with its noise smoothed, by `strength` in 0..=1; 0 gives the picture back.
///
/// # Errors
/// `Limits` where the memory for the second picture cannot be had.
pub fn denoise(picture: Picture, strength: f32) -> Result<Picture> {
    if strength <= 0.0 {
        return Ok(picture);
    }
    let samples = match &picture.samples {
        Samples::U8(values) => Samples::U8(filter(&picture, values, 255.0, strength, |v| v as u8)?),
        Samples::U16(values) => Samples::U16(filter(&picture, values, 65_535.0, strength, |v| v as u16)?),
    };
    Ok(Picture { samples, ..picture })
}

fn filter<T: Copy + Default + Into<f32>>(picture: &Picture, values: &[T], peak: f32, strength: f32, rounded: impl Fn(f32) -> T) -> Result<Vec<T>> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let (count, colours) = (picture.channels.count(), picture.channels.colours());
    let mut output = try_vec(T::default(), values.len())?;
    output.copy_from_slice(values);
    let unlike = -0.5 / (strength * DIFFERENCE * peak).powi(2) / colours as f32;
    let near: Vec<(usize, usize, f32)> = (0..=2 * REACH)
        .flat_map(|y| (0..=2 * REACH).map(move |x| (y, x)))
        .map(|(y, x)| (y, x, -0.5 * ((y as f32 - REACH as f32).powi(2) + (x as f32 - REACH as f32).powi(2)) / (DISTANCE * DISTANCE)))
        .collect();
    for y in 0..height {
        for x in 0..width {
            let here = (y * width + x) * count;
            let (mut sum, mut total) = ([0.0f32; 3], 0.0f32);
            for &(dy, dx, far) in &near {
                let row = (y + dy).saturating_sub(REACH).min(height - 1);
                let column = (x + dx).saturating_sub(REACH).min(width - 1);
                let there = (row * width + column) * count;
                let difference: f32 = (0..colours).map(|c| (values[there + c].into() - values[here + c].into()).powi(2)).sum();
                let weight = (far + difference * unlike).exp();
                total += weight;
                for (c, sum) in sum.iter_mut().enumerate().take(colours) {
                    *sum += weight * values[there + c].into();
                }
            }
            for (c, sum) in sum.iter().enumerate().take(colours) {
                output[here + c] = rounded((sum / total).round());
            }
        }
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Channels;

    #[test]
    fn noise_goes_and_edges_stay() {
        let noisy = |i: usize| ((i as u32).wrapping_mul(2_654_435_761) >> 28) as u8;
        let values: Vec<u8> =
            (0..64 * 40).flat_map(|i| [if i % 64 < 32 { 40 } else { 190 } + noisy(i), 90 + noisy(i + 9999), 120, noisy(i)]).collect();
        let picture = Picture::new(64, 40, Channels::Rgba, Samples::U8(values.clone())).unwrap();
        let Samples::U8(made) = denoise(picture.clone(), 0.7).unwrap().samples else { panic!() };
        let spread = |v: &[u8], from: usize, to: usize| {
            let part: Vec<f32> = v.chunks(4).enumerate().filter(|(i, _)| (from..to).contains(&(i % 64))).map(|(_, p)| f32::from(p[0])).collect();
            let mean = part.iter().sum::<f32>() / part.len() as f32;
            (mean, (part.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / part.len() as f32).sqrt())
        };
        assert!(spread(&made, 2, 30).1 < 0.4 * spread(&values, 2, 30).1, "{:?} {:?}", spread(&made, 2, 30), spread(&values, 2, 30));
        assert!((spread(&made, 31, 32).0 - spread(&values, 31, 32).0).abs() < 3.0, "the edge moved");
        assert!(made.chunks(4).zip(values.chunks(4)).all(|(a, b)| a[3] == b[3]), "alpha stays");
        assert_eq!(denoise(picture.clone(), 0.0).unwrap(), picture);
    }
}
