//! What users can ask of a job.

use crate::codec::encode::OutputFormat;
use crate::codec::{Density, MetadataPolicy};
use crate::finish::lock::Fidelity;
use crate::model::choice::Kind;

/// What to make of a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct JobOptions {
    /// Name of the input file, for the report.
    pub input: String,
    /// Name of the model, for the report.
    pub model: String,
    /// What the picture was taken for, where that chose the model; for the report.
    pub kind: Option<Kind>,
    /// Width and height of the result; `None`: what the networks make.
    pub size: Option<[u32; 2]>,
    /// Side of a tile in input pixels without its halo; `None` chooses by the engine.
    pub tile: Option<usize>,
    /// Largest buffer of the engine, in bytes.
    pub max_buffer_bytes: Option<u64>,
    /// Tiles that run at the same time.
    pub parallel: usize,
    /// File format of the result.
    pub format: OutputFormat,
    /// Quality of a lossy format, 1..=100.
    pub quality: u8,
    /// How faithful the result has to be; `None` chooses by the picture: a file that was compressed with loss, and what a network
    /// denoised, gets its tone locked, everything else is locked.
    pub fidelity: Option<Fidelity>,
    /// Whether to make the fidelity map.
    pub map: bool,
    /// Denoising of the input, 0..=1; a network that denoises by itself does it in the place of the filter here, as it was loaded to.
    pub denoise: f32,
    /// Sharpening of the result, 0..=1.
    pub sharpen: f32,
    /// Grain over the result, 0..=1.
    pub grain: f32,
    /// Seed of the grain.
    pub seed: u32,
    /// The picture is a texture whose opposite edges join.
    pub wrap: bool,
    /// Which metadata goes on with the result.
    pub metadata: MetadataPolicy,
    /// Pixels per unit of length that the result states; `None` keeps the file's own.
    pub density: Option<Density>,
}

impl Default for JobOptions {
    fn default() -> Self {
        Self {
            input: String::new(),
            model: String::new(),
            kind: None,
            size: None,
            tile: None,
            max_buffer_bytes: None,
            parallel: 1,
            format: OutputFormat::Png,
            quality: 90,
            fidelity: None,
            map: false,
            denoise: 0.0,
            sharpen: 0.0,
            grain: 0.0,
            seed: 0,
            wrap: false,
            metadata: MetadataPolicy::Keep,
            density: None,
        }
    }
}
