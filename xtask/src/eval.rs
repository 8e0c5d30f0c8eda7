//! `cargo xtask eval [MODEL...]`: the shipped models through our own engine, and `docs/MODELS.md` from what they score.

use std::process::Command;

use anyhow::Result;

use crate::process::{run, say};
use crate::{suite, tools};

/// Measures the models named, or all, and writes their sections of the document.
///
/// # Errors
/// When the command line cannot be built, a test set, tesseract or a font is missing, or a model is not known.
pub(crate) fn eval(models: &[String]) -> Result<()> {
    let engine = suite::command_line()?;
    say("measuring the shipped models with our own engine, for docs/MODELS.md");
    run(Command::new(tools::python()?).args(["-m", "training.report.models_report"]).arg(engine).args(models))
}
