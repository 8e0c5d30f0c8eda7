//! What `cargo xtask bench web` reports: medians of the driver's samples, their ratios, and whether the engines agree.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

/// Largest difference of an engine's output from ONNX Runtime Web's on the CPU that still counts as the same result.
/// Values are of the order of 1; single precision through 34 layers costs a few 1e-5.
pub(crate) const MAX_ERROR: f64 = 1e-3;

/// The engine that all CPU engines are compared with, and the one for WebGPU.
const REFERENCES: [&str; 2] = ["ort-wasm", "ort-webgpu"];

/// What benches/peers/driver.mjs writes.
#[derive(Debug, Deserialize)]
pub(crate) struct Measured {
    browser: String,
    adapter: Option<String>,
    results: Vec<Samples>,
    failures: Vec<Failure>,
    pages: Vec<Visit>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Samples {
    net: String,
    tile: u32,
    threads: u32,
    engine: String,
    /// Milliseconds a tile, one a round.
    ms: Vec<f64>,
    tiles: u32,
    /// `null` where the outputs could not be compared.
    max_error: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Visit {
    line: String,
    page: String,
    cache: String,
    ms: f64,
    bytes: u64,
    offline: u64,
}

/// An engine that dropped out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) engine: String,
    pub(crate) net: String,
    pub(crate) tile: u32,
    pub(crate) threads: u32,
    pub(crate) message: String,
}

/// The JSON of `--json`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    pub(crate) pages: Vec<PageRow>,
    pub(crate) failures: Vec<Failure>,
    /// Processor, cores and system.
    pub(crate) machine: String,
    /// Package and version of each peer.
    pub(crate) peers: BTreeMap<String, String>,
}

/// One engine on one network, tile size and number of threads.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) browser: String,
    /// `cpu`, or what WebGPU says of its adapter.
    pub(crate) adapter: String,
    pub(crate) net: String,
    /// Side in pixels of the input.
    pub(crate) tile: u32,
    pub(crate) threads: u32,
    pub(crate) engine: String,
    /// Milliseconds a tile, upload and readback included.
    pub(crate) ms_median: f64,
    pub(crate) ms_min: f64,
    /// Rounds.
    pub(crate) runs: usize,
    /// Tiles that a round's time is the mean of.
    pub(crate) tiles_per_run: u32,
    /// `ms_median` over that of ONNX Runtime Web on the same device.
    pub(crate) ratio_to_ort: Option<f64>,
    /// Largest absolute difference from `ort-wasm`; none where the outputs could not be compared.
    pub(crate) max_error: Option<f64>,
}

/// Visits to a page, from navigation to the finished picture.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PageRow {
    /// What lay between the server and the browser: its rate and delay, or `none`.
    pub(crate) line: String,
    /// `inlarge`, `library` or `ort`.
    pub(crate) page: String,
    /// `cold` or `warm`.
    pub(crate) cache: String,
    pub(crate) ms_median: f64,
    pub(crate) ms_min: f64,
    /// `ms_median` over that of the page with ONNX Runtime Web.
    pub(crate) ratio_to_ort: Option<f64>,
    pub(crate) runs: usize,
    /// Bodies as sent, in brotli, until the picture was finished; the most of all visits.
    pub(crate) bytes: u64,
    /// What the service worker fetched besides, for visits without a network.
    pub(crate) bytes_for_offline: u64,
}

impl Report {
    pub(crate) fn new(measured: Measured, machine: String, peers: BTreeMap<String, String>) -> Self {
        let adapter = measured.adapter.unwrap_or_default();
        let mut rows: Vec<Row> = measured
            .results
            .into_iter()
            .map(|samples| Row {
                browser: measured.browser.clone(),
                adapter: if on_gpu(&samples.engine) { adapter.clone() } else { "cpu".to_owned() },
                net: samples.net,
                tile: samples.tile,
                threads: samples.threads,
                engine: samples.engine,
                ms_median: rounded(median(&samples.ms)),
                ms_min: rounded(minimum(&samples.ms)),
                runs: samples.ms.len(),
                tiles_per_run: samples.tiles,
                ratio_to_ort: None,
                max_error: samples.max_error,
            })
            .collect();
        let references: Vec<Row> = rows.iter().filter(|row| REFERENCES.contains(&row.engine.as_str())).cloned().collect();
        for row in &mut rows {
            let reference = references.iter().find(|other| other.case() == row.case() && other.adapter == row.adapter);
            row.ratio_to_ort = reference.map(|other| rounded(row.ms_median / other.ms_median));
        }
        Self { rows, pages: page_rows(&measured.pages), failures: measured.failures, machine, peers }
    }

    /// Whether every engine ran, and gave what the others gave.
    ///
    /// # Errors
    /// Lists the engines that did not.
    pub(crate) fn judge(&self) -> Result<()> {
        let dropped = self.failures.iter().map(|f| format!("{} on {} {} with {} threads: {}", f.engine, f.net, f.tile, f.threads, f.message));
        let wrong = self.rows.iter().filter(|row| row.max_error.is_none_or(|error| error > MAX_ERROR)).map(|row| {
            let error = row.max_error.map_or("more than any number".to_owned(), |error| format!("{error:e}"));
            format!("{} on {} {} with {} threads differs from ort-wasm by {error}, over {MAX_ERROR:e}", row.engine, row.net, row.tile, row.threads)
        });
        let faults: Vec<String> = dropped.chain(wrong).collect();
        if faults.is_empty() { Ok(()) } else { bail!("{} measurements are void:\n  {}", faults.len(), faults.join("\n  ")) }
    }
}

impl Row {
    /// What engines are compared on.
    pub(crate) fn case(&self) -> (&str, u32, u32) {
        (&self.net, self.tile, self.threads)
    }

    pub(crate) fn on_gpu(&self) -> bool {
        on_gpu(&self.engine)
    }
}

fn on_gpu(engine: &str) -> bool {
    engine.ends_with("gpu")
}

fn page_rows(visits: &[Visit]) -> Vec<PageRow> {
    let mut rows: Vec<PageRow> = Vec::new();
    for visit in visits {
        if rows.iter().any(|row| (&row.line, &row.page, &row.cache) == visit.case()) {
            continue;
        }
        let same: Vec<&Visit> = visits.iter().filter(|other| other.case() == visit.case()).collect();
        let ms: Vec<f64> = same.iter().map(|visit| visit.ms).collect();
        rows.push(PageRow {
            line: visit.line.clone(),
            page: visit.page.clone(),
            cache: visit.cache.clone(),
            ms_median: rounded(median(&ms)),
            ms_min: rounded(minimum(&ms)),
            ratio_to_ort: None,
            runs: ms.len(),
            bytes: same.iter().map(|visit| visit.bytes).max().unwrap_or_default(),
            bytes_for_offline: same.iter().map(|visit| visit.offline).max().unwrap_or_default(),
        });
    }
    let references: Vec<PageRow> = rows.iter().filter(|row| row.page == "ort").cloned().collect();
    for row in &mut rows {
        let reference = references.iter().find(|other| (&other.line, &other.cache) == (&row.line, &row.cache));
        row.ratio_to_ort = reference.map(|other| rounded(row.ms_median / other.ms_median));
    }
    rows
}

impl Visit {
    /// What visits are alike in.
    fn case(&self) -> (&String, &String, &String) {
        (&self.line, &self.page, &self.cache)
    }
}

/// The middle of the sorted values, or the mean of the two in the middle; not a number where there are none.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match sorted.as_slice() {
        [] => f64::NAN,
        odd if odd.len() % 2 == 1 => odd[half],
        even => f64::midpoint(even[half - 1], even[half]),
    }
}

fn minimum(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NAN, f64::min)
}

/// To a thousandth: more digits would be noise.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Two engines on the CPU, with the error given for the second, and one on WebGPU.
    pub(crate) fn report(max_error: &str) -> Report {
        let json = format!(
            r#"{{"browser": "Chromium 1", "adapter": "swiftshader", "failures": [], "results": [
                {{"net": "tiny", "tile": 64, "threads": 1, "engine": "ort-wasm", "ms": [5, 4, 30], "tiles": 4, "maxError": 0}},
                {{"net": "tiny", "tile": 64, "threads": 1, "engine": "inlarge-simd", "ms": [2, 1], "tiles": 4, "maxError": {max_error}}},
                {{"net": "tiny", "tile": 64, "threads": 1, "engine": "inlarge-gpu", "ms": [9], "tiles": 1, "maxError": 1e-6}}],
              "pages": [{{"line": "none", "page": "inlarge", "cache": "cold", "ms": 900, "bytes": 500000, "offline": 2000000}},
                {{"line": "none", "page": "inlarge", "cache": "cold", "ms": 700, "bytes": 500010, "offline": 2000000}},
                {{"line": "slow", "page": "inlarge", "cache": "cold", "ms": 1500, "bytes": 500000, "offline": 2000000}},
                {{"line": "none", "page": "ort", "cache": "cold", "ms": 2000.25, "bytes": 3000000, "offline": 0}}]}}"#
        );
        let peers = [("onnxruntime-web".to_owned(), "1.2.3".to_owned())].into();
        Report::new(serde_json::from_str(&json).unwrap(), "a <machine>".to_owned(), peers)
    }

    #[test]
    fn medians_and_minima() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
        assert_eq!(minimum(&[3.0, 1.0, 2.0]), 1.0);
    }

    #[test]
    fn ratios_are_to_ort_on_the_same_device() {
        let report = report("2e-6");
        let [ort, simd, gpu] = report.rows.as_slice() else { panic!("{:?}", report.rows) };
        assert_eq!((ort.ms_median, ort.ms_min, ort.runs, ort.ratio_to_ort), (5.0, 4.0, 3, Some(1.0)));
        assert_eq!((simd.ms_median, simd.adapter.as_str(), simd.ratio_to_ort), (1.5, "cpu", Some(0.3)));
        assert_eq!((gpu.adapter.as_str(), gpu.ratio_to_ort), ("swiftshader", None));
        report.judge().unwrap();
    }

    #[test]
    fn visits_to_a_page_are_one_row() {
        let pages = report("0").pages;
        assert_eq!(pages.len(), 3);
        assert_eq!((pages[0].ms_median, pages[0].ms_min, pages[0].runs, pages[0].bytes), (800.0, 700.0, 2, 500_010));
        assert_eq!(pages.iter().map(|row| row.ratio_to_ort).collect::<Vec<_>>(), [Some(0.4), None, Some(1.0)]);
    }

    #[test]
    fn an_engine_that_computes_something_else_fails_the_run() {
        for wrong in ["2e-3", "null"] {
            let error = report(wrong).judge().unwrap_err().to_string();
            assert!(error.contains("inlarge-simd on tiny 64") && !error.contains("inlarge-gpu"), "{error}");
        }
    }

    #[test]
    fn an_engine_that_dropped_out_fails_the_run() {
        let failure = Failure { engine: "tfjs-wasm".into(), net: "tiny".into(), tile: 64, threads: 2, message: "no memory".into() };
        let report = Report { failures: vec![failure], ..report("0") };
        assert!(report.judge().unwrap_err().to_string().contains("no memory"));
    }

    #[test]
    fn the_json_has_the_keys_that_scripts_read() {
        let json = serde_json::to_value(report("0")).unwrap();
        for key in ["browser", "adapter", "net", "tile", "threads", "engine", "ms_median", "ms_min", "runs"] {
            assert!(json["rows"][0].get(key).is_some(), "{key}");
        }
        let _: Report = serde_json::from_value(json).unwrap();
    }
}
