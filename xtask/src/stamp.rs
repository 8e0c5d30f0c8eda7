//! Stamps: what a step read, as a hash, so that the step runs again only when that changed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::process::files_below;

const FOLDER: &str = ".cache/stamps";

/// The hash of a step's inputs: files, folders, and words such as options and versions.
#[derive(Default)]
pub(crate) struct Inputs(Sha256);

impl Inputs {
    /// Adds a word.
    pub(crate) fn word(mut self, word: &str) -> Self {
        self.0.update((word.len() as u64).to_le_bytes());
        self.0.update(word);
        self
    }

    /// Adds the content of a file, or of all files below a folder; one that is not there counts as such.
    ///
    /// # Errors
    /// When something that is there cannot be read.
    pub(crate) fn path(mut self, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if !path.exists() {
            return Ok(self.word("absent").word(&path.to_string_lossy()));
        }
        for file in files_below(path)? {
            let content = fs::read(&file).with_context(|| format!("{} could not be read", file.display()))?;
            self = self.word(&file.to_string_lossy());
            self.0.update((content.len() as u64).to_le_bytes());
            self.0.update(content);
        }
        Ok(self)
    }

    /// The hash in hexadecimal digits.
    pub(crate) fn digest(self) -> String {
        self.0.finalize().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    }
}

/// The record that a step was done, under the step's name.
pub(crate) struct Stamp(PathBuf);

impl Stamp {
    pub(crate) fn of(step: &str) -> Self {
        Self(Path::new(FOLDER).join(step))
    }

    /// Whether the step was done with these inputs and nothing it made was removed since.
    pub(crate) fn holds(&self, digest: &str, made: &[PathBuf]) -> bool {
        self.read().as_deref() == Some(digest) && made.iter().all(|path| path.exists())
    }

    /// What was recorded.
    pub(crate) fn read(&self) -> Option<String> {
        fs::read_to_string(&self.0).ok()
    }

    /// Records that the step was done.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub(crate) fn set(&self, digest: &str) -> Result<()> {
        fs::create_dir_all(FOLDER)?;
        fs::write(&self.0, digest).with_context(|| format!("{} could not be written", self.0.display()))
    }
}
