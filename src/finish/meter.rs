//! LR-PSNR: how well a result, scaled back down, is its input.
//!
//! The peak signal-to-noise ratio in dB, over all samples of colour, between the input and the rounded result reduced by the
//! [`Reduction`]. NTIRE 2021 asks for 45 dB.

use super::lock::InputRow;
use super::{Recent, Reduction, Row};

/// Measures as rows come.
pub struct Meter {
    reduction: Reduction,
    recent: Recent,
    planes: usize,
    input: InputRow,
    next: usize,
    squares: f64,
    samples: usize,
}

impl Meter {
    /// For a result `factor` times as large as an input of `width` x `height`, of `planes` planes; `input` gives its rows.
    pub fn new(factor: usize, width: usize, height: usize, planes: usize, input: InputRow) -> Self {
        Self { reduction: Reduction::new(factor, width, height), recent: Recent::default(), planes, input, next: 0, squares: 0.0, samples: 0 }
    }

    /// Takes the next row of the result as it is written: rounded, 0..=1.
    pub fn push(&mut self, row: Row) {
        self.recent.push(row);
        let mut reduced = Vec::new();
        let mut wanted = Vec::new();
        while self.next < self.reduction.height() && self.reduction.needs(self.next)[1] <= self.recent.end() {
            for plane in 0..self.planes {
                self.reduction.row(self.next, &self.recent, plane, &mut reduced);
                wanted.clear();
                (self.input)(self.next, plane, &mut wanted);
                self.squares += reduced.iter().zip(&wanted).map(|(a, b)| f64::from((a - b) * (a - b))).sum::<f64>();
                self.samples += wanted.len();
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
        for (offset, psnr) in [(0.0, 100.0), (0.1, 20.0), (0.01, 40.0)] {
            let input: InputRow = Box::new(|_, plane, into: &mut Vec<f32>| into.extend([0.2 + 0.1 * plane as f32; 5]));
            let mut meter = Meter::new(4, 5, 3, 3, input);
            for y in 0..12 {
                assert_eq!(meter.psnr(), None, "after {y} rows");
                meter.push(Row { planes: (0..3).map(|p| vec![0.2 + 0.1 * p as f32 + offset; 20]).collect() });
            }
            assert!((meter.psnr().unwrap() - psnr).abs() < 0.01, "{:?}", meter.psnr());
        }
    }
}
