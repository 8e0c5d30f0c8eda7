//! What workers say, and what follows where one, a tile or an engine fails.

use super::engines::another_may;
use super::machine::{Failed, Phase, Picture, Supervisor};
use super::workers::{State, prepare};
use super::{Command, Event, Work, words};
use crate::backend::BackendKind;
use crate::backend::select::Refusal;
use crate::error::{Error, Result};

impl Supervisor {
    /// What a worker of the open engine says; others were given up.
    pub(super) fn worker_says(&mut self, event: Event, mut job: Picture<'_, '_>) -> Result<()> {
        let (Event::Started { worker: id }
        | Event::Prepared { worker: id }
        | Event::Ran { worker: id, .. }
        | Event::Failed { worker: id, .. }
        | Event::Died { worker: id, .. }
        | Event::Lost { worker: id, .. }) = event
        else {
            return Ok(());
        };
        let is_working = matches!(self.phase, Phase::Working);
        let Some(worker) = self.engine.as_mut().and_then(|engine| engine.worker(id)) else { return Ok(()) };
        match event {
            Event::Started { .. } => {
                if worker.goes(State::Starting, State::Started) && is_working {
                    self.commands.extend(prepare(worker, &self.sessions.slots));
                }
                Ok(())
            }
            Event::Prepared { .. } => {
                if worker.goes(State::Preparing, State::Ready) {
                    self.accepted(job.ok_or_else(words::no_picture)?);
                }
                Ok(())
            }
            Event::Ran { tile, output, .. } => {
                let Some(rect) = worker.give_up(tile) else { return Ok(()) };
                let job = job.ok_or_else(words::no_picture)?;
                if job.put(tile, &output)? {
                    self.commands.push_back(Command::Progress { rect: Some(rect) });
                    return Ok(());
                }
                self.tile_failed(tile, words::bad_tile(), job)
            }
            Event::Failed { tile: Some(tile), error, .. } => match worker.give_up(tile) {
                Some(_) => self.tile_failed(tile, error, job.ok_or_else(words::no_picture)?),
                None => Ok(()),
            },
            Event::Failed { tile: None, error, .. } => self.worker_gone(id, error, false, job),
            Event::Died { error, .. } => self.worker_gone(id, error, true, job),
            Event::Lost { error, .. } => self.engine_failed(error, job.take()),
            _ => Ok(()),
        }
    }

    /// A tile failed: once more here, the second time elsewhere.
    fn tile_failed(&mut self, tile: usize, error: Error, job: &mut dyn Work) -> Result<()> {
        if !another_may(&error) {
            return Err(error);
        }
        job.requeue(tile);
        let again = self.engine.as_mut().is_some_and(|engine| engine.failed_once.insert(tile));
        if again { Ok(()) } else { self.engine_failed(error, Some(job)) }
    }

    /// A worker died, or cannot start or prepare: fewer are slower, not wrong.
    fn worker_gone(&mut self, id: usize, error: Error, died: bool, mut job: Picture<'_, '_>) -> Result<()> {
        if !another_may(&error) {
            return Err(error);
        }
        let Some(engine) = &mut self.engine else { return Ok(()) };
        let Some(worker) = engine.remove(id) else { return Ok(()) };
        if let Some(job) = job.as_deref_mut() {
            for (tile, _) in worker.running {
                job.requeue(tile);
            }
        }
        if !engine.workers.is_empty() {
            if let Some(job) = job.filter(|_| died) {
                job.warn(words::one_died(engine.kind));
            }
            return Ok(());
        }
        let cause = engine.reviving.take().unwrap_or(error);
        if !died || self.was_revived {
            return self.engine_failed(cause, job);
        }
        // Several may only have been too many for the memory.
        self.was_revived = true;
        engine.reviving = Some(cause);
        self.start_worker();
        Ok(())
    }

    /// The open engine has a worker that is ready.
    pub(super) fn accepted(&mut self, job: &mut dyn Work) {
        let Some(engine) = &mut self.engine else { return };
        if engine.reviving.take().is_some() {
            job.warn(words::revived(engine.kind));
        }
        if std::mem::replace(&mut engine.accepted, true) {
            return;
        }
        job.set_engine(engine.kind.name(), &engine.facts.adapter);
        let news = std::mem::take(&mut self.news);
        if let Some(Failed { kind, why, after, .. }) = self.failed.take() {
            job.warn(words::went_on(kind, &why, after, engine.kind));
        } else if engine.kind.is_slow() {
            let gap = self.networks.opaque.as_ref().map(|opaque| opaque.gap.as_str());
            job.warn(words::slow(engine.kind, gap, self.preference, &self.refusals));
            return;
        }
        for text in news {
            job.warn(text);
        }
    }

    /// The open engine cannot be trusted with what is missing.
    fn engine_failed(&mut self, why: Error, job: Picture<'_, '_>) -> Result<()> {
        let (Some(job), true) = (job, self.engine.as_ref().is_some_and(|engine| engine.accepted)) else { return self.gave_up(why) };
        let Some(engine) = self.engine.take() else { return Ok(()) };
        for (tile, _) in engine.workers.into_iter().flat_map(|worker| worker.running) {
            job.requeue(tile);
        }
        self.memory.remember(engine.kind, &why);
        self.close(engine.kind);
        self.failed = Some(Failed { kind: engine.kind, why, after: [job.tiles_done(), job.tiles()], refusals: Vec::new() });
        self.phase = Phase::Choosing;
        Ok(())
    }

    /// The open engine does not do this picture.
    pub(super) fn gave_up(&mut self, error: Error) -> Result<()> {
        let Some(engine) = self.engine.take() else { return Ok(()) };
        if matches!(error, Error::Device(_)) {
            // A device that was lost is opened anew for the next picture.
            self.close(engine.kind);
        } else {
            self.commands.clear();
        }
        // A device without a GPU is no news in every report; an engine that started and then refused is.
        self.news.push(words::not_used(engine.kind, &error));
        self.is_planned &= self.has_begun;
        self.refused(engine.kind, error)
    }

    fn close(&mut self, engine: BackendKind) {
        self.commands.retain(|command| matches!(command, Command::Progress { .. }));
        self.commands.push_back(Command::Close { engine });
    }

    pub(super) fn refused(&mut self, kind: BackendKind, error: Error) -> Result<()> {
        if !another_may(&error) {
            return Err(error);
        }
        let refusal = Refusal { kind, reason: error.to_string() };
        if let Some(failed) = &mut self.failed {
            failed.refusals.push(refusal.clone());
        }
        self.refusals.push(refusal);
        self.last = Some(error);
        self.phase = Phase::Choosing;
        Ok(())
    }

    /// The error where no engine is left.
    pub(super) fn nobody(&mut self) -> Error {
        if let Some(Failed { why, refusals, .. }) = &self.failed {
            return words::nobody_goes_on(why, refusals, self.preference);
        }
        match self.last.take() {
            Some(only) if self.refusals.len() == 1 => only,
            _ => words::nobody(&self.refusals),
        }
    }
}
