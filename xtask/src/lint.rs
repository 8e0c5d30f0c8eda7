//! Clippy while the tests compile: cargo calls this program in place of rustc for the crates of this workspace.
//!
//! `cargo clippy` checks every dependency first, and the tests then compile all of them again. A compilation through
//! clippy's own compiler finds the same and gives the code as well.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::process::cargo;
use crate::tools;

/// `cargo`, with clippy on all that it compiles of this workspace, where a warning is an error.
///
/// # Errors
/// When clippy is missing and cannot be installed.
pub(crate) fn linted_cargo() -> Result<Command> {
    tools::component("clippy-driver", "clippy")?;
    let mut command = cargo();
    command.env("RUSTC_WORKSPACE_WRAPPER", env::current_exe()?);
    Ok(command)
}

/// The arguments of rustc, where cargo started this program in its place.
pub(crate) fn as_rustc() -> Option<Vec<OsString>> {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let program = arguments.first().map(Path::new)?;
    (program.file_stem() == Some(OsStr::new("rustc"))).then_some(arguments)
}

/// Compiles with clippy; the first argument is rustc's path.
///
/// # Errors
/// When clippy's compiler cannot be started.
pub(crate) fn rustc(arguments: &[OsString]) -> Result<ExitCode> {
    let status = driver(arguments).status().context("clippy-driver could not be started")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn driver(arguments: &[OsString]) -> Command {
    let mut command = Command::new("clippy-driver");
    command.args(arguments).args(["--deny", "warnings"]);
    command
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_finding_of_clippy_fails_the_compilation_and_clean_code_passes() {
        tools::component("clippy-driver", "clippy").unwrap();
        let folder = env::temp_dir().join(format!("inlarge-lint-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let passes = |source: &str| {
            let file = folder.join("sample.rs");
            fs::write(&file, source).unwrap();
            let arguments = [
                "rustc".as_ref(),
                file.as_os_str(),
                "--crate-type=lib".as_ref(),
                "--emit=metadata".as_ref(),
                "--out-dir".as_ref(),
                folder.as_os_str(),
            ];
            let output = driver(&arguments.map(OsStr::to_owned)).output().unwrap();
            (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let clean = passes("pub fn same(a: u32, b: u32) -> bool {\n    a == b\n}\n");
        let found = passes("pub fn same(a: &u32, b: &u32) -> bool {\n    if a == b { return true } else { return false }\n}\n");
        let warned = passes("pub fn same(a: u32, b: u32) {}\n");
        fs::remove_dir_all(&folder).unwrap();
        assert!(clean.0, "{}", clean.1);
        assert!(!found.0 && found.1.contains("clippy::"), "{}", found.1);
        assert!(!warned.0 && warned.1.contains("unused"), "{}", warned.1);
    }
}
