//! The report as tables: for the terminal, and as docs/BENCHMARKS.md.

use std::fmt::Write as _;

use super::report::{MAX_ERROR, PageRow, Report, Row};

/// The picture beside the tables, from docs/.
pub(crate) const PLOT: &str = "images/bench-web.svg";

/// Aligned columns.
pub(crate) fn terminal(report: &Report) -> String {
    let mut lines = vec![["net", "tile", "threads", "engine", "median ms", "min ms", "to ORT", "difference", "runs"].map(str::to_owned)];
    lines.extend(report.rows.iter().map(|row| {
        [
            row.net.clone(),
            row.tile.to_string(),
            row.threads.to_string(),
            row.engine.clone(),
            milliseconds(row.ms_median),
            milliseconds(row.ms_min),
            row.ratio_to_ort.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            row.max_error.map_or("?".to_owned(), |error| format!("{error:.0e}")),
            row.runs.to_string(),
        ]
    }));
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells: Vec<String> = line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:>width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    for page in &report.pages {
        let _ =
            writeln!(text, "page {}, {} cache, line {}: {} ms, {} bytes", page.page, page.cache, page.line, milliseconds(page.ms_median), page.bytes);
    }
    text
}

/// docs/BENCHMARKS.md.
pub(crate) fn document(report: &Report, command: &str) -> String {
    let browser = report.rows.first().map_or("no browser", |row| &row.browser);
    let peers: Vec<String> = report.peers.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let mut text = format!(
        "# Benchmarks\n\n\
         Written by `{command}`, which measures and then writes this file and the plot; do not edit it.\n\n\
         - Machine: {}; {browser}, headless. Peers: {}.\n\
         - Milliseconds a tile, from the call to the result in JavaScript: upload, network and readback. The tile is the input's side.\n\
         - All engines run in one page, one after the other in every round, each round on another tile. Ratio: to ONNX Runtime Web on\n  \
         the same device; below 1 is faster.\n\
         - Two threads: eight tiles, ours on two workers with an instance each, the others with two threads on one tile after the other.\n\
         - `tiny` (16 channels, 8 convolutions, x2), `compact` (64 channels, 34 convolutions, x4) and, where none is shipped, `photo` have\n  \
         pseudo-random weights.\n",
        report.machine,
        peers.join(", "),
    );
    let of = |gpu: bool, threads: Option<u32>| -> Vec<&Row> {
        report.rows.iter().filter(|row| row.on_gpu() == gpu && threads.is_none_or(|count| row.threads == count)).collect()
    };
    let mut threads: Vec<u32> = report.rows.iter().map(|row| row.threads).collect();
    threads.sort_unstable();
    threads.dedup();
    for count in threads {
        let rows = of(false, Some(count));
        if !rows.is_empty() {
            let plot = if count == 1 { format!("![Time relative to ONNX Runtime Web]({PLOT})\n\n") } else { String::new() };
            let title = if count == 1 { "Processor, one thread".to_owned() } else { format!("Processor, {count} threads") };
            let _ = write!(text, "\n## {title}\n\n{plot}{}", engines(&rows));
        }
    }
    let gpu = of(true, None);
    if let Some(first) = gpu.first() {
        let _ = write!(text, "\n## WebGPU on {}\n\n", first.adapter);
        if first.adapter.to_lowercase().contains("swiftshader") {
            text.push_str(
                "An emulated GPU: a guard against regressions, not a claim about GPUs. Peers run fewer rounds, and only what ends in minutes.\n\n",
            );
        }
        text.push_str(&engines(&gpu));
    }
    text.push_str(&agreement(&report.rows));
    text.push_str(&pages(&report.pages));
    text
}

/// A line a case and a column an engine: `median / minimum / ratio`.
fn engines(rows: &[&Row]) -> String {
    let mut cases: Vec<(&str, u32, u32)> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        if !cases.contains(&row.case()) {
            cases.push(row.case());
        }
        if !names.contains(&row.engine.as_str()) {
            names.push(&row.engine);
        }
    }
    let mut text = format!("Median / minimum / ratio.\n\n| net, tile | {} |\n|---|{}\n", names.join(" | "), "---:|".repeat(names.len()));
    for case in cases {
        let cells: Vec<String> = names
            .iter()
            .map(|name| {
                rows.iter().find(|row| row.case() == case && row.engine == *name).map_or("-".to_owned(), |row| {
                    let ratio = row.ratio_to_ort.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
                    format!("{} / {} / {ratio}", milliseconds(row.ms_median), milliseconds(row.ms_min))
                })
            })
            .collect();
        let _ = writeln!(text, "| {} {} | {} |", case.0, case.1, cells.join(" | "));
    }
    text
}

fn agreement(rows: &[Row]) -> String {
    let mut worst: Vec<(&str, f64)> = Vec::new();
    for row in rows {
        let error = row.max_error.unwrap_or(f64::INFINITY);
        match worst.iter_mut().find(|(engine, _)| *engine == row.engine) {
            Some((_, largest)) => *largest = largest.max(error),
            None => worst.push((&row.engine, error)),
        }
    }
    let words: Vec<String> =
        worst.iter().filter(|(engine, _)| *engine != "ort-wasm").map(|(engine, error)| format!("{engine} {error:.1e}")).collect();
    if words.is_empty() {
        return String::new();
    }
    format!(
        "\n## Agreement\n\nLargest difference from `ort-wasm` in this run, on values of about 0..=1: {}. A run above {MAX_ERROR:e} fails.\n",
        words.join(", ")
    )
}

fn pages(rows: &[PageRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut text = "\n## First picture\n\n\
        From navigation to the finished PNG: a 512 x 512 picture made twice as large by photo-fast on the processor, on our page (`inlarge`),\n\
        on a minimal page with our library (`library`, benches/peers/library-page) and on the same with ONNX Runtime Web (`ort`, benches/peers/ort-page). One server, files in brotli; a script in the document hands the picture over, and\n\
        a new window, in which the browser loads pages of its own, is left alone for three seconds before. Line: what lies between the server\n\
        and the browser, nothing or the rate and the delay that Lighthouse takes for desktop computers. Ratio: to the median of `ort`. Bytes are\n\
        those of the bodies; what our service worker fetches besides, for visits without a network, is counted apart.\n\n\
        | line | page | cache | median ms | minimum ms | ratio | bytes | bytes for offline |\n|---|---|---|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for row in rows {
        let (median, minimum) = (milliseconds(row.ms_median), milliseconds(row.ms_min));
        let ratio = row.ratio_to_ort.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        let (line, page, cache) = (&row.line, &row.page, &row.cache);
        let _ = writeln!(text, "| {line} | {page} | {cache} | {median} | {minimum} | {ratio} | {} | {} |", row.bytes, row.bytes_for_offline);
    }
    text
}

/// Three figures are what such measurements give.
fn milliseconds(value: f64) -> String {
    match value {
        v if v < 10.0 => format!("{v:.2}"),
        v if v < 100.0 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::tests::report;

    #[test]
    fn every_row_is_in_the_terminal() {
        let text = terminal(&report("2e-6"));
        assert_eq!(text.lines().count(), 1 + 3 + 3, "{text}");
        let simd = text.lines().find(|line| line.contains("inlarge-simd")).unwrap();
        assert_eq!(simd.split_whitespace().collect::<Vec<_>>(), ["tiny", "64", "1", "inlarge-simd", "1.50", "1.00", "0.30", "2e-6", "2"]);
    }

    #[test]
    fn the_document_has_a_table_a_device() {
        let text = document(&report("2e-6"), "cargo xtask bench web --write");
        assert!(text.contains("## Processor, one thread\n"), "{text}");
        assert!(
            text.contains("| net, tile | ort-wasm | inlarge-simd |\n|---|---:|---:|\n| tiny 64 | 5.00 / 4.00 / 1.00 | 1.50 / 1.00 / 0.30 |"),
            "{text}"
        );
        assert!(text.contains("## WebGPU on swiftshader\n") && text.contains("| tiny 64 | 9.00 / 9.00 / - |"), "{text}");
        assert!(text.contains("inlarge-simd 2.0e-6, inlarge-gpu 1.0e-6"), "{text}");
        assert!(text.contains("| none | inlarge | cold | 800 | 700 | 0.40 | 500010 | 2000000 |"), "{text}");
        assert!(text.contains("onnxruntime-web 1.2.3"), "{text}");
    }

    #[test]
    fn what_was_not_measured_has_no_section() {
        let text = document(&Report::default(), "x");
        assert!(!text.contains("##") && !text.contains("NaN"), "{text}");
    }
}
