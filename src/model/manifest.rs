//! The models that Inlarge ships: `models/manifest.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::choice::Kind;
use crate::error::{Error, Result};

/// Everything in the manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(all(target_arch = "wasm32", feature = "codec"), derive(tsify::Tsify))]
pub struct Manifest {
    /// Version of the format.
    pub version: u32,
    /// The name of the models that `auto` takes, by what a picture shows.
    pub auto: BTreeMap<Kind, String>,
    /// The models, one entry for each file.
    pub models: Vec<Entry>,
}

/// One model file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(all(target_arch = "wasm32", feature = "codec"), derive(tsify::Tsify))]
pub struct Entry {
    /// Unique name: `photo-fast-x2-bicubic`.
    pub id: String,
    /// The name that people choose: `photo-fast`.
    pub name: String,
    /// Enlargement factor.
    pub scale: usize,
    /// `bicubic` (the kernel of the published tables) or `web`.
    pub variant: String,
    /// File name beside the manifest.
    pub file: String,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file in hexadecimal.
    pub sha256: String,
    /// `luma` or `rgb`.
    pub colour: String,
    /// Receptive-field halo in input pixels.
    pub halo: usize,
    /// Kernel that made the training pictures small.
    pub kernel: String,
    /// Trained parameters in the file.
    pub parameters: u64,
    /// Multiply-adds per output pixel.
    pub macs_per_output_pixel: f64,
    /// The strongest denoising that it was trained for, where that can be chosen: its setting `denoise` goes from 0 up to this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denoise: Option<f32>,
    /// Licence of the weights.
    pub licence: String,
    /// File name of the model card.
    pub card: String,
    /// What it was trained on.
    pub data: Vec<String>,
    /// Scores by test set.
    pub scores: BTreeMap<String, SetScore>,
}

/// Mean scores over a test set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(all(target_arch = "wasm32", feature = "codec"), derive(tsify::Tsify))]
pub struct SetScore {
    /// PSNR on luma in dB.
    pub psnr_y: f64,
    /// SSIM on luma.
    pub ssim_y: f64,
}

impl Entry {
    /// The level that the network denoises by where a share of 0..=1 is asked for; `None` where it takes none, or as it is usual.
    pub fn denoise_level(&self, share: Option<f32>) -> Option<f32> {
        self.denoise.zip(share).map(|(most, share)| most * share)
    }
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// `Model` where the text is not a manifest of a known version.
    pub fn parse(json: &str) -> Result<Self> {
        let manifest: Self =
            serde_json::from_str(json).map_err(|e| Error::model(format!("The list of models cannot be read: {e}"), "Install Inlarge again"))?;
        if manifest.version == 1 {
            Ok(manifest)
        } else {
            Err(Error::model(format!("The list of models has version {}; this program reads version 1", manifest.version), "Install Inlarge again"))
        }
    }

    /// The name of the models that `auto` takes for a picture of `kind`.
    ///
    /// # Errors
    /// `Model` where the manifest names none.
    pub fn auto(&self, kind: Kind) -> Result<&str> {
        let lacking = || Error::model(format!("The list of models names none for {}", kind.name()), "Install Inlarge again");
        self.auto.get(&kind).map(String::as_str).ok_or_else(lacking)
    }

    fn named(&self, name: &str) -> Result<Vec<&Entry>> {
        let named: Vec<&Entry> = self.models.iter().filter(|m| m.name == name || m.id == name).collect();
        if named.is_empty() {
            let mut names: Vec<&str> = self.models.iter().map(|m| m.name.as_str()).collect();
            names.dedup();
            return Err(Error::parameter(format!("There is no model \"{name}\""), format!("Choose one of: {}", names.join(", "))));
        }
        Ok(named)
    }

    /// The entry for a model by name, scale and variant; a variant that the model lacks falls back to the one it has.
    ///
    /// # Errors
    /// `Parameter` names the models, or the scales of the model, that there are.
    pub fn find(&self, name: &str, scale: usize, variant: &str) -> Result<&Entry> {
        let named = self.named(name)?;
        let scaled = |m: &&&Entry| m.scale == scale;
        named.iter().filter(scaled).find(|m| m.variant == variant).or_else(|| named.iter().find(scaled)).copied().ok_or_else(|| {
            let mut scales: Vec<String> = named.iter().map(|m| m.scale.to_string()).collect();
            scales.dedup();
            Error::parameter(format!("The model \"{name}\" does not enlarge {scale} times"), format!("Choose a scale of {}", scales.join(" or ")))
        })
    }
}

/// The shipped models, carried by the binary.
#[cfg(feature = "models")]
pub mod shipped {
    use super::{Entry, Manifest};
    use crate::error::{Error, Result};
    use crate::model::Network;

    const MANIFEST: &str = include_str!("../../models/manifest.json");

    // `FILES: &[(&str, &[u8])]`, made from the manifest by build.rs.
    include!(concat!(env!("OUT_DIR"), "/models.rs"));

    /// The manifest.
    ///
    /// # Errors
    /// As [`Manifest::parse`].
    pub fn manifest() -> Result<Manifest> {
        Manifest::parse(MANIFEST)
    }

    /// The network of an entry, as its file is.
    ///
    /// # Errors
    /// As [`load_file`].
    pub fn load(entry: &Entry) -> Result<Network> {
        load_with(entry, None)
    }

    /// The network of an entry; where it can and something is said, it denoises by the share `denoise` in 0..=1.
    ///
    /// # Errors
    /// As [`load_file`].
    pub fn load_with(entry: &Entry, denoise: Option<f32>) -> Result<Network> {
        load_file(&entry.file, entry.denoise_level(denoise))
    }

    /// The network in a file; it denoises by the level `denoise` where one is given.
    ///
    /// # Errors
    /// `Model` where the binary does not carry the file, or as [`Network::from_onnx`].
    pub fn load_file(file: &str, denoise: Option<f32>) -> Result<Network> {
        let (_, bytes) = FILES
            .iter()
            .find(|(name, _)| *name == file)
            .ok_or_else(|| Error::model(format!("The file \"{file}\" is not part of this program"), "Install Inlarge again"))?;
        Network::from_onnx_with(bytes, denoise)
    }
}
