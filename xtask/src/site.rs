//! Builds `dist/`: the site, and the npm package below it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::artefact;
use crate::process::{npm, read, run, say};
use crate::stamp::{Inputs, Stamp};

/// What both builds of Vite read.
const INPUTS: [&str; 14] = [
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "tsconfig.json",
    "tsconfig.client.json",
    "tsconfig.node.json",
    "tsconfig.npm.json",
    "tsconfig.shared.json",
    "tsconfig.sw.json",
    "tsconfig.worker.json",
    "www",
    "models",
    "Cargo.toml",
];

/// What an npm package that works has to carry.
const PACKED: [&str; 13] = [
    "package.json",
    "README.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "index.js",
    "element.js",
    "types/lib/index.d.ts",
    "worker/coordinator.js",
    "worker/compute.js",
    "wasm/app/inlarge_bg.wasm",
    "wasm/app-relaxed/inlarge_bg.wasm",
    "wasm/tract/inlarge_bg.wasm",
    "models/manifest.json",
];

/// Builds the site.
///
/// # Errors
/// When something is missing and cannot be installed, or a build fails.
pub(crate) fn build_pages() -> Result<()> {
    artefact::build_named(&[])?;
    let made: Vec<PathBuf> = ["index.html", "sw.js", "_headers", "models/manifest.json"].iter().map(|f| Path::new("dist").join(f)).collect();
    step("site", "building the page into dist/ with Vite", "build", &[], &made)
}

/// Builds the site and the npm package, and looks into what npm would pack.
///
/// # Errors
/// As `build_pages`, and when the package lacks a file.
pub(crate) fn build_all() -> Result<()> {
    build_pages()?;
    let made = [PathBuf::from("dist/npm/package.json")];
    step("npm-package", "building the npm package into dist/npm/", "build:npm", &["docs/EMBEDDING.md"], &made)?;
    check_package()?;
    artefact::report_sizes()
}

fn step(name: &str, what: &str, script: &str, more_inputs: &[&str], made: &[PathBuf]) -> Result<()> {
    let mut inputs = Inputs::default();
    for input in INPUTS.iter().chain(more_inputs) {
        inputs = inputs.path(input)?;
    }
    let digest = inputs.digest();
    let stamp = Stamp::of(name);
    if stamp.holds(&digest, made) {
        say(format!("{name}: unchanged"));
        return Ok(());
    }
    say(what);
    run(npm().args(["run", "--silent", script]))?;
    if let Some(lacking) = made.iter().find(|path| !path.exists()) {
        bail!("`npm run {script}` ended well and did not write {}", lacking.display());
    }
    stamp.set(&digest)
}

fn check_package() -> Result<()> {
    #[derive(Deserialize)]
    struct Pack {
        #[serde(rename = "unpackedSize")]
        unpacked: u64,
        size: u64,
        files: Vec<Packed>,
    }
    #[derive(Deserialize)]
    struct Packed {
        path: String,
    }
    let listed = read(npm().args(["pack", "--dry-run", "--json"]).current_dir("dist/npm"))?;
    let packs: Vec<Pack> = serde_json::from_str(&listed).context("the list of `npm pack --dry-run --json` is not understood")?;
    let Some(pack) = packs.first() else { bail!("`npm pack --dry-run` lists no package") };
    if let Some(lacking) = PACKED.iter().find(|name| !pack.files.iter().any(|file| file.path == **name)) {
        bail!("the npm package lacks {lacking}");
    }
    say(format!("npm package: {} files, {} bytes packed, {} unpacked", pack.files.len(), pack.size, pack.unpacked));
    Ok(())
}
