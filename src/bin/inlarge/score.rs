//! `inlarge score`.

use std::path::Path;

use inlarge::finish::Row;
use inlarge::finish::lock::InputRow;
use inlarge::finish::meter::Meter;
use inlarge::image::Picture;
use inlarge::image::metrics::score;
use inlarge::image::rows::channel_row;
use inlarge::{Error, Result};

use crate::args::ScoreArgs;
use crate::guard;

pub(crate) fn run(args: &ScoreArgs) -> Result<()> {
    let result = read(&args.result)?;
    let scored = score(&read(&args.reference)?, &result, args.shave)?;
    let lr_psnr = args.input.as_ref().map(|input| lr_psnr(read(input)?, &result, args.scale)).transpose()?;
    if args.json {
        // JSON has no infinity: equal pictures have no finite PSNR.
        let psnr = scored.psnr_y.is_finite().then_some(scored.psnr_y);
        line!("{}", serde_json::json!({ "psnr_y": psnr, "ssim_y": scored.ssim_y, "shave": args.shave, "lr_psnr": lr_psnr }));
    } else {
        let lr = lr_psnr.map(|psnr| format!("   LR-PSNR {psnr:.2} dB (bicubic)")).unwrap_or_default();
        line!("PSNR-Y {:.2} dB   SSIM-Y {:.4}{lr}", scored.psnr_y, scored.ssim_y);
    }
    Ok(())
}

/// How well `result`, scaled back down, is `input`, in dB.
fn lr_psnr(input: Picture, result: &Picture, scale: Option<u32>) -> Result<f64> {
    let factor = scale.unwrap_or(result.width / input.width).max(1);
    let (whole, colours) = ([input.width, input.height].map(|side| side.checked_mul(factor)), result.channels.colours());
    if whole != [Some(result.width), Some(result.height)] || input.channels.colours() != colours {
        return Err(Error::parameter(
            format!("{} x {} pixels are not {factor} times {} x {}", result.width, result.height, input.width, input.height),
            "Give the picture that the result was made of, of the same kind of colour, and a result of a whole scale",
        ));
    }
    let [width, height] = [input.width as usize, input.height as usize];
    let before: InputRow = Box::new(move |y, c, into| channel_row(&input, y, c, 0..width, into));
    let mut meter = Meter::new(factor as usize, [width, height], [0..width, 0..height], colours, 1.0, before);
    for y in 0..result.height as usize {
        let plane = |c: usize| {
            let mut plane = Vec::new();
            channel_row(result, y, c, 0..result.width as usize, &mut plane);
            plane
        };
        meter.push(Row { planes: (0..colours).map(plane).collect() });
    }
    meter.psnr().ok_or_else(|| Error::parameter("The pictures could not be compared", "Give whole pictures"))
}

/// The picture in a file.
pub(crate) fn read(path: &Path) -> Result<Picture> {
    let bytes =
        std::fs::read(path).map_err(|e| Error::decode(format!("{} cannot be read: {e}", path.display()), "Check the name and the permissions"))?;
    Ok(guard::decoded(&bytes)?.picture)
}
