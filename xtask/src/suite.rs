//! `cargo xtask test`: every check and test, stage by stage, and a table of how long each took.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::background::Background;
use crate::count::{Count, count_lines, run_counted};
use crate::lint::linted_cargo;
use crate::process::{cargo, npx, read, run, say, target_dir};
use crate::{artefact, docs, licences, site, tools};

/// In xtask's own profile: the one that is already built.
const XTASK_TESTS: [&str; 7] = ["test", "--package", "xtask", "--package", "inlarge-bench-nets", "--profile", "xtask"];
const NATIVE_TESTS: [&str; 7] = ["test", "--package", "inlarge", "--package", "inlarge-suite", "--features", "inlarge/cli,inlarge/tract"];
/// What runs beside the first stages, and where it writes: two chains, so that one of them is not alone on two cores while it links.
const BROWSER_BUILDS: [(&str, &[&str]); 2] = [(".cache/browser-builds.log", &["dist"]), (".cache/browser-suite.log", &["wasm", "suite"])];
const TRAINING_LOG: &str = ".cache/training-tests.log";

/// A part of the tests that can be run alone.
struct Stage {
    name: &'static str,
    /// What it shows.
    purpose: &'static str,
    /// Arguments after `--` go to the runner.
    run: fn(&mut Run) -> Result<Count>,
}

/// What the stages share.
struct Run {
    /// Arguments for the runners.
    handed_on: Vec<String>,
    /// Builds for the browser, which link on one core while native tests use the other.
    browser_builds: Vec<Background>,
    /// The tests of `training/`, whose packages take a minute to fetch.
    training: Option<Background>,
}

/// In this order: what fails quickly first.
const STAGES: [Stage; 11] = [
    Stage { name: "format", purpose: "the code is formatted", run: format },
    Stage { name: "xtask", purpose: "the build and test tool itself works", run: xtask },
    Stage { name: "lint", purpose: "clippy finds nothing in what the tests compile", run: lint },
    Stage { name: "docs", purpose: "rustdoc finds nothing", run: docs },
    Stage { name: "licences", purpose: "the licence notices of all that is shipped go along", run: licences },
    Stage { name: "native", purpose: "the library and the command line work on this machine", run: native },
    Stage { name: "devices", purpose: "the adapters that the native tests used", run: devices },
    Stage { name: "training", purpose: "the training tools work", run: training },
    Stage { name: "dist", purpose: "the page and the npm package type-check, build and hold their size", run: dist },
    Stage { name: "e2e", purpose: "engines, page, worker and widget work in a browser", run: e2e },
    Stage { name: "browsers", purpose: "the page works in other browsers", run: browsers },
];

/// Runs the stages named, or all; words after `--` are handed to the runners.
///
/// # Errors
/// When a stage is not known, or any test failed; the stages after a failed one still run.
pub(crate) fn test(arguments: &[String]) -> Result<()> {
    let split = arguments.iter().position(|word| word == "--").unwrap_or(arguments.len());
    let (names, handed_on) = (&arguments[..split], arguments.get(split + 1..).unwrap_or_default());
    if let Some(unknown) = names.iter().find(|name| !STAGES.iter().any(|stage| stage.name == *name)) {
        let known: Vec<_> = STAGES.iter().map(|stage| stage.name).collect();
        bail!("there is no stage {unknown:?}; there are {}", known.join(", "));
    }
    let chosen: Vec<&Stage> = STAGES.iter().filter(|stage| names.is_empty() || names.iter().any(|name| name == stage.name)).collect();
    let in_browser = chosen.iter().any(|stage| ["dist", "e2e", "browsers"].contains(&stage.name));
    let mut state = Run { handed_on: handed_on.to_vec(), browser_builds: Vec::new(), training: None };
    if in_browser && chosen.len() > 2 {
        // Once, before both of them look for it.
        tools::wasm_target()?;
        tools::npm_packages()?;
        for (log, command) in BROWSER_BUILDS {
            say(format!("`cargo xtask {}` runs beside the first stages, with its output in {log}", command.join(" ")));
            state.browser_builds.push(Background::start(log, &[command])?);
        }
    }
    if chosen.len() > 2 && chosen.iter().any(|stage| stage.name == "training") {
        // Before, not beside: two installations of system packages get into each other's way.
        tools::fonts()?;
        state.training = Some(Background::start(TRAINING_LOG, &[&["test", "training"]])?);
    }
    let mut total = Count::default();
    let mut rows: Vec<(&str, Duration, String)> = Vec::new();
    for stage in chosen {
        say(format!("{}: that {}", stage.name, stage.purpose));
        let started = Instant::now();
        let (count, verdict) = match (stage.run)(&mut state) {
            Ok(count) => {
                let verdict = verdict(&count);
                (count, verdict)
            }
            Err(error) => (Count::new(0, 1), format!("FAILED: {error:#}")),
        };
        say(format!("{}: {verdict}", stage.name));
        total.add(count);
        rows.push((stage.name, started.elapsed(), verdict));
    }
    println!();
    for (name, took, verdict) in &rows {
        println!("{name:>9} {:>6.0} s  {verdict}", took.as_secs_f64());
    }
    println!("{:>9} {:>6.0} s", "all", rows.iter().map(|row| row.1).sum::<Duration>().as_secs_f64());
    println!();
    for line in total.lacking() {
        println!("{line}");
    }
    println!("{}", total.sentence());
    if total.failed > 0 {
        bail!("{} failed", total.failed);
    }
    Ok(())
}

/// What a stage's row says.
fn verdict(count: &Count) -> String {
    let counts = [(count.passed, "passed"), (count.failed, "FAILED"), (count.not_measured.len() as u32, "not measured")];
    let said = counts.into_iter().enumerate().filter(|(index, (number, _))| *index == 0 || *number > 0);
    said.map(|(_, (number, what))| format!("{number} {what}")).collect::<Vec<_>>().join(", ")
}

/// A check that has no cases of its own counts as one.
fn one(outcome: Result<()>) -> Result<Count> {
    outcome.map(|()| Count::new(1, 0))
}

fn format(_: &mut Run) -> Result<Count> {
    tools::component("rustfmt", "rustfmt")?;
    one(run(cargo().args(["fmt", "--all", "--check"])))
}

fn xtask(_: &mut Run) -> Result<Count> {
    run_counted(linted_cargo()?.args(XTASK_TESTS))
}

/// Compiles what `xtask` and `native` run. What only browsers get is linted where the suite is built for them.
fn lint(_: &mut Run) -> Result<Count> {
    run(linted_cargo()?.args(XTASK_TESTS).arg("--no-run"))?;
    one(run(linted_cargo()?.args(NATIVE_TESTS).arg("--no-run")))
}

fn docs(_: &mut Run) -> Result<Count> {
    one(run(&mut docs::command("inlarge")?))
}

fn licences(_: &mut Run) -> Result<Count> {
    let count = licences::check()?;
    say(format!("{}: {count} crates and packages", licences::FILE));
    Ok(Count::new(1, 0))
}

fn native(state: &mut Run) -> Result<Count> {
    tools::vulkan()?;
    tools::exiftool()?;
    run_counted(linted_cargo()?.args(NATIVE_TESTS).arg("--no-fail-fast").args(&state.handed_on))
}

/// Builds the command line as the tests use it, and says where it is.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn command_line() -> Result<PathBuf> {
    // With tests, which bring it along: alone it would be compiled again, for other features of its dependencies.
    run(linted_cargo()?.args(NATIVE_TESTS).args(["--test", "cli", "--no-run"]))?;
    Ok(target_dir()?.join("debug").join(format!("inlarge{}", env::consts::EXE_SUFFIX)).canonicalize()?)
}

fn devices(_: &mut Run) -> Result<Count> {
    tools::vulkan()?;
    one(run(Command::new(command_line()?).arg("devices")))
}

fn training(state: &mut Run) -> Result<Count> {
    let mut count = if let Some(beside) = state.training.take() {
        count_lines(&beside.wait()?)
    } else {
        tools::fonts()?;
        let mut unittest = Command::new(tools::python()?);
        // With the names of tests, and so with the reason why one measures nothing.
        run_counted(unittest.args(["-m", "unittest", "discover", "--verbose", "--start-directory", "training", "--top-level-directory", "."]))?
    };
    // unittest says how many ran and how many of those failed.
    count.passed = count.passed.saturating_sub(count.failed);
    if count.passed + count.failed + count.not_measured.len() as u32 == 0 {
        bail!("no test of training/ ran");
    }
    Ok(count)
}

fn finish_builds(state: &mut Run) -> Result<()> {
    state.browser_builds.drain(..).try_for_each(|builds| builds.wait().map(drop))
}

fn dist(state: &mut Run) -> Result<Count> {
    finish_builds(state)?;
    one(site::build_all())
}

fn e2e(state: &mut Run) -> Result<Count> {
    let browser = tools::browser()?;
    finish_builds(state)?;
    site::build_all()?;
    artefact::build_named(&["suite".to_owned()])?;
    run(npx("tsc").args(["--project", "tests/e2e"]))?;
    let command_line = command_line()?;
    say(format!("browser: {}", read(Command::new(&browser).arg("--version"))?));
    run_counted(
        npx("playwright")
            .args(["test", "--config", "tests/e2e/playwright.config.ts"])
            .args(&state.handed_on)
            .env("CHROMIUM", &browser)
            .env("INLARGE_COMMAND_LINE", command_line)
            .env("INLARGE_XTASK", env::current_exe()?),
    )
}

fn browsers(state: &mut Run) -> Result<Count> {
    tools::vulkan()?;
    let firefox = tools::firefox()?;
    finish_builds(state)?;
    site::build_pages()?;
    run(npx("tsc").args(["--project", "tests/browsers"]))?;
    say(format!("browser: {}", read(Command::new(&firefox).arg("--version"))?));
    let mut playwright = npx("playwright");
    playwright
        .args(["test", "--config", "tests/browsers/playwright.config.ts"])
        .args(&state.handed_on)
        .env("FIREFOX", &firefox)
        .env("INLARGE_COMMAND_LINE", command_line()?)
        .env("INLARGE_XTASK", env::current_exe()?);
    if cfg!(target_os = "linux") {
        let [driver, display] = tools::webkit()?;
        playwright.env("WEBKIT_DRIVER", driver).env("XVFB", display);
    } else {
        say("WebKitGTK exists on Linux alone and is not tested here");
    }
    run_counted(&mut playwright)
}
