//! What a job did, as `--json` prints it and as `result.report` gives it.

use serde::Serialize;

use crate::finish::lock::Fidelity;
use crate::model::choice::Kind;

/// One finished picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[non_exhaustive]
pub struct Report {
    /// Name of the input file.
    pub input: String,
    /// Name of the output file; empty until it has one.
    pub output: String,
    /// Width of the result in pixels.
    pub width: u32,
    /// Height of the result in pixels.
    pub height: u32,
    /// Enlargement factor: width of the result to width of the input.
    pub scale: f64,
    /// Factors of the networks' passes; what their product is more than `scale` was resampled.
    pub passes: Vec<usize>,
    /// Model that was used.
    pub model: String,
    /// What the picture was taken for, where that chose the model.
    pub kind: Option<Kind>,
    /// Engine that was used: `gpu tract reference`.
    pub backend: String,
    /// Device in words.
    pub adapter: String,
    /// Tiles that were computed, the passes for alpha included.
    pub tiles: usize,
    /// Wall-clock time of the job.
    pub seconds: f64,
    /// The lock that was used.
    pub fidelity: Fidelity,
    /// LR-PSNR: PSNR in dB, at most 100, of the networks' result scaled back down against the input, over all samples of colour;
    /// `None` where no network ran.
    pub lr_psnr: Option<f64>,
    /// Kernel that scaled it back down.
    pub lr_kernel: &'static str,
    /// What the user should know.
    pub warnings: Vec<String>,
}
