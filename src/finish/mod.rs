//! What happens to a picture's rows between the network and the encoder.
//!
//! Everything here takes rows from the top and gives rows on, and keeps no more of them than its kernels reach:
//! no filter ever sees a whole picture.
//!
//! - [`lock`]: makes the result, scaled back down, be the input
//! - [`meter`]: measures how far it is (LR-PSNR)
//! - [`map`]: shows where it was not, before the lock
//! - [`resample`]: from the model's scale to an exact size
//! - [`sharpen`], [`grain`], [`denoise`]: by choice

pub mod denoise;
pub mod grain;
pub mod lock;
pub mod map;
pub mod meter;
mod reduction;
pub mod resample;
pub(crate) mod rounds;
pub mod sharpen;

use std::collections::VecDeque;

use crate::error::Result;
use crate::image::resample::weighted_sum;

pub use reduction::Reduction;

/// One row of a picture: planes of equal length, values 0..=1.
///
/// The planes of colour come first (luma; or luma and two chroma differences; or red, green and blue), then alpha where there is any.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// The planes.
    pub planes: Vec<Vec<f32>>,
}

/// Something that rows go through from top to bottom.
pub trait RowFilter {
    /// Takes the next row; rows that are finished go to `emit`. After the last row of the picture nothing is kept back.
    ///
    /// # Errors
    /// What `emit` says.
    fn push(&mut self, row: Row, emit: &mut dyn FnMut(Row) -> Result<()>) -> Result<()>;
}

/// Sends `row` through `filters`, one after the other.
///
/// # Errors
/// What `emit` says.
pub fn through(filters: &mut [Box<dyn RowFilter>], row: Row, emit: &mut dyn FnMut(Row) -> Result<()>) -> Result<()> {
    match filters.split_first_mut() {
        None => emit(row),
        Some((first, rest)) => first.push(row, &mut |row| through(rest, row, emit)),
    }
}

/// The last rows of a picture, by their number.
#[derive(Debug, Default)]
pub struct Recent {
    first: usize,
    rows: VecDeque<Row>,
}

impl Recent {
    /// Takes the next row.
    pub fn push(&mut self, row: Row) {
        self.rows.push_back(row);
    }

    /// Number of the row after the last one that came.
    pub fn end(&self) -> usize {
        self.first + self.rows.len()
    }

    /// Plane `plane` of row `row`.
    ///
    /// # Panics
    /// Where the row has not come, or was forgotten.
    pub fn plane(&self, row: usize, plane: usize) -> &[f32] {
        &self.rows[row - self.first].planes[plane]
    }

    /// Planes of row `row`.
    pub(crate) fn planes(&self, row: usize) -> usize {
        self.rows[row - self.first].planes.len()
    }

    /// The sum of plane `plane` of the rows that `taps` name, each times its weight, into `sum`.
    pub(crate) fn sum(&self, taps: impl Iterator<Item = (usize, f64)>, plane: usize, sum: &mut [f32]) {
        weighted_sum(&self.taps(taps, plane), sum);
    }

    /// The same and `more`.
    pub(crate) fn sum_and(&self, taps: impl Iterator<Item = (usize, f64)>, plane: usize, more: &[f32], sum: &mut [f32]) {
        let mut taps = self.taps(taps, plane);
        taps.push((more, 1.0));
        weighted_sum(&taps, sum);
    }

    fn taps(&self, taps: impl Iterator<Item = (usize, f64)>, plane: usize) -> Vec<(&[f32], f32)> {
        taps.map(|(row, weight)| (self.plane(row, plane), weight as f32)).collect()
    }

    /// The first row, taken out.
    fn pop(&mut self) -> Option<Row> {
        let row = self.rows.pop_front()?;
        self.first += 1;
        Some(row)
    }

    /// Forgets all rows above `row`.
    pub fn forget_above(&mut self, row: usize) {
        while self.first < row && self.pop().is_some() {}
    }
}
