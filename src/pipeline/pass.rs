//! One pass of a network over a picture, or over the rows of the pass before it.

use crate::error::Result;
use crate::finish::{Recent, Row};
use crate::limits::try_vec;
use crate::model::graph::Shape;
use crate::tile::band::Band;
use crate::tile::{Bands, Tile, TilePlan};

/// Which tiles of a pass are handed out and done.
pub(super) struct Pass {
    pub(super) plan: TilePlan,
    /// Channels of the network's input.
    pub(super) channels: usize,
    /// Runs for each tile: colour, and alpha where there is any.
    runs: usize,
    /// Planes of colour.
    planes: usize,
    bands: Bands,
    cursor: usize,
    done: Vec<bool>,
    /// Rows of the pass before; empty in the first one.
    pub(super) rows: Recent,
}

impl Pass {
    /// For `planes` planes of colour, and one of alpha where `alpha`.
    pub(super) fn new(plan: TilePlan, channels: usize, planes: usize, alpha: bool) -> Result<Self> {
        let runs = 1 + usize::from(alpha);
        Ok(Self {
            plan,
            channels,
            runs,
            planes,
            bands: Bands::new(plan, planes + runs - 1),
            cursor: 0,
            done: try_vec(false, plan.len() * runs)?,
            rows: Recent::default(),
        })
    }

    /// Runs in all.
    pub(super) fn len(&self) -> usize {
        self.done.len()
    }

    pub(super) fn shape(&self) -> Shape {
        self.plan.input_shape(self.channels)
    }

    pub(super) fn tile(&self, run: usize) -> Tile {
        self.plan.tile(run / self.runs)
    }

    pub(super) fn is_alpha(&self, run: usize) -> bool {
        run % self.runs == 1
    }

    pub(super) fn is_done(&self, run: usize) -> bool {
        self.done[run]
    }

    /// The next run that was not handed out, where its rows have come: `rows` of the picture, or of the pass before, are there.
    pub(super) fn next(&mut self, rows: usize) -> Option<usize> {
        if self.cursor == self.len() || self.plan.rows_end(self.tile(self.cursor)) > rows {
            return None;
        }
        self.cursor += 1;
        Some(self.cursor - 1)
    }

    /// Keeps plane after plane of a run's output, of as many planes as it has: three or one of colour, or one of alpha.
    pub(super) fn put<'r>(&mut self, run: usize, planes: impl Iterator<Item = Vec<&'r [f32]>>) {
        let tile = self.tile(run);
        let first = if self.is_alpha(run) { self.planes } else { 0 };
        for (plane, rows) in planes.enumerate() {
            self.bands.put(tile, first + plane, rows.into_iter());
        }
        self.done[run] = true;
    }

    /// The next rows of the result, where a whole row of tiles is there. What they were made of is forgotten.
    pub(super) fn take(&mut self) -> Option<impl Iterator<Item = Row> + use<>> {
        let band = self.bands.take()?;
        let scale = self.plan.geometry().scale;
        let below = (band.y + band.height) / scale;
        self.rows.forget_above(below.saturating_sub(self.plan.geometry().halo));
        let planes = self.planes + self.runs - 1;
        Some((0..band.height).map(move |y| Row { planes: (0..planes).map(|p| row_of(&band, p, y)).collect() }))
    }
}

fn row_of(band: &Band, plane: usize, y: usize) -> Vec<f32> {
    band.plane(plane)[y * band.width..][..band.width].to_vec()
}
