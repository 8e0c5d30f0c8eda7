//! Does natively what the [supervisor](super::supervise) asks for: a GPU's tiles on the calling thread, those of the CPU on threads.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Poll;
use std::thread::{self, Scope};
use std::time::Instant;

use super::job::{Job, TileRequest};
use super::supervise::{Command, EngineMemory, Event, Facts, Networks, SessionPlan, Supervisor, whole_factor, whole_shape};
use crate::backend::select::{Preference, Refusal, open};
use crate::backend::{Backend, BackendKind, LocalFuture, Session, Tensor};
use crate::error::{Error, Result};
use crate::model::Network;

/// Opens an engine: which one, whether a software adapter will do, and for how many threads.
pub type Opener = Arc<dyn Fn(BackendKind, bool, usize) -> Result<Box<dyn Backend>> + Send + Sync>;

/// An engine that was opened, and those that were refused before it.
pub struct Engine {
    /// The engine.
    pub backend: Box<dyn Backend>,
    /// Engines that were refused, with their reasons.
    pub refusals: Vec<Refusal>,
    /// Whether a software adapter is good enough.
    allow_software: bool,
    supervisor: Supervisor,
    opener: Opener,
    threads: usize,
}

impl Engine {
    /// The first engine in the order of `preference` that works and covers `networks`.
    ///
    /// # Errors
    /// The reason of the last refusal, or all of them.
    pub fn choose(preference: Preference, networks: &[&Network]) -> Result<Self> {
        let opener = Arc::new(|kind, allow_software, threads| pollster::block_on(open(kind, allow_software, threads)));
        Self::choose_with(preference, networks, &EngineMemory::default(), opener)
    }

    /// As [`Engine::choose`], for one of several pictures, with engines that `opener` opens.
    ///
    /// # Errors
    /// As [`Engine::choose`].
    pub fn choose_with(preference: Preference, networks: &[&Network], memory: &EngineMemory, opener: Opener) -> Result<Self> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let mut supervisor = Supervisor::new(preference, memory, Networks::of(networks), threads, None);
        let mut opened = None;
        loop {
            match (supervisor.next(None), opened.take()) {
                (Command::Open { engine, allow_software, .. }, _) => {
                    supervisor.told(opening(&opener, engine, allow_software, threads, |backend| opened = Some((backend, allow_software))));
                }
                (Command::Plan(_), Some((backend, allow_software))) => {
                    let refusals = supervisor.refusals().to_vec();
                    return Ok(Self { backend, refusals, allow_software, supervisor, opener, threads });
                }
                (Command::Fail(error), _) => return Err(error),
                (_, still) => opened = still,
            }
        }
    }
}

/// Opens an engine for `take`, and gives what is to be told of it.
fn opening(opener: &Opener, kind: BackendKind, allow_software: bool, threads: usize, take: impl FnOnce(Box<dyn Backend>)) -> Event {
    match opener(kind, allow_software, threads) {
        Ok(backend) => {
            let facts = Facts::of(backend.as_ref());
            take(backend);
            Event::Opened(facts)
        }
        Err(error) => Event::Refused { error, lasting: true },
    }
}

/// Runs all tiles of `job`. An engine that fails is replaced by the next one and the report says so.
///
/// `progress` is called after every tile with (done, total). `cancel` is looked at between tiles.
///
/// # Errors
/// `Cancelled`; what the encoder says; the last engine's error when none is left.
pub fn run(job: &mut Job, networks: &[&Network], engine: Engine, cancel: &AtomicBool, progress: &mut dyn FnMut(usize, usize)) -> Result<()> {
    let Engine { backend, allow_software, mut supervisor, opener, threads, .. } = engine;
    supervisor.planned_with(Networks::of(networks));
    thread::scope(|scope| {
        let (events, heard) = channel();
        let workers = Workers { scope, networks, opener: &opener, events, local: HashMap::new(), running: Vec::new(), queues: HashMap::new() };
        let mut desk = Desk { backend: Some(backend), allow_software, workers };
        loop {
            if cancel.load(Ordering::Relaxed) {
                supervisor.told(Event::Stop(Error::Cancelled));
            }
            let event = match supervisor.next(Some(job)) {
                Command::Open { engine, allow_software, .. } => {
                    desk.allow_software = allow_software;
                    opening(&opener, engine, allow_software, threads, |backend| desk.backend = Some(backend))
                }
                // It was planned before it came here.
                Command::Plan(_) => Event::Planned,
                // A thread starts when it is known what it is to prepare.
                Command::Start { worker } => Event::Started { worker },
                Command::Measure { worker, session } => desk.measure(worker, session),
                Command::Prepare { worker, sessions } => match desk.prepare(worker, sessions) {
                    Some(event) => event,
                    None => continue,
                },
                Command::Run { worker, slot, tile } => match desk.workers.run(worker, slot, tile) {
                    Some(event) => event,
                    None => continue,
                },
                Command::Close { .. } => {
                    desk.close();
                    continue;
                }
                Command::Progress { .. } => {
                    progress(job.tiles_done(), job.tiles());
                    continue;
                }
                Command::Wait => desk.workers.wait(&heard)?,
                Command::Done => return Ok(()),
                Command::Fail(error) => return Err(error),
            };
            supervisor.told(event);
        }
    })
}

/// The open engine and its workers.
struct Desk<'scope, 'env> {
    backend: Option<Box<dyn Backend>>,
    allow_software: bool,
    workers: Workers<'scope, 'env>,
}

/// Where tiles are run: sessions on this thread, and threads with a queue each.
struct Workers<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    networks: &'env [&'env Network],
    opener: &'env Opener,
    events: Sender<Event>,
    /// The sessions of a worker on this thread, by slot.
    local: HashMap<usize, Vec<Rc<dyn Session>>>,
    /// Tiles on this thread.
    running: Vec<LocalFuture<'env, Event>>,
    queues: HashMap<usize, Sender<(usize, TileRequest)>>,
}

impl Desk<'_, '_> {
    /// Prepares sessions here, or starts the thread that prepares them.
    fn prepare(&mut self, worker: usize, sessions: Vec<SessionPlan>) -> Option<Event> {
        let Some(backend) = &self.backend else { return Some(ended(worker)) };
        // Its objects cannot be sent to another thread, and one thread keeps it busy.
        if backend.kind() != BackendKind::Gpu {
            self.workers.start(worker, backend.kind(), self.allow_software, sessions);
            return None;
        }
        Some(match pollster::block_on(prepare(backend.as_ref(), self.workers.networks, &sessions)) {
            Ok(sessions) => {
                self.workers.local.insert(worker, sessions);
                Event::Prepared { worker }
            }
            Err(error) => Event::Failed { worker, tile: None, error },
        })
    }

    fn measure(&self, worker: usize, session: SessionPlan) -> Event {
        let Some(backend) = &self.backend else { return ended(worker) };
        match pollster::block_on(prepare(backend.as_ref(), self.workers.networks, &[session])) {
            Ok(sessions) => Event::Measured { output: sessions.first().map_or(session.shape, |session| session.output_shape()) },
            Err(error) => Event::Failed { worker, tile: None, error },
        }
    }

    /// Lets go of the engine; its threads end after the tiles that they have.
    fn close(&mut self) {
        self.workers.running.clear();
        self.workers.local.clear();
        self.workers.queues.clear();
        self.backend = None;
    }
}

impl Workers<'_, '_> {
    fn start(&mut self, worker: usize, kind: BackendKind, allow_software: bool, sessions: Vec<SessionPlan>) {
        let (queue, tiles) = channel();
        self.queues.insert(worker, queue);
        let (networks, opener, events) = (self.networks, self.opener, self.events.clone());
        self.scope.spawn(move || {
            let work = || {
                let backend = opener(kind, allow_software, 1)?;
                work(worker, backend.as_ref(), networks, &sessions, &tiles, &events)
            };
            let event = match catch_unwind(AssertUnwindSafe(work)) {
                Ok(Ok(())) => return,
                Ok(Err(error)) => Event::Failed { worker, tile: None, error },
                Err(_) => ended(worker),
            };
            // The receiver is gone only when the picture is over already.
            let _ = events.send(event);
        });
    }

    /// Starts a tile; an event where its worker is gone.
    fn run(&mut self, worker: usize, slot: usize, tile: TileRequest) -> Option<Event> {
        if let Some(session) = self.local.get(&worker).and_then(|sessions| sessions.get(slot)) {
            let session = session.clone();
            self.running.push(Box::pin(async move { run_tile(worker, session.as_ref(), tile).await }));
            return None;
        }
        let sent = self.queues.get(&worker).is_some_and(|queue| queue.send((slot, tile)).is_ok());
        (!sent).then(|| ended(worker))
    }

    /// Waits until something comes back.
    fn wait(&mut self, heard: &Receiver<Event>) -> Result<Event> {
        if self.running.is_empty() {
            return heard.recv().map_err(|_| thread_ended());
        }
        let running = &mut self.running;
        Ok(pollster::block_on(std::future::poll_fn(|context| {
            for at in 0..running.len() {
                if let Poll::Ready(event) = running[at].as_mut().poll(context) {
                    drop(running.swap_remove(at));
                    return Poll::Ready(event);
                }
            }
            Poll::Pending
        })))
    }
}

/// A thread's work: prepares, then runs what comes until nobody sends any more.
fn work(
    worker: usize,
    backend: &dyn Backend,
    networks: &[&Network],
    sessions: &[SessionPlan],
    tiles: &Receiver<(usize, TileRequest)>,
    events: &Sender<Event>,
) -> Result<()> {
    let sessions = pollster::block_on(prepare(backend, networks, sessions))?;
    let mut event = Event::Prepared { worker };
    while events.send(event).is_ok() {
        let Ok((slot, tile)) = tiles.recv() else { break };
        event = match sessions.get(slot) {
            Some(session) => pollster::block_on(run_tile(worker, session.as_ref(), tile)),
            None => ended(worker),
        };
    }
    Ok(())
}

async fn prepare(backend: &dyn Backend, networks: &[&Network], sessions: &[SessionPlan]) -> Result<Vec<Rc<dyn Session>>> {
    let mut prepared = Vec::with_capacity(sessions.len());
    for SessionPlan { pass, shape } in sessions {
        let network =
            networks.get(*pass).ok_or_else(|| Error::parameter(format!("There is no network for pass {pass}"), "Name one for each pass"))?;
        prepared.push(backend.prepare(network, *shape).await?.into());
    }
    Ok(prepared)
}

async fn run_tile(worker: usize, session: &dyn Session, tile: TileRequest) -> Event {
    let index = tile.index;
    let output = match Tensor::new(session.input_shape(), tile.data) {
        Ok(input) => session.run(&input).await,
        Err(error) => Err(error),
    };
    match output {
        Ok(output) => Event::Ran { worker, tile: index, output: output.data },
        Err(error) => Event::Failed { worker, tile: Some(index), error },
    }
}

fn ended(worker: usize) -> Event {
    Event::Died { worker, error: thread_ended() }
}

fn thread_ended() -> Error {
    Error::device("A worker thread ended early", "Try again, or use another engine")
}

/// Seconds that a tile of each pass of `job` takes on `engine`, from one run of each after another that warms up.
///
/// # Errors
/// What the engine says.
pub fn tile_seconds(job: &Job, networks: &[&Network], engine: &Engine) -> Result<Vec<f64>> {
    let shapes = job.sessions();
    let plan = Networks::of(networks).sessions(&shapes);
    let sessions = pollster::block_on(prepare(engine.backend.as_ref(), networks, &plan.slots))?;
    let seconds = shapes.iter().zip(&plan.of_pass).map(|(shape, slot)| {
        let tile = Tensor::new(*shape, (0..shape.len()).map(|i| (i % 97) as f32 / 97.0).collect())?;
        pollster::block_on(sessions[*slot].run(&tile))?;
        let begun = Instant::now();
        pollster::block_on(sessions[*slot].run(&tile))?;
        Ok(begun.elapsed().as_secs_f64())
    });
    seconds.collect()
}

/// The enlargement factor of a network that is not covered, found by preparing it for the whole picture.
///
/// # Errors
/// `Limits` where the picture is too large to be run as a whole; `Unsupported` where the engine cannot run the network
/// or its result is not a whole multiple of the picture.
pub fn opaque_scale(engine: &Engine, network: &Network, width: u32, height: u32) -> Result<usize> {
    let shape = whole_shape(network.input_channels(), [width, height], &network.gap().unwrap_or_default())?;
    let session = pollster::block_on(engine.backend.prepare(network, shape))?;
    whole_factor(shape, session.output_shape())
}
