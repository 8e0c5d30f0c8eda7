//! A driver without engines, and a picture without pixels.

use std::collections::{HashMap, HashSet, VecDeque};

use super::super::{Command, EngineMemory, Event, Facts, Networks, Supervisor, Work};
use crate::backend::BackendKind;
use crate::backend::select::Preference;
use crate::error::{Error, Result};
use crate::model::graph::Shape;
use crate::pipeline::TileRequest;

/// A picture of tiles that say by their values whether they are good; a tile of a second pass waits for the same one of the first.
#[derive(Debug, Clone, Default)]
pub(super) struct Fake {
    pub(super) passes: usize,
    pub(super) a_pass: usize,
    pub(super) done: Vec<usize>,
    handed: Vec<bool>,
    redo: VecDeque<usize>,
    doubted: HashMap<usize, (String, Vec<f32>)>,
    /// The engines in their order.
    pub(super) engines: Vec<String>,
    pub(super) warnings: Vec<String>,
    /// Bands of rows that are to be made where there is no pass.
    pub(super) bands: usize,
    bands_done: usize,
    pub(super) mutation: Mutation,
    /// What must not happen.
    pub(super) wrong: Option<String>,
}

/// A rule that is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mutation {
    #[default]
    None,
    IgnoresDeath,
    TakesBadTiles,
    ForgetsTiles,
    SaysNothing,
    GoesOnAfterTheEnd,
}

impl Fake {
    pub(super) fn new(passes: usize, a_pass: usize) -> Self {
        let all = passes * a_pass;
        Self { passes, a_pass, done: vec![0; all], handed: vec![false; all], ..Self::default() }
    }

    pub(super) fn rows(bands: usize) -> Self {
        Self { bands, ..Self::default() }
    }

    fn request(&self, index: usize) -> TileRequest {
        TileRequest { index, session: index / self.a_pass, rect: [index; 4], data: Vec::new() }
    }
}

/// The values of a good tile.
pub(super) fn good() -> Vec<f32> {
    vec![1.0]
}

/// The values of a bad tile; equal kinds of bad look alike.
pub(super) fn bad(kind: f32) -> Vec<f32> {
    vec![-1.0, kind]
}

impl Work for Fake {
    fn tiles(&self) -> usize {
        self.done.len() + self.bands
    }

    fn tiles_done(&self) -> usize {
        self.done.iter().filter(|count| **count > 0).count() + self.bands_done
    }

    fn sessions(&self) -> Vec<Shape> {
        vec![Shape::new(3, 8, 8); self.passes]
    }

    fn goes_on(&self) -> bool {
        self.bands_done < self.bands
    }

    fn set_engine(&mut self, backend: &str, _: &str) {
        self.engines.push(backend.into());
    }

    fn warn(&mut self, text: String) {
        if self.mutation != Mutation::SaysNothing && !self.warnings.contains(&text) {
            self.warnings.push(text);
        }
    }

    fn next_tile(&mut self) -> Result<Option<TileRequest>> {
        if self.goes_on() {
            self.bands_done += 1;
        }
        if let Some(index) = self.redo.pop_front() {
            return Ok(Some(self.request(index)));
        }
        let ready = |index: usize| !self.handed[index] && (index < self.a_pass || self.done[index - self.a_pass] > 0);
        let Some(index) = (0..self.done.len())
            .rev()
            .find(|index| *index >= self.a_pass && ready(*index))
            .or_else(|| (0..self.a_pass.min(self.done.len())).find(|index| ready(*index)))
        else {
            return Ok(None);
        };
        self.handed[index] = true;
        Ok(Some(self.request(index)))
    }

    fn put(&mut self, index: usize, output: &[f32]) -> Result<bool> {
        if output.is_empty() {
            return Err(Error::encode("The disk is full", "Free some space"));
        }
        if output[0] < 0.0 && self.mutation != Mutation::TakesBadTiles {
            let engine = self.engines.last().cloned().unwrap_or_default();
            let agreed = self.doubted.get(&index).is_some_and(|(other, before)| *other != engine && before == output);
            if !agreed {
                self.doubted.insert(index, (engine, output.to_vec()));
                return Ok(false);
            }
            self.warn("two engines agree".into());
        } else if output[0] < 0.0 {
            self.wrong = Some(format!("tile {index} failed its check and was taken"));
        }
        self.done[index] += 1;
        if self.done[index] > 1 {
            self.wrong = Some(format!("tile {index} was taken twice"));
        }
        Ok(true)
    }

    fn requeue(&mut self, index: usize) {
        if self.mutation != Mutation::ForgetsTiles && self.done[index] == 0 && !self.redo.contains(&index) {
            self.redo.push_back(index);
        }
    }
}

/// The driver: what it was asked for and has not answered.
pub(super) struct Desk {
    pub(super) supervisor: Supervisor,
    template: Fake,
    pub(super) job: Option<Fake>,
    pub(super) open: Vec<Command>,
    pub(super) asked: Vec<Command>,
    prepared: HashSet<usize>,
    pub(super) gone: HashSet<usize>,
    /// The engine of each worker.
    engines: HashMap<usize, BackendKind>,
    engine: Option<BackendKind>,
    pub(super) mutation: Mutation,
    pub(super) end: Option<Command>,
}

pub(super) fn networks(passes: usize) -> Networks {
    Networks { first: (0..passes).collect(), opaque: None }
}

impl Desk {
    pub(super) fn new(preference: Preference, template: Fake, workers: usize) -> Self {
        let networks = networks(template.passes);
        Self::with(Supervisor::new(preference, &EngineMemory::default(), networks, workers, None), template)
    }

    pub(super) fn with(supervisor: Supervisor, template: Fake) -> Self {
        let mutation = template.mutation;
        Self {
            supervisor,
            template,
            job: None,
            open: Vec::new(),
            asked: Vec::new(),
            prepared: HashSet::new(),
            gone: HashSet::new(),
            engines: HashMap::new(),
            engine: None,
            mutation,
            end: None,
        }
    }

    pub(super) fn engine_of(&self, command: &Command) -> Option<BackendKind> {
        match command {
            Command::Open { engine, .. } => Some(*engine),
            other => self.engines.get(&worker_of(other)?).copied(),
        }
    }

    pub(super) fn job(&self) -> &Fake {
        self.job.as_ref().unwrap_or(&self.template)
    }

    /// Tells an event, unless the rule for it is broken on purpose.
    pub(super) fn tell(&mut self, event: Event) {
        match &event {
            Event::Died { .. } if self.mutation == Mutation::IgnoresDeath => return,
            Event::Planned => self.job = Some(self.template.clone()),
            Event::Prepared { worker } => _ = self.prepared.insert(*worker),
            _ => {}
        }
        self.supervisor.told(event);
    }

    /// Kills a worker: what it was doing is never answered.
    pub(super) fn kill(&mut self, worker: usize) {
        self.gone.insert(worker);
        self.open.retain(|command| worker_of(command) != Some(worker));
        self.tell(Event::Died { worker, error: Error::device("The worker stopped", "") });
    }

    /// Asks until there is something to wait for; what is wrong with the answers is an error.
    pub(super) fn ask(&mut self) -> Result<(), String> {
        loop {
            let job = self.job.as_mut().map(|job| job as &mut dyn Work);
            let command = self.supervisor.next(job);
            if self.end.is_some() && self.end.as_ref() != Some(&command) {
                return Err(format!("{command:?} after the end"));
            }
            if let Some(wrong) = self.job.as_ref().and_then(|job| job.wrong.clone()) {
                return Err(wrong);
            }
            match &command {
                Command::Wait => {
                    let live = self.open.iter().any(|open| matches!(open, Command::Plan(_)) || self.engine_of(open) == self.engine);
                    return if live { Ok(()) } else { Err("it waits for nothing".into()) };
                }
                Command::Done | Command::Fail(_) => {
                    self.end = Some(command);
                    return Ok(());
                }
                Command::Open { engine, worker, .. } => {
                    self.engines.insert(*worker, *engine);
                    self.engine = Some(*engine);
                }
                Command::Start { worker } => {
                    let Some(engine) = self.engine else { return Err("a worker of no engine".into()) };
                    self.engines.insert(*worker, engine);
                }
                Command::Run { worker, tile, .. } => self.check_run(*worker, tile.index)?,
                _ => {}
            }
            self.asked.push(command.clone());
            if !matches!(command, Command::Close { .. } | Command::Progress { .. }) {
                self.open.push(command);
            }
        }
    }

    fn check_run(&self, worker: usize, tile: usize) -> Result<(), String> {
        let engine = self.engines.get(&worker).copied();
        let running = |open: &Command| matches!(open, Command::Run { tile: other, .. } if other.index == tile);
        if self.gone.contains(&worker) || !self.prepared.contains(&worker) || engine != self.engine {
            return Err(format!("tile {tile} went to worker {worker}, which is not there for it"));
        }
        if self.open.iter().any(|open| running(open) && self.engine_of(open) == engine) {
            return Err(format!("tile {tile} is run twice at a time"));
        }
        Ok(())
    }
}

pub(super) fn worker_of(command: &Command) -> Option<usize> {
    match command {
        Command::Open { worker, .. }
        | Command::Measure { worker, .. }
        | Command::Start { worker }
        | Command::Prepare { worker, .. }
        | Command::Run { worker, .. } => Some(*worker),
        _ => None,
    }
}

/// The answer of a driver where nothing is wrong.
pub(super) fn works(command: &Command) -> Event {
    match command {
        Command::Measure { session, .. } => {
            let Shape { channels, height, width } = session.shape;
            Event::Measured { output: Shape::new(channels, 2 * height, 2 * width) }
        }
        Command::Plan(_) => Event::Planned,
        Command::Start { worker } => Event::Started { worker: *worker },
        Command::Prepare { worker, .. } => Event::Prepared { worker: *worker },
        Command::Run { worker, tile, .. } => Event::Ran { worker: *worker, tile: tile.index, output: good() },
        _ => Event::Opened(Facts { adapter: "made up".into(), software: false, tiles_in_flight: 1, max_buffer_bytes: None }),
    }
}

/// An answer that the command failed.
pub(super) fn fails(command: &Command, error: Error) -> Event {
    match command {
        Command::Open { .. } => Event::Refused { error, lasting: true },
        Command::Plan(_) => Event::Stop(error),
        Command::Run { worker, tile, .. } => Event::Failed { worker: *worker, tile: Some(tile.index), error },
        other => Event::Failed { worker: worker_of(other).unwrap_or_default(), tile: None, error },
    }
}

/// Runs a picture to its end. `answer` gives what comes of a command, `None`: nothing, for its worker was killed.
pub(super) fn run(desk: &mut Desk, mut answer: impl FnMut(&mut Desk, &Command) -> Option<Event>) -> Command {
    for _ in 0..10_000 {
        desk.ask().unwrap();
        if let Some(end) = &desk.end {
            return end.clone();
        }
        let command = desk.open.remove(0);
        if let Some(event) = answer(desk, &command) {
            desk.tell(event);
        }
    }
    panic!("it does not end");
}
