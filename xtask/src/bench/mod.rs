//! `cargo xtask bench web`: our engines and their peers in one page of one browser, in one run.

mod plot;
mod report;
mod tables;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};

use crate::process::{cargo, npm, read, run, say, spare_stdout};
use crate::stamp::{Inputs, Stamp};
use crate::{artefact, matrix, site, tools};
use report::Report;

const WORK: &str = ".cache/bench";
const PEERS: &str = "benches/peers";
const DOCUMENT: &str = "docs/BENCHMARKS.md";

const NETS: [&str; 4] = ["tiny", "compact", "photo-fast", "photo"];
const TILES: [u32; 2] = [64, 128];
const THREADS: [u32; 2] = [1, 2];
/// In the order of the tables.
const ENGINES: [&str; 8] =
    ["ort-wasm", "tfjs-wasm", "inlarge-tract", "inlarge-simd", "inlarge-simd-relaxed", "ort-webgpu", "tfjs-webgpu", "inlarge-gpu"];
/// The rows of wasm-pack.toml that our engines are in.
const MODULES: [&str; 3] = ["app", "app-relaxed", "tract"];
/// Of peers on a software adapter, which take half a minute a tile.
const SOFTWARE_ROUNDS: u32 = 3;
const PAGE_ROUNDS: u32 = 7;

pub(crate) const USAGE: &str = "\
Usage: cargo xtask bench web [OPTION...]

  --json            prints the report as JSON, and everything else to standard error
  --out FILE        writes the report as JSON
  --write           writes docs/BENCHMARKS.md and its plot
  --from FILE       measures nothing, and takes the report that --out or --json gave
  --rounds N        rounds, 7 where left out
  --net NAME        only this network, may be given again: tiny compact photo-fast photo
  --tile N          only this tile, may be given again: 64 128
  --threads N       only this number of threads, may be given again: 1 2
  --engine NAME     only this engine, may be given again: inlarge-gpu inlarge-simd inlarge-simd-relaxed
                    inlarge-tract ort-webgpu ort-wasm tfjs-webgpu tfjs-wasm
  --adapter KIND    software (SwiftShader), or hardware: what the browser finds
  --no-pages        leaves out the time to a page's first picture
  --no-build        takes the wasm modules and dist/ as they are";

/// Where the report goes.
#[derive(Debug, Default)]
struct Output {
    json: bool,
    write: bool,
    file: Option<PathBuf>,
}

#[derive(Debug)]
struct Options {
    output: Output,
    from: Option<PathBuf>,
    rounds: u32,
    nets: Vec<String>,
    tiles: Vec<u32>,
    threads: Vec<u32>,
    engines: Vec<String>,
    adapter: String,
    pages: bool,
    build: bool,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            output: Output::default(),
            from: None,
            rounds: 7,
            nets: Vec::new(),
            tiles: Vec::new(),
            threads: Vec::new(),
            engines: Vec::new(),
            adapter: "software".to_owned(),
            pages: true,
            build: true,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| anyhow!("{word} needs a value\n\n{USAGE}"));
            match word.as_str() {
                "--json" => options.output.json = true,
                "--write" => options.output.write = true,
                "--no-pages" => options.pages = false,
                "--no-build" => options.build = false,
                "--out" => options.output.file = Some(value()?.into()),
                "--from" => options.from = Some(value()?.into()),
                "--rounds" => options.rounds = number(word, value()?, &[])?,
                "--net" => options.nets.push(one_of(word, value()?, &NETS)?),
                "--tile" => options.tiles.push(number(word, value()?, &TILES)?),
                "--threads" => options.threads.push(number(word, value()?, &THREADS)?),
                "--engine" => options.engines.push(one_of(word, value()?, &ENGINES)?),
                "--adapter" => options.adapter = one_of(word, value()?, &["software", "hardware"])?,
                other => bail!("{other:?} is not understood\n\n{USAGE}"),
            }
        }
        if options.rounds == 0 {
            bail!("--rounds 0 measures nothing: give 1 or more");
        }
        Ok(options)
    }
}

fn one_of(option: &str, value: &str, known: &[&str]) -> Result<String> {
    if known.contains(&value) { Ok(value.to_owned()) } else { bail!("{option} {value:?} is not known; there are {}", known.join(", ")) }
}

fn number(option: &str, value: &str, known: &[u32]) -> Result<u32> {
    let number = value.parse().with_context(|| format!("{option} needs a number, not {value:?}"))?;
    if known.is_empty() || known.contains(&number) { Ok(number) } else { bail!("{option} {number} is not measured; there are {known:?}") }
}

/// Those of `all` that were named, or all, in the order of `all`.
fn chosen<'a, T: PartialEq<N>, N>(all: &'a [T], named: &[N]) -> Vec<&'a T> {
    all.iter().filter(|item| named.is_empty() || named.iter().any(|name| *item == name)).collect()
}

/// Measures and reports.
///
/// # Errors
/// When something is missing and cannot be installed or built, or an engine fails or disagrees with the others.
pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    let options = match arguments.first().map(String::as_str) {
        Some("web") => Options::parse(&arguments[1..])?,
        Some(other) => bail!("`bench` measures `web`, not {other:?}\n\n{USAGE}"),
        None => bail!("`bench` needs to know what to measure\n\n{USAGE}"),
    };
    if options.output.json {
        spare_stdout();
    }
    let report = match &options.from {
        Some(file) => {
            let text = fs::read_to_string(file).with_context(|| format!("{} could not be read", file.display()))?;
            serde_json::from_str(&text).with_context(|| format!("{} is no report of `cargo xtask bench web`", file.display()))?
        }
        None => measure(&options)?,
    };
    publish(&options.output, &report)?;
    report.judge()
}

fn publish(output: &Output, report: &Report) -> Result<()> {
    let text = serde_json::to_string_pretty(report)?;
    if let Some(file) = &output.file {
        fs::write(file, &text).with_context(|| format!("{} could not be written", file.display()))?;
    }
    if output.json {
        println!("{text}");
    } else {
        print!("{}", tables::terminal(report));
    }
    if output.write {
        fs::write(DOCUMENT, tables::document(report, "cargo xtask bench web --write"))?;
        let plot = Path::new("docs").join(tables::PLOT);
        fs::write(&plot, plot::svg(report))?;
        say(format!("wrote {DOCUMENT} and {}", plot.display()));
    }
    Ok(())
}

fn measure(options: &Options) -> Result<Report> {
    tools::npm_packages()?;
    let browser = tools::browser()?;
    let engines = chosen(&ENGINES, &options.engines);
    if options.build {
        let ours = MODULES.iter().filter(|module| engines.iter().any(|engine| module_of(engine) == Some(module)));
        artefact::build_named(&ours.map(ToString::to_string).collect::<Vec<_>>())?;
        if options.pages {
            site::build_all()?;
        }
    }
    let peers = install_peers()?;
    let nets = write_nets(&options.nets)?;
    let plan = json!({
        "browser": browser,
        "adapter": options.adapter,
        "nets": nets,
        "tiles": chosen(&TILES, &options.tiles),
        "threads": chosen(&THREADS, &options.threads),
        "engines": engines,
        "rounds": options.rounds,
        "softwareRounds": SOFTWARE_ROUNDS,
        "pageRounds": if options.pages { PAGE_ROUNDS.min(options.rounds) } else { 0 },
        "folders": folders()?,
        "cache": format!("{WORK}/brotli"),
    });
    let (plan_file, result_file) = (format!("{WORK}/plan.json"), format!("{WORK}/result.json"));
    fs::write(&plan_file, plan.to_string())?;
    say(format!("measuring in {}", read(Command::new(&browser).arg("--version"))?));
    run(Command::new("node").args([format!("{PEERS}/driver.mjs"), plan_file, result_file.clone()]))?;
    let measured = serde_json::from_str(&fs::read_to_string(&result_file)?).context("the result of the driver is not understood")?;
    Ok(Report::new(measured, machine(), peers))
}

fn module_of(engine: &str) -> Option<&'static str> {
    match engine {
        "inlarge-gpu" | "inlarge-simd" => Some("app"),
        "inlarge-simd-relaxed" => Some("app-relaxed"),
        "inlarge-tract" => Some("tract"),
        _ => None,
    }
}

/// Installs the packages of benches/peers, and gives their versions.
fn install_peers() -> Result<BTreeMap<String, String>> {
    let manifest = format!("{PEERS}/package.json");
    let lock = format!("{PEERS}/package-lock.json");
    let digest = Inputs::default().path(&manifest)?.path(lock)?.digest();
    let stamp = Stamp::of("npm-peers");
    if !stamp.holds(&digest, &[PathBuf::from(format!("{PEERS}/node_modules/.package-lock.json"))]) {
        say("installing ONNX Runtime Web and TF.js, 240 MB, which ours are measured against");
        run(npm().args(["ci", "--no-audit", "--no-fund"]).current_dir(PEERS))?;
        stamp.set(&digest)?;
    }
    let manifest: Value = serde_json::from_str(&fs::read_to_string(manifest)?)?;
    let pinned = manifest["dependencies"].as_object().context("benches/peers/package.json has no dependencies")?;
    Ok(pinned.iter().map(|(name, version)| (name.clone(), version.as_str().unwrap_or_default().to_owned())).collect())
}

/// Writes the networks, and gives the descriptions of those that were named.
fn write_nets(named: &[String]) -> Result<Vec<Value>> {
    let folder = format!("{WORK}/nets");
    // The profile that this program was built with, so that little is compiled.
    run(cargo().args(["run", "--quiet", "--profile", "xtask", "--package", "inlarge-bench-nets", "--", &folder]))?;
    let list: Vec<Value> = serde_json::from_str(&fs::read_to_string(format!("{folder}/nets.json"))?)?;
    Ok(list.into_iter().filter(|net| named.is_empty() || named.iter().any(|name| net["name"] == name.as_str())).collect())
}

/// What the driver serves: folders by the path that they stand under.
fn folders() -> Result<Value> {
    let mut folders = json!({
        "/bench/": format!("{PEERS}/page"),
        "/peers/": format!("{PEERS}/node_modules"),
        "/nets/": format!("{WORK}/nets"),
        "/library-page/": format!("{PEERS}/library-page"),
        "/ort-page/": format!("{PEERS}/ort-page"),
        "/models/": "models",
        "/site/": "dist",
    });
    for row in matrix::read()?.iter().filter(|row| MODULES.contains(&row.name.as_str())) {
        folders[format!("/wasm/{}/", row.name)] = json!(row.out_dir);
    }
    Ok(folders)
}

/// Processor, cores and system, without the machine's name.
fn machine() -> String {
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let processor = model.map_or(std::env::consts::ARCH, |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{processor}, {cores} cores, {}", std::env::consts::OS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_understood() {
        let options = parse("--json --rounds 3 --net tiny --net photo --engine ort-wasm --tile 64 --out x.json --no-pages").unwrap();
        assert!(options.output.json && !options.pages && options.build && options.rounds == 3);
        assert_eq!((options.nets.len(), options.tiles, options.output.file), (2, vec![64], Some("x.json".into())));
        assert_eq!(chosen(&NETS, &options.nets), [&"tiny", &"photo"]);
        assert_eq!(chosen(&THREADS, &options.threads), [&1, &2]);
    }

    #[test]
    fn what_is_not_measured_is_refused() {
        for line in ["--net huge", "--tile 65", "--rounds 0", "--rounds", "--rounds x", "--engine cuda", "--fast"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn every_module_is_a_row_of_the_matrix() {
        let matrix = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../wasm-pack.toml")).unwrap();
        for engine in ENGINES.iter().filter(|engine| engine.starts_with("inlarge")) {
            let module = module_of(engine).unwrap();
            assert!(MODULES.contains(&module) && matrix.contains(&format!("name = \"{module}\"")), "{module}");
        }
    }
}
