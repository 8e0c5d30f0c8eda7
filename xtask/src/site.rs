//! Builds `dist/`: the site, and the npm package below it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::process::{files_below, npm, read, run, say};
use crate::stamp::{Inputs, Stamp};
use crate::{artefact, licences, tools};

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

/// The module without which the page does nothing.
const NEEDED: &str = "app";
/// Tells www/build which modules are built later.
const LATER: &str = "INLARGE_LATER";
/// The page as it is until all modules are built.
pub(crate) const FIRST: &str = ".cache/first-page";

/// What an npm package that works has to carry.
const PACKED: [&str; 16] = [
    "package.json",
    "README.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "licences.txt",
    "index.js",
    "element.js",
    "types/lib/index.d.ts",
    "types/wasm/app/inlarge.d.ts",
    "worker/coordinator.js",
    "worker/compute.js",
    "wasm/app/inlarge_bg.wasm",
    "wasm/app-relaxed/inlarge_bg.wasm",
    "wasm/codecs/inlarge_bg.wasm",
    "wasm/tract/inlarge_bg.wasm",
    "models/manifest.json",
];

/// Builds the site.
///
/// # Errors
/// When something is missing and cannot be installed, or a build fails.
pub(crate) fn build_pages() -> Result<()> {
    artefact::build_named(&[])?;
    let made: Vec<PathBuf> =
        ["index.html", "sw.js", "_headers", "licences.txt", "models/manifest.json"].iter().map(|f| Path::new("dist").join(f)).collect();
    step("site", "building the page into dist/ with Vite", "build", &[], &made)
}

/// Builds the page with the module that it cannot do without, and gives the names of the others where they are not there yet:
/// `build_pages` makes those, and the page anew. A page that was not built whole lies in [`FIRST`], so that it is served while
/// `dist/` is written.
///
/// # Errors
/// As `build_pages`.
pub(crate) fn build_first() -> Result<Vec<String>> {
    tools::npm_packages()?;
    artefact::build_named(&[NEEDED.to_owned()])?;
    let later = artefact::outdated()?;
    if later.is_empty() {
        build_pages()?;
        return Ok(Vec::new());
    }
    for row in &later {
        // One of other sources would not fit to the page, and must not be on the service worker's list.
        if row.out_dir.exists() {
            fs::remove_dir_all(&row.out_dir)?;
        }
    }
    let names: Vec<String> = later.into_iter().map(|row| row.name).collect();
    say(format!("building the page into dist/ with Vite, without {}", names.join(" and ")));
    // What was recorded of the page is not true from here on.
    Stamp::of("site").set("")?;
    run(npm().args(["run", "--silent", "build"]).env(LATER, names.join(",")))?;
    let first = Path::new(FIRST);
    if first.exists() {
        fs::remove_dir_all(first)?;
    }
    for file in files_below(Path::new("dist"))? {
        let copy = first.join(file.strip_prefix("dist")?);
        fs::create_dir_all(copy.parent().unwrap_or(first))?;
        fs::copy(&file, &copy).with_context(|| format!("{} could not be copied", file.display()))?;
    }
    Ok(names)
}

/// Builds the site and the npm package, and looks into what npm would pack.
///
/// # Errors
/// As `build_pages`, and when the package lacks a file.
pub(crate) fn build_all() -> Result<()> {
    build_pages()?;
    let made = [PathBuf::from("dist/npm/package.json")];
    step("npm-package", "building the npm package into dist/npm/", "build:npm", &["docs/EMBEDDING.md"], &made)?;
    fs::copy(licences::FILE, "dist/npm/licences.txt").with_context(|| format!("{} could not be copied", licences::FILE))?;
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
