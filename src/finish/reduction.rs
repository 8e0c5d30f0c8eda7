//! Making a picture smaller by a whole factor, row by row.
//!
//! Method: Keys' cubic stretched by the factor, borders mirrored, as MATLAB's `imresize` does it for the published tables
//! (without its rounding in between): `A` in `x + A+ (y - A x)`. The same taps as [`Taps`], laid out so that whole rows are
//! summed at once.

use super::Recent;
use crate::image::resample::{Kernel, Taps, mirror};
use crate::vector::widest;

/// The reduction of a picture of `factor * width` x `factor * height` pixels to `width` x `height`.
#[derive(Debug)]
pub struct Reduction {
    factor: usize,
    width: usize,
    vertical: Taps,
    firsts: Vec<usize>,
    /// Weights of neighbouring pixels, the same for every pixel of the result.
    weights: Vec<f32>,
    /// Pixels that the weights reach to the left of `factor * x`.
    reach: usize,
    /// A row of the sum, with its mirrored borders.
    padded: Vec<f32>,
    /// Every `factor`-th pixel of it.
    phase: Vec<f32>,
}

impl Reduction {
    /// For a result of `width` x `height`.
    pub fn new(factor: usize, width: usize, height: usize) -> Self {
        let centre = (factor as f64 - 1.0) / 2.0;
        let first = (centre - 2.0 * factor as f64).floor() as i64 + 1;
        let last = (centre + 2.0 * factor as f64).ceil() as i64 - 1;
        let raw: Vec<f64> = (first..=last).map(|i| Kernel::Cubic.at((i as f64 - centre) / factor as f64)).collect();
        let total: f64 = raw.iter().sum();
        let vertical = Taps::new(Kernel::Cubic, factor * height, height);
        Self {
            factor,
            width,
            firsts: vertical.firsts(),
            vertical,
            weights: raw.iter().map(|w| (w / total) as f32).collect(),
            reach: (-first) as usize,
            padded: Vec::new(),
            phase: Vec::new(),
        }
    }

    /// Rows of the result.
    pub fn height(&self) -> usize {
        self.vertical.len()
    }

    /// The first row that row `y` of the result and those after it need, and the one after the last that row `y` needs.
    pub(super) fn needs(&self, y: usize) -> [usize; 2] {
        [self.firsts[y], self.vertical.end(y)]
    }

    /// Row `y` of the result, of one plane of the rows that there are.
    pub(super) fn row(&mut self, y: usize, rows: &Recent, plane: usize, into: &mut Vec<f32>) {
        let (large, reach) = (self.factor * self.width, self.reach);
        let beyond = self.weights.len();
        self.padded.resize(reach + large + beyond, 0.0);
        rows.sum(self.vertical.of(y), plane, &mut self.padded[reach..reach + large]);
        for i in 0..reach {
            self.padded[i] = self.padded[reach + mirror(i as i64 - reach as i64, large)];
        }
        for i in large..large + beyond {
            self.padded[reach + i] = self.padded[reach + mirror(i as i64, large)];
        }
        into.clear();
        into.resize(self.width, 0.0);
        // Pixels that lie `factor` apart come to lie side by side, so that each weight meets a whole row.
        for offset in 0..self.factor.min(self.weights.len()) {
            self.phase.clear();
            self.phase.extend(self.padded[offset..].iter().step_by(self.factor));
            for (shift, weight) in self.weights[offset..].iter().step_by(self.factor).enumerate() {
                let phase = &self.phase[shift..];
                widest(
                    #[inline(always)]
                    || into.iter_mut().zip(phase).for_each(|(sum, value)| *sum += weight * value),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finish::Row;
    use crate::image::resample::resize;
    use crate::image::{Channels, Picture, Samples};

    #[test]
    fn it_is_imresize() {
        for (factor, width, height) in [(2, 9, 7), (3, 5, 6), (4, 6, 1), (4, 1, 5), (8, 3, 4), (16, 2, 2), (1, 5, 5)] {
            let (w, h) = (factor * width, factor * height);
            let values: Vec<u16> = (0..w * h).map(|i| (20_000 + (i * 7919 + i / w * 104_729) % 25_000) as u16).collect();
            let picture = Picture::new(w as u32, h as u32, Channels::Grey, Samples::U16(values.clone())).unwrap();
            let Samples::U16(expected) = resize(&picture, width as u32, height as u32, Kernel::Cubic).unwrap().samples else { panic!() };
            let mut rows = Recent::default();
            for line in values.chunks(w) {
                rows.push(Row { planes: vec![line.iter().map(|&v| f32::from(v) / 65_535.0).collect()] });
            }
            let mut reduction = Reduction::new(factor, width, height);
            let mut row = Vec::new();
            for y in 0..height {
                let [first, end] = reduction.needs(y);
                assert!(first < end && end <= h);
                reduction.row(y, &rows, 0, &mut row);
                for (x, value) in row.iter().enumerate() {
                    let wanted = f32::from(expected[y * width + x]) / 65_535.0;
                    assert!((value - wanted).abs() < 5e-5, "x{factor} at {x}, {y}: {value} and {wanted}");
                }
            }
        }
    }

    #[test]
    fn taps_are_those_of_the_kernel() {
        for (factor, width) in [(2, 11), (3, 7), (4, 8), (16, 3)] {
            let line: Vec<f32> = (0..factor * width).map(|i| ((i * 37 + 11) % 17) as f32 / 17.0).collect();
            let taps = Taps::new(Kernel::Cubic, factor * width, width);
            let mut rows = Recent::default();
            (0..factor).for_each(|_| rows.push(Row { planes: vec![line.clone()] }));
            let mut found = Vec::new();
            Reduction::new(factor, width, 1).row(0, &rows, 0, &mut found);
            for (x, value) in found.iter().enumerate() {
                let wanted: f64 = taps.of(x).map(|(i, w)| w * f64::from(line[i])).sum();
                assert!((f64::from(*value) - wanted).abs() < 1e-5, "x{factor} at {x}: {value} and {wanted}");
            }
        }
    }
}
