//! ICC profiles: which may be kept, and those that stand in for other descriptions of colour.
//!
//! Sources: ICC.1:2022, 7.2 (header: size at byte 0, data colour space at byte 16, `acsp` at byte 36), 7.3, 8.3, 9.2, 10.6
//! and annex E; PNG (third edition), 11.3.2 on gAMA, cHRM, sRGB and cICP; ITU-T H.273 and BT.2100 for the numbers of cICP.

use crate::image::Channels;

/// White of the connection space.
const D50: [f64; 3] = [0.964_2, 1.0, 0.824_9];
const BRADFORD: Matrix = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];

type Matrix = [[f64; 3]; 3];

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

/// The data of a tag.
pub(super) fn tag(profile: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    let word = |at: usize| profile.get(at..at + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize);
    let count = word(128)?.min(1000);
    let entry = (0..count).map(|i| 132 + 12 * i).find(|&at| profile.get(at..at + 4) == Some(&name[..]))?;
    let start = word(entry + 4)?;
    profile.get(start..start.checked_add(word(entry + 8)?)?)
}

/// The profile of equal colours that shows them as a profile for grey shows grey.
pub(super) fn grey_as_rgb(profile: &[u8]) -> Option<Vec<u8>> {
    if profile.get(16..20) != Some(b"GRAY") {
        return None;
    }
    let curve = tag(profile, *b"kTRC").filter(|curve| curve.len() >= 12 && (curve.starts_with(b"curv") || curve.starts_with(b"para")))?;
    rgb("Grey as RGB", SRGB, curve, None)
}

/// Chromaticities of red, green, blue and white.
pub(super) type Primaries = [(f64, f64); 4];

const D65: (f64, f64) = (0.3127, 0.329);
const SRGB: Primaries = [(0.64, 0.33), (0.3, 0.6), (0.15, 0.06), D65];
/// How far chromaticities may be rounded.
const NEAR: f64 = 0.0015;

/// A profile for what a PNG's gAMA and cHRM chunks say; `None` where that is sRGB, or makes no sense.
///
/// `gamma` is the exponent that encoded the samples; 1 / 2.2 is what sRGB states for want of a better.
pub(super) fn of_gamma(gamma: Option<f64>, primaries: Option<Primaries>, grey: bool) -> Option<Vec<u8>> {
    let primaries = primaries.filter(|all| all.iter().all(|&(x, y)| x > 0.0 && y > 0.001 && x + y < 1.001));
    let usual = primaries.is_none_or(|all| all.iter().zip(&SRGB).all(|(a, b)| (a.0 - b.0).abs() < NEAR && (a.1 - b.1).abs() < NEAR));
    let gamma = gamma.filter(|g| (0.05..=5.0).contains(g));
    let srgb_curve = gamma.is_none_or(|g| (g - 1.0 / 2.2).abs() < 0.002);
    if (usual || grey) && srgb_curve {
        return None;
    }
    let curve = gamma.filter(|_| !srgb_curve).map_or_else(srgb, |g| formula(&[1.0 / g]));
    if grey {
        Some(of_grey("Grey with a gamma", curve, None))
    } else {
        rgb("RGB with a gamma", primaries.filter(|_| !usual).unwrap_or(SRGB), &curve, None)
    }
}

/// A profile for the primaries and the transfer function of a PNG's cICP chunk; `None` where those are sRGB's, or unknown.
pub(super) fn of_code_points(primaries: u8, transfer: u8, grey: bool) -> Option<Vec<u8>> {
    const C: (f64, f64) = (0.31, 0.316);
    let points = match primaries {
        1 => SRGB,
        4 => [(0.67, 0.33), (0.21, 0.71), (0.14, 0.08), C],
        5 => [(0.64, 0.33), (0.29, 0.6), (0.15, 0.06), D65],
        6 | 7 => [(0.63, 0.34), (0.31, 0.595), (0.155, 0.07), D65],
        8 => [(0.681, 0.319), (0.243, 0.692), (0.145, 0.049), C],
        9 => [(0.708, 0.292), (0.17, 0.797), (0.131, 0.046), D65],
        11 => [(0.68, 0.32), (0.265, 0.69), (0.15, 0.06), (0.314, 0.351)],
        12 => [(0.68, 0.32), (0.265, 0.69), (0.15, 0.06), D65],
        22 => [(0.63, 0.34), (0.295, 0.605), (0.155, 0.077), D65],
        _ => return None,
    };
    let curve = match transfer {
        1 | 6 | 14 | 15 => formula(&[1.0 / 0.45, 1.0 / 1.099, 0.099 / 1.099, 1.0 / 4.5, 0.081]),
        4 => formula(&[2.2]),
        5 => formula(&[2.8]),
        8 => formula(&[1.0]),
        13 => srgb(),
        16 => table(|v| {
            let p = v.powf(1.0 / 78.843_75);
            ((p - 0.835_937_5).max(0.0) / (18.851_562_5 - 18.687_5 * p)).powf(1.0 / 0.159_301_757_812_5)
        }),
        18 => table(|v| if v <= 0.5 { v * v / 3.0 } else { (((v - 0.559_910_73) / 0.178_832_77).exp() + 0.284_668_92) / 12.0 }),
        _ => return None,
    };
    if transfer == 13 && (grey || primaries == 1) {
        return None;
    }
    let points_of = Some([primaries, transfer, 0, 1]);
    if grey { Some(of_grey("Grey by code points", curve, points_of)) } else { rgb("RGB by code points", points, &curve, points_of) }
}

fn srgb() -> Vec<u8> {
    formula(&[2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.040_45])
}

fn fixed(value: f64) -> [u8; 4] {
    ((value * 65_536.0).round() as i32).to_be_bytes()
}

/// A parametric curve of one number, an exponent, or of five.
fn formula(numbers: &[f64]) -> Vec<u8> {
    let mut out = b"para\0\0\0\0\0\0\0\0".to_vec();
    out[9] = if numbers.len() == 1 { 0 } else { 3 };
    out.extend(numbers.iter().flat_map(|&v| fixed(v)));
    out
}

/// A curve of 1,024 values.
fn table(curve: impl Fn(f64) -> f64) -> Vec<u8> {
    let mut out = b"curv\0\0\0\0\0\0\x04\0".to_vec();
    out.extend((0..1024_u16).flat_map(|i| ((curve(f64::from(i) / 1023.0).clamp(0.0, 1.0) * 65_535.0).round() as u16).to_be_bytes()));
    out
}

fn point(values: [f64; 3]) -> Vec<u8> {
    [&b"XYZ \0\0\0\0"[..], &values.map(fixed).concat()].concat()
}

fn text(text: &str) -> Vec<u8> {
    let letters: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let length = (letters.len() as u32).to_be_bytes();
    [b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0CenUS", &length[..], &[0, 0, 0, 28], &letters].concat()
}

fn of_grey(name: &str, curve: Vec<u8>, code_points: Option<[u8; 4]>) -> Vec<u8> {
    write(*b"GRAY", name, vec![(*b"kTRC", curve)], code_points)
}

fn rgb(name: &str, primaries: Primaries, curve: &[u8], code_points: Option<[u8; 4]>) -> Option<Vec<u8>> {
    let (adaptation, [red, green, blue]) = colorants(primaries)?;
    let mut chad = b"sf32\0\0\0\0".to_vec();
    chad.extend(adaptation.concat().into_iter().flat_map(fixed));
    let mut tags = vec![(*b"rXYZ", point(red)), (*b"gXYZ", point(green)), (*b"bXYZ", point(blue)), (*b"chad", chad)];
    tags.extend([*b"rTRC", *b"gTRC", *b"bTRC"].map(|name| (name, curve.to_vec())));
    Some(write(*b"RGB ", name, tags, code_points))
}

/// The matrix that adapts the white to D50, and the adapted red, green and blue.
fn colorants(primaries: Primaries) -> Option<(Matrix, [[f64; 3]; 3])> {
    let [red, green, blue, white] = primaries.map(|(x, y)| [x / y, 1.0, (1.0 - x - y) / y]);
    let columns: Matrix = std::array::from_fn(|i| [red[i], green[i], blue[i]]);
    let amounts = times(&inverse(&columns)?, white);
    let (from, to) = (times(&BRADFORD, white), times(&BRADFORD, D50));
    let scaled: Matrix = std::array::from_fn(|i| BRADFORD[i].map(|v| v * to[i] / from[i]));
    let back = inverse(&BRADFORD)?;
    let adaptation: Matrix = std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| back[i][k] * scaled[k][j]).sum()));
    let colours = [red, green, blue];
    let adapted: [[f64; 3]; 3] = std::array::from_fn(|i| times(&adaptation, colours[i].map(|v| v * amounts[i])));
    let sound = adapted.concat().iter().chain(&adaptation.concat()).all(|v| v.abs() < 100.0);
    sound.then_some((adaptation, adapted))
}

fn times(matrix: &Matrix, vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(vector).map(|(m, v)| m * v).sum())
}

fn inverse(m: &Matrix) -> Option<Matrix> {
    let minor = |r: usize, c: usize| {
        let at = |i: usize, j: usize| m[(r + i) % 3][(c + j) % 3];
        at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1)
    };
    let determinant: f64 = (0..3).map(|c| m[0][c] * minor(0, c)).sum();
    (determinant.abs() > 1e-9).then(|| std::array::from_fn(|i| std::array::from_fn(|j| minor(j, i) / determinant)))
}

/// A profile of version 4.4 for a display; the same input gives the same bytes on every day.
fn write(space: [u8; 4], name: &str, mut tags: Vec<([u8; 4], Vec<u8>)>, code_points: Option<[u8; 4]>) -> Vec<u8> {
    tags.extend([(*b"desc", text(name)), (*b"cprt", text("No copyright, use freely")), (*b"wtpt", point(D50))]);
    if let Some(points) = code_points {
        tags.push((*b"cicp", [b"cicp\0\0\0\0", &points[..]].concat()));
    }
    let mut out = vec![0; 128];
    for (at, bytes) in [(8, &[4, 0x40][..]), (12, b"mntr"), (16, &space), (20, b"XYZ "), (24, &[0x07, 0xE8, 0, 1, 0, 1]), (36, b"acsp")] {
        out[at..at + bytes.len()].copy_from_slice(bytes);
    }
    out[68..80].copy_from_slice(&D50.map(fixed).concat());
    out.extend((tags.len() as u32).to_be_bytes());
    let mut at = out.len() + 12 * tags.len();
    for (name, data) in &tags {
        out.extend(*name);
        out.extend((at as u32).to_be_bytes());
        out.extend((data.len() as u32).to_be_bytes());
        at += data.len().next_multiple_of(4);
    }
    for (_, data) in &tags {
        out.extend(data);
        out.resize(out.len().next_multiple_of(4), 0);
    }
    let length = (out.len() as u32).to_be_bytes();
    out[..4].copy_from_slice(&length);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use moxcms::ColorProfile;

    fn parse(profile: &[u8]) -> ColorProfile {
        ColorProfile::new_from_slice(profile).unwrap()
    }

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
        let (found, known) = (parse(&wide), ColorProfile::new_adobe_rgb());
        for (a, b) in [(found.green_colorant, known.green_colorant), (found.red_colorant, known.red_colorant)] {
            assert!((a.x - b.x).abs() < 2e-3 && (a.y - b.y).abs() < 2e-3 && (a.z - b.z).abs() < 2e-3, "{a:?} {b:?}");
        }
        let grey = of_gamma(Some(1.0), None, true).unwrap();
        assert_eq!(misfit(&grey, Channels::Grey), None);
        assert!(parse(&grey).gray_trc.is_some());
        let as_rgb = grey_as_rgb(&grey).unwrap();
        assert!(parse(&as_rgb).red_trc == parse(&grey).gray_trc, "the same curve");
        assert_eq!(misfit(&as_rgb, Channels::Rgb), None);
        assert_eq!(grey_as_rgb(&as_rgb), None, "that is no profile for grey");
        for transfer in [1, 4, 5, 8, 16, 18] {
            for primaries in [1, 4, 5, 6, 8, 9, 11, 12, 22] {
                let found = parse(&of_code_points(primaries, transfer, false).unwrap());
                assert!(found.red_trc.is_some() && (found.green_colorant.y - 0.65).abs() < 0.15, "{primaries} {transfer}");
            }
        }
        let p3 = of_code_points(12, 13, false).unwrap();
        let (found, known) = (parse(&p3), ColorProfile::new_display_p3());
        assert!((found.red_colorant.x - known.red_colorant.x).abs() < 2e-3, "{:?} {:?}", found.red_colorant, known.red_colorant);
        assert!((found.red_colorant.x - ColorProfile::new_srgb().red_colorant.x).abs() > 0.02, "the twin: P3 is not sRGB");
    }
}
