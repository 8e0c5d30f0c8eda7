//! Builds the wasm modules of the browser package: cargo, wasm-bindgen, wasm-opt.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::lint::linted_cargo;
use crate::matrix::{self, Artefact, Part};
use crate::process::{cargo, files_below, npx, read, run, say, target_dir};
use crate::stamp::{Inputs, Stamp};
use crate::tools;
use crate::weight;

/// Where the rows that are shipped go, each into the folder of its name.
const MODULES: &str = "www/wasm";
/// Where modules lie that still have the names of their functions.
const NAMED: &str = ".cache/wasm/named";
const TARGET: &str = "wasm32-unknown-unknown";

/// Builds the rows named, or all shipped ones.
///
/// # Errors
/// When a name is not in the matrix, or a build fails.
pub(crate) fn build_named(names: &[String]) -> Result<()> {
    let rows = matrix::read()?;
    if let Some(unknown) = names.iter().find(|name| !rows.iter().any(|row| &row.name == *name)) {
        let known: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
        bail!("wasm-pack.toml has no row {unknown:?}; it has {}", known.join(", "));
    }
    tools::wasm_target()?;
    tools::npm_packages()?;
    for row in rows.iter().filter(|row| if names.is_empty() { row.shipped } else { names.contains(&row.name) }) {
        build(row).with_context(|| format!("the wasm module {:?} was not built", row.name))?;
    }
    Ok(())
}

/// What the matrix promises of a row: the files that the page and the package load.
pub(crate) fn files_of(row: &Artefact) -> Vec<PathBuf> {
    ["inlarge.js", "inlarge_bg.wasm", "inlarge.d.ts"].iter().map(|file| row.out_dir.join(file)).collect()
}

/// The shipped rows that were not built, or not from what is there now.
///
/// # Errors
/// When the matrix or a source cannot be read.
pub(crate) fn outdated() -> Result<Vec<Artefact>> {
    let mut rows = matrix::read()?;
    rows.retain(|row| row.shipped);
    let mut outdated = Vec::new();
    for row in rows {
        if !is_current(&row)? {
            outdated.push(row);
        }
    }
    Ok(outdated)
}

fn is_current(row: &Artefact) -> Result<bool> {
    let stamp = Stamp::of(&format!("wasm-{}", row.name));
    match Stamp::of(&format!("wasm-{}-sources", row.name)).read() {
        Some(list) => Ok(stamp.holds(&inputs(row, &list)?, &files_of(row))),
        None => Ok(false),
    }
}

fn build(row: &Artefact) -> Result<()> {
    let sources = Stamp::of(&format!("wasm-{}-sources", row.name));
    let stamp = Stamp::of(&format!("wasm-{}", row.name));
    if is_current(row)? {
        say(format!("wasm {}: unchanged", row.name));
        return check_size(row);
    }
    say(format!("wasm {}: compiling {} for browsers, features [{}], profile {}", row.name, row.package, row.features.join(", "), row.profile));
    let started = Instant::now();
    let compiled = compile(row)?;
    let bytes = fs::read(&compiled).with_context(|| format!("{} could not be read", compiled.display()))?;
    let raw = Inputs::default().word(&format!("{row:?}")).path(&compiled)?.path("node_modules/binaryen/package.json")?.digest();
    let finished = Stamp::of(&format!("wasm-{}-compiled", row.name));
    let mut made = files_of(row);
    if row.max_brotli_bytes.is_some() {
        made.push(named(row));
    }
    if !finished.holds(&raw, &made) {
        bind(row, &compiled)?;
        optimise(row, bytes.len())?;
        finish(row)?;
        if row.shipped {
            measure(row)?;
        }
        finished.set(&raw)?;
    }
    let list = compiled_sources(&compiled)?.join("\n");
    sources.set(&list)?;
    stamp.set(&inputs(row, &list)?)?;
    let sizes = if row.shipped { sizes(row)? } else { format!("{} bytes raw", fs::metadata(row.out_dir.join("inlarge_bg.wasm"))?.len()) };
    say(format!("wasm {}: {sizes} ({:.0} s)", row.name, started.elapsed().as_secs_f64()));
    check_size(row)
}

/// Everything that the module is made from: the source files that rustc said it read, the
/// dependencies, the row, the compiler and wasm-opt.
fn inputs(row: &Artefact, source_list: &str) -> Result<String> {
    let mut inputs = Inputs::default()
        .word(&format!("{row:?}"))
        .word(&read(std::process::Command::new("rustc").arg("-vV"))?)
        .path("Cargo.toml")?
        .path("Cargo.lock")?
        .path("xtask/src/artefact.rs")?
        .path("node_modules/binaryen/package.json")?;
    for source in source_list.lines() {
        inputs = inputs.path(source)?;
    }
    Ok(inputs.digest())
}

/// Compiles to `.wasm`. `--crate-type cdylib` alone: with an rlib beside it rustc leaves
/// link-time optimisation out.
fn compile(row: &Artefact) -> Result<PathBuf> {
    let root = std::env::current_dir()?;
    let home = home::cargo().unwrap_or_default();
    // Panic messages carry source paths: those of the crate, not those of the machine.
    let mut flags = vec![
        format!("-Ctarget-feature={}", row.rustc_features()),
        format!("--remap-path-prefix={}=cargo", home.display()),
        format!("--remap-path-prefix={}=inlarge", root.display()),
    ];
    flags.extend(row.llvm_args.iter().map(|argument| format!("-Cllvm-args={argument}")));
    // What only the tests get is linted as it is compiled: the code that only browsers run, in every engine.
    let mut cargo = if row.shipped { cargo() } else { linted_cargo()? };
    run(cargo
        .args(["rustc", "--package", &row.package, "--lib", "--crate-type", "cdylib", "--target", TARGET])
        .args(["--profile", &row.profile, "--no-default-features", "--features", &row.features.join(",")])
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}")))?;
    let folder = if row.profile == "dev" { "debug" } else { &row.profile };
    Ok(target_dir()?.join(TARGET).join(folder).join(format!("{}.wasm", row.package.replace('-', "_"))))
}

mod home {
    use std::env;
    use std::path::PathBuf;

    pub(super) fn cargo() -> Option<PathBuf> {
        env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")))
    }
}

/// The files of this repository in rustc's list of what it read for the module.
fn compiled_sources(compiled: &Path) -> Result<Vec<String>> {
    let list = compiled.with_extension("d");
    let text = fs::read_to_string(&list).with_context(|| format!("{} could not be read", list.display()))?;
    let root = std::env::current_dir()?;
    let (_, sources) = text.split_once(": ").ok_or_else(|| anyhow!("{} is not a dependency list", list.display()))?;
    let mut sources: Vec<String> = sources
        .lines()
        .next()
        .unwrap_or_default()
        // A space inside a path is written as "\ ".
        .replace("\\ ", "\u{0}")
        .split_whitespace()
        .map(|path| path.replace('\u{0}', " "))
        .map(|path| Path::new(&path).strip_prefix(&root).map_or(path.clone(), |inside| inside.to_string_lossy().into_owned()))
        .collect();
    sources.sort();
    Ok(sources)
}

/// Makes the JavaScript side.
fn bind(row: &Artefact, compiled: &Path) -> Result<()> {
    if row.out_dir.exists() {
        fs::remove_dir_all(&row.out_dir)?;
    }
    Bindgen::new()
        .input_path(compiled)
        .out_name("inlarge")
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .typescript(true)
                // By their names, functions are weighed; `finish` drops them.
                .demangle(true)
                .remove_name_section(false)
                // The caller says where the module is: a bundler that follows a default would ship it twice.
                .omit_default_module_path(true)
                .generate(&row.out_dir)
        })
        .map_err(|error| anyhow!("wasm-bindgen: {error:#}"))?;
    // Node's and bundlers' copy of the declarations; nobody here loads it.
    let _ = fs::remove_file(row.out_dir.join("inlarge_bg.wasm.d.ts"));
    Ok(())
}

fn optimise(row: &Artefact, before: usize) -> Result<()> {
    if row.wasm_opt.is_empty() {
        return Ok(());
    }
    say(format!("wasm {}: wasm-opt {} on {} kB", row.name, row.wasm_opt.join(" "), before / 1000));
    let module = row.out_dir.join("inlarge_bg.wasm");
    // -g keeps the names.
    run(npx("wasm-opt").arg(&module).args(&row.wasm_opt).args(row.wasm_opt_features()).args(["-g", "-o"]).arg(&module))
}

/// Keeps the module with its names for weighing where it has a limit, and drops from the one that browsers load what only a
/// debugger reads.
fn finish(row: &Artefact) -> Result<()> {
    let module = row.out_dir.join("inlarge_bg.wasm");
    let bytes = fs::read(&module).with_context(|| format!("{} could not be read", module.display()))?;
    if row.max_brotli_bytes.is_some() {
        let named = named(row);
        fs::create_dir_all(named.parent().unwrap_or(Path::new(".")))?;
        fs::write(&named, &bytes)?;
    }
    fs::write(&module, weight::strip(&bytes)?)?;
    Ok(())
}

/// The module with the names of its functions.
fn named(row: &Artefact) -> PathBuf {
    Path::new(NAMED).join(format!("{}.wasm", row.name))
}

/// Raw, gzip and brotli sizes of the module, in bytes, as `bytes gzip brotli`.
fn measure(row: &Artefact) -> Result<()> {
    const SCRIPT: &str = "const z=require('zlib'),b=require('fs').readFileSync(process.argv[1]);\
        console.log(b.length,z.gzipSync(b,{level:9}).length,z.brotliCompressSync(b).length)";
    let measured = read(std::process::Command::new("node").args(["-e", SCRIPT]).arg(row.out_dir.join("inlarge_bg.wasm")))?;
    Stamp::of(&format!("wasm-{}-size", row.name)).set(&measured)
}

fn measured(row: &Artefact) -> Result<[u64; 3]> {
    let text = Stamp::of(&format!("wasm-{}-size", row.name)).read().unwrap_or_default();
    let sizes: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    sizes.try_into().map_err(|_| anyhow!("the sizes of {:?} were not measured; remove {}", row.name, row.out_dir.display()))
}

fn sizes(row: &Artefact) -> Result<String> {
    let [raw, gzip, brotli] = measured(row)?;
    Ok(format!("{raw} bytes raw, {gzip} gzip, {brotli} brotli"))
}

/// # Errors
/// When the module is over the limit of its row.
fn check_size(row: &Artefact) -> Result<()> {
    let Some(limit) = row.max_brotli_bytes else { return Ok(()) };
    let [_, _, brotli] = measured(row)?;
    if brotli > limit {
        bail!("the module is {brotli} bytes in brotli, over the {limit} that wasm-pack.toml allows: people wait for it on every first visit")
    }
    let parts = matrix::parts()?;
    weight::check(&weights(row, &parts)?, &parts).with_context(|| format!("the parts of {:?}; `cargo xtask wasm --sizes` lists them", row.name))
}

/// What the parts of the module weigh, measured again only where it or they changed.
fn weights(row: &Artefact, parts: &[Part]) -> Result<Vec<(String, u64)>> {
    let paths = parts.iter().map(|part| format!("{} {:?}", part.name, part.paths)).collect::<Vec<_>>().join("\n");
    let digest = Inputs::default().word(&paths).path(named(row))?.path("xtask/src/weight.rs")?.digest();
    let stamp = Stamp::of(&format!("wasm-{}-parts", row.name));
    if let Some(text) = stamp.read()
        && let Some(lines) = text.strip_prefix(&digest)
    {
        let line = |line: &str| line.rsplit_once('\t').and_then(|(name, weight)| Some((name.to_owned(), weight.parse().ok()?)));
        return Ok(lines.lines().filter_map(line).collect());
    }
    let module = fs::read(named(row)).with_context(|| format!("{0} has no copy with names: build it with `cargo xtask wasm {0}`", row.name))?;
    let weights = weight::brotli(&Path::new(NAMED).join(&row.name), &weight::split(&module, parts)?)?;
    let lines = weights.iter().map(|(name, weight)| format!("\n{name}\t{weight}")).collect::<Vec<_>>().concat();
    stamp.set(&format!("{digest}{lines}"))?;
    Ok(weights)
}

/// Prints what the parts of each module that has a limit weigh, as the table of docs/ARCHITECTURE.md.
///
/// # Errors
/// When one was not built, or a part is over its limit.
pub(crate) fn report_parts() -> Result<()> {
    let parts = matrix::parts()?;
    for row in matrix::read()?.iter().filter(|row| row.max_brotli_bytes.is_some()) {
        let mut weights = weights(row, &parts)?;
        weights.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        println!("{}: {}\n\n| part | kB in brotli |\n|---|---|", row.name, sizes(row)?);
        for (name, weight) in weights {
            println!("| {name} | {:.1} |", weight as f64 / 1000.0);
        }
        println!();
        check_size(row)?;
    }
    Ok(())
}

/// Prints the size of every shipped module.
///
/// # Errors
/// When one was not built or is over its limit, or `www/wasm` has what no row of the matrix makes.
pub(crate) fn report_sizes() -> Result<()> {
    let rows: Vec<Artefact> = matrix::read()?.into_iter().filter(|row| row.shipped).collect();
    let expected: Vec<PathBuf> = rows.iter().flat_map(files_of).collect();
    let there = files_below(Path::new(MODULES))?;
    if let Some(stray) = there.iter().find(|path| !expected.contains(path)) {
        bail!("{} is made by no row of wasm-pack.toml: remove it", stray.display());
    }
    if let Some(lacking) = expected.iter().find(|path| !there.contains(path)) {
        bail!("{} is promised by wasm-pack.toml and was not built", lacking.display());
    }
    for row in &rows {
        say(format!("wasm {}: {}", row.name, sizes(row)?));
        check_size(row)?;
    }
    Ok(())
}
