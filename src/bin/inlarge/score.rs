//! `inlarge score`.

use std::path::Path;

use inlarge::codec::decode;
use inlarge::finish::Row;
use inlarge::finish::meter::Meter;
use inlarge::image::Picture;
use inlarge::image::metrics::score;
use inlarge::{Error, Result};

use crate::args::ScoreArgs;

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
    let row = |picture: &Picture, y: usize, c: usize| -> Vec<f32> {
        let (width, count) = (picture.width as usize, picture.channels.count());
        (y * width..(y + 1) * width).map(|p| picture.samples.unit(p * count + c)).collect()
    };
    let [width, height] = [input.width as usize, input.height as usize];
    let mut meter = Meter::new(factor as usize, width, height, colours, Box::new(move |y, c, into| into.extend(row(&input, y, c))));
    for y in 0..result.height as usize {
        meter.push(Row { planes: (0..colours).map(|c| row(result, y, c)).collect() });
    }
    meter.psnr().ok_or_else(|| Error::parameter("The pictures could not be compared", "Give whole pictures"))
}

fn read(path: &Path) -> Result<Picture> {
    let bytes =
        std::fs::read(path).map_err(|e| Error::decode(format!("{} cannot be read: {e}", path.display()), "Check the name and the permissions"))?;
    Ok(decode(&bytes)?.picture)
}
