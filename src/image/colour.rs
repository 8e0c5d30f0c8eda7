//! Luma and chroma.
//!
//! Full-range BT.601, as JPEG uses it (ITU-T T.871), on encoded values 0..=1. Chroma is centred on 0, so grey is exactly
//! `cb = cr = 0` and comes back as `r = g = b = y`.

/// Weights of red, green and blue in luma.
pub const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// Luma of an encoded RGB colour, 0..=1.
pub fn luma([r, g, b]: [f32; 3]) -> f32 {
    // Grey must stay grey to the last bit, which the weighted sum does not promise.
    if r == g && g == b { r } else { LUMA[0] * r + LUMA[1] * g + LUMA[2] * b }
}

/// Luma 0..=1 and the two chroma differences -0.5..=0.5 of an encoded RGB colour.
pub fn rgb_to_ycbcr(rgb: [f32; 3]) -> [f32; 3] {
    let y = luma(rgb);
    [y, (rgb[2] - y) / 1.772, (rgb[0] - y) / 1.402]
}

/// The encoded RGB colour of luma and chroma; may lie outside of 0..=1.
pub fn ycbcr_to_rgb([y, cb, cr]: [f32; 3]) -> [f32; 3] {
    let r = y + 1.402 * cr;
    let b = y + 1.772 * cb;
    let g = y - (LUMA[0] * 1.402 * cr + LUMA[2] * 1.772 * cb) / LUMA[1];
    [r, g, b]
}

/// Light of an sRGB-encoded value, both 0..=1 (IEC 61966-2-1).
pub fn to_linear(encoded: f32) -> f32 {
    if encoded <= 0.040_45 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
}

/// The sRGB-encoded value of light, both 0..=1.
pub fn from_linear(light: f32) -> f32 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// Studio-range BT.601 luma (16..=235) of an 8-bit RGB colour, as MATLAB's `rgb2ycbcr` computes it: what PSNR-Y is measured on.
pub fn studio_luma([r, g, b]: [u8; 3]) -> f64 {
    16.0 + (65.481 * f64::from(r) + 128.553 * f64::from(g) + 24.966 * f64::from(b)) / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_is_exact_and_colours_come_back() {
        for level in 0..=255u8 {
            let v = f32::from(level) / 255.0;
            assert_eq!(ycbcr_to_rgb(rgb_to_ycbcr([v; 3])), [v; 3]);
        }
        for colour in [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.2, 0.9, 0.4]] {
            let back = ycbcr_to_rgb(rgb_to_ycbcr(colour));
            for (a, b) in colour.iter().zip(back) {
                assert!((a - b).abs() < 1e-6, "{colour:?} {back:?}");
            }
        }
    }

    #[test]
    fn light_comes_back() {
        for level in 0..=255u8 {
            let v = f32::from(level) / 255.0;
            assert!((from_linear(to_linear(v)) - v).abs() < 1e-6);
        }
        assert!((to_linear(0.5) - 0.214_041).abs() < 1e-5);
    }

    #[test]
    fn studio_range_ends() {
        assert!((studio_luma([0; 3]) - 16.0).abs() < 1e-9);
        assert!((studio_luma([255; 3]) - 235.0).abs() < 1e-9);
    }
}
