//! Runs a job natively: on the GPU from one thread, on the CPU from as many as there are cores.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Poll;
use std::thread;
use std::time::Instant;

use super::job::{Job, TileRequest};
use crate::backend::select::{Preference, Refusal, covers, open, order};
use crate::backend::{Backend, BackendKind, LocalFuture, Session, Tensor};
use crate::error::{Error, Result};
use crate::limits::MAX_WHOLE_PIXELS;
use crate::model::Network;
use crate::model::graph::Shape;

/// An engine that was opened, and those that were refused before it.
pub struct Engine {
    /// The engine.
    pub backend: Box<dyn Backend>,
    /// Engines that are left to try if it fails.
    pub rest: Vec<BackendKind>,
    /// Engines that were refused, with their reasons.
    pub refusals: Vec<Refusal>,
    /// Whether a software adapter is good enough.
    pub allow_software: bool,
    /// Threads for the CPU engines.
    pub threads: usize,
}

impl Engine {
    /// The first engine in the order of `preference` that works and covers `networks`.
    ///
    /// # Errors
    /// The reason of the last refusal.
    pub fn choose(preference: Preference, networks: &[&Network]) -> Result<Self> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let allow_software = matches!(preference, Preference::Only(_));
        Self::first_of(&order(preference), networks, allow_software, threads, Vec::new())
    }

    fn first_of(kinds: &[BackendKind], networks: &[&Network], allow_software: bool, threads: usize, mut refusals: Vec<Refusal>) -> Result<Self> {
        let mut last = Error::device("No engine is left to try", "Choose another engine or model");
        for (position, &kind) in kinds.iter().enumerate() {
            let covered = networks.iter().try_for_each(|network| covers(kind, network));
            let opened = covered.and_then(|()| pollster::block_on(open(kind, allow_software, threads)));
            match opened {
                Ok(backend) => return Ok(Self { backend, rest: kinds[position + 1..].to_vec(), refusals, allow_software, threads }),
                Err(error) => {
                    refusals.push(Refusal { kind, reason: error.to_string() });
                    last = error;
                }
            }
        }
        Err(last)
    }
}

/// What ended a run on one engine.
enum Stop {
    /// The job cannot go on.
    Job(Error),
    /// This engine cannot go on; another may.
    Engine(Error),
}

/// Runs all tiles of `job`. An engine that fails, or gives tiles that fail their check twice, is replaced by
/// the next one and the report says so.
///
/// `progress` is called after every tile with (done, total). `cancel` is looked at between tiles.
///
/// # Errors
/// `Cancelled`; what the encoder says; the last engine's error when none is left.
pub fn run(job: &mut Job, networks: &[&Network], mut engine: Engine, cancel: &AtomicBool, progress: &mut dyn FnMut(usize, usize)) -> Result<()> {
    loop {
        job.set_engine(engine.backend.kind().name(), engine.backend.adapter());
        let stopped = if engine.backend.kind() == BackendKind::Gpu {
            pollster::block_on(run_here(job, networks, engine.backend.as_ref(), cancel, progress))
        } else {
            run_on_threads(job, networks, &engine, cancel, progress)
        };
        match stopped {
            Ok(()) => return Ok(()),
            Err(Stop::Job(error)) => return Err(error),
            Err(Stop::Engine(error)) => {
                let failed = engine.backend.kind().name();
                let Ok(next) = Engine::first_of(&engine.rest, networks, engine.allow_software, engine.threads, engine.refusals) else {
                    return Err(error);
                };
                let error = error.to_string();
                job.warn(format!("The engine \"{failed}\" failed and \"{}\" went on: {}", next.backend.kind().name(), error.trim_end_matches('.')));
                engine = next;
            }
        }
    }
}

/// A session for every pass; passes of the same network and shape share one.
struct Sessions {
    sessions: Vec<Box<dyn Session>>,
    of_pass: Vec<usize>,
}

impl Sessions {
    async fn prepare(backend: &dyn Backend, networks: &[&Network], shapes: &[Shape]) -> Result<Self> {
        let mut made = Self { sessions: Vec::new(), of_pass: Vec::new() };
        for (pass, (network, shape)) in networks.iter().zip(shapes).enumerate() {
            let same = (0..pass).find(|&other| std::ptr::eq(networks[other], *network) && shapes[other] == *shape);
            let session = if let Some(other) = same {
                made.of_pass[other]
            } else {
                made.sessions.push(backend.prepare(network, *shape).await?);
                made.sessions.len() - 1
            };
            made.of_pass.push(session);
        }
        Ok(made)
    }

    fn of(&self, pass: usize) -> &dyn Session {
        self.sessions[self.of_pass[pass]].as_ref()
    }
}

/// Runs tiles on this thread, as many in flight as the engine wants.
async fn run_here(
    job: &mut Job,
    networks: &[&Network],
    backend: &dyn Backend,
    cancel: &AtomicBool,
    progress: &mut dyn FnMut(usize, usize),
) -> std::result::Result<(), Stop> {
    let sessions = Sessions::prepare(backend, networks, &job.sessions()).await.map_err(Stop::Engine)?;
    let in_flight = backend.capabilities().tiles_in_flight.max(1);
    let mut attempts = Attempts::default();
    loop {
        check(cancel)?;
        let mut batch = Vec::new();
        while batch.len() < in_flight {
            let Some(request) = job.next_tile().map_err(Stop::Job)? else { break };
            let session = sessions.of(request.session);
            batch.push((request.index, session, Tensor::new(session.input_shape(), request.data).map_err(Stop::Job)?));
        }
        if batch.is_empty() {
            if job.goes_on() {
                progress(job.tiles_done(), job.tiles());
                continue;
            }
            return Ok(());
        }
        let outputs = join(batch.iter().map(|(_, session, tile)| session.run(tile)).collect()).await;
        let mut failure = None;
        for ((index, ..), output) in batch.iter().zip(outputs) {
            if let Err(stop) = settle(job, *index, output, &mut attempts) {
                failure = failure.or(Some(stop));
            }
            progress(job.tiles_done(), job.tiles());
        }
        if let Some(stop) = failure {
            return Err(stop);
        }
    }
}

/// Runs tiles on threads with a session each, from one queue.
fn run_on_threads(
    job: &mut Job,
    networks: &[&Network],
    engine: &Engine,
    cancel: &AtomicBool,
    progress: &mut dyn FnMut(usize, usize),
) -> std::result::Result<(), Stop> {
    let kind = engine.backend.kind();
    let shapes = job.sessions();
    let workers = engine.backend.capabilities().parallel_sessions.clamp(1, job.tiles().max(1));
    let (requests, queue) = channel::<TileRequest>();
    let queue = Mutex::new(queue);
    let (results, finished) = channel::<(Option<usize>, Result<Tensor>)>();
    thread::scope(|scope| {
        for _ in 0..workers {
            let (queue, results, shapes) = (&queue, results.clone(), &shapes);
            let allow_software = engine.allow_software;
            scope.spawn(move || {
                // A tile whose worker is gone would be waited for as long as there are other workers.
                let done = catch_unwind(AssertUnwindSafe(|| work(kind, allow_software, networks, shapes, queue, &results)));
                if let Err(error) = done.unwrap_or_else(|_| Err(ended_early())) {
                    // The receiver is gone only when the job is over already.
                    let _ = results.send((None, Err(error)));
                }
            });
        }
        drop(results);
        let outcome = dispatch(job, workers, &requests, &finished, cancel, progress);
        drop(requests);
        outcome
    })
}

fn work(
    kind: BackendKind,
    allow_software: bool,
    networks: &[&Network],
    shapes: &[Shape],
    queue: &Mutex<Receiver<TileRequest>>,
    results: &Sender<(Option<usize>, Result<Tensor>)>,
) -> Result<()> {
    let backend = pollster::block_on(open(kind, allow_software, 1))?;
    let sessions = pollster::block_on(Sessions::prepare(backend.as_ref(), networks, shapes))?;
    loop {
        let request = match queue.lock() {
            Ok(queue) => queue.recv(),
            Err(_) => return Ok(()),
        };
        let Ok(request) = request else { return Ok(()) };
        let session = sessions.of(request.session);
        let output = Tensor::new(session.input_shape(), request.data).and_then(|tile| pollster::block_on(session.run(&tile)));
        if results.send((Some(request.index), output)).is_err() {
            return Ok(());
        }
    }
}

fn dispatch(
    job: &mut Job,
    workers: usize,
    requests: &Sender<TileRequest>,
    finished: &Receiver<(Option<usize>, Result<Tensor>)>,
    cancel: &AtomicBool,
    progress: &mut dyn FnMut(usize, usize),
) -> std::result::Result<(), Stop> {
    let lost = || Stop::Engine(ended_early());
    let mut attempts = Attempts::default();
    let mut running: Vec<usize> = Vec::new();
    let outcome = loop {
        if let Err(stop) = check(cancel) {
            break Err(stop);
        }
        // One tile waits for each worker, so that none is idle while rows are encoded.
        while running.len() < 2 * workers {
            match job.next_tile() {
                Ok(Some(request)) => {
                    running.push(request.index);
                    if requests.send(request).is_err() {
                        return Err(lost());
                    }
                }
                Ok(None) => break,
                Err(error) => return Err(Stop::Job(error)),
            }
        }
        if running.is_empty() {
            if job.goes_on() {
                progress(job.tiles_done(), job.tiles());
                continue;
            }
            break Ok(());
        }
        let Ok((index, output)) = finished.recv() else { break Err(lost()) };
        let Some(index) = index else {
            break Err(Stop::Engine(output.err().unwrap_or(Error::Cancelled)));
        };
        running.retain(|&i| i != index);
        if let Err(stop) = settle(job, index, output, &mut attempts) {
            break Err(stop);
        }
        progress(job.tiles_done(), job.tiles());
    };
    if outcome.is_err() {
        for index in running {
            job.requeue(index);
        }
    }
    outcome
}

fn ended_early() -> Error {
    Error::device("A worker thread ended early", "Try again, or use another engine")
}

/// Failures of each tile on this engine.
#[derive(Default)]
struct Attempts(std::collections::HashMap<usize, u32>);

/// Hands a tile's output to the job; a first failure is tried again, a second one is the engine's end.
fn settle(job: &mut Job, index: usize, output: Result<Tensor>, attempts: &mut Attempts) -> std::result::Result<(), Stop> {
    let error = match output {
        Ok(tensor) => match job.put(index, &tensor.data) {
            Ok(true) => return Ok(()),
            Ok(false) => Error::device("A tile came back black, damaged or unlike the picture", "Try another engine"),
            Err(error) => return Err(Stop::Job(error)),
        },
        Err(error) => error,
    };
    job.requeue(index);
    let failures = attempts.0.entry(index).or_default();
    *failures += 1;
    if *failures >= 2 { Err(Stop::Engine(error)) } else { Ok(()) }
}

fn check(cancel: &AtomicBool) -> std::result::Result<(), Stop> {
    if cancel.load(Ordering::Relaxed) { Err(Stop::Job(Error::Cancelled)) } else { Ok(()) }
}

/// Waits for all futures, polling each as it wakes.
async fn join<T>(futures: Vec<LocalFuture<'_, T>>) -> Vec<T> {
    let mut slots: Vec<(Option<LocalFuture<'_, T>>, Option<T>)> = futures.into_iter().map(|f| (Some(f), None)).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (future, output) in &mut slots {
            if let Some(running) = future {
                match Pin::new(running).poll(context) {
                    Poll::Ready(value) => (*future, *output) = (None, Some(value)),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    slots.into_iter().filter_map(|(_, output)| output).collect()
}

/// Seconds that a tile of each pass of `job` takes on `engine`, from one run of each after another that warms up.
///
/// # Errors
/// What the engine says.
pub fn tile_seconds(job: &Job, networks: &[&Network], engine: &Engine) -> Result<Vec<f64>> {
    let shapes = job.sessions();
    let sessions = pollster::block_on(Sessions::prepare(engine.backend.as_ref(), networks, &shapes))?;
    let seconds = shapes.iter().enumerate().map(|(pass, shape)| {
        let tile = Tensor::new(*shape, (0..shape.len()).map(|i| (i % 97) as f32 / 97.0).collect())?;
        pollster::block_on(sessions.of(pass).run(&tile))?;
        let begun = Instant::now();
        pollster::block_on(sessions.of(pass).run(&tile))?;
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
    if u64::from(width) * u64::from(height) > MAX_WHOLE_PIXELS {
        return Err(Error::limits(
            format!(
                "{}: it can only be run on a whole picture, of at most {} megapixels, and this one has {width} x {height} pixels",
                network.gap().unwrap_or_default(),
                MAX_WHOLE_PIXELS >> 20
            ),
            "Crop the picture, or use one of the shipped models",
        ));
    }
    let shape = Shape::new(network.input_channels(), height as usize, width as usize);
    let session = pollster::block_on(engine.backend.prepare(network, shape))?;
    let output = session.output_shape();
    let scale = output.height / shape.height;
    if scale == 0 || output.height != scale * shape.height || output.width != scale * shape.width {
        return Err(Error::unsupported(
            format!("The model makes {} x {} pixels of {width} x {height}, which is no whole factor", output.width, output.height),
            "Use another model",
        ));
    }
    Ok(scale)
}
