//! What a job did, as `--json` prints it and as `result.report` gives it.

use serde::Serialize;

/// One finished picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Name of the input file.
    pub input: String,
    /// Name of the output file; empty until it has one.
    pub output: String,
    /// Width of the result in pixels.
    pub width: u32,
    /// Height of the result in pixels.
    pub height: u32,
    /// Enlargement factor.
    pub scale: usize,
    /// Model that was used.
    pub model: String,
    /// Engine that was used: `gpu tract reference`.
    pub backend: String,
    /// Device in words.
    pub adapter: String,
    /// Tiles that were computed, the passes for alpha included.
    pub tiles: usize,
    /// Wall-clock time of the job.
    pub seconds: f64,
    /// PSNR of the result scaled back down against the input, in dB; not measured yet.
    pub lr_psnr: Option<f64>,
    /// What the user should know.
    pub warnings: Vec<String>,
}
