//! `inlarge INPUT...`.

use std::collections::BTreeMap;
use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use inlarge::codec::encode::OutputFormat;
use inlarge::model::Network;
use inlarge::model::choice::guess;
use inlarge::order::Order;
use inlarge::order::plan::{Machine, Plan, Subject, plan};
use inlarge::pipeline::drive::{self, Engine};
use inlarge::pipeline::{Job, Report, Setup, write_map};
use inlarge::{Error, Result};

use crate::args::EnlargeArgs;
use crate::files::Target;
use crate::names::{Names, check_map};
use crate::networks::Networks;
use crate::report::{progress_bar, report_done, report_error, report_estimate};
use crate::{guard, status};

pub(crate) fn run(args: &EnlargeArgs) -> ExitCode {
    let usage = || -> Result<(Order, Networks, Names<'_>)> {
        if args.output.is_some() && args.inputs.len() > 1 {
            return Err(Error::parameter("--output names one file and there are several pictures", "Use --out-dir"));
        }
        if args.map.is_some() && args.inputs.len() > 1 {
            return Err(Error::parameter("--map names one file and there are several pictures", "Name one picture"));
        }
        let networks = guard::model(|| Networks::open(args.model_file.as_deref()))?;
        let order = order(args, &networks)?;
        networks.catalogue.check(&order)?;
        let names = Names::new(&args.inputs, args.output.as_deref(), args.out_dir.as_deref(), order.output.r#type);
        if !args.estimate {
            names.check(networks.catalogue.size(&order)?)?;
        }
        Ok((order, networks, names))
    };
    let (order, mut networks, mut names) = match usage() {
        Ok(usable) => usable,
        Err(error) => {
            report_error(args, None, &error);
            return ExitCode::from(status(&error));
        }
    };
    let mut failed = false;
    for (index, input) in args.inputs.iter().enumerate() {
        match guard::picture(|| enlarge(args, &order, index, &mut names, &mut networks)) {
            Ok(Some(report)) => report_done(args, &report),
            Ok(None) => {}
            Err(error) => {
                failed = true;
                report_error(args, Some(input), &error);
            }
        }
    }
    ExitCode::from(u8::from(failed))
}

/// What the arguments ask for.
fn order(args: &EnlargeArgs, networks: &Networks) -> Result<Order> {
    let (scale, size) = args.size.request();
    let mut order = Order { scale, size, map: args.map.is_some(), ..args.order.clone() };
    order.output.r#type = output_format(args)?;
    if let Some(own) = networks.own_name() {
        own.clone_into(&mut order.model);
    }
    order.check()?;
    Ok(order)
}

/// Enlarges one picture; `None` where only an estimate was asked for.
fn enlarge(args: &EnlargeArgs, order: &Order, index: usize, names: &mut Names<'_>, networks: &mut Networks) -> Result<Option<Report>> {
    let started = Instant::now();
    let input = args.inputs[index].as_path();
    let bytes = fs::read(input).map_err(|e| {
        let remedy = if input.is_dir() { "Name the pictures in the folder" } else { "Check the name and the permissions" };
        Error::decode(format!("{} cannot be read: {e}", input.display()), remedy)
    })?;
    let decoded = guard::decoded(&bytes)?;
    drop(bytes);
    let kind = if order.is_auto() { Some(guess(&decoded.picture)?.kind) } else { None };
    let subject = Subject { kind, ..Subject::of(&decoded.picture, &file_name(input)) };
    let planned = networks.plan(order, &subject)?;
    let chain = networks.chain(order, &planned.plan)?;
    let chain: Vec<&Network> = chain.iter().map(Rc::as_ref).collect();
    let engine = match planned.engine {
        Some(engine) => engine,
        None => Engine::choose(order.backend, &chain)?,
    };
    let Targets { output, target, map } = targets(args, index, names, [subject.width, subject.height], planned.plan.size(), order.output.r#type)?;
    let capabilities = engine.backend.capabilities();
    let parallel = capabilities.parallel_sessions;
    let setup = Setup {
        max_buffer_bytes: capabilities.max_buffer_bytes,
        parallel,
        opaque_scale: planned.opaque_scale,
        ..Setup::planned(input.display().to_string(), &planned.plan, kind)
    };
    let mut job = Job::new(decoded, &chain, order, setup, BufWriter::new(target.sink()?))?;
    let size = job.size();
    let mut machine = Machine { workers: parallel, free_bytes: target.folder().and_then(free_bytes), ..Machine::default() };
    if args.estimate || u64::from(size[0]) * u64::from(size[1]) >= WORTH_ESTIMATING {
        machine.throughput = throughput(&job, &planned.plan, &drive::tile_seconds(&job, &chain, &engine)?, parallel);
    }
    if let Some(plan) = plan(&networks.catalogue, order, &subject, &machine)? {
        if args.estimate {
            report_estimate(args, input, &plan);
            return Ok(None);
        }
        for advice in plan.advice {
            // Said now, while it is of use, and in the report.
            if !args.json {
                eprintln!("inlarge: {}: {advice}.", input.display());
            }
            job.warn(advice);
        }
    }
    let bar = progress_bar(args, input, job.tiles());
    drive::run(&mut job, &chain, engine, &AtomicBool::new(false), &mut |done, _| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    let report = job.report(&output.display().to_string(), started.elapsed().as_secs_f64());
    target.keep()?;
    if let (Some(target), Some(map)) = (map, job.map()) {
        write_map(&map, BufWriter::new(target.sink()?))?;
        target.keep()?;
    }
    Ok(Some(report))
}

/// Pixels of a result from which a measurement costs little beside the work.
const WORTH_ESTIMATING: u64 = 20_000_000;

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Bytes that are free in a folder, where the system tells.
fn free_bytes(folder: &Path) -> Option<f64> {
    fs4::available_space(folder).ok().map(|bytes| bytes as f64)
}

/// Seconds on the clock for each multiply-add, from those that a tile of each pass takes a worker.
fn throughput(job: &Job, plan: &Plan, tile_seconds: &[f64], workers: usize) -> BTreeMap<String, f64> {
    let seconds = job.pass_tiles().into_iter().zip(tile_seconds).map(|(tiles, seconds)| tiles as f64 * seconds / workers.max(1) as f64);
    plan.passes.iter().zip(seconds.zip(&plan.work)).map(|(id, (seconds, work))| (id.clone(), seconds / work)).collect()
}

fn output_format(args: &EnlargeArgs) -> Result<OutputFormat> {
    match (args.format, &args.output) {
        (Some(format), _) => Ok(format),
        (None, None) => Ok(OutputFormat::default()),
        (None, Some(path)) => {
            let ending = path.extension().map(|e| e.to_string_lossy());
            ending.as_deref().and_then(OutputFormat::from_extension).ok_or_else(|| {
                Error::parameter(
                    format!("The format of {} cannot be told from its ending", path.display()),
                    "End it in .png, .jpg, .webp or .tif, or use --format",
                )
            })
        }
    }
}

/// Where the results of one picture go.
struct Targets {
    output: PathBuf,
    target: Target,
    map: Option<Target>,
}

/// Opened before the work: a folder that is missing shows now, not after it. An estimate leaves nothing behind.
fn targets(args: &EnlargeArgs, index: usize, names: &mut Names<'_>, picture: [u32; 2], size: [u32; 2], format: OutputFormat) -> Result<Targets> {
    let input = args.inputs[index].as_path();
    if args.estimate {
        return Ok(Targets { output: PathBuf::new(), target: Target::nowhere(input), map: None });
    }
    let output = names.claim(index, picture, size)?;
    if let Some(map) = &args.map {
        check_map(map, input, &output)?;
    }
    if let Some(folder) = &args.out_dir {
        fs::create_dir_all(folder)
            .map_err(|e| Error::encode(format!("The folder {} cannot be made: {e}", folder.display()), "Choose another folder"))?;
    }
    let target = Target::open(&output, input, format == OutputFormat::Tiff)?;
    let map = args.map.as_deref().map(|map| Target::open(map, input, false)).transpose()?;
    Ok(Targets { output, target, map })
}
