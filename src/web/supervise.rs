//! The supervisor, for the coordinator: commands and events as JSON, tiles as arrays.

use js_sys::Float32Array;
use serde::Deserialize;
use serde_json::{Value, json};
use wasm_bindgen::prelude::wasm_bindgen;

use super::error::{JsError, from_js};
use super::job::Job;
use super::model::Passes;
use crate::backend::BackendKind;
use crate::backend::select::{Preference, order};
use crate::error::{Error, Result};
use crate::model::graph::Shape;
use crate::pipeline::supervise as inner;
use crate::pipeline::supervise::{Event, Facts, Networks};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What is to be done next. */
export type Command =
  | { kind: 'open'; engine: string; worker: number; allowSoftware: boolean }
  | { kind: 'measure'; worker: number; session: SessionPlan }
  | { kind: 'plan'; plan: EnginePlan }
  | { kind: 'start'; worker: number }
  | { kind: 'prepare'; worker: number; sessions: readonly SessionPlan[] }
  | { kind: 'run'; worker: number; slot: number; tile: number }
  | { kind: 'close'; engine: string }
  | { kind: 'progress'; rect: readonly [x: number, y: number, width: number, height: number] | null }
  | { kind: 'wait' }
  | { kind: 'done' };
/** The pass whose network it is, and channels, height and width of its input. */
export type SessionPlan = readonly [pass: number, shape: readonly [number, number, number]];
/** What a picture is planned by. */
export interface EnginePlan {
  backend: string;
  adapter: string;
  maxBufferBytes: number | null;
  parallel: number;
  opaqueScale: number | null;
}
/** What came of a command, or happened by itself. */
export type SupervisorEvent =
  | { kind: 'opened'; adapter: string; software: boolean; tilesInFlight: number; maxBufferBytes: number | null }
  | { kind: 'refused'; error: SupervisorFault; lasting: boolean }
  | { kind: 'measured'; output: readonly [number, number, number] }
  | { kind: 'planned' }
  | { kind: 'started' | 'prepared'; worker: number }
  | { kind: 'failed'; worker: number; tile: number | null; error: SupervisorFault }
  | { kind: 'died' | 'lost'; worker: number; error: SupervisorFault }
  | { kind: 'stop'; error: SupervisorFault };
/** An error by its parts. */
export interface SupervisorFault { kind: string; message: string; remedy: string }
"#;

/// The engines that refused or failed on this device.
#[wasm_bindgen]
#[derive(Default)]
pub struct EngineMemory(inner::EngineMemory);

#[wasm_bindgen]
impl EngineMemory {
    /// None so far.
    #[wasm_bindgen(constructor)]
    pub fn new() -> EngineMemory {
        Self::default()
    }
}

/// The engines to try for `auto` or the one that is named, best first.
#[wasm_bindgen(js_name = engineOrder)]
pub fn engine_order(preference: &str) -> Result<Vec<String>, JsError> {
    Ok(order(preference.parse()?).into_iter().map(|kind| kind.name().into()).collect())
}

/// Workers that an engine can use, of at most `most`.
#[wasm_bindgen(js_name = workersOf)]
pub fn workers_of(engine: &str, most: usize) -> Result<usize, JsError> {
    let Preference::Only(kind) = engine.parse()? else { return Ok(most) };
    Ok(inner::workers_of(kind, most))
}

/// Decides what runs a picture.
#[wasm_bindgen]
pub struct Supervisor {
    supervisor: inner::Supervisor,
    /// Input of the tile that is to be run.
    data: Vec<f32>,
}

#[wasm_bindgen]
impl Supervisor {
    /// For a picture of `width` x `height` whose passes are `passes`, on at most `workers` workers.
    #[wasm_bindgen(constructor)]
    pub fn new(preference: &str, memory: &EngineMemory, passes: &Passes, workers: usize, width: u32, height: u32) -> Result<Supervisor, JsError> {
        let networks = Networks::of(&passes.networks());
        let supervisor = inner::Supervisor::new(preference.parse()?, &memory.0, networks, workers, Some([width, height]));
        Ok(Self { supervisor, data: Vec::new() })
    }

    /// What to do next before the picture is planned, as JSON; throws the error that ends it.
    pub fn choose(&mut self) -> Result<String, JsError> {
        let command = self.supervisor.next(None);
        self.json(command)
    }

    /// What to do next, as JSON; throws the error that ends the picture.
    pub fn next(&mut self, job: &mut Job) -> Result<String, JsError> {
        let command = self.supervisor.next(Some(job.work()));
        self.json(command)
    }

    /// Input of the tile that is to be run, CHW, once.
    pub fn data(&mut self) -> Float32Array {
        Float32Array::from(std::mem::take(&mut self.data).as_slice())
    }

    /// Says what came of a command, or happened by itself: JSON.
    pub fn told(&mut self, event: &str) -> Result<(), JsError> {
        let told: Told = serde_json::from_str(event).map_err(|e| Error::parameter(format!("An event cannot be read: {e}"), ""))?;
        self.supervisor.told(told.event()?);
        Ok(())
    }

    /// Says that a tile was run: its values, CHW.
    pub fn ran(&mut self, worker: usize, tile: usize, output: Vec<f32>) {
        self.supervisor.told(Event::Ran { worker, tile, output });
    }

    /// The engines that refused so far, as JSON: `[{"backend", "reason"}]`.
    #[wasm_bindgen(getter)]
    pub fn refusals(&self) -> String {
        let refusals = self.supervisor.refusals().iter().map(|one| json!({ "backend": one.kind.name(), "reason": one.reason }));
        refusals.collect::<Value>().to_string()
    }
}

impl Supervisor {
    fn json(&mut self, command: inner::Command) -> Result<String, JsError> {
        use inner::Command::{Close, Done, Fail, Measure, Open, Plan, Prepare, Progress, Run, Start, Wait};
        let named = BackendKind::name;
        Ok(match command {
            Open { engine, worker, allow_software } => {
                json!({ "kind": "open", "engine": named(engine), "worker": worker, "allowSoftware": allow_software })
            }
            Measure { worker, session } => json!({ "kind": "measure", "worker": worker, "session": session }),
            Plan(plan) => json!({ "kind": "plan", "plan": plan }),
            Start { worker } => json!({ "kind": "start", "worker": worker }),
            Prepare { worker, sessions } => json!({ "kind": "prepare", "worker": worker, "sessions": sessions }),
            Run { worker, slot, tile } => {
                self.data = tile.data;
                json!({ "kind": "run", "worker": worker, "slot": slot, "tile": tile.index })
            }
            Close { engine } => json!({ "kind": "close", "engine": named(engine) }),
            Progress { rect } => json!({ "kind": "progress", "rect": rect }),
            Wait => json!({ "kind": "wait" }),
            Done => json!({ "kind": "done" }),
            Fail(error) => return Err(error.into()),
        }
        .to_string())
    }
}

/// An event as the coordinator sends it.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Told {
    kind: String,
    worker: usize,
    tile: Option<usize>,
    error: Option<Fault>,
    lasting: bool,
    adapter: String,
    software: bool,
    tiles_in_flight: usize,
    max_buffer_bytes: Option<f64>,
    output: [usize; 3],
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Fault {
    kind: String,
    message: String,
    remedy: String,
}

impl Told {
    fn event(self) -> Result<Event> {
        let Self { kind, worker, tile, error, lasting, adapter, software, tiles_in_flight, max_buffer_bytes, output } = self;
        let Fault { kind: fault, message, remedy } = error.unwrap_or_default();
        let error = from_js(&fault, &message, &remedy);
        Ok(match kind.as_str() {
            "opened" => Event::Opened(Facts { adapter, software, tiles_in_flight, max_buffer_bytes: max_buffer_bytes.map(|bytes| bytes as u64) }),
            "refused" => Event::Refused { error, lasting },
            "measured" => Event::Measured { output: Shape::new(output[0], output[1], output[2]) },
            "planned" => Event::Planned,
            "started" => Event::Started { worker },
            "prepared" => Event::Prepared { worker },
            "failed" => Event::Failed { worker, tile, error },
            "died" => Event::Died { worker, error },
            "lost" => Event::Lost { worker, error },
            "stop" => Event::Stop(error),
            _ => return Err(Error::parameter(format!("There is no event \"{kind}\""), "")),
        })
    }
}
