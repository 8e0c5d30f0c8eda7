//! PSNR and SSIM on luma, as the super-resolution literature measures them.

use super::colour::studio_luma;
use super::{Picture, Samples};
use crate::error::{Error, Result};

/// Studio-range BT.601 luma of a picture, 16.0..=235.0, row-major. Alpha is ignored; 16 bits are rounded to 8.
pub fn luma_plane(picture: &Picture) -> Vec<f64> {
    let count = picture.channels.count();
    let colours = picture.channels.colours();
    let byte = |i: usize| match &picture.samples {
        Samples::U8(v) => v[i],
        Samples::U16(v) => ((u32::from(v[i]) + 128) / 257) as u8,
    };
    (0..picture.width as usize * picture.height as usize)
        .map(|p| {
            let at = |c: usize| byte(p * count + if colours == 1 { 0 } else { c });
            studio_luma([at(0), at(1), at(2)])
        })
        .collect()
}

/// PSNR and SSIM of a result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Peak signal-to-noise ratio on luma with a peak of 255, in dB; infinite for equal pictures.
    pub psnr_y: f64,
    /// Structural similarity on luma (Wang et al. 2004): 11 x 11 Gaussian window of sigma 1.5, valid positions only.
    pub ssim_y: f64,
}

/// Scores `result` against `reference` with `shave` pixels left out at each side.
///
/// # Errors
/// `Parameter` for pictures of different size, or smaller than the shave and the window of 11 pixels leave.
pub fn score(reference: &Picture, result: &Picture, shave: usize) -> Result<Score> {
    if (reference.width, reference.height) != (result.width, result.height) {
        return Err(Error::parameter(
            format!("The pictures differ in size: {} x {} and {} x {}", reference.width, reference.height, result.width, result.height),
            "Compare pictures of the same size",
        ));
    }
    let (width, height) = (reference.width as usize, reference.height as usize);
    if width < 2 * shave + SSIM_WINDOW || height < 2 * shave + SSIM_WINDOW {
        return Err(Error::parameter(
            format!("A picture of {width} x {height} is too small to score with a shave of {shave}"),
            "Use a smaller shave",
        ));
    }
    let crop = |picture: &Picture| -> Vec<f64> {
        let plane = luma_plane(picture);
        (shave..height - shave).flat_map(|y| plane[y * width + shave..(y + 1) * width - shave].to_vec()).collect()
    };
    let (a, b) = (crop(reference), crop(result));
    Ok(Score { psnr_y: psnr(&a, &b), ssim_y: ssim(&a, &b, width - 2 * shave) })
}

/// PSNR of two planes with a peak of 255, in dB.
pub fn psnr(a: &[f64], b: &[f64]) -> f64 {
    let squares: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
    10.0 * (255.0 * 255.0 / (squares / a.len() as f64)).log10()
}

const SSIM_WINDOW: usize = 11;

/// Mean SSIM of two planes of the given width, values 0..=255.
fn ssim(a: &[f64], b: &[f64], width: usize) -> f64 {
    let taps: Vec<f64> = (0..SSIM_WINDOW).map(|i| (-((i as f64 - 5.0) / 1.5).powi(2) / 2.0).exp()).collect();
    let total: f64 = taps.iter().sum();
    let taps: Vec<f64> = taps.iter().map(|t| t / total).collect();
    let blur = |f: &dyn Fn(usize) -> f64| -> Vec<f64> {
        let height = a.len() / width;
        let valid = width + 1 - SSIM_WINDOW;
        let rows: Vec<f64> = (0..height)
            .flat_map(|y| (0..valid).map(move |x| (y, x)))
            .map(|(y, x)| taps.iter().enumerate().map(|(k, t)| t * f(y * width + x + k)).sum())
            .collect();
        (0..=height - SSIM_WINDOW)
            .flat_map(|y| (0..valid).map(move |x| (y, x)))
            .map(|(y, x)| taps.iter().enumerate().map(|(k, t)| t * rows[(y + k) * valid + x]).sum())
            .collect()
    };
    let (c1, c2) = ((0.01f64 * 255.0).powi(2), (0.03f64 * 255.0).powi(2));
    let (mean_a, mean_b) = (blur(&|i| a[i]), blur(&|i| b[i]));
    let (aa, bb, ab) = (blur(&|i| a[i] * a[i]), blur(&|i| b[i] * b[i]), blur(&|i| a[i] * b[i]));
    let sum: f64 = (0..mean_a.len())
        .map(|i| {
            let (ma, mb) = (mean_a[i], mean_b[i]);
            let (va, vb, cov) = (aa[i] - ma * ma, bb[i] - mb * mb, ab[i] - ma * mb);
            ((2.0 * ma * mb + c1) * (2.0 * cov + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2))
        })
        .sum();
    sum / mean_a.len() as f64
}
