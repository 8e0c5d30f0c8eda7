//! The engine in use, its workers, and which of them gets the next tile.

use std::collections::BTreeSet;

use super::{Facts, SessionPlan};
use crate::backend::BackendKind;
use crate::error::Error;

/// An engine that was opened.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) kind: BackendKind,
    pub(super) facts: Facts,
    /// Whether a worker has prepared the networks.
    pub(super) accepted: bool,
    /// All workers died of this, and a new one is on its way.
    pub(super) reviving: Option<Error>,
    pub(super) workers: Vec<Worker>,
    /// Tiles that have failed here once.
    pub(super) failed_once: BTreeSet<usize>,
}

/// One worker of it.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) id: usize,
    pub(super) state: State,
    /// Its tiles, with their rectangles.
    pub(super) running: Vec<(usize, [usize; 4])>,
}

/// How far a worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Starting,
    Started,
    Preparing,
    Ready,
}

impl Engine {
    pub(super) fn new(kind: BackendKind, facts: Facts, worker: usize) -> Self {
        let first = Worker::new(worker, State::Started);
        Self { kind, facts, accepted: false, reviving: None, workers: vec![first], failed_once: BTreeSet::new() }
    }

    pub(super) fn worker(&mut self, id: usize) -> Option<&mut Worker> {
        self.workers.iter_mut().find(|worker| worker.id == id)
    }

    /// The worker that gets the next tile: in turns, so that the tiles of a row run side by side and its pixels are encoded soon.
    ///
    /// `missing`: tiles of the picture that are not done.
    pub(super) fn free(&mut self, missing: usize) -> Option<&mut Worker> {
        let running: usize = self.workers.iter().map(|worker| worker.running.len()).sum();
        // On the CPU one tile waits at each worker, so that none is idle while rows are encoded; a GPU has its own in flight. The last
        // ones wait for whoever is free first.
        let one_waits = self.kind != BackendKind::Gpu && missing.saturating_sub(running) >= self.workers.len();
        let lanes = self.facts.tiles_in_flight.max(1) + usize::from(one_waits);
        let free = self.workers.iter_mut().filter(|worker| worker.state == State::Ready && worker.running.len() < lanes);
        free.min_by_key(|worker| worker.running.len())
    }

    pub(super) fn is_running(&self) -> bool {
        self.workers.iter().any(|worker| !worker.running.is_empty())
    }

    /// Takes worker `id` out.
    pub(super) fn remove(&mut self, id: usize) -> Option<Worker> {
        let at = self.workers.iter().position(|worker| worker.id == id)?;
        Some(self.workers.remove(at))
    }
}

impl Worker {
    pub(super) fn new(id: usize, state: State) -> Self {
        Self { id, state, running: Vec::new() }
    }

    /// Moves from one state to the next; `false`: it was in another.
    pub(super) fn goes(&mut self, from: State, to: State) -> bool {
        let fits = self.state == from;
        if fits {
            self.state = to;
        }
        fits
    }

    /// Takes a tile off it.
    pub(super) fn give_up(&mut self, tile: usize) -> Option<[usize; 4]> {
        let at = self.running.iter().position(|(index, _)| *index == tile)?;
        Some(self.running.remove(at).1)
    }
}

/// What a worker that has started is asked for.
pub(super) fn prepare(worker: &mut Worker, sessions: &[SessionPlan]) -> Option<super::Command> {
    worker.goes(State::Started, State::Preparing).then(|| super::Command::Prepare { worker: worker.id, sessions: sessions.to_vec() })
}
