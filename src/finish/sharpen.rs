//! Sharpening of the finished rows.
//!
//! Method: unsharp masking of the brightness with a 5 x 5 Gaussian; the change of a pixel is limited to the range of its
//! neighbours and a little more, so that edges get crisper without bright seams.

use super::{Recent, Row, RowFilter};
use crate::error::Result;
use crate::image::colour::luma;

/// Pixels that the kernel reaches each way.
pub const REACH: usize = 2;
/// Gaussian of standard deviation 1.
const KERNEL: [f32; 2 * REACH + 1] = [0.054_488_7, 0.244_201_3, 0.402_619_9, 0.244_201_3, 0.054_488_7];
/// Part of the neighbours' range by which a pixel may leave it.
const OVERSHOOT: f32 = 0.1;

/// Sharpens rows of one or three colours.
pub struct Sharpen {
    /// 1 adds the whole difference to the blurred picture, times [`STRONGEST`].
    amount: f32,
    height: usize,
    /// Pixels on every side that are seen and not given on.
    margin: usize,
    colours: usize,
    recent: Recent,
    /// Brightness of the rows that there are.
    luma: Recent,
    next: usize,
}

/// Weight of the mask at full strength.
const STRONGEST: f32 = 1.5;

impl Sharpen {
    /// For `height` rows of `colours` (1 or 3) planes of colour, by `strength` in 0..=1; `margin` pixels on every side are cut off.
    pub fn new(strength: f32, height: usize, margin: usize, colours: usize) -> Self {
        Self { amount: strength * STRONGEST, height, margin, colours, recent: Recent::default(), luma: Recent::default(), next: 0 }
    }

    fn luma(&self, row: &Row) -> Vec<f32> {
        match self.colours {
            1 => row.planes[0].clone(),
            _ => (0..row.planes[0].len()).map(|x| luma([0, 1, 2].map(|c| row.planes[c][x]))).collect(),
        }
    }

    /// How much each pixel of row `y` changes.
    fn change(&self, y: usize) -> Vec<f32> {
        let near = |k: usize| (y + k).saturating_sub(REACH).min(self.height - 1);
        let here = self.luma.plane(y, 0);
        let width = here.len();
        let mut blurred = vec![0.0; width];
        self.luma.sum((0..KERNEL.len()).map(|k| (near(k), f64::from(KERNEL[k]))), 0, &mut blurred);
        let rows: [&[f32]; 3] = std::array::from_fn(|k| self.luma.plane((y + k).saturating_sub(1).min(self.height - 1), 0));
        let column = |x: usize, k: usize, reach: usize| (x + k).saturating_sub(reach).min(width - 1);
        (0..width)
            .map(|x| {
                let soft: f32 = (0..KERNEL.len()).map(|k| KERNEL[k] * blurred[column(x, k, REACH)]).sum();
                let (mut low, mut high) = (f32::MAX, f32::MIN);
                for v in rows.iter().flat_map(|row| (0..3).map(|k| row[column(x, k, 1)])) {
                    (low, high) = (low.min(v), high.max(v));
                }
                let slack = OVERSHOOT * (high - low);
                (here[x] + self.amount * (here[x] - soft)).clamp(low - slack, high + slack) - here[x]
            })
            .collect()
    }
}

impl RowFilter for Sharpen {
    fn push(&mut self, row: Row, emit: &mut dyn FnMut(Row) -> Result<()>) -> Result<()> {
        self.luma.push(Row { planes: vec![self.luma(&row)] });
        self.recent.push(row);
        while self.next < self.height && (self.next + REACH + 1).min(self.height) <= self.luma.end() {
            let change = self.change(self.next);
            let Some(mut row) = self.recent.pop() else { break };
            for plane in row.planes.iter_mut().take(self.colours) {
                plane.iter_mut().zip(&change).for_each(|(v, d)| *v += d);
            }
            self.next += 1;
            self.luma.forget_above(self.next.saturating_sub(REACH));
            if (self.margin..self.height - self.margin).contains(&(self.next - 1)) {
                for plane in &mut row.planes {
                    plane.truncate(plane.len() - self.margin);
                    plane.drain(..self.margin);
                }
                emit(row)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(strength: f32, height: usize, row: &[f32]) -> Vec<Row> {
        let mut sharpen = Sharpen::new(strength, height, 0, 3);
        let mut out = Vec::new();
        for _ in 0..height {
            let row = Row { planes: vec![row.to_vec(), row.to_vec(), row.to_vec(), vec![0.25; row.len()]] };
            sharpen
                .push(row, &mut |row| {
                    out.push(row);
                    Ok(())
                })
                .unwrap();
        }
        out
    }

    #[test]
    fn edges_get_steeper_and_nothing_else_changes() {
        let edge: Vec<f32> = (0..20u8).map(|x| 0.2 + 0.6 * ((f32::from(x) - 8.0) / 4.0).clamp(0.0, 1.0)).collect();
        for height in [1, 2, 7] {
            let rows = run(1.0, height, &edge);
            assert_eq!(rows.len(), height);
            let made = &rows[height / 2].planes[1];
            assert!(made[8] < edge[8] && made[12] > edge[12] && (made[10] - edge[10]).abs() < 1e-6, "{made:?}");
            // No seam: the overshoot is a small part of the edge.
            assert!(made.iter().all(|v| (0.2 - 0.016..=0.8 + 0.016).contains(v)), "{made:?}");
            assert!((made[2] - 0.2).abs() < 1e-6 && (made[17] - 0.8).abs() < 1e-6);
            assert!(rows.iter().all(|row| row.planes[3].iter().all(|&a| a == 0.25)), "alpha stays");
        }
        assert!(run(0.0, 3, &edge)[1].planes[0].iter().zip(&edge).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}
