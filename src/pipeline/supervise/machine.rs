//! The state machine.

use std::collections::VecDeque;

use super::engines::{whole_factor, whole_shape, workers_of};
use super::workers::{Engine, State, Worker, prepare};
use super::{Command, EngineMemory, EnginePlan, Event, Facts, Networks, SessionPlan, Sessions, Work, words};
use crate::backend::BackendKind;
use crate::backend::select::{Preference, Refusal};
use crate::backend::software_refused;
use crate::error::{Error, Result};
use crate::model::graph::Shape;

/// A picture, if it is planned already.
pub(super) type Picture<'a, 'b> = Option<&'a mut (dyn Work + 'b)>;

/// Decides what runs a picture. See the [module](super).
#[derive(Debug)]
pub struct Supervisor {
    pub(super) preference: Preference,
    pub(super) memory: EngineMemory,
    pub(super) networks: Networks,
    most_workers: usize,
    /// The input of a network that is not covered, until it is measured.
    whole: Option<Shape>,
    pub(super) phase: Phase,
    /// Engines that were not tried yet.
    left: VecDeque<BackendKind>,
    pub(super) engine: Option<Engine>,
    pub(super) refusals: Vec<Refusal>,
    /// Why the last one refused.
    pub(super) last: Option<Error>,
    /// What the picture is told when an engine has accepted it.
    pub(super) news: Vec<String>,
    pub(super) failed: Option<Failed>,
    pub(super) sessions: Sessions,
    next_worker: usize,
    pub(super) is_planned: bool,
    /// Whether any engine has been given a tile.
    pub(super) has_begun: bool,
    pub(super) was_revived: bool,
    pub(super) commands: VecDeque<Command>,
    events: VecDeque<Event>,
}

/// How far it is.
#[derive(Debug)]
pub(super) enum Phase {
    Choosing,
    Opening { kind: BackendKind, worker: usize },
    Measuring { worker: usize, shape: Shape },
    Planning,
    Working,
    Ended(Result<()>),
}

/// An engine that failed in the middle of the picture.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) kind: BackendKind,
    pub(super) why: Error,
    /// Tiles done then, of all.
    pub(super) after: [usize; 2],
    /// What refused since.
    pub(super) refusals: Vec<Refusal>,
}

impl Supervisor {
    /// For a picture whose passes are `networks`, on at most `most_workers` workers. `memory` is shared with the pictures before and
    /// after it. `size`: of the picture, where the factor of a network that is not covered is to be measured.
    pub fn new(preference: Preference, memory: &EngineMemory, networks: Networks, most_workers: usize, size: Option<[u32; 2]>) -> Self {
        let left = networks.engines(preference);
        let refused = match (&networks.opaque, preference) {
            (Some(opaque), Preference::Only(chosen)) if left.is_empty() => Some(words::not_covered(chosen, &opaque.gap)),
            _ => None,
        };
        let whole = networks.opaque.as_ref().zip(size).map(|(opaque, size)| whole_shape(opaque.channels, size, &opaque.gap)).transpose();
        let (whole, phase) = match (refused, whole) {
            (Some(error), _) | (None, Err(error)) => (None, Phase::Ended(Err(error))),
            (None, Ok(whole)) => (whole, Phase::Choosing),
        };
        Self {
            preference,
            memory: memory.clone(),
            networks,
            most_workers,
            whole,
            phase,
            left,
            engine: None,
            refusals: Vec::new(),
            last: None,
            news: Vec::new(),
            failed: None,
            sessions: Sessions::default(),
            next_worker: 0,
            is_planned: false,
            has_begun: false,
            was_revived: false,
            commands: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// The engines that refused so far.
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// As `Planned`, where the picture's passes turned out to be `networks`, which were not all that the engine was chosen for.
    pub fn planned_with(&mut self, networks: Networks) {
        self.networks = networks;
        self.told(Event::Planned);
    }

    /// Says what came of a command, or happened by itself.
    pub fn told(&mut self, event: Event) {
        match event {
            Event::Stop(error) => self.end(Err(error)),
            event => self.events.push_back(event),
        }
    }

    /// What to do next. `job` is the picture, from `Planned` on.
    ///
    /// After `Done` or `Fail` it stays at that, whatever is told.
    pub fn next(&mut self, mut job: Option<&mut (dyn Work + '_)>) -> Command {
        loop {
            if let Some(command) = self.commands.pop_front() {
                return command;
            }
            if let Phase::Ended(outcome) = &self.phase {
                return outcome.clone().map_or_else(Command::Fail, |()| Command::Done);
            }
            // What fails after the last tile is of no interest.
            if matches!(self.phase, Phase::Working) && job.as_deref().is_some_and(is_complete) {
                self.end(Ok(()));
                continue;
            }
            let step = match self.events.pop_front() {
                Some(event) => self.take(event, job.as_deref_mut()).map(|()| None),
                None => self.advance(job.as_deref_mut()),
            };
            match step {
                Ok(Some(command)) => return command,
                Ok(None) => {}
                Err(error) => self.end(Err(error)),
            }
        }
    }

    /// From here on there is nothing to do but to let go of what failed.
    fn end(&mut self, outcome: Result<()>) {
        if !matches!(self.phase, Phase::Ended(_)) {
            self.commands.retain(|command| matches!(command, Command::Close { .. }));
            self.phase = Phase::Ended(outcome);
        }
        self.events.clear();
    }

    fn advance(&mut self, job: Picture<'_, '_>) -> Result<Option<Command>> {
        match self.phase {
            Phase::Choosing => self.choose(),
            Phase::Working => self.work(job.ok_or_else(words::no_picture)?),
            _ => Ok(Some(Command::Wait)),
        }
    }

    /// Opens the next engine.
    fn choose(&mut self) -> Result<Option<Command>> {
        let Some(kind) = self.left.pop_front() else { return Err(self.nobody()) };
        if let Some(error) = self.memory.refused(kind).filter(|_| self.is_auto()) {
            return self.refused(kind, error).map(|()| None);
        }
        let worker = self.new_worker();
        self.phase = Phase::Opening { kind, worker };
        Ok(Some(Command::Open { engine: kind, worker, allow_software: !self.is_auto() }))
    }

    fn take(&mut self, event: Event, job: Picture<'_, '_>) -> Result<()> {
        match (event, &self.phase) {
            (Event::Opened(facts), &Phase::Opening { kind, worker }) => self.opened(kind, worker, facts, job),
            (Event::Refused { error, lasting }, &Phase::Opening { kind, .. }) => {
                if lasting && self.is_auto() {
                    self.memory.remember(kind, &error);
                }
                self.refused(kind, error)
            }
            (Event::Measured { output }, &Phase::Measuring { shape, .. }) => {
                self.plan(Some(whole_factor(shape, output)?));
                Ok(())
            }
            (
                Event::Failed { worker, error, .. } | Event::Died { worker, error } | Event::Lost { worker, error },
                &Phase::Measuring { worker: at, .. },
            ) if worker == at => self.gave_up(error),
            (Event::Planned, Phase::Planning) => {
                self.is_planned = true;
                self.begin(job.ok_or_else(words::no_picture)?);
                Ok(())
            }
            (event, Phase::Planning | Phase::Working) => self.worker_says(event, job),
            _ => Ok(()),
        }
    }

    fn opened(&mut self, kind: BackendKind, worker: usize, facts: Facts, job: Picture<'_, '_>) -> Result<()> {
        if facts.software && self.is_auto() {
            return self.refused(kind, software_refused(&facts.adapter));
        }
        self.engine = Some(Engine::new(kind, facts, worker));
        if self.is_planned {
            self.begin(job.ok_or_else(words::no_picture)?);
        } else if let (Some(shape), Some(opaque)) = (self.whole, &self.networks.opaque) {
            self.phase = Phase::Measuring { worker, shape };
            self.commands.push_back(Command::Measure { worker, session: SessionPlan { pass: opaque.pass, shape } });
        } else {
            self.plan(None);
        }
        Ok(())
    }

    fn plan(&mut self, opaque_scale: Option<usize>) {
        let Some(Engine { kind, facts, .. }) = &self.engine else { return };
        self.commands.push_back(Command::Plan(EnginePlan {
            backend: kind.name(),
            adapter: facts.adapter.clone(),
            max_buffer_bytes: facts.max_buffer_bytes,
            parallel: workers_of(*kind, self.most_workers),
            opaque_scale,
        }));
        self.phase = Phase::Planning;
    }

    /// Gets the open engine's workers ready for the picture.
    fn begin(&mut self, job: &mut dyn Work) {
        self.phase = Phase::Working;
        self.sessions = self.networks.sessions(&job.sessions());
        if self.sessions.slots.is_empty() {
            return self.accepted(job);
        }
        let missing = job.tiles().saturating_sub(job.tiles_done()).max(1);
        let Some(engine) = &mut self.engine else { return };
        let wanted = workers_of(engine.kind, self.most_workers).min(missing);
        self.commands.extend(engine.workers.iter_mut().filter_map(|worker| prepare(worker, &self.sessions.slots)));
        for _ in engine.workers.len()..wanted {
            self.start_worker();
        }
    }

    pub(super) fn start_worker(&mut self) {
        let worker = self.new_worker();
        if let Some(engine) = &mut self.engine {
            engine.workers.push(Worker::new(worker, State::Starting));
            self.commands.push_back(Command::Start { worker });
        }
    }

    /// Hands out the next tile.
    fn work(&mut self, job: &mut dyn Work) -> Result<Option<Command>> {
        let Some(engine) = &mut self.engine else { return Err(words::stuck()) };
        let is_running = engine.is_running();
        let free = engine.free(job.tiles().saturating_sub(job.tiles_done()));
        if free.is_none() && !self.sessions.slots.is_empty() {
            return Ok(Some(Command::Wait));
        }
        if let (Some(tile), Some(worker)) = (job.next_tile()?, free) {
            worker.running.push((tile.index, tile.rect));
            self.has_begun = true;
            let slot = self.sessions.of_pass.get(tile.session).copied().unwrap_or_default();
            return Ok(Some(Command::Run { worker: worker.id, slot, tile }));
        }
        if is_running {
            // A later pass waits for tiles that are being run.
            return Ok(Some(Command::Wait));
        }
        match (is_complete(job), job.goes_on()) {
            (true, _) => Ok(None),
            (false, true) => Ok(Some(Command::Progress { rect: None })),
            (false, false) => Err(words::stuck()),
        }
    }

    fn new_worker(&mut self) -> usize {
        self.next_worker += 1;
        self.next_worker - 1
    }

    pub(super) fn is_auto(&self) -> bool {
        self.preference == Preference::Auto
    }
}

fn is_complete(job: &(dyn Work + '_)) -> bool {
    job.tiles_done() >= job.tiles() && !job.goes_on()
}
