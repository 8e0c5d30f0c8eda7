//! How large a result is to be, and by which passes of networks it gets there.
//!
//! Passes enlarge by whole factors until they reach the size that is asked for or pass it, never less: then nothing of the
//! input is lost. Of the chains that do, the one with the least work is taken. What is too much afterwards is one resampling.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::codec::INCH;
use crate::error::{Error, Result};
use crate::named::unknown;

/// Most that a picture is enlarged by.
pub const MAX_FACTOR: f64 = 16.0;
/// Most passes of one job.
const MAX_PASSES: usize = 4;

/// The size that is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Size {
    /// So many times the input, each way.
    Factor(f64),
    /// So many pixels wide.
    Width(u32),
    /// So many pixels high.
    Height(u32),
    /// So many pixels at the longer side.
    LongEdge(u32),
    /// So many millions of pixels.
    Megapixels(f64),
    /// As large as fits into width x height, either way round.
    Fit(u32, u32),
    /// As large as fits onto a sheet, either way round.
    Print(Print),
}

/// A sheet of paper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Print {
    /// Width in inches.
    pub width: f64,
    /// Height in inches.
    pub height: f64,
    /// Pixels for each inch.
    pub dpi: f64,
}

impl Size {
    /// Width and height in pixels of the result for an input of `width` x `height`.
    ///
    /// # Errors
    /// `Parameter` for a size that is zero, beyond [`MAX_FACTOR`], or no number.
    pub fn of(self, [width, height]: [u32; 2]) -> Result<[u32; 2]> {
        let (w, h) = (f64::from(width), f64::from(height));
        let fit = |a: f64, b: f64| {
            let (long, short) = (a.max(b), a.min(b));
            (long / w.max(h)).min(short / w.min(h))
        };
        let factor = match self {
            Self::Factor(factor) => factor,
            Self::Width(width) => f64::from(width) / w,
            Self::Height(height) => f64::from(height) / h,
            Self::LongEdge(edge) => f64::from(edge) / w.max(h),
            Self::Megapixels(millions) => (millions * 1e6 / (w * h)).sqrt(),
            Self::Fit(a, b) => fit(f64::from(a), f64::from(b)),
            Self::Print(Print { width, height, dpi }) => fit((width * dpi).round(), (height * dpi).round()),
        };
        // A side that was asked for may be a rounding more than the whole factor.
        let side = |side: f64| (side * factor).round().max(1.0);
        let most = MAX_FACTOR * (1.0 + 1e-6) + 0.5 / w.min(h);
        if !factor.is_finite() || factor <= 0.0 {
            check_factor(factor)?;
        }
        if factor > most {
            return Err(Error::parameter(
                format!(
                    "The result would be {factor:.1} times as large as the picture of {width} x {height}; a network has nothing to say beyond {MAX_FACTOR} times"
                ),
                format!("Choose at most {} x {} pixels", f64::from(width) * MAX_FACTOR, f64::from(height) * MAX_FACTOR),
            ));
        }
        let exact = match self {
            Self::Width(to) => [f64::from(to), side(h)],
            Self::LongEdge(to) if width >= height => [f64::from(to), side(h)],
            Self::Height(to) | Self::LongEdge(to) => [side(w), f64::from(to)],
            _ => [side(w), side(h)],
        };
        if exact.iter().any(|&side| side > f64::from(u32::MAX)) {
            return Err(Error::limits(format!("The result would have {} x {} pixels", exact[0], exact[1]), "Choose a smaller size"));
        }
        Ok(exact.map(|side| side as u32))
    }

    /// The largest factor that the input's sides come to, for choosing passes.
    fn factor(input: [u32; 2], size: [u32; 2]) -> f64 {
        (0..2).map(|i| f64::from(size[i]) / f64::from(input[i])).fold(0.0, f64::max)
    }
}

/// Checks a factor that is asked for, before there is a picture.
///
/// # Errors
/// `Parameter` where it is not above 0 and up to [`MAX_FACTOR`].
pub fn check_factor(factor: f64) -> Result<()> {
    if factor > 0.0 && factor <= MAX_FACTOR {
        return Ok(());
    }
    Err(Error::parameter(format!("A size of {factor} times the picture was asked for"), format!("Choose a factor of up to {MAX_FACTOR}")))
}

/// An exact size as users ask for it: one of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub enum SizeRequest {
    /// Times the picture, each way; up to 16.
    Factor(f64),
    /// Width in pixels.
    Width(u32),
    /// Height in pixels.
    Height(u32),
    /// Longer side in pixels.
    LongEdge(u32),
    /// Millions of pixels.
    Megapixels(f64),
    /// As large as fits into 4k (3840 x 2160), 8k (7680 x 4320) or 16k (15360 x 8640), either way round.
    Fit(String),
    /// As large as fits onto a sheet, at so many pixels an inch, either way round: `30x20cm@300`, `12x8in@240`.
    Print(String),
}

impl SizeRequest {
    /// The size, its name or sheet understood.
    ///
    /// # Errors
    /// `Parameter` for a name or a sheet that is not understood.
    pub fn size(&self) -> Result<Size> {
        Ok(match self {
            Self::Factor(factor) => {
                check_factor(*factor)?;
                Size::Factor(*factor)
            }
            Self::Width(width) => Size::Width(*width),
            Self::Height(height) => Size::Height(*height),
            Self::LongEdge(edge) => Size::LongEdge(*edge),
            Self::Megapixels(millions) => Size::Megapixels(*millions),
            Self::Fit(name) => frame(name)?,
            Self::Print(sheet) => Size::Print(sheet.parse()?),
        })
    }
}

/// The size, as arguments: one of them.
#[cfg(feature = "cli")]
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub struct SizeArgs {
    /// Enlargement factor, up to 16 [default: 4]
    #[arg(short, long)]
    scale: Option<f64>,
    /// Width of the result in pixels
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    width: Option<u32>,
    /// Height of the result in pixels
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    height: Option<u32>,
    /// Longer side of the result in pixels
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    long_edge: Option<u32>,
    /// Size of the result in millions of pixels
    #[arg(long, value_name = "N")]
    megapixels: Option<f64>,
    /// As large as fits into 4k (3840 x 2160), 8k or 16k, either way round
    #[arg(long, value_name = "4k|8k|16k")]
    fit: Option<String>,
    /// As large as fits onto a sheet, at so many pixels an inch: 30x20cm@300, 12x8in@240
    #[arg(long, value_name = "SIZE@DPI")]
    print: Option<String>,
}

#[cfg(feature = "cli")]
impl SizeArgs {
    /// The factor and the exact size of an [`Order`](super::Order), of which at most one is given.
    pub fn request(&self) -> (Option<f64>, Option<SizeRequest>) {
        let Self { scale, width, height, long_edge, megapixels, fit, print } = self;
        let exact = [
            width.map(SizeRequest::Width),
            height.map(SizeRequest::Height),
            long_edge.map(SizeRequest::LongEdge),
            megapixels.map(SizeRequest::Megapixels),
            fit.clone().map(SizeRequest::Fit),
            print.clone().map(SizeRequest::Print),
        ];
        (*scale, exact.into_iter().flatten().next())
    }
}

/// What fits into a screen or a frame of a name.
///
/// # Errors
/// `Parameter` names those that there are.
pub fn frame(name: &str) -> Result<Size> {
    const FRAMES: [(&str, Size); 3] = [("4k", Size::Fit(3840, 2160)), ("8k", Size::Fit(7680, 4320)), ("16k", Size::Fit(15_360, 8640))];
    let found = FRAMES.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, size)| size).ok_or_else(|| unknown("frame of the name", name, &FRAMES.map(|(known, _)| known)))
}

impl FromStr for Print {
    type Err = Error;

    /// `30x20cm@300`, `12x8in@240`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::parameter(format!("The print size \"{text}\" is not understood"), "Write it as 30x20cm@300 or 12x8in@240");
        let lower = text.to_ascii_lowercase();
        let (sheet, dpi) = lower.split_once('@').ok_or_else(wrong)?;
        let (sheet, unit) = match (sheet.strip_suffix("cm"), sheet.strip_suffix("mm"), sheet.strip_suffix("in")) {
            (Some(sheet), ..) => (sheet, INCH),
            (_, Some(sheet), _) => (sheet, 10.0 * INCH),
            (.., Some(sheet)) => (sheet, 1.0),
            _ => return Err(wrong()),
        };
        let (width, height) = sheet.split_once('x').ok_or_else(wrong)?;
        let number = |text: &str| decimal(text.trim()).filter(|v| v.is_finite() && *v > 0.0).ok_or_else(wrong);
        let dpi = number(dpi.trim_end_matches("dpi"))?;
        if !(1.0..=65_535.0).contains(&dpi) {
            return Err(Error::parameter(format!("{dpi} pixels an inch were asked for"), "Choose 1 to 65535; prints have 150 to 600"));
        }
        Ok(Self { width: number(width)? / unit, height: number(height)? / unit, dpi })
    }
}

/// A number as people write it: digits, a point, an exponent. Exact up to 15 digits and a few units in the last place beyond; the
/// standard library's is exact for all, by a table that weighs 13 kB in the browser's module.
fn decimal(text: &str) -> Option<f64> {
    /// A power of ten that, times ten, leaves room in 64 bits.
    const ROOM: u64 = 1_000_000_000_000_000_000;
    let text = text.strip_prefix('+').unwrap_or(text);
    let (digits, exponent) = text.split_once(['e', 'E']).map_or(Some((text, 0)), |(digits, power)| Some((digits, power.parse().ok()?)))?;
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    let (mut value, mut exponent): (u64, i32) = (0, exponent);
    for (digits, behind_point) in [(whole, false), (part, true)] {
        for digit in digits.chars() {
            let digit = u64::from(digit.to_digit(10)?);
            let kept = value < ROOM;
            if kept {
                value = 10 * value + digit;
            }
            exponent = exponent.checked_add(i32::from(!kept) - i32::from(behind_point))?;
        }
    }
    // 10^22 is the largest power of ten without a rounding; powers beyond the range of f64 give infinity.
    let power = 10_f64.powi(exponent.checked_abs()?);
    Some(if exponent < 0 { value as f64 / power } else { value as f64 * power })
}

/// A network that can be a pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Its factor.
    pub scale: usize,
    /// Multiply-adds for each pixel of its output.
    pub work: f64,
}

/// The factors of the passes that take `input` to `size` with the least work; where it does not grow, none, or the one that keeps the size.
///
/// # Errors
/// `Parameter` where the steps that there are do not reach so far.
pub fn passes(input: [u32; 2], size: [u32; 2], steps: &[Step]) -> Result<Vec<usize>> {
    // Rounding a side up is no reason for another pass.
    let slack = 1.0 - 0.5 / f64::from(size[0].max(size[1]));
    let factor = Size::factor(input, size) * slack;
    if size[0] <= input[0] && size[1] <= input[1] {
        return Ok(steps.iter().filter(|step| step.scale == 1).map(|step| step.scale).take(1).collect());
    }
    let mut best: Option<(f64, Vec<usize>)> = None;
    let mut chains: Vec<(f64, f64, Vec<usize>)> = vec![(1.0, 0.0, Vec::new())];
    while let Some((product, work, chain)) = chains.pop() {
        if product >= factor && !chain.is_empty() {
            if best.as_ref().is_none_or(|(least, _)| work < *least) {
                best = Some((work, chain));
            }
            continue;
        }
        if chain.len() == MAX_PASSES {
            continue;
        }
        for step in steps.iter().filter(|step| step.scale > 1) {
            let product = product * step.scale as f64;
            let mut chain = chain.clone();
            chain.push(step.scale);
            chains.push((product, work + product * product * step.work.max(1.0), chain));
        }
    }
    best.map(|(_, chain)| chain).ok_or_else(|| {
        Error::parameter(
            format!("The model cannot enlarge {:.1} times", Size::factor(input, size)),
            "Choose a smaller size, or a model that enlarges more",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_exact() {
        let input = [1200, 800];
        for (size, expected) in [
            (Size::Factor(4.0), [4800, 3200]),
            (Size::Factor(1.5), [1800, 1200]),
            (Size::Factor(16.0), [19_200, 12_800]),
            (Size::Width(5000), [5000, 3333]),
            (Size::Height(999), [1499, 999]),
            (Size::LongEdge(4096), [4096, 2731]),
            (Size::Megapixels(24.0), [6000, 4000]),
            (Size::Fit(3840, 2160), [3240, 2160]),
            (Size::Fit(2160, 3840), [3240, 2160]),
            (Size::Width(600), [600, 400]),
            (frame("8K").unwrap(), [6480, 4320]),
            (Size::Print("30x20cm@300".parse().unwrap()), [3543, 2362]),
            (Size::Print("12x8in@300".parse().unwrap()), [3600, 2400]),
            (Size::Print("200x300mm@254dpi".parse().unwrap()), [3000, 2000]),
        ] {
            assert_eq!(size.of(input).unwrap(), expected, "{size:?}");
        }
        assert_eq!(Size::LongEdge(300).of([100, 200]).unwrap(), [150, 300]);
        assert_eq!(Size::Width(17).of([1, 900]).err().map(|e| e.kind()), Some("parameter"));
        for wrong in [Size::Factor(0.0), Size::Factor(-2.0), Size::Factor(f64::NAN), Size::Factor(16.1), Size::Width(30_000), Size::Megapixels(1e9)] {
            let error = wrong.of(input).unwrap_err();
            assert_eq!(error.kind(), "parameter", "{wrong:?}");
        }
        for wrong in ["", "30x20@300", "30x20cm", "0x20cm@300", "30x20cm@0", "axbcm@300", "30x20cm@99999"] {
            assert!(wrong.parse::<Print>().is_err(), "{wrong}");
        }
        assert!(frame("5k").is_err());
    }

    #[test]
    fn decimals_are_read_as_the_standard_library_reads_them() {
        for text in ["30", "20.5", "0.1", "+2", ".5", "5.", "007", "1e3", "2.5E-2", "8.27", "11.69", "123456.789012345", "1e22", "4e+1", "0"] {
            assert_eq!(decimal(text), text.parse().ok(), "{text}");
        }
        for wrong in ["", ".", "+", "e3", "1e", "1,5", "1.2.3", "x", "0x1", "1e3.5", "--1", "+-1"] {
            assert_eq!((decimal(wrong), wrong.parse::<f64>().ok()), (None, None), "{wrong}");
        }
        let long = "3.14159265358979323846264338327950288";
        assert!((decimal(long).unwrap() - long.parse::<f64>().unwrap()).abs() < 1e-15);
        assert_eq!(decimal("12345678901234567890123"), Some(12_345_678_901_234_567_890_123.0));
    }

    #[test]
    fn passes_do_the_least_work_and_lose_nothing() {
        let both = [Step { scale: 2, work: 3700.0 }, Step { scale: 4, work: 1033.0 }];
        let run = |factor: f64, steps: &[Step]| {
            let size = Size::Factor(factor).of([1000, 500]).unwrap();
            passes([1000, 500], size, steps).unwrap()
        };
        for (factor, expected) in [
            (1.0, vec![]),
            (0.5, vec![]),
            (1.2, vec![2]),
            (2.0, vec![2]),
            (2.1, vec![4]),
            (3.0, vec![4]),
            (4.0, vec![4]),
            (6.0, vec![2, 4]),
            (8.0, vec![2, 4]),
            (9.0, vec![4, 4]),
            (16.0, vec![4, 4]),
        ] {
            assert_eq!(run(factor, &both), expected, "{factor}");
        }
        assert_eq!(run(5.0, &both[..1]), [2, 2, 2]);
        assert_eq!(run(16.0, &both[..1]), [2, 2, 2, 2]);
        assert_eq!(run(3.0, &[Step { scale: 3, work: 1.0 }]), [3]);
        // A step that keeps the size is one where nothing grows, and no way to grow.
        let keeping = [Step { scale: 1, work: 1.0 }, Step { scale: 4, work: 1.0 }];
        assert_eq!([1.0, 0.5, 2.0].map(|factor| run(factor, &keeping)), [[1], [1], [4]]);
        assert!(passes([10, 10], [160, 160], &keeping[..1]).is_err());
        // 101 pixels to 202 are two times, and one pixel too many by rounding is not three.
        assert_eq!(passes([101, 67], Size::Width(202).of([101, 67]).unwrap(), &both).unwrap(), [2]);
        assert_eq!(passes([3, 1000], Size::Height(2001).of([3, 1000]).unwrap(), &both).unwrap(), [4]);
    }
}
