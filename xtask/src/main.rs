//! Builds, serves and tests Inlarge. Every command installs what it misses, and says what it
//! does and why; what is already there is left alone, so that a second run is quick.

// What only tests call is dead code in the program.
#![deny(dead_code, unused_imports)]

mod artefact;
mod background;
mod bench;
mod count;
mod docs;
mod eval;
mod headers;
mod licences;
mod lint;
mod matrix;
mod process;
mod serve;
mod site;
mod stamp;
mod suite;
mod tools;
mod train;
mod weight;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  serve [--port 8080]   build the site and serve it on this machine
  dist                  write the site to dist/ and the npm package to dist/npm/
  wasm [NAME...]        build the wasm modules of wasm-pack.toml: all that are shipped, or those named
  wasm --sizes          print what the parts of the modules that were built weigh
  bench web [OPTION...] measure our engines against their peers in a browser; `bench web --help` lists the options
  train MODEL [OPTION...] train a model of models/ from pictures, or go on with it
  eval [MODEL...]       measure the shipped models and write docs/MODELS.md
  licences              write the licence notices of all that is shipped to www/public/licences.txt
  test [STAGE...]       run every test, or the stages named
  ci                    what .ci/run runs: the tests, with nothing asked and nothing kept open";

fn main() -> ExitCode {
    let outcome = match (lint::as_rustc(), docs::as_rustdoc()) {
        (Some(arguments), _) => lint::rustc(&arguments),
        (None, Some((folder, arguments))) => docs::rustdoc(&folder, &arguments),
        (None, None) => dispatch(&std::env::args().skip(1).collect::<Vec<_>>()).map(|()| ExitCode::SUCCESS),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    // The sources are where this crate was compiled; every path below is relative to them.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    std::env::set_current_dir(root)?;
    let rest = arguments.get(1..).unwrap_or_default();
    match arguments.first().map(String::as_str) {
        Some("serve") => serve::serve(&serve::Options::parse(rest)?),
        Some("dist") => no_arguments(rest).and_then(|()| site::build_all()),
        Some("wasm") if rest == ["--sizes"] => artefact::report_parts(),
        Some("wasm") => artefact::build_named(rest),
        Some("bench") if rest.iter().any(|word| ["--help", "-h"].contains(&word.as_str())) => {
            println!("{}", bench::USAGE);
            Ok(())
        }
        Some("bench") => bench::bench(rest),
        Some("train") => train::train(rest),
        Some("eval") => eval::eval(rest),
        Some("licences") => no_arguments(rest).and_then(|()| licences::write()),
        Some("test") => suite::test(rest),
        Some("ci") => no_arguments(rest).and_then(|()| suite::test(&[])),
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            Ok(())
        }
        Some(other) => bail!("there is no command {other:?}\n\n{USAGE}"),
        None => bail!("a command is missing\n\n{USAGE}"),
    }
}

fn no_arguments(rest: &[String]) -> Result<()> {
    match rest.first() {
        None => Ok(()),
        Some(extra) => bail!("{extra:?} is not understood: this command takes no arguments"),
    }
}
