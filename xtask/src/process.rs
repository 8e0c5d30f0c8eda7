//! Running other programs, and telling the person what is being done.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};

static STDOUT_IS_SPARED: AtomicBool = AtomicBool::new(false);

/// From now on, what is said and what other programs show goes to standard error: standard output is for a machine.
pub(crate) fn spare_stdout() {
    STDOUT_IS_SPARED.store(true, Ordering::Relaxed);
}

/// Says in one line what is being done and why.
pub(crate) fn say(line: impl AsRef<str>) {
    if STDOUT_IS_SPARED.load(Ordering::Relaxed) {
        eprintln!("xtask: {}", line.as_ref());
    } else {
        println!("xtask: {}", line.as_ref());
    }
}

/// Runs a command with its output shown.
///
/// # Errors
/// When it cannot be started, or ends with another status than 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = describe(command);
    if STDOUT_IS_SPARED.load(Ordering::Relaxed) {
        command.stdout(io::stderr());
    }
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("{shown} could not be started"))?;
    if !status.success() {
        bail!("{shown} failed ({status})");
    }
    Ok(())
}

/// Runs a command and returns its standard output.
///
/// # Errors
/// When it cannot be started, or ends with another status than 0; the error carries what it
/// wrote to standard error.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let shown = describe(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{shown} could not be started"))?;
    if !output.status.success() {
        bail!("{shown} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The command as it would be typed, shortened to its program and first arguments.
fn describe(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().take(6).map(|a| a.to_string_lossy().into_owned()));
    format!("`{}`", words.join(" "))
}

/// `cargo`, the one that runs us. It builds where this program was built, whatever the environment says by now.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    if let Ok(folder) = target_dir() {
        command.env("CARGO_TARGET_DIR", folder);
    }
    command
}

/// `npm`, which on Windows is a script that only its full name starts.
pub(crate) fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// `npx` for the packages of package.json; it never installs others.
pub(crate) fn npx(tool: &str) -> Command {
    let mut command = Command::new(if cfg!(windows) { "npx.cmd" } else { "npx" });
    command.args(["--no-install", tool]);
    command
}

/// Where cargo puts what it builds: this program lies in `<there>/xtask/`.
///
/// # Errors
/// When the system does not say where this program lies.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let program = env::current_exe()?;
    Ok(program.ancestors().nth(2).context("xtask lies in no target folder: run it as `cargo xtask`")?.to_owned())
}

/// The full path of a program on PATH.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let name = if cfg!(windows) { format!("{program}.exe") } else { program.to_owned() };
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(&name)).find(|path| path.is_file())
}

/// All files below a folder, or the file itself, sorted by path.
///
/// # Errors
/// When a folder cannot be listed.
pub(crate) fn files_below(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).with_context(|| format!("{} could not be listed", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}
