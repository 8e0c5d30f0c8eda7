//! One picture from file to file, with the networks that ship.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::drive::{self, Engine};
use super::{Job, Phase, Progress, Report, Setup, Sides, write_map};
use crate::codec::decode;
use crate::codec::encode::MemoryFile;
use crate::error::{Error, Result};
use crate::model::Network;
use crate::model::choice::guess;
use crate::model::manifest::shipped;
use crate::order::Order;
use crate::order::catalogue::Catalogue;
use crate::order::plan::{Machine, Subject, plan};

/// An enlarged picture.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Enlarged {
    /// The encoded file.
    pub file: Vec<u8>,
    /// A name to save it under, `photo-4x.png` for a picture called `photo`.
    pub name: String,
    /// The fidelity map as a PNG of the input's size, where the order asks for it.
    pub map: Option<Vec<u8>>,
    /// What was done.
    pub report: Report,
}

/// Enlarges the picture in the bytes `file`, which comes from a file called `name`, as `order` says.
///
/// `progress` is told after every tile, and says whether to go on. The result is held in memory: for one of more than a gigabyte
/// the command line, which writes rows as they come, takes less.
///
/// # Errors
/// `Decode`, `Unsupported` and `Limits` for the file, `Parameter` for the order, `Device` where no engine runs here, `Cancelled` where `progress` says so.
pub fn enlarge(file: &[u8], name: &str, order: &Order, mut progress: impl FnMut(&Progress) -> bool) -> Result<Enlarged> {
    let began = Instant::now();
    let decoded = decode(file)?;
    let kind = if order.is_auto() { Some(guess(&decoded.picture)?.kind) } else { None };
    let subject = Subject { kind, ..Subject::of(&decoded.picture, name) };
    let catalogue = Catalogue::new(shipped::manifest()?);
    let unknown = || Error::model("The network does not tell its factor", "Use another model");
    let plan = plan(&catalogue, order, &subject, &Machine::default())?.ok_or_else(unknown)?;
    let mut loaded: HashMap<String, Network> = HashMap::new();
    let mut keys = Vec::new();
    for id in &plan.passes {
        let source = catalogue.file(id, order);
        if !loaded.contains_key(&source.key) {
            loaded.insert(source.key.clone(), shipped::load_file(&source.file, source.denoise)?);
        }
        keys.push(source.key);
    }
    let networks: Vec<&Network> = keys.iter().filter_map(|key| loaded.get(key)).collect();
    let engine = Engine::choose(order.backend, &networks)?;
    let capabilities = engine.backend.capabilities();
    let setup =
        Setup { max_buffer_bytes: capabilities.max_buffer_bytes, parallel: capabilities.parallel_sessions, ..Setup::planned(name, &plan, kind) };
    let sink = MemoryFile::default();
    let mut job = Job::new(decoded, &networks, order, setup, sink.clone())?;
    let [width, height] = job.size();
    let cancel = AtomicBool::new(false);
    drive::run(&mut job, &networks, engine, &cancel, &mut |done, total| {
        let seconds = began.elapsed().as_secs_f64();
        let far = Progress { phase: Phase::Upscale, done, total, seconds, size: Some(Sides { width, height }), tile: None };
        if !progress(&far) {
            cancel.store(true, Ordering::Relaxed);
        }
    })?;
    let map = job.map().map(|map| {
        let mut file = Cursor::new(Vec::new());
        write_map(&map, &mut file).map(|()| file.into_inner())
    });
    let report = job.report("", began.elapsed().as_secs_f64());
    let file = sink.bytes().clone();
    Ok(Enlarged { file, name: plan.name, map: map.transpose()?, report })
}
