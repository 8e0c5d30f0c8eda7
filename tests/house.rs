//! The rules of the house that no compiler checks.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::code_only;

/// Past this a file is split: what is shipped, and the rest.
const MAX_LINES: [(&[&str], usize); 2] = [(&["src/", "www/"], 400), (&[""], 600)];
/// Files for people and machines that are made by tools, and have the length that they have.
const GENERATED: &[&str] = &["Cargo.lock", "package-lock.json"];
/// Written by us.
const SOURCES: &[&str] = &["rs", "ts", "mjs", "wgsl", "py", "css", "html", "md"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Text files of the repository: path and content. Needs git, as the repository itself does.
fn repository() -> Vec<(String, String)> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files of the repository");
    assert!(listed.status.success(), "git: {}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).expect("paths are UTF-8");
    let read = |name: &str| Some((name.to_owned(), fs::read_to_string(root().join(name)).ok()?));
    let files: Vec<_> = names.split('\0').filter(|name| !name.is_empty()).filter_map(read).collect();
    assert!(files.len() > 50, "only {} files were found", files.len());
    files
}

/// Of a file written by us: how many lines it has, where those are more than it may have.
fn lines_of_a_long_file(name: &str, text: &str) -> Option<String> {
    let ours = SOURCES.iter().any(|ending| name.ends_with(&format!(".{ending}")));
    let (_, most) = MAX_LINES.iter().find(|(folders, _)| folders.iter().any(|folder| name.starts_with(folder)))?;
    let lines = text.lines().count();
    (ours && lines > *most).then(|| format!("{name}: {lines} lines, {most} at most"))
}

#[test]
fn files_are_short() {
    let too_long: Vec<String> = repository().iter().filter_map(|(name, text)| lines_of_a_long_file(name, text)).collect();
    assert!(too_long.is_empty(), "split them: {too_long:#?}");
}

#[test]
fn a_long_file_is_found() {
    let lines = |count: usize| "x\n".repeat(count);
    for (name, most) in [("src/a.rs", 400), ("www/ui/a.ts", 400), ("tests/a.rs", 600), ("README.md", 600)] {
        assert_eq!(lines_of_a_long_file(name, &lines(most)), None, "{name}");
        assert!(lines_of_a_long_file(name, &lines(most + 1)).is_some(), "{name}");
    }
    assert_eq!(lines_of_a_long_file("src/backend/golden.bin", &lines(1000)), None);
}

/// Absolute paths of one machine, tests that do not run, and work that was put off.
fn faults(name: &str, text: &str) -> Vec<String> {
    let code = if Path::new(name).extension().is_some_and(|extension| extension == "rs") { code_only(text) } else { text.to_owned() };
    let mut found = Vec::new();
    for folder in ["work", "root", "home", "Users"] {
        let path = format!("/{folder}/");
        for (at, _) in text.match_indices(&path) {
            if !text[..at].ends_with(|c: char| c.is_alphanumeric() || "._-~)}/*".contains(c)) {
                found.push(format!("the path {path}..."));
            }
        }
    }
    let words: &[&str] = match name.rsplit('.').next() {
        Some("rs") => &["#[ignore"],
        Some("ts") => &["test.skip(", "test.only(", "describe.only(", "describe.skip(", "test.fixme("],
        Some("py") => &["@unittest.skip(", "@unittest.skipIf(", "unittest.expectedFailure"],
        _ => &[],
    };
    found.extend(words.iter().filter(|word| code.contains(*word)).map(|word| format!("a test that does not run: {word}")));
    if ["rs", "ts", "py", "wgsl", "css"].iter().any(|ending| name.ends_with(&format!(".{ending}"))) {
        let put_off = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("HA", "CK:")];
        found.extend(put_off.iter().filter(|word| text.contains(*word)).map(|word| format!("work that was put off: {word}")));
    }
    found
}

#[test]
fn nothing_is_left_behind() {
    let found: Vec<String> = repository()
        .into_iter()
        .filter(|(name, _)| !GENERATED.contains(&name.as_str()) && name != "tests/house.rs")
        .flat_map(|(name, text)| faults(&name, &text).into_iter().map(move |fault| format!("{name}: {fault}")))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn what_is_left_behind_is_found() {
    assert_eq!(faults("a.md", "run \"/home/me/x\"").len(), 1);
    assert_eq!(faults("a.rs", "#[ignore]\nfn f() {}").len(), 1);
    assert_eq!(faults("a.ts", "test.only('x', () => {})").len(), 1);
    assert_eq!(faults("a.py", concat!("# TO", "DO later")).len(), 1);
    assert!(faults("a.rs", "// an #[ignore] in words, and https://x.org/home/y").is_empty());
}

/// wasm-bindgen's two halves speak a private format: one version, in Cargo.toml and for xtask.
#[test]
fn wasm_bindgen_has_one_version() {
    let pinned = |file: &str, name: &str| {
        let manifest = fs::read_to_string(root().join(file)).expect("a manifest can be read");
        let line = manifest.lines().find(|line| line.split('=').next().is_some_and(|key| key.trim() == name));
        let line = line.unwrap_or_else(|| panic!("{file} does not name {name}"));
        line.split('"').nth(1).expect("a version stands in quotes").to_owned()
    };
    let library = pinned("Cargo.toml", "wasm-bindgen");
    assert!(library.starts_with('='), "wasm-bindgen is pinned exactly: {library}");
    assert_eq!(library, pinned("xtask/Cargo.toml", "wasm-bindgen-cli-support"));
    assert_eq!(library, pinned("tests/suite/Cargo.toml", "wasm-bindgen"));
}

/// The licence texts and the version stand once each.
#[test]
fn the_version_is_written_once() {
    let version = env!("CARGO_PKG_VERSION");
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).expect("CHANGELOG.md can be read");
    assert!(changelog.contains("## [Unreleased]"), "CHANGELOG.md has no section for what comes next");
    let written: Vec<String> = repository()
        .into_iter()
        .filter(|(name, _)| name.ends_with("Cargo.toml") || name == "package.json")
        .filter(|(_, text)| text.lines().any(|line| line.trim().trim_start_matches('"').starts_with("version") && line.contains(version)))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(written, ["Cargo.toml"], "the version {version} is written in more than one place");
}
