//! The licence notices of what others wrote and we ship: gathered from the sources of the crates and npm packages that are
//! in page, npm package and program, into one text that goes along with all three.

mod crates;
mod packages;
mod texts;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::process::say;
use crate::tools;

/// Vite copies it to the site; `site.rs` to the npm package; the program carries it.
pub(crate) const FILE: &str = "www/public/licences.txt";

const HEAD: &str = "\
Inlarge is dual-licensed under MIT and Apache-2.0. Its page, its npm package and its program contain the following work of
others, under the licences that stand below each list. This software is based in part on the work of the Independent JPEG Group.
";
/// Above each list; no licence has such a line.
const RULE: &str = "======== under one licence ========";

/// A crate or npm package.
#[derive(Debug, Clone)]
pub(crate) struct Component {
    name: String,
    version: String,
    /// The SPDX expression of its manifest.
    licence: String,
    authors: Vec<String>,
    /// Where its sources lie.
    folder: PathBuf,
}

impl Component {
    /// Its line in the list.
    fn line(&self) -> String {
        format!("{} {} ({})", self.name, self.version, self.licence)
    }
}

/// Gathers the notices of all targets and writes them.
///
/// # Errors
/// When a crate or package has no notice, or cannot be listed.
pub(crate) fn write() -> Result<()> {
    tools::npm_packages()?;
    let components = [crates::of_all_targets()?, packages::bundled()?].concat();
    let text = render(&components)?;
    fs::write(FILE, &text).with_context(|| format!("{FILE} could not be written"))?;
    say(format!("{FILE}: {} crates and packages, {} bytes", components.len(), text.len()));
    Ok(())
}

/// Compares the notices with what this machine builds: program, wasm modules, scripts. Gives how many crates and packages.
///
/// # Errors
/// When one is missing, has changed, or stands there without being used any more.
pub(crate) fn check() -> Result<usize> {
    tools::npm_packages()?;
    let components = [crates::of_this_machine()?, packages::bundled()?].concat();
    let written = fs::read_to_string(FILE).with_context(|| format!("{FILE} could not be read"))?;
    let locks = fs::read_to_string("Cargo.lock")? + &fs::read_to_string("package-lock.json")?;
    let mut faults = faults(&components, &written)?;
    faults.extend(listed(&written).filter(|line| !is_locked(line, &locks)).map(|line| format!("{line} is not used any more")));
    if faults.is_empty() {
        return Ok(components.len());
    }
    bail!("{FILE} is not current: {}. `cargo xtask licences` writes it anew", faults.join("; "))
}

/// What the written notices lack of the components.
fn faults(components: &[Component], written: &str) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for component in components {
        let line = component.line();
        for text in texts::of(component)? {
            let group = written.split(RULE).find(|group| group.lines().any(|other| other == line) && group.contains(&text));
            if group.is_none() {
                faults.push(format!("the notice of {line} is missing"));
            }
        }
    }
    faults.dedup();
    Ok(faults)
}

/// Lines of components: between a rule and the empty line that follows.
fn listed(written: &str) -> impl Iterator<Item = &str> {
    written.split(RULE).skip(1).flat_map(|group| group.trim_start().lines().take_while(|line| !line.is_empty()))
}

/// Whether a lock file names the version.
fn is_locked(line: &str, locks: &str) -> bool {
    let mut words = line.split(' ');
    let (Some(name), Some(version)) = (words.next(), words.next()) else { return false };
    let cargo = format!("name = \"{name}\"\nversion = \"{version}\"");
    let npm = format!("\"node_modules/{name}\": {{\n      \"version\": \"{version}\"");
    name == crates::STANDARD_LIBRARY || locks.contains(&cargo) || locks.contains(&npm)
}

/// Each text once, below the components that ask for it.
fn render(components: &[Component]) -> Result<String> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for component in components {
        for text in texts::of(component)? {
            groups.entry(text).or_default().push(component.line());
        }
    }
    let mut groups: Vec<(Vec<String>, String)> = groups
        .into_iter()
        .map(|(text, mut lines)| {
            lines.sort();
            lines.dedup();
            (lines, text)
        })
        .collect();
    groups.sort();
    let written = groups.into_iter().map(|(lines, text)| format!("\n{RULE}\n{}\n\n{text}\n", lines.join("\n")));
    Ok(HEAD.to_owned() + &written.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component with a licence file, in a folder of its own.
    fn component(name: &str, licence: &str, text: &str) -> Component {
        let folder = std::env::temp_dir().join(format!("inlarge-licences-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("LICENSE"), text).unwrap();
        Component { name: name.into(), version: "1.0.0".into(), licence: licence.into(), authors: Vec::new(), folder }
    }

    #[test]
    fn a_missing_notice_is_found() {
        let mit = "MIT License\n\nPermission is hereby granted";
        let components = [component("a", "MIT", mit), component("b", "MIT", mit), component("c", "ISC", "Copyright C")];
        let written = render(&components).unwrap();
        assert_eq!(written.matches("Permission is hereby granted").count(), 1, "{written}");
        assert_eq!(listed(&written).collect::<Vec<_>>(), ["a 1.0.0 (MIT)", "b 1.0.0 (MIT)", "c 1.0.0 (ISC)"]);
        assert!(faults(&components, &written).unwrap().is_empty());
        for lost in ["b 1.0.0 (MIT)\n", "Copyright C"] {
            assert_eq!(faults(&components, &written.replace(lost, "")).unwrap().len(), 1, "{lost:?}");
        }
        let newer = Component { version: "1.0.1".into(), ..components[0].clone() };
        assert_eq!(faults(&[newer], &written).unwrap(), ["the notice of a 1.0.1 (MIT) is missing"]);
        for component in components {
            fs::remove_dir_all(component.folder).unwrap();
        }
    }

    #[test]
    fn what_no_lock_file_names_is_found() {
        let locks = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n    \"node_modules/@lit/x\": {\n      \"version\": \"2.0.0\",";
        assert!(is_locked("a 1.0.0 (MIT)", locks) && is_locked("@lit/x 2.0.0 (BSD-3-Clause)", locks));
        assert!(!is_locked("a 1.0.1 (MIT)", locks) && !is_locked("b 1.0.0 (MIT)", locks));
    }
}
