//! What is said of pictures: lines for people, or JSON.

use std::io::{IsTerminal, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use inlarge::Error;
use inlarge::order::plan::{Plan, bytes as in_words};
use inlarge::pipeline::Report;

use crate::args::EnlargeArgs;

pub(crate) fn report_estimate(args: &EnlargeArgs, input: &Path, plan: &Plan) {
    let Plan { width, height, memory_bytes, bytes, most_bytes, .. } = *plan;
    let seconds = plan.seconds.unwrap_or_default();
    if args.json {
        line!(
            "{}",
            serde_json::json!({ "input": input.display().to_string(), "width": width, "height": height, "seconds": seconds,
                "memory_bytes": memory_bytes, "file_bytes": bytes, "most_file_bytes": most_bytes })
        );
        return;
    }
    line!(
        "{}  {width} x {height}, about {seconds:.1} s, {} of memory, {} on disk, at the most {}",
        input.display(),
        in_words(memory_bytes as f64),
        in_words(bytes as f64),
        in_words(most_bytes as f64)
    );
}

pub(crate) fn progress_bar(args: &EnlargeArgs, input: &Path, tiles: usize) -> ProgressBar {
    if args.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let name = input.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let style = ProgressStyle::with_template("{msg}  {wide_bar}  {pos}/{len} tiles  {eta} left").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(tiles as u64).with_style(style).with_message(name)
}

pub(crate) fn report_done(args: &EnlargeArgs, report: &Report) {
    if args.json {
        match serde_json::to_string(report) {
            Ok(line) => line!("{line}"),
            Err(error) => eprintln!("inlarge: the report cannot be written: {error}"),
        }
        return;
    }
    let taken_for = report.kind.map(|kind| format!(" for {}", kind.name())).unwrap_or_default();
    line!(
        "{}  {} x {}, {}{taken_for} on {} ({}), {:.1} s",
        report.output,
        report.width,
        report.height,
        report.model,
        report.backend,
        report.adapter,
        report.seconds
    );
    for warning in &report.warnings {
        eprintln!("inlarge: {}: {warning}", report.input);
    }
    let _ = std::io::stdout().flush();
}

pub(crate) fn report_error(args: &EnlargeArgs, input: Option<&Path>, error: &Error) {
    let name = input.map(|i| i.display().to_string());
    if args.json {
        line!("{}", serde_json::json!({ "input": name, "error": { "kind": error.kind(), "message": error.to_string() } }));
    } else {
        let prefix = name.map(|n| format!("{n}: ")).unwrap_or_default();
        eprintln!("inlarge: {prefix}{error}");
    }
}
