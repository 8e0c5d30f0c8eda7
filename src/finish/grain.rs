//! Film grain over the finished rows.
//!
//! Each pixel gets noise from a hash of its place and the seed, so the same picture and seed give the same bytes, whatever the
//! tiles. The noise is blurred a little, as grains are larger than pixels; it is strongest in the middle tones and fades towards
//! black and white, and it is the same for all colours, so grey stays grey.

use super::{Row, RowFilter};
use crate::error::Result;
use crate::image::colour::luma;

/// Standard deviation at full strength in the middle tones, of 0..=1.
const STRONGEST: f32 = 0.06;
/// Weights of a grain over three pixels each way.
const KERNEL: [f32; 3] = [0.25, 0.5, 0.25];
/// What the kernel leaves of a standard deviation: the root of the sum of its squares, each way.
const LEFT: f32 = 0.375;

/// Adds grain to rows of one or three colours.
pub struct Grain {
    strength: f32,
    seed: u32,
    colours: usize,
    /// Columns and rows after which the noise is the same again.
    period: [u32; 2],
    y: u32,
}

impl Grain {
    /// For rows of `colours` (1 or 3) planes of colour, by `strength` in 0..=1; `period`: width and height of a texture whose edges join.
    pub fn new(strength: f32, seed: u32, colours: usize, period: Option<[u32; 2]>) -> Self {
        Self { strength, seed, colours, period: period.unwrap_or([u32::MAX; 2]), y: 0 }
    }
}

/// Evenly spread over -1..=1, from the place and the seed (the finaliser of `MurmurHash3`, public domain).
fn noise(x: u32, y: u32, seed: u32) -> f32 {
    let mut h = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77) ^ seed.wrapping_mul(0xC2B2_AE3D);
    h = (h ^ (h >> 16)).wrapping_mul(0x85EB_CA6B);
    h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
    h ^= h >> 16;
    h as f32 / (u32::MAX / 2) as f32 - 1.0
}

impl RowFilter for Grain {
    fn push(&mut self, mut row: Row, emit: &mut dyn FnMut(Row) -> Result<()>) -> Result<()> {
        let width = row.planes[0].len();
        // Places are counted from 1, so that the kernel reaches none below 0.
        let [wide, high] = self.period;
        let place = |x: u32, k: u32| noise(x % wide, (self.y + k) % high, self.seed);
        let columns: Vec<f32> = (0..width as u32 + 2).map(|x| (0u32..).zip(KERNEL).map(|(k, weight)| weight * place(x, k)).sum()).collect();
        // The standard deviation of even noise over -1..=1 is the root of a third.
        let scale = self.strength * STRONGEST / (LEFT * (1.0f32 / 3.0).sqrt());
        for x in 0..width {
            let luma = if self.colours == 1 { row.planes[0][x] } else { luma([0, 1, 2].map(|c| row.planes[c][x])) };
            let luma = luma.clamp(0.0, 1.0);
            let grain: f32 = KERNEL.iter().zip(&columns[x..]).map(|(w, v)| w * v).sum();
            let change = grain * scale * 4.0 * luma * (1.0 - luma);
            for plane in &mut row.planes[..self.colours] {
                plane[x] += change;
            }
        }
        self.y += 1;
        emit(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(level: f32, strength: f32, seed: u32) -> Vec<f32> {
        rows(level, Grain::new(strength, seed, 3, None))
    }

    fn rows(level: f32, mut grain: Grain) -> Vec<f32> {
        let mut out = Vec::new();
        for _ in 0..200 {
            let row = Row { planes: vec![vec![level; 200]; 3] };
            grain
                .push(row, &mut |row| {
                    assert_eq!(row.planes[0], row.planes[2], "grey stays grey");
                    out.extend(&row.planes[0]);
                    Ok(())
                })
                .unwrap();
        }
        out
    }

    fn deviation(values: &[f32]) -> f32 {
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / values.len() as f32).sqrt()
    }

    #[test]
    fn grain_is_seeded_and_depends_on_brightness() {
        let middle = run(0.5, 1.0, 7);
        assert_eq!(middle, run(0.5, 1.0, 7));
        assert_ne!(middle, run(0.5, 1.0, 8));
        assert!((deviation(&middle) - STRONGEST).abs() < 0.003, "{}", deviation(&middle));
        assert!((middle.iter().sum::<f32>() / middle.len() as f32 - 0.5).abs() < 0.001);
        assert!(deviation(&run(0.1, 1.0, 7)) < 0.5 * deviation(&middle));
        assert!(run(0.0, 1.0, 7).iter().chain(&run(1.0, 1.0, 7)).all(|v| *v == 0.0 || *v == 1.0));
        assert!((deviation(&run(0.5, 0.5, 7)) / deviation(&middle) - 0.5).abs() < 0.01);
        // Grains are larger than pixels: neighbours are alike.
        let alike: f32 = middle.windows(2).map(|p| (p[0] - 0.5) * (p[1] - 0.5)).sum::<f32>() / middle.len() as f32;
        assert!(alike > 0.3 * deviation(&middle).powi(2), "{alike}");
    }
    #[test]
    fn grain_of_a_texture_joins() {
        let product = |period| {
            let values = rows(0.5, Grain::new(1.0, 7, 3, period));
            let ends = values.chunks(200).map(|row| (row[0] - 0.5) * (row[199] - 0.5)).sum::<f32>() / 200.0;
            ends / deviation(&values).powi(2)
        };
        // The last column is a neighbour of the first one.
        assert!(product(Some([200, 200])) > 0.4, "{}", product(Some([200, 200])));
        assert!(product(None).abs() < 0.3, "{}", product(None));
    }
}
