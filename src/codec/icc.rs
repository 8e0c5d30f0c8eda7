//! ICC profiles: which may be kept, what stands in for other descriptions of colour, and CMYK through its profile.
//!
//! Sources: ICC.1:2022, header: size at byte 0, data colour space at byte 16, `acsp` at byte 36; PNG (third edition), 11.3.2
//! on gAMA, cHRM, sRGB and cICP; ITU-T H.273 for the numbers of cICP. The arithmetic is that of `moxcms`.

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorDateTime, ColorPrimaries, ColorProfile, DataColorSpace, Layout, LocalizableString,
    MatrixCoefficients, ProfileText, ToneReprCurve, TransferCharacteristics, TransformOptions, XyY,
};

use crate::error::Result;
use crate::image::{Channels, Samples};
use crate::limits::try_vec;

/// Largest profile that is worked with; those of printing presses have up to about 3 MB.
const LARGEST: usize = 16 << 20;
/// Pixels that are converted in one go.
const PART: usize = 1 << 16;

/// Why `profile` cannot describe a picture of `channels`, or `None` where it can.
pub(super) fn misfit(profile: &[u8], channels: Channels) -> Option<String> {
    let header = profile.get(..128).filter(|h| h.get(36..40) == Some(b"acsp"));
    let Some(space) = header.and_then(|h| h.get(16..20)) else {
        return Some("The colour profile is damaged and was left out".to_owned());
    };
    let need: &[u8] = if channels.colours() == 1 { b"GRAY" } else { b"RGB " };
    if space == need {
        return None;
    }
    let name = String::from_utf8_lossy(space);
    Some(format!("The colour profile is for {} data and was left out", name.trim()))
}

/// CMYK as RGB through its profile, to sRGB: samples are amounts of ink, 0 for none. `None` where the profile is none for
/// CMYK or cannot be used.
///
/// # Errors
/// `Limits` where the memory cannot be had.
pub(super) fn inks_to_srgb(profile: &[u8], inks: &Samples) -> Result<Option<Samples>> {
    let Some(source) = parse(profile).filter(|p| p.color_space == DataColorSpace::Cmyk) else { return Ok(None) };
    // The library calls any four samples RGBA. Its code for 8 bits is as large as that for 16, so one has to do for both.
    let transform = source.create_transform_16bit(Layout::Rgba, &ColorProfile::new_srgb(), Layout::Rgb, TransformOptions::default());
    let Ok(transform) = transform else { return Ok(None) };
    Ok(match inks {
        Samples::U8(inks) => {
            let mut rgb = try_vec(0_u8, inks.len() / 4 * 3)?;
            let (mut from, mut to) = (Vec::new(), Vec::new());
            for (inks, rgb) in inks.chunks(4 * PART).zip(rgb.chunks_mut(3 * PART)) {
                from.clear();
                from.extend(inks.iter().map(|&v| u16::from(v) * 257));
                to.resize(rgb.len(), 0_u16);
                if transform.transform(&from, &mut to).is_err() {
                    return Ok(None);
                }
                for (narrow, wide) in rgb.iter_mut().zip(&to) {
                    *narrow = ((u32::from(*wide) + 128) / 257) as u8;
                }
            }
            Some(Samples::U8(rgb))
        }
        Samples::U16(inks) => {
            let mut rgb = try_vec(0_u16, inks.len() / 4 * 3)?;
            let sound = inks.chunks(4 * PART).zip(rgb.chunks_mut(3 * PART)).all(|(from, to)| transform.transform(from, to).is_ok());
            sound.then_some(Samples::U16(rgb))
        }
    })
}

fn parse(profile: &[u8]) -> Option<ColorProfile> {
    if profile.len() > LARGEST || profile.get(36..40) != Some(b"acsp") {
        return None;
    }
    ColorProfile::new_from_slice(profile).ok()
}

/// The profile of equal colours that shows them as a profile for grey shows grey.
pub(super) fn grey_as_rgb(profile: &[u8]) -> Option<Vec<u8>> {
    let curve = parse(profile).filter(|p| p.color_space == DataColorSpace::Gray)?.gray_trc?;
    let mut rgb = ColorProfile::new_srgb();
    set_curves(&mut rgb, curve);
    write(rgb, "Grey as RGB")
}

/// Red, green, blue and white of a PNG's cHRM chunk.
pub(super) type Primaries = [(f32, f32); 4];

const SRGB: Primaries = [(0.64, 0.33), (0.3, 0.6), (0.15, 0.06), (0.3127, 0.329)];
/// How far chromaticities may be rounded.
const NEAR: f32 = 0.0015;

/// A profile for what a PNG's gAMA and cHRM chunks say; `None` where that is sRGB, or makes no sense.
///
/// `gamma` is the exponent that encoded the samples, 1 / 2.2 as a rule, which sRGB states for want of a better.
pub(super) fn of_gamma(gamma: Option<f32>, primaries: Option<Primaries>, grey: bool) -> Option<Vec<u8>> {
    let primaries = primaries.filter(|all| all.iter().all(|&(x, y)| x > 0.0 && y > 0.001 && x + y < 1.001));
    let usual = primaries.is_none_or(|all| all.iter().zip(&SRGB).all(|(a, b)| (a.0 - b.0).abs() < NEAR && (a.1 - b.1).abs() < NEAR));
    let gamma = gamma.filter(|g| (0.05..=5.0).contains(g));
    let srgb_curve = gamma.is_none_or(|g| (g - 1.0 / 2.2).abs() < 0.002);
    if (usual || grey) && srgb_curve {
        return None;
    }
    let curve = gamma.filter(|_| !srgb_curve).map(|g| ToneReprCurve::Parametric(vec![1.0 / g]));
    if grey {
        let mut profile = ColorProfile::new_gray_with_gamma(1.0);
        profile.gray_trc = curve;
        return write(profile, "Grey with a gamma");
    }
    let mut profile = ColorProfile::new_srgb();
    if let Some([red, green, blue, white]) = primaries.filter(|_| !usual) {
        let point = |(x, y): (f32, f32)| Chromaticity { x, y };
        let all = ColorPrimaries { red: point(red), green: point(green), blue: point(blue) };
        profile.update_rgb_colorimetry(XyY { x: white.0.into(), y: white.1.into(), yb: 1.0 }, all);
    }
    if let Some(curve) = curve {
        set_curves(&mut profile, curve);
    }
    write(profile, "RGB with a gamma")
}

/// A profile for the primaries and the transfer function of a PNG's cICP chunk; `None` where those are sRGB's, or unknown.
pub(super) fn of_code_points(primaries: u8, transfer: u8, grey: bool) -> Option<Vec<u8>> {
    let (color_primaries, transfer_characteristics) =
        (CicpColorPrimaries::try_from(primaries).ok()?, TransferCharacteristics::try_from(transfer).ok()?);
    let srgb_curve = transfer_characteristics == TransferCharacteristics::Srgb;
    if srgb_curve && (grey || color_primaries == CicpColorPrimaries::Bt709) {
        return None;
    }
    let code_points = CicpProfile { color_primaries, transfer_characteristics, matrix_coefficients: MatrixCoefficients::Identity, full_range: true };
    let mut profile = ColorProfile::new_from_cicp(code_points);
    let curve = profile.red_trc.clone()?;
    if grey {
        profile = ColorProfile::new_gray_with_gamma(1.0);
        profile.gray_trc = Some(curve);
    }
    write(profile, if grey { "Grey by code points" } else { "RGB by code points" })
}

fn set_curves(profile: &mut ColorProfile, curve: ToneReprCurve) {
    // The code points would say otherwise.
    profile.cicp = None;
    (profile.red_trc, profile.green_trc, profile.blue_trc) = (Some(curve.clone()), Some(curve.clone()), Some(curve));
}

fn write(mut profile: ColorProfile, name: &str) -> Option<Vec<u8>> {
    let text = |text: &str| Some(ProfileText::Localizable(vec![LocalizableString::new("en".to_owned(), "US".to_owned(), text.to_owned())]));
    profile.description = text(name);
    profile.copyright = text("No copyright, use freely");
    // Colours are relative to D50 already; and the same input gives the same file on every day.
    profile.chromatic_adaptation = None;
    profile.media_white_point = Some(profile.white_point);
    profile.creation_date_time = ColorDateTime::new_from_slice(&[0x07, 0xD0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]).ok()?;
    profile.encode().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(space: [u8; 4]) -> Vec<u8> {
        let mut p = vec![0; 128];
        p[16..20].copy_from_slice(&space);
        p[36..40].copy_from_slice(b"acsp");
        p
    }

    #[test]
    fn only_a_profile_of_the_same_space_fits() {
        assert_eq!(misfit(&profile(*b"RGB "), Channels::Rgba), None);
        assert_eq!(misfit(&profile(*b"GRAY"), Channels::GreyAlpha), None);
        assert!(misfit(&profile(*b"CMYK"), Channels::Rgb).is_some_and(|w| w.contains("CMYK")));
        assert!(misfit(&profile(*b"RGB "), Channels::Grey).is_some());
        assert!(misfit(&profile(*b"RGB ")[..127], Channels::Rgb).is_some_and(|w| w.contains("damaged")));
        assert!(misfit(&[], Channels::Rgb).is_some());
    }

    #[test]
    fn what_is_srgb_needs_no_profile() {
        let rounded = SRGB.map(|(x, y)| (x + 0.0005, y - 0.0005));
        for (gamma, primaries) in [(None, None), (Some(0.45455), None), (Some(0.45455), Some(rounded)), (None, Some(SRGB))] {
            assert_eq!(of_gamma(gamma, primaries, false), None, "{gamma:?} {primaries:?}");
        }
        assert_eq!(of_code_points(1, 13, false), None);
        assert_eq!(of_code_points(12, 13, true), None, "grey has no primaries");
        assert_eq!(of_code_points(2, 2, false), None);
        assert_eq!(of_gamma(Some(0.0), Some([(0.0, 0.0); 4]), false), None);
    }

    #[test]
    fn gammas_primaries_and_code_points_have_profiles_that_fit() {
        let adobe = [(0.64, 0.33), (0.21, 0.71), (0.15, 0.06), (0.3127, 0.329)];
        let wide = of_gamma(Some(1.0 / 2.199), Some(adobe), false).unwrap();
        assert_eq!(misfit(&wide, Channels::Rgb), None);
        let (found, known) = (parse(&wide).unwrap(), ColorProfile::new_adobe_rgb());
        for (a, b) in [(found.green_colorant, known.green_colorant), (found.red_colorant, known.red_colorant)] {
            assert!((a.x - b.x).abs() < 2e-3 && (a.y - b.y).abs() < 2e-3 && (a.z - b.z).abs() < 2e-3, "{a:?} {b:?}");
        }
        let grey = of_gamma(Some(1.0), None, true).unwrap();
        assert_eq!(misfit(&grey, Channels::Grey), None);
        let as_rgb = grey_as_rgb(&grey).unwrap();
        assert_eq!(misfit(&as_rgb, Channels::Rgb), None);
        assert_eq!(grey_as_rgb(&as_rgb), None, "that is no profile for grey");
        let p3 = of_code_points(12, 13, false).unwrap();
        let (found, known) = (parse(&p3).unwrap(), ColorProfile::new_display_p3());
        assert!((found.red_colorant.x - known.red_colorant.x).abs() < 2e-3, "{:?} {:?}", found.red_colorant, known.red_colorant);
        assert!((found.red_colorant.x - ColorProfile::new_srgb().red_colorant.x).abs() > 0.02, "the twin: P3 is not sRGB");
    }

    #[test]
    fn a_profile_that_is_none_for_inks_is_not_used() {
        let inks = Samples::U8(vec![0; 8]);
        for bad in [profile(*b"CMYK"), profile(*b"RGB "), Vec::new(), ColorProfile::new_srgb().encode().unwrap()] {
            assert_eq!(inks_to_srgb(&bad, &inks), Ok(None));
        }
    }
}
