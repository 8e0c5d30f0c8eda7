//! The npm packages whose code Vite puts into the page's and the package's scripts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Component;
use crate::process::files_below;

/// A module that vite-plugin-pwa makes: its own code, and Workbox's half on the page.
const REGISTER: (&str, [&str; 2]) = ("virtual:pwa-register", ["vite-plugin-pwa", "workbox-window"]);
/// What Vite adds by itself to scripts that load others.
const ADDED: [&str; 1] = ["vite"];
/// Code of the build, which is not bundled.
const BUILD: &str = "www/build";
/// Dependencies of packages that are in no script: types, and Lit's stand-in for a browser on servers.
const LEFT_OUT: [&str; 2] = ["@types/", "@lit-labs/ssr-dom-shim"];

/// What the scripts of `www/` import, with what those packages depend on.
///
/// # Errors
/// When a package is not installed or its description is not understood.
pub(super) fn bundled() -> Result<Vec<Component>> {
    #[derive(Deserialize)]
    struct Description {
        name: String,
        version: String,
        license: Option<String>,
        #[serde(default)]
        dependencies: std::collections::BTreeMap<String, String>,
    }
    let mut open: Vec<String> = ADDED.map(str::to_owned).to_vec();
    for file in files_below(Path::new("www"))? {
        if file.extension().is_some_and(|ending| ending == "ts") && !file.starts_with(BUILD) && !file.starts_with("www/wasm") {
            open.extend(imported(&fs::read_to_string(&file)?));
        }
    }
    let mut seen = BTreeSet::new();
    let mut components = Vec::new();
    while let Some(name) = open.pop() {
        if LEFT_OUT.iter().any(|start| name.starts_with(start)) || !seen.insert(name.clone()) {
            continue;
        }
        let folder = Path::new("node_modules").join(&name);
        let path = folder.join("package.json");
        let text = fs::read_to_string(&path).with_context(|| format!("{} could not be read", path.display()))?;
        let package: Description = serde_json::from_str(&text).with_context(|| format!("{} is not understood", path.display()))?;
        // The tools of the build bring a little code of their own and nothing of what they depend on.
        if !ADDED.contains(&name.as_str()) && !REGISTER.1[..1].contains(&name.as_str()) {
            open.extend(package.dependencies.into_keys());
        }
        components.push(Component {
            name: package.name,
            version: package.version,
            licence: package.license.unwrap_or_else(|| "no licence named".into()),
            authors: Vec::new(),
            folder,
        });
    }
    components.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(components)
}

/// The packages that a script imports.
fn imported(source: &str) -> Vec<String> {
    let specifiers = ["from '", "import '", "import('"].into_iter().flat_map(|word| source.split(word).skip(1));
    let mut names = Vec::new();
    for specifier in specifiers.filter_map(|rest| rest.split('\'').next()) {
        if specifier == REGISTER.0 {
            names.extend(REGISTER.1.map(str::to_owned));
        } else if !specifier.starts_with('.') && !specifier.contains([':', ' ', '\n']) {
            // The package is the first part of the path, or the first two behind an @.
            let parts = if specifier.starts_with('@') { 2 } else { 1 };
            names.push(specifier.split('/').take(parts).collect::<Vec<_>>().join("/"));
        }
    }
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_found_in_imports() {
        let source = "import { html } from 'lit';\nimport { property } from 'lit/decorators.js';\nimport type { A } from './a.js';\n\
                      import '@scope/package/part.js';\nimport { registerSW } from 'virtual:pwa-register';\nawait import('comlink');";
        assert_eq!(imported(source), ["@scope/package", "comlink", "lit", "vite-plugin-pwa", "workbox-window"]);
    }
}
