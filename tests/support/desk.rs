//! A folder in which the command line runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use inlarge::codec::decode;
use inlarge::image::Picture;
use tempfile::TempDir;

pub(crate) struct Desk {
    pub(crate) folder: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, file: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, file).unwrap();
        path
    }

    /// Runs the command line in the folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_inlarge")).env_remove("RUST_BACKTRACE").args(arguments).current_dir(self.folder.path()).output().unwrap()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(crate) fn read(path: &Path) -> Picture {
    decode(&fs::read(path).unwrap()).unwrap().picture
}

/// One clear sentence: named input, no trace of a panic, ends in a full stop, at most two lines.
pub(crate) fn assert_clear(name: &str, output: &Output) {
    let said = text(output);
    assert_eq!(output.status.code(), Some(1), "{name}: {said}");
    assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{name}: {said}");
    assert!(said.starts_with("inlarge: ") && said.trim_end().ends_with('.') && said.lines().count() <= 2, "{name}: {said}");
}
