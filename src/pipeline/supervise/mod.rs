//! Which engine runs a picture's tiles, and what happens when one fails: a state machine beside [`Job`](super::Job).
//!
//! It has no threads, futures or clock. A driver asks [`Supervisor::next`] for a [`Command`], does it whenever and wherever it likes,
//! and says with [`Supervisor::told`] what came of it. The native driver and the browser's coordinator are two such drivers.
//!
//! ```text
//!             Open      Measure       Plan          Start, Prepare, Run...         Done
//!  Choosing ------> Opening -> Measuring -> Planning -> Working --------------------->
//!     ^                |           |                       |
//!     +---- refused ---+-----------+--- engine failed -----+      no engine is left, or Stop: Fail
//! ```
//!
//! | what happens | what follows |
//! |---|---|
//! | an engine does not open | the next in order; on `auto` it is remembered for later pictures, an explicit choice tries again |
//! | its adapter is software | refused on `auto`, taken where it is chosen |
//! | it does not prepare the networks | the next in order, for which the picture is planned anew where no tile was handed out |
//! | a tile fails, or fails its check | once more on the same engine |
//! | it fails again | the engine is distrusted, the next one does the tiles that are missing |
//! | two engines agree on a tile that fails its check | the model is to blame, which `Job::put` knows |
//! | a worker dies | the others do its tiles |
//! | all workers are dead | one new worker, once a picture; then the next engine |
//! | the device is lost | before and between tiles: the next engine; after the last tile: nothing |
//! | no engine is left | an error with what each of them said |
//!
//! A tile that comes back from an engine or worker that was given up is of no interest: whoever got it anew gives it.

mod engines;
mod failover;
mod machine;
#[cfg(test)]
mod tests;
mod words;
mod workers;

use crate::backend::{Backend, BackendKind};
use crate::error::{Error, Result};
use crate::model::graph::Shape;
use serde::Serialize;

use super::job::{Job, TileRequest};
pub use engines::{EngineMemory, Networks, SessionPlan, Sessions, whole_factor, whole_shape, workers_of};
pub use machine::Supervisor;

/// What the driver is to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Open an engine with its first worker, then tell `Opened` or `Refused`.
    Open {
        /// Which one.
        engine: BackendKind,
        /// The number of its first worker; no number comes twice in a picture.
        worker: usize,
        /// Whether an adapter that is software will do.
        allow_software: bool,
    },
    /// Prepare the network of a pass for the whole picture, then tell `Measured` or `Failed`: its graph does not say what it makes.
    Measure {
        /// Where.
        worker: usize,
        /// The pass and the shape of the picture.
        session: SessionPlan,
    },
    /// Plan the picture for the open engine, then tell `Planned`, or `Stop` with what is wrong with it. A driver whose picture
    /// is planned already leaves it so.
    Plan(EnginePlan),
    /// Start one more worker of the open engine, then tell `Started` or `Failed`.
    Start {
        /// Its number.
        worker: usize,
    },
    /// Prepare these sessions on a worker, then tell `Prepared` or `Failed`.
    Prepare {
        /// Where.
        worker: usize,
        /// The sessions by slot.
        sessions: Vec<SessionPlan>,
    },
    /// Run a tile, then tell `Ran` or `Failed`.
    Run {
        /// Where.
        worker: usize,
        /// The session that runs it.
        slot: usize,
        /// The tile.
        tile: TileRequest,
    },
    /// End an engine that cannot be trusted, with all that its workers still do; the next time it starts afresh.
    Close {
        /// Which one.
        engine: BackendKind,
    },
    /// The picture has come on: take what the encoder has written, and show it.
    Progress {
        /// The rectangle of the result that was finished, as in [`TileRequest::rect`]; `None` for rows that no network makes.
        rect: Option<[usize; 4]>,
    },
    /// Nothing until something is told.
    Wait,
    /// The picture is complete. Nothing else follows.
    Done,
    /// The picture has failed. Nothing else follows.
    Fail(Error),
}

/// What came of a command, or happened by itself. What is told of workers and engines that were given up is ignored.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The engine works.
    Opened(Facts),
    /// The engine does not open.
    Refused {
        /// Why.
        error: Error,
        /// Whether it would be the same another time: a failed download would not.
        lasting: bool,
    },
    /// What the network makes of the whole picture.
    Measured {
        /// Shape of its output.
        output: Shape,
    },
    /// The picture is planned; from here on [`Supervisor::next`] is given it.
    Planned,
    /// A worker runs.
    Started {
        /// Which one.
        worker: usize,
    },
    /// A worker is ready for tiles.
    Prepared {
        /// Which one.
        worker: usize,
    },
    /// A tile was run.
    Ran {
        /// Where.
        worker: usize,
        /// Its index.
        tile: usize,
        /// Its values, CHW.
        output: Vec<f32>,
    },
    /// A worker cannot do what was asked, and lives.
    Failed {
        /// Which one.
        worker: usize,
        /// The tile that was to be run; `None`: it was to start, to prepare or to measure.
        tile: Option<usize>,
        /// Why.
        error: Error,
    },
    /// A worker is gone, with all that it was doing.
    Died {
        /// Which one.
        worker: usize,
        /// Why.
        error: Error,
    },
    /// The device of a worker's engine is gone.
    Lost {
        /// Which worker.
        worker: usize,
        /// Why.
        error: Error,
    },
    /// The picture cannot go on, whoever runs it: it was cancelled, cannot be read, or cannot be written.
    Stop(Error),
}

/// An engine that was opened, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The device in words.
    pub adapter: String,
    /// Whether it is a CPU that pretends to be a GPU.
    pub software: bool,
    /// Tiles that one worker can usefully have in flight.
    pub tiles_in_flight: usize,
    /// Largest buffer in bytes, where there is such a limit.
    pub max_buffer_bytes: Option<u64>,
}

impl Facts {
    /// Of an engine.
    pub fn of(backend: &dyn Backend) -> Self {
        let capabilities = backend.capabilities();
        Self {
            adapter: backend.adapter().into(),
            software: capabilities.software_adapter,
            tiles_in_flight: capabilities.tiles_in_flight,
            max_buffer_bytes: capabilities.max_buffer_bytes,
        }
    }
}

/// What a picture is planned by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EnginePlan {
    /// Name of the engine.
    pub backend: &'static str,
    /// Its device in words.
    pub adapter: String,
    /// Largest buffer of the engine, in bytes.
    pub max_buffer_bytes: Option<u64>,
    /// Workers that will run tiles at the same time.
    pub parallel: usize,
    /// The factor of a network that is not covered, where it was measured.
    pub opaque_scale: Option<usize>,
}

/// What the supervisor needs of a picture; [`Job`] in all but tests.
pub trait Work {
    /// As [`Job::tiles`].
    fn tiles(&self) -> usize;
    /// As [`Job::tiles_done`].
    fn tiles_done(&self) -> usize;
    /// As [`Job::sessions`].
    fn sessions(&self) -> Vec<Shape>;
    /// As [`Job::goes_on`].
    fn goes_on(&self) -> bool;
    /// As [`Job::set_engine`].
    fn set_engine(&mut self, backend: &str, adapter: &str);
    /// As [`Job::warn`].
    fn warn(&mut self, text: String);
    /// As [`Job::next_tile`].
    ///
    /// # Errors
    /// What makes every engine useless.
    fn next_tile(&mut self) -> Result<Option<TileRequest>>;
    /// As [`Job::put`].
    ///
    /// # Errors
    /// What makes every engine useless.
    fn put(&mut self, index: usize, output: &[f32]) -> Result<bool>;
    /// As [`Job::requeue`].
    fn requeue(&mut self, index: usize);
}

impl Work for Job {
    fn tiles(&self) -> usize {
        self.tiles()
    }

    fn tiles_done(&self) -> usize {
        self.tiles_done()
    }

    fn sessions(&self) -> Vec<Shape> {
        self.sessions()
    }

    fn goes_on(&self) -> bool {
        self.goes_on()
    }

    fn set_engine(&mut self, backend: &str, adapter: &str) {
        self.set_engine(backend, adapter);
    }

    fn warn(&mut self, text: String) {
        self.warn(text);
    }

    fn next_tile(&mut self) -> Result<Option<TileRequest>> {
        self.next_tile()
    }

    fn put(&mut self, index: usize, output: &[f32]) -> Result<bool> {
        self.put(index, output)
    }

    fn requeue(&mut self, index: usize) {
        self.requeue(index);
    }
}
