//! Commands of xtask that run beside the foreground, one after the other, with their output in a file.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow, bail};

use crate::process::say;

pub(crate) struct Background {
    log: PathBuf,
    running: JoinHandle<Result<()>>,
}

impl Background {
    /// Starts the commands; one that fails ends the rest.
    ///
    /// # Errors
    /// When the file for their output cannot be written.
    pub(crate) fn start(log: &str, commands: &[&[&str]]) -> Result<Self> {
        let log = Path::new(log).to_owned();
        if let Some(folder) = log.parent() {
            fs::create_dir_all(folder)?;
        }
        let output = File::create(&log).with_context(|| format!("{} could not be written", log.display()))?;
        let program = env::current_exe()?;
        let commands: Vec<Vec<String>> = commands.iter().map(|words| words.iter().map(ToString::to_string).collect()).collect();
        let running = thread::spawn(move || {
            for words in commands {
                let mut command = Command::new(&program);
                command.args(&words).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output.try_clone()?);
                let status = command.status()?;
                if !status.success() {
                    bail!("`cargo xtask {}` failed ({status})", words.join(" "));
                }
            }
            Ok(())
        });
        Ok(Self { log, running })
    }

    /// Waits for the last command; shows what all of them said, and gives it.
    ///
    /// # Errors
    /// That of the command that failed.
    pub(crate) fn wait(self) -> Result<String> {
        if !self.running.is_finished() {
            say(format!("waiting for what writes {}", self.log.display()));
        }
        let outcome = self.running.join().map_err(|_| anyhow!("the thread of the background commands ended"))?;
        let said = fs::read_to_string(&self.log)?;
        print!("{said}");
        outcome.map(|()| said)
    }
}
