//! A job in the coordinator worker.

use std::io::Cursor;

use serde::Deserialize;
use wasm_bindgen::prelude::wasm_bindgen;

use super::chunks::{Chunk, Chunks};
use super::error::{JsError, sentence};
use super::model::{Passes, Source};
use super::order::{read, written};
use crate::codec::Density;
use crate::error::Result;
use crate::order::Order;
use crate::order::plan::{Plan, Subject};
use crate::pipeline::{Job as PipelineJob, Setup, write_map};

/// How a job begins: what was planned, and the engine that will run it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Begin {
    /// The picture.
    pub subject: Subject,
    /// What was planned for it.
    pub plan: Plan,
    /// The engine.
    pub backend: String,
    /// Its device in words.
    pub adapter: String,
    /// Its largest buffer in bytes.
    pub max_buffer_bytes: Option<f64>,
    /// Tiles that run at the same time.
    pub parallel: usize,
    /// Factor of a network whose graph is not covered.
    pub opaque_scale: Option<usize>,
}

/// A picture being enlarged.
#[wasm_bindgen]
pub struct Job {
    job: PipelineJob,
    chunks: Chunks,
}

#[wasm_bindgen]
impl Job {
    /// Plans the tiles of a picture for an `Order`, as a [`Begin`] says; all in JSON.
    pub fn open(source: Source, passes: &Passes, order: &str, begin: &str) -> Result<Job, JsError> {
        let begin: Begin = read(begin)?;
        let chunks = Chunks::default();
        let setup = Setup {
            input: begin.subject.name,
            model: begin.plan.model,
            kind: begin.subject.kind,
            size: Some([begin.plan.width, begin.plan.height]),
            density: begin.plan.dpi.and_then(Density::dpi),
            max_buffer_bytes: begin.max_buffer_bytes.map(|bytes| bytes as u64),
            parallel: begin.parallel,
            opaque_scale: begin.opaque_scale,
        };
        let mut job = PipelineJob::new(source.0, &passes.networks(), &Order::from_json(order)?, setup, chunks.clone())?;
        job.set_engine(&begin.backend, &begin.adapter);
        Ok(Self { job, chunks })
    }

    /// Width of the result.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> u32 {
        self.job.size()[0]
    }

    /// Height of the result.
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> u32 {
        self.job.size()[1]
    }

    /// Number of tiles.
    #[wasm_bindgen(getter)]
    pub fn tiles(&self) -> usize {
        self.job.tiles()
    }

    /// Tiles that are finished.
    #[wasm_bindgen(getter = tilesDone)]
    pub fn tiles_done(&self) -> usize {
        self.job.tiles_done()
    }

    /// Encoded bytes that are ready; `undefined` when there are no more yet.
    pub fn take(&mut self) -> Option<Chunk> {
        self.chunks.take()
    }

    /// The fidelity map as a PNG of the input's size, where it was asked for.
    pub fn map(&self) -> Result<Option<Vec<u8>>, JsError> {
        let Some(map) = self.job.map() else { return Ok(None) };
        let mut file = Cursor::new(Vec::new());
        write_map(&map, &mut file)?;
        Ok(Some(file.into_inner()))
    }

    /// The report as JSON.
    pub fn report(&self, seconds: f64) -> Result<String, JsError> {
        let mut report = self.job.report("", seconds);
        for text in &mut report.warnings {
            *text = sentence(text);
        }
        Ok(written(&report)?)
    }
}

impl Job {
    pub(super) fn work(&mut self) -> &mut PipelineJob {
        &mut self.job
    }
}
