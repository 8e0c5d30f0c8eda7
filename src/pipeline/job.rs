//! One picture on its way: the state machine that command line and browser drive.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::check::{Doubt, examine};
use super::output::Output;
use super::pass::Pass;
use super::report::Report;
use super::rows::{Planes, limit};
use super::setup::Setup;
use crate::codec::encode::RowEncoder;
use crate::error::{Error, Result};
use crate::finish::Row;
use crate::finish::lock::Fidelity;
use crate::finish::map::Map;
use crate::finish::resample::Frame;
use crate::image::rows::{channel_row, luma_row};
use crate::image::{Picture, RowFormat};
use crate::model::graph::Shape;
use crate::tile::Tile;

/// A tile to run.
#[derive(Debug, Clone, PartialEq)]
pub struct TileRequest {
    /// To be given back to [`Job::put`].
    pub index: usize,
    /// Which of [`Job::sessions`] runs it.
    pub session: usize,
    /// Rectangle in the result: x, y, width, height; empty where another pass follows.
    pub rect: [usize; 4],
    /// Input, CHW, 0..=1.
    pub data: Vec<f32>,
}

/// A picture being enlarged.
pub struct Job {
    pub(super) setup: Setup,
    pub(super) source: Arc<Picture>,
    /// The input as it was before anything was put around it.
    pub(super) input: [u32; 2],
    pub(super) planes: Planes,
    pub(super) passes: Vec<Pass>,
    pub(super) output: Output,
    pub(super) frame: Frame,
    pub(super) fidelity: Fidelity,
    pub(super) encoder: Option<Box<dyn RowEncoder>>,
    pub(super) format: RowFormat,
    pub(super) warnings: Vec<String>,
    pub(super) progress: Way,
}

/// How far a job is.
#[derive(Default)]
pub(super) struct Way {
    /// Rows of a picture without a network that are done.
    rows_done: usize,
    redo: VecDeque<usize>,
    tiles_done: usize,
    doubted: HashMap<usize, (String, Vec<f32>)>,
    backend: String,
    adapter: String,
}

impl Job {
    /// Size of the input picture, upright.
    pub fn input_size(&self) -> [u32; 2] {
        self.input
    }

    /// Size of the result.
    pub fn size(&self) -> [u32; 2] {
        [self.format.width, self.format.height]
    }

    /// Number of tiles, those for alpha and of all passes included; of bands of rows where no network is needed.
    pub fn tiles(&self) -> usize {
        if self.passes.is_empty() { (self.source.height as usize).div_ceil(BAND) } else { self.runs() }
    }

    /// Tiles of each pass, those for alpha included.
    pub fn pass_tiles(&self) -> Vec<usize> {
        self.passes.iter().map(Pass::len).collect()
    }

    fn runs(&self) -> usize {
        self.passes.iter().map(Pass::len).sum()
    }

    /// Tiles that are finished.
    pub fn tiles_done(&self) -> usize {
        self.progress.tiles_done
    }

    /// For every pass, the shape of its tiles' input: session `i` is of network `i`.
    pub fn sessions(&self) -> Vec<Shape> {
        self.passes.iter().map(Pass::shape).collect()
    }

    /// Says which engine runs the coming tiles.
    pub fn set_engine(&mut self, backend: &str, adapter: &str) {
        backend.clone_into(&mut self.progress.backend);
        adapter.clone_into(&mut self.progress.adapter);
    }

    /// Adds a warning to the report, once: a sentence without its full stop.
    pub fn warn(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.warnings.contains(&text) {
            self.warnings.push(text);
        }
    }

    /// Whether the job goes on though no tile is ready and none is under way: it needs no network, and makes a band of rows with each
    /// call of [`Job::next_tile`].
    pub fn goes_on(&self) -> bool {
        self.passes.is_empty() && self.encoder.is_some()
    }

    /// The next tile to run; `None` when none is ready: all were handed out, or their rows are still being made by tiles that were.
    ///
    /// Later passes come first, so that few rows wait between two of them.
    ///
    /// # Errors
    /// What the encoder says: tiles that need no network are finished here.
    pub fn next_tile(&mut self) -> Result<Option<TileRequest>> {
        if self.goes_on() {
            self.without_network()?;
        }
        if let Some(index) = self.progress.redo.pop_front() {
            return Ok(Some(self.request(index)));
        }
        while let Some(index) = self.next_index() {
            let request = self.request(index);
            let (pass, run) = self.place(index);
            let flat = (self.passes[pass].is_alpha(run) && all_equal(&request.data)).then(|| request.data[0]).filter(|v| *v == 0.0 || *v == 1.0);
            let Some(value) = flat else { return Ok(Some(request)) };
            let tile = self.passes[pass].tile(run);
            let scale = self.passes[pass].plan.geometry().scale;
            let row = vec![value; tile.width * scale];
            self.passes[pass].put(run, std::iter::once(vec![row.as_slice(); tile.height * scale]));
            self.finish_tile(pass)?;
        }
        Ok(None)
    }

    /// Takes the output of tile `index`, CHW. `false`: the tile failed its check and must be run again,
    /// on another engine when it fails twice.
    ///
    /// A tile that two engines agree on is accepted with a warning: then the model does that.
    ///
    /// # Errors
    /// `Parameter` for a wrong index or length; what the encoder says.
    pub fn put(&mut self, index: usize, output: &[f32]) -> Result<bool> {
        if index >= self.runs() {
            return Err(Error::parameter(format!("There is no tile {index} in a job of {}", self.runs()), ""));
        }
        let (pass, run) = self.place(index);
        if self.passes[pass].is_done(run) {
            return Ok(true);
        }
        let plan = self.passes[pass].plan;
        let plane_len = plan.output_shape(1).len();
        let count = output.len() / plane_len;
        if !matches!(count, 1 | 3) || output.len() != count * plane_len {
            return Err(Error::parameter(
                format!("A tile has {} values where {plane_len} a plane were expected", output.len()),
                "Use a network that gives 1 or 3 channels",
            ));
        }
        let tile = self.passes[pass].tile(run);
        let wanted = if self.passes[pass].is_alpha(run) { 1 } else { self.planes.count() };
        let planes = fit_planes(output, plane_len, wanted);
        if let Err(doubt) = self.examine(pass, run, &planes) {
            let accepted = doubt == Doubt::Unlike && self.other_engine_agrees(index, output);
            if !accepted {
                self.progress.doubted.insert(index, (self.progress.backend.clone(), output.to_vec()));
                return Ok(false);
            }
            self.warn("The model changes the picture strongly: parts of the result do not look like the input, and two engines agree on it");
        }
        self.passes[pass].put(run, planes.iter().map(|values| plan.kept_rows(tile, values).collect()));
        self.progress.doubted.remove(&index);
        self.finish_tile(pass)?;
        Ok(true)
    }

    /// Puts tile `index` back, to be handed out again.
    pub fn requeue(&mut self, index: usize) {
        let (pass, run) = self.place(index);
        if !self.passes[pass].is_done(run) && !self.progress.redo.contains(&index) {
            self.progress.redo.push_back(index);
        }
    }

    /// The fidelity map, where it was asked for and the picture is done.
    pub fn map(&self) -> Option<std::cell::Ref<'_, Map>> {
        self.output.map()
    }

    /// The report; `seconds` is the wall-clock time.
    pub fn report(&self, output: &str, seconds: f64) -> Report {
        Report {
            input: self.setup.input.clone(),
            output: output.into(),
            width: self.format.width,
            height: self.format.height,
            scale: f64::from(self.format.width) / f64::from(self.input[0]),
            passes: self.passes.iter().map(|pass| pass.plan.geometry().scale).collect(),
            model: self.setup.model.clone(),
            kind: self.setup.kind,
            backend: self.progress.backend.clone(),
            adapter: self.progress.adapter.clone(),
            tiles: self.tiles(),
            seconds,
            fidelity: self.fidelity,
            lr_psnr: self.output.lr_psnr(),
            lr_kernel: "bicubic",
            warnings: self.warnings.clone(),
        }
    }

    /// Pass and run of tile `index`.
    fn place(&self, index: usize) -> (usize, usize) {
        let mut run = index;
        for (number, pass) in self.passes.iter().enumerate() {
            if run < pass.len() {
                return (number, run);
            }
            run -= pass.len();
        }
        (self.passes.len().saturating_sub(1), 0)
    }

    fn next_index(&mut self) -> Option<usize> {
        let mut first = self.runs();
        for (number, pass) in self.passes.iter_mut().enumerate().rev() {
            first -= pass.len();
            let rows = if number == 0 { self.source.height as usize } else { pass.rows.end() };
            if let Some(run) = pass.next(rows) {
                return Some(first + run);
            }
        }
        None
    }

    fn request(&self, index: usize) -> TileRequest {
        let (number, run) = self.place(index);
        let pass = &self.passes[number];
        let mut data = Vec::with_capacity(pass.shape().len());
        for plane in 0..pass.channels {
            self.extract(number, run, plane, &mut data);
        }
        let rect = if number + 1 == self.passes.len() { self.rect(pass.tile(run), pass.plan.geometry().scale) } else { [0; 4] };
        TileRequest { index, session: number, rect, data }
    }

    /// Where a tile of the last pass lies in the result.
    fn rect(&self, tile: Tile, scale: usize) -> [usize; 4] {
        let Frame { part: [left, top, width, height], size, .. } = self.frame;
        // In 64 bits: sides of a hundred thousand pixels are multiplied.
        let at = |position: usize, first: usize, part: usize, size: usize| {
            ((position * scale).saturating_sub(first).min(part) as u64 * size as u64 / part as u64) as usize
        };
        let [x, y] = [at(tile.x, left, width, size[0]), at(tile.y, top, height, size[1])];
        [x, y, at(tile.x + tile.width, left, width, size[0]) - x, at(tile.y + tile.height, top, height, size[1]) - y]
    }

    /// Plane `plane` of the network's input.
    fn extract(&self, number: usize, run: usize, plane: usize, into: &mut Vec<f32>) {
        let pass = &self.passes[number];
        let tile = pass.tile(run);
        let alpha = pass.is_alpha(run);
        if number > 0 {
            let plane = if alpha { self.planes.count() } else { plane.min(self.planes.count() - 1) };
            pass.plan.extract(tile, |y, columns, into| into.extend_from_slice(&pass.rows.plane(y, plane)[columns]), into);
            return;
        }
        let source = &*self.source;
        pass.plan.extract(
            tile,
            |y, columns, into| match self.planes {
                _ if alpha => channel_row(source, y, source.channels.count() - 1, columns, into),
                Planes::Luma => luma_row(source, y, columns, into),
                Planes::Grey => channel_row(source, y, 0, columns, into),
                Planes::Rgb => channel_row(source, y, plane, columns, into),
            },
            into,
        );
    }

    fn examine(&self, number: usize, run: usize, planes: &[Cow<'_, [f32]>]) -> Result<(), Doubt> {
        let pass = &self.passes[number];
        let mut input = Vec::new();
        for (plane, output) in planes.iter().enumerate() {
            input.clear();
            self.extract(number, run, plane, &mut input);
            examine(&pass.plan, pass.tile(run), &input, output)?;
        }
        Ok(())
    }

    /// Whether another engine gave the same doubtful tile before.
    fn other_engine_agrees(&self, index: usize, output: &[f32]) -> bool {
        self.progress.doubted.get(&index).is_some_and(|(backend, before)| {
            *backend != self.progress.backend && before.len() == output.len() && before.iter().zip(output).all(|(a, b)| (a - b).abs() <= AGREEMENT)
        })
    }

    /// Moves on the rows that are finished now: to the next pass, or to the encoder.
    fn finish_tile(&mut self, number: usize) -> Result<()> {
        self.progress.tiles_done += 1;
        while let Some(rows) = self.passes[number].take() {
            for mut row in rows {
                limit(&mut row);
                if number + 1 < self.passes.len() {
                    self.passes[number + 1].rows.push(row);
                } else if let Some(encoder) = &mut self.encoder {
                    self.output.push(row, encoder.as_mut())?;
                }
            }
        }
        if self.progress.tiles_done == self.tiles()
            && let Some(encoder) = self.encoder.take()
        {
            encoder.finish()?;
        }
        Ok(())
    }

    /// The next band of a picture that no network enlarges.
    fn without_network(&mut self) -> Result<()> {
        let Some(encoder) = &mut self.encoder else { return Ok(()) };
        let (width, height, count) = (self.source.width as usize, self.source.height as usize, self.source.channels.count());
        let end = height.min(self.progress.rows_done + BAND);
        for y in self.progress.rows_done..end {
            let plane = |c: usize| {
                let mut plane = Vec::with_capacity(width);
                channel_row(&self.source, y, c, 0..width, &mut plane);
                plane
            };
            self.output.push(Row { planes: (0..count).map(plane).collect() }, encoder.as_mut())?;
        }
        self.progress.rows_done = end;
        self.progress.tiles_done += 1;
        if end == height
            && let Some(encoder) = self.encoder.take()
        {
            encoder.finish()?;
        }
        Ok(())
    }
}

/// Rows that are made at a time where no network is needed.
const BAND: usize = 64;

/// Largest difference at which two engines agree on a tile.
const AGREEMENT: f32 = 1e-2;

fn all_equal(values: &[f32]) -> bool {
    values.iter().all(|v| *v == values[0])
}

/// The planes that a band wants from those that a network gives: as they are, repeated, or averaged.
#[inline(never)]
fn fit_planes(output: &[f32], plane_len: usize, wanted: usize) -> Vec<Cow<'_, [f32]>> {
    let given: Vec<&[f32]> = output.chunks_exact(plane_len).collect();
    match (given.len(), wanted) {
        (3, 1) => vec![(0..plane_len).map(|i| (given[0][i] + given[1][i] + given[2][i]) / 3.0).collect::<Vec<f32>>().into()],
        (1, 3) => vec![given[0].into(); 3],
        _ => given.into_iter().map(Cow::from).collect(),
    }
}
