//! LR-PSNR: how well a result, scaled back down, is its input.
//!
//! The peak signal-to-noise ratio in dB, over all samples of colour, between the input and the rounded result reduced by the
//! [`Reduction`]. NTIRE 2021 asks for 45 dB.

use std::ops::Range;

use super::lock::InputRow;
use super::{Recent, Reduction, Row};

/// Measures as rows come.
pub struct Meter {
    reduction: Reduction,
    recent: Recent,
    planes: usize,
    /// Columns and rows of the input that count.
    counted: [Range<usize>; 2],
    /// 1 over the largest value of a row.
    unit: f32,
    input: InputRow,
    next: usize,
    squares: f64,
    samples: usize,
}

impl Meter {
    /// For a result `factor` times as large as an input of `size`, of `planes` planes of whole numbers up to `peak`; `input` gives
    /// the input's rows, 0..=1, of which the `counted` columns and rows are measured.
    pub fn new(factor: usize, [width, height]: [usize; 2], counted: [Range<usize>; 2], planes: usize, peak: f32, input: InputRow) -> Self {
        let (reduction, recent) = (Reduction::new(factor, width, height), Recent::default());
        Self { reduction, recent, planes, counted, unit: 1.0 / peak, input, next: 0, squares: 0.0, samples: 0 }
    }

    /// Takes the next row of the result as it is written.
    pub fn push(&mut self, row: Row) {
        self.recent.push(row);
        let mut reduced = Vec::new();
        let mut wanted = Vec::new();
        while self.next < self.reduction.height() && self.reduction.needs(self.next)[1] <= self.recent.end() {
            let counts = self.counted[1].contains(&self.next);
            for plane in (0..self.planes).filter(|_| counts) {
                self.reduction.row(self.next, &self.recent, plane, &mut reduced);
                wanted.clear();
                (self.input)(self.next, plane, &mut wanted);
                let columns = self.counted[0].clone();
                self.samples += columns.len();
                let pairs = reduced[columns.clone()].iter().zip(&wanted[columns]);
                self.squares += pairs.map(|(a, b)| (a * self.unit - b).powi(2)).map(f64::from).sum::<f64>();
            }
            self.next += 1;
            if self.next < self.reduction.height() {
                self.recent.forget_above(self.reduction.needs(self.next)[0]);
            }
        }
    }

    /// The LR-PSNR in dB; `None` until all rows have come, and at most 100: equal pictures have no ratio.
    pub fn psnr(&self) -> Option<f64> {
        const MOST: f64 = 100.0;
        (self.next == self.reduction.height()).then(|| (-10.0 * (self.squares / self.samples as f64).log10()).min(MOST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_error_has_its_psnr() {
        // Where the counted part ends, the input is another one.
        let input = || -> InputRow {
            Box::new(|y, plane, into: &mut Vec<f32>| {
                let value = if y == 0 { 0.9 } else { 0.2 + 0.1 * plane as f32 };
                into.extend([0.9, value, value, value, value]);
            })
        };
        for (offset, psnr) in [(0.0, 100.0), (25.5, 20.0), (2.55, 40.0)] {
            let mut meter = Meter::new(4, [5, 3], [1..5, 1..3], 3, 255.0, input());
            for y in 0..12 {
                assert_eq!(meter.psnr(), None, "after {y} rows");
                meter.push(Row { planes: (0..3).map(|p| vec![51.0 + 25.5 * p as f32 + offset; 20]).collect() });
            }
            assert!((meter.psnr().unwrap() - psnr).abs() < 0.01, "{:?}", meter.psnr());
        }
        let mut whole = Meter::new(4, [5, 3], [0..5, 0..3], 3, 255.0, input());
        (0..12).for_each(|_| whole.push(Row { planes: (0..3).map(|p| vec![51.0 + 25.5 * p as f32; 20]).collect() }));
        assert!(whole.psnr().unwrap() < 20.0);
    }
}
