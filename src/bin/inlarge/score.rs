//! `inlarge score`.

use std::path::Path;

use inlarge::codec::decode;
use inlarge::image::Picture;
use inlarge::image::metrics::score;
use inlarge::{Error, Result};

use crate::args::ScoreArgs;

pub(crate) fn run(args: &ScoreArgs) -> Result<()> {
    let scored = score(&read(&args.reference)?, &read(&args.result)?, args.shave)?;
    if args.json {
        // JSON has no infinity: equal pictures have no finite PSNR.
        let psnr = scored.psnr_y.is_finite().then_some(scored.psnr_y);
        line!("{}", serde_json::json!({ "psnr_y": psnr, "ssim_y": scored.ssim_y, "shave": args.shave }));
    } else {
        line!("PSNR-Y {:.2} dB   SSIM-Y {:.4}", scored.psnr_y, scored.ssim_y);
    }
    Ok(())
}

fn read(path: &Path) -> Result<Picture> {
    let bytes =
        std::fs::read(path).map_err(|e| Error::decode(format!("{} cannot be read: {e}", path.display()), "Check the name and the permissions"))?;
    Ok(decode(&bytes)?.picture)
}
