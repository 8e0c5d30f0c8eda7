//! `inlarge models`.

use inlarge::model::manifest::shipped;
use inlarge::{Error, Result};

use crate::args::JsonArgs;

pub(crate) fn run(args: &JsonArgs) -> Result<()> {
    let manifest = shipped::manifest()?;
    if args.json {
        let text = serde_json::to_string_pretty(&manifest).map_err(|e| Error::encode(e.to_string(), ""))?;
        line!("{text}");
        return Ok(());
    }
    line!("{:<24} {:>5}  {:<8} {:>6} {:>9}  {:<22} licence", "model", "scale", "variant", "KiB", "parameters", "PSNR-Y (dB)");
    for model in &manifest.models {
        let scores: Vec<String> = model.scores.iter().map(|(set, s)| format!("{set} {:.2}", s.psnr_y)).collect();
        line!(
            "{:<24} {:>5}  {:<8} {:>6} {:>9}  {:<22} {}",
            model.id,
            model.scale,
            model.variant,
            model.bytes.div_ceil(1024),
            model.parameters,
            scores.join(", "),
            model.licence
        );
    }
    Ok(())
}
