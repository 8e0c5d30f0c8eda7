//! `inlarge INPUT...`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use indicatif::{BinaryBytes, HumanDuration, ProgressBar, ProgressStyle};
use inlarge::backend::select::Preference;
use inlarge::codec::encode::OutputFormat;
use inlarge::codec::{Density, MetadataPolicy};
use inlarge::finish::lock::Fidelity;
use inlarge::image::Picture;
use inlarge::model::Network;
use inlarge::model::choice::{Kind, guess};
use inlarge::model::manifest::shipped;
use inlarge::model::receptive_field::Geometry;
use inlarge::pipeline::drive::{self, Engine};
use inlarge::pipeline::size::{Size, Step, passes};
use inlarge::pipeline::{Estimate, Job, JobOptions, Report, write_map};
use inlarge::{Error, Result};

use crate::args::{EnlargeArgs, FormatArg, MetadataArg};
use crate::files::Target;
use crate::names::{Names, check_map};
use crate::{guard, status};

/// What takes least, for photographs.
const FASTEST: &str = "photo-fast";

pub(crate) fn run(args: &EnlargeArgs) -> ExitCode {
    let usage = || -> Result<(Chosen, Preference, Names<'_>)> {
        if args.output.is_some() && args.inputs.len() > 1 {
            return Err(Error::parameter("--output names one file and there are several pictures", "Use --out-dir"));
        }
        if args.map.is_some() && args.inputs.len() > 1 {
            return Err(Error::parameter("--map names one file and there are several pictures", "Name one picture"));
        }
        // A size that is wrong for every picture is told once.
        if let factor @ Size::Factor(_) = args.size.size()? {
            factor.of([1000, 1000])?;
        }
        let preference = args.backend.parse()?;
        let model = guard::model(|| choose_model(args))?;
        let names = Names::new(&args.inputs, args.output.as_deref(), args.out_dir.as_deref(), output_format(args)?);
        if !args.estimate {
            names.check(model.size(args)?)?;
        }
        Ok((model, preference, names))
    };
    let (model, preference, mut names) = match usage() {
        Ok(chosen) => chosen,
        Err(error) => {
            report_error(args, None, &error);
            return ExitCode::from(status(&error));
        }
    };
    let mut failed = false;
    for (index, input) in args.inputs.iter().enumerate() {
        match guard::picture(|| enlarge(args, index, &mut names, &model, preference)) {
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

/// What enlarges: one model, or what suits each kind of picture.
enum Chosen {
    One(Model),
    Auto(BTreeMap<Kind, Model>),
}

impl Chosen {
    /// The model for a picture, and what it was taken for where that was asked.
    fn model_for(&self, picture: &Picture) -> Result<(&Model, Option<Kind>)> {
        match self {
            Self::One(model) => Ok((model, None)),
            Self::Auto(kinds) => {
                let kind = guess(picture)?.kind;
                Ok((&kinds[&kind], Some(kind)))
            }
        }
    }

    /// The size that is asked for; `None` where the user's own network tells only when it runs.
    fn size(&self, args: &EnlargeArgs) -> Result<Option<Size>> {
        match self {
            Self::One(Model::Own { scale, .. }) if !args.size.is_given() => Ok(scale.map(|scale| Size::Factor(scale as f64))),
            _ => args.size.size().map(Some),
        }
    }
}

/// A shipped model at all of its scales, or a file of the user's own.
enum Model {
    Shipped(Vec<Scaled>),
    Own {
        network: Network,
        name: String,
        /// Its factor; `None` where only running it tells.
        scale: Option<usize>,
    },
}

/// A shipped network of one scale.
struct Scaled {
    network: Network,
    id: String,
    step: Step,
}

fn choose_model(args: &EnlargeArgs) -> Result<Chosen> {
    if let Some(path) = &args.model_file {
        let bytes =
            fs::read(path).map_err(|e| Error::model(format!("{} cannot be read: {e}", path.display()), "Check the name and the permissions"))?;
        let network = Network::from_onnx(&bytes)?;
        let scale = network.graph().ok().map(Geometry::of).transpose()?.map(|g| g.scale);
        let name = path.file_name().map_or_else(|| "model".into(), |n| n.to_string_lossy().into_owned());
        return Ok(Chosen::One(Model::Own { network, name, scale }));
    }
    let manifest = shipped::manifest()?;
    let named = |name: &str| -> Result<Model> {
        let scaled = manifest.steps(name, args.variant.name())?.into_iter().map(|entry| {
            let step = Step { scale: entry.scale, work: entry.macs_per_output_pixel };
            Ok(Scaled { network: shipped::load_with(entry, args.denoise)?, id: entry.id.clone(), step })
        });
        Ok(Model::Shipped(scaled.collect::<Result<_>>()?))
    };
    if args.model != "auto" {
        return Ok(Chosen::One(named(&args.model)?));
    }
    let kinds = Kind::ALL.into_iter().map(|kind| Ok((kind, named(manifest.auto(kind)?)?)));
    Ok(Chosen::Auto(kinds.collect::<Result<_>>()?))
}

/// The networks of the passes, their name for the report, and the size of the result.
struct Plan<'a> {
    networks: Vec<&'a Network>,
    name: String,
    size: [u32; 2],
    opaque_scale: Option<usize>,
}

fn plan<'a>(args: &EnlargeArgs, model: &'a Model, engine: &Engine, input: [u32; 2]) -> Result<Plan<'a>> {
    match model {
        Model::Shipped(scaled) => {
            let size = args.size.size()?.of(input)?;
            let steps: Vec<Step> = scaled.iter().map(|s| s.step).collect();
            let chosen: Vec<&Scaled> =
                passes(input, size, &steps)?.into_iter().filter_map(|scale| scaled.iter().find(|s| s.step.scale == scale)).collect();
            let names: Vec<&str> = chosen.iter().map(|s| s.id.as_str()).collect();
            Ok(Plan { networks: chosen.iter().map(|s| &s.network).collect(), name: names.join(" + "), size, opaque_scale: None })
        }
        Model::Own { network, name, scale } => {
            // A network that is not covered tells its factor only for a size.
            let opaque_scale = match scale {
                Some(_) => None,
                None => Some(drive::opaque_scale(engine, network, input[0], input[1])?),
            };
            let factor = scale.or(opaque_scale).unwrap_or(1);
            // Without a size, a file of the user's own enlarges as it does.
            let size = if args.size.is_given() { args.size.size()? } else { Size::Factor(factor as f64) }.of(input)?;
            let steps = [Step { scale: factor, work: 1.0 }];
            let count = if factor == 1 { 1 } else { passes(input, size, &steps)?.len() };
            if opaque_scale.is_some() && count > 1 {
                return Err(Error::parameter(
                    format!("The model enlarges {factor} times and runs on whole pictures only, once"),
                    format!("Choose a size of at most {factor} times"),
                ));
            }
            Ok(Plan { networks: vec![network; count], name: name.clone(), size, opaque_scale })
        }
    }
}

/// Enlarges one picture; `None` where only an estimate was asked for.
fn enlarge(args: &EnlargeArgs, index: usize, names: &mut Names<'_>, chosen: &Chosen, preference: Preference) -> Result<Option<Report>> {
    let started = Instant::now();
    let input = args.inputs[index].as_path();
    let bytes = fs::read(input).map_err(|e| {
        let remedy = if input.is_dir() { "Name the pictures in the folder" } else { "Check the name and the permissions" };
        Error::decode(format!("{} cannot be read: {e}", input.display()), remedy)
    })?;
    let decoded = guard::decoded(&bytes)?;
    drop(bytes);
    let (model, kind) = chosen.model_for(&decoded.picture)?;
    let all: Vec<&Network> = match model {
        Model::Shipped(scaled) => scaled.iter().map(|s| &s.network).collect(),
        Model::Own { network, .. } => vec![network],
    };
    let engine = Engine::choose(preference, &all)?;
    let plan = plan(args, model, &engine, [decoded.picture.width, decoded.picture.height])?;
    let format = output_format(args)?;
    let targets = targets(args, index, names, [decoded.picture.width, decoded.picture.height], plan.size, format)?;
    let capabilities = engine.backend.capabilities();
    let options = JobOptions {
        input: input.display().to_string(),
        model: plan.name.clone(),
        kind,
        size: Some(plan.size),
        tile: args.tile.map(|t| t as usize),
        max_buffer_bytes: capabilities.max_buffer_bytes,
        parallel: capabilities.parallel_sessions,
        format,
        quality: args.quality,
        fidelity: args.fidelity.map(Fidelity::from),
        map: args.map.is_some(),
        denoise: args.denoise.unwrap_or(0.0),
        sharpen: args.sharpen,
        grain: args.grain,
        seed: args.seed,
        wrap: args.wrap,
        metadata: match args.metadata {
            MetadataArg::Keep => MetadataPolicy::Keep,
            MetadataArg::NoLocation => MetadataPolicy::NoLocation,
            MetadataArg::None => MetadataPolicy::None,
        },
        density: match args.size.size()? {
            Size::Print(sheet) => Density::dpi(sheet.dpi),
            _ => None,
        },
    };
    let Targets { output, target, map } = targets;
    let mut job = Job::new(decoded, &plan.networks, options, plan.opaque_scale, BufWriter::new(target.sink()?))?;
    let size = job.size();
    if args.estimate || u64::from(size[0]) * u64::from(size[1]) >= WORTH_ESTIMATING {
        let estimate = job.estimate(&drive::tile_seconds(&job, &plan.networks, &engine)?);
        if args.estimate {
            report_estimate(args, input, size, &estimate);
            return Ok(None);
        }
        for warning in warnings(args, &estimate, target.folder()) {
            // Said now, while it is of use, and in the report.
            if !args.json {
                eprintln!("inlarge: {}: {warning}", input.display());
            }
            job.warn(warning);
        }
    }
    let bar = progress_bar(args, input, job.tiles());
    drive::run(&mut job, &plan.networks, engine, &AtomicBool::new(false), &mut |done, _| bar.set_position(done as u64))?;
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
/// Milliseconds from which a job is announced as a long one.
const LONG: u64 = 60_000;

/// What a user should know before a large job, with the better choice: sentences without their full stop.
fn warnings(args: &EnlargeArgs, estimate: &Estimate, folder: Option<&Path>) -> Vec<String> {
    let mut warnings = Vec::new();
    if estimate.milliseconds > LONG {
        let better = if args.model_file.is_none() && ![FASTEST, "auto"].contains(&args.model.as_str()) {
            format!("-m {FASTEST} or a smaller size takes less")
        } else {
            "a smaller size takes less".into()
        };
        warnings.push(format!("This will take about {}; {better}", HumanDuration(Duration::from_millis(estimate.milliseconds))));
    }
    if let Some(folder) = folder
        && let Ok(left) = fs4::available_space(folder)
        && left < estimate.file_bytes
    {
        let [left, need] = [left, estimate.file_bytes].map(|bytes| BinaryBytes(bytes).to_string());
        warnings.push(format!("The disk has {left} left and the result may take {need}; --format jpeg or a smaller size takes less"));
    }
    warnings
}

fn report_estimate(args: &EnlargeArgs, input: &Path, [width, height]: [u32; 2], estimate: &Estimate) {
    let Estimate { milliseconds, memory_bytes, file_bytes, most_file_bytes } = *estimate;
    if args.json {
        let seconds = milliseconds as f64 / 1e3;
        line!(
            "{}",
            serde_json::json!({ "input": input.display().to_string(), "width": width, "height": height, "seconds": seconds,
                "memory_bytes": memory_bytes, "file_bytes": file_bytes, "most_file_bytes": most_file_bytes })
        );
        return;
    }
    line!(
        "{}  {width} x {height}, about {:.1} s, {} of memory, {} on disk, at the most {}",
        input.display(),
        milliseconds as f64 / 1e3,
        BinaryBytes(memory_bytes),
        BinaryBytes(file_bytes),
        BinaryBytes(most_file_bytes)
    );
}

fn output_format(args: &EnlargeArgs) -> Result<OutputFormat> {
    match (args.format, &args.output) {
        (Some(FormatArg::Png), _) | (None, None) => Ok(OutputFormat::Png),
        (Some(FormatArg::Jpeg), _) => Ok(OutputFormat::Jpeg),
        (Some(FormatArg::Webp), _) => Ok(OutputFormat::WebP),
        (Some(FormatArg::Tiff), _) => Ok(OutputFormat::Tiff),
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

fn progress_bar(args: &EnlargeArgs, input: &Path, tiles: usize) -> ProgressBar {
    if args.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let name = input.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let style = ProgressStyle::with_template("{msg}  {wide_bar}  {pos}/{len} tiles  {eta} left").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(tiles as u64).with_style(style).with_message(name)
}

fn report_done(args: &EnlargeArgs, report: &Report) {
    if args.json {
        match serde_json::to_string(report) {
            Ok(line) => line!("{line}"),
            Err(error) => eprintln!("inlarge: the report cannot be written: {error}"),
        }
        return;
    }
    let taken_for = report.kind.map(|kind| format!(" for {}", kind.name())).unwrap_or_default();
    line!(
        "{}  {} x {}, {}{taken_for} on {} ({}), {:.1} s",
        report.output,
        report.width,
        report.height,
        report.model,
        report.backend,
        report.adapter,
        report.seconds
    );
    for warning in &report.warnings {
        eprintln!("inlarge: {}: {warning}", report.input);
    }
    let _ = std::io::stdout().flush();
}

fn report_error(args: &EnlargeArgs, input: Option<&PathBuf>, error: &Error) {
    let name = input.map(|i| i.display().to_string());
    if args.json {
        line!("{}", serde_json::json!({ "input": name, "error": { "kind": error.kind(), "message": error.to_string() } }));
    } else {
        let prefix = name.map(|n| format!("{n}: ")).unwrap_or_default();
        eprintln!("inlarge: {prefix}{error}");
    }
}
