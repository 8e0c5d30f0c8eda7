//! rustdoc on the library, for what it finds: cargo calls this program in place of rustdoc, as if to test the examples.
//!
//! `cargo doc` checks every dependency first. For tests of examples cargo hands rustdoc the library's dependencies as the
//! tests have compiled them: the same words without `--test` make the documentation, tract's part too, in seconds.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::lint::linted_cargo;
use crate::process::target_dir;

/// Set where this program is started in place of rustdoc: the folder for the pages.
const FOLDER: &str = "INLARGE_DOCS";
/// What makes rustdoc test examples; those with `true` are followed by a value.
const OF_TESTS: [(&str, bool); 5] =
    [("--test", false), ("--no-run", false), ("--test-run-directory", true), ("--test-args", true), ("--test-runtool", true)];

/// The command that documents the library of `package`, private items too; a warning is an error.
///
/// # Errors
/// When clippy, which compiles the library, is missing and cannot be installed.
pub(crate) fn command(package: &str) -> Result<Command> {
    let mut command = linted_cargo()?;
    command
        .args(["test", "--doc", "--package", package, "--features", "cli,tract"])
        .env("RUSTDOC", env::current_exe()?)
        .env(FOLDER, target_dir()?.join("doc"));
    Ok(command)
}

/// The folder for the pages and rustdoc's arguments, where cargo started this program in its place.
pub(crate) fn as_rustdoc() -> Option<(PathBuf, Vec<OsString>)> {
    env::var_os(FOLDER).map(|folder| (folder.into(), env::args_os().skip(1).collect()))
}

/// Documents, or answers what cargo asks of rustdoc otherwise, such as its version.
///
/// # Errors
/// When rustdoc cannot be started.
pub(crate) fn rustdoc(folder: &Path, arguments: &[OsString]) -> Result<ExitCode> {
    let status = Command::new("rustdoc").args(documenting(folder, arguments)).status().context("rustdoc could not be started")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn documenting(folder: &Path, arguments: &[OsString]) -> Vec<OsString> {
    if !arguments.iter().any(|word| word == "--test") {
        return arguments.to_vec();
    }
    let mut kept = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match OF_TESTS.iter().find(|(name, _)| word == name) {
            Some((_, true)) => drop(words.next()),
            Some(_) => {}
            None => kept.push(word.clone()),
        }
    }
    let ours: [&OsStr; 5] = ["--document-private-items".as_ref(), "--deny".as_ref(), "warnings".as_ref(), "--out-dir".as_ref(), folder.as_os_str()];
    kept.extend(ours.map(OsStr::to_owned));
    kept
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn words(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn only_tests_become_documentation() {
        let folder = Path::new("pages");
        assert_eq!(documenting(folder, &words(&["-vV"])), words(&["-vV"]));
        let given = words(&["--edition=2024", "--test", "src/lib.rs", "--test-run-directory", "here", "--cfg", "feature=\"simd\""]);
        let made = documenting(folder, &given);
        assert_eq!(made[..4], words(&["--edition=2024", "src/lib.rs", "--cfg", "feature=\"simd\""]));
        assert_eq!(made[4..], words(&["--document-private-items", "--deny", "warnings", "--out-dir", "pages"]));
    }

    #[test]
    fn a_link_to_nowhere_fails_and_clean_documentation_passes() {
        let folder = env::temp_dir().join(format!("inlarge-docs-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let passes = |link: &str| {
            let file = folder.join("sample.rs");
            fs::write(&file, format!("//! Sample.\n\n/// See [`{link}`].\npub fn sample() {{}}\n\nfn hidden() {{}}\n")).unwrap();
            let arguments = [OsString::from("--test"), "--crate-name=sample".into(), file.into_os_string()];
            let output = Command::new("rustdoc").args(documenting(&folder, &arguments)).output().unwrap();
            (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let [clean, broken] = ["sample", "nowhere"].map(passes);
        fs::remove_dir_all(&folder).unwrap();
        assert!(clean.0, "{}", clean.1);
        assert!(!broken.0 && broken.1.contains("nowhere"), "{}", broken.1);
    }
}
