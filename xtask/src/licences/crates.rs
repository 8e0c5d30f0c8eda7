//! The crates that are compiled into the program and the wasm modules, as cargo resolves them for each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use serde::Deserialize;

use super::Component;
use crate::matrix;
use crate::process::{cargo, read};

const WASM: &str = "wasm32-unknown-unknown";
/// Linked into everything, and no dependency that cargo lists.
pub(super) const STANDARD_LIBRARY: &str = "rust-standard-library";

/// Of the program on the targets of deny.toml, and of the wasm modules.
///
/// # Errors
/// When cargo cannot list them.
pub(super) fn of_all_targets() -> Result<Vec<Component>> {
    #[derive(Deserialize)]
    struct Deny {
        graph: Targets,
    }
    #[derive(Deserialize)]
    struct Targets {
        targets: Vec<String>,
    }
    let deny: Deny = toml::from_str(&std::fs::read_to_string("deny.toml")?).context("deny.toml is not understood")?;
    of_targets(&deny.graph.targets.into_iter().filter(|target| target != WASM).collect::<Vec<_>>())
}

/// Of the program on this machine's target, and of the wasm modules.
///
/// # Errors
/// When cargo cannot list them.
pub(super) fn of_this_machine() -> Result<Vec<Component>> {
    let version = read(std::process::Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or_else(|| anyhow!("rustc does not say its host"))?;
    of_targets(&[host.to_owned()])
}

fn of_targets(native: &[String]) -> Result<Vec<Component>> {
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    for target in native {
        used.extend(tree(&["--target", target, "--features", "cli,tract"])?);
    }
    for row in matrix::read()?.iter().filter(|row| row.shipped) {
        used.extend(tree(&["--target", WASM, "--no-default-features", "--features", &row.features.join(",")])?);
    }
    let sources = sources(native)?;
    let find = |key: (String, String)| sources.get(&key).cloned().ok_or_else(|| anyhow!("cargo does not say where {} {} lies", key.0, key.1));
    let mut components = used.into_iter().map(find).collect::<Result<Vec<_>>>()?;
    components.push(Component {
        name: STANDARD_LIBRARY.into(),
        version: "stable".into(),
        licence: "Apache-2.0".into(),
        authors: Vec::new(),
        // Its text is the one of this project.
        folder: PathBuf::from("xtask/src/licences"),
    });
    Ok(components)
}

/// Names and versions of all crates below ours that are linked: macros and build scripts are not.
fn tree(options: &[&str]) -> Result<BTreeSet<(String, String)>> {
    let fixed = ["tree", "--locked", "--package", "inlarge", "--edges", "normal,no-proc-macro", "--prefix", "none", "--no-dedupe"];
    let listed = read(cargo().args(fixed).args(options).args(["--format", "{p}"]))?;
    Ok(listed.lines().filter_map(named).filter(|(name, _)| name != "inlarge").collect())
}

/// `name v1.2.3 (path)`.
fn named(line: &str) -> Option<(String, String)> {
    let mut words = line.split(' ');
    Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
}

/// Every crate that cargo has for these targets.
fn sources(native: &[String]) -> Result<BTreeMap<(String, String), Component>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
        license: Option<String>,
        authors: Vec<String>,
        manifest_path: PathBuf,
    }
    let platforms = native.iter().map(String::as_str).chain([WASM]).flat_map(|target| ["--filter-platform", target]);
    let text = read(cargo().args(["metadata", "--locked", "--all-features", "--format-version", "1"]).args(platforms))?;
    let metadata: Metadata = serde_json::from_str(&text).context("what `cargo metadata` says is not understood")?;
    let component = |package: Package| Component {
        name: package.name,
        version: package.version,
        licence: package.license.unwrap_or_else(|| "no licence named".into()),
        authors: package.authors,
        folder: package.manifest_path.parent().map(PathBuf::from).unwrap_or_default(),
    };
    Ok(metadata.packages.into_iter().map(component).map(|c| ((c.name.clone(), c.version.clone()), c)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_named_with_their_versions() {
        assert_eq!(named("adler2 v2.0.1"), Some(("adler2".into(), "2.0.1".into())));
        assert_eq!(named("inlarge v0.1.0 (/somewhere)"), Some(("inlarge".into(), "0.1.0".into())));
        assert_eq!(named(""), None);
    }
}
