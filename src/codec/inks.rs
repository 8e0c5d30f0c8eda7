//! CMYK as sRGB, through the table of an ICC profile for inks.
//!
//! Read are the types `mft1`, `mft2` and `mAB ` of the tags A2B0 and A2B1, onto Lab or XYZ. Between the nodes of a table
//! values are interpolated linearly in all four inks; colours that sRGB lacks are clipped. It is ours because a library for
//! all of ICC would add a quarter to what every first visit to the page waits for; the tests compare it with `moxcms`.
//! Sources: ICC.1:2022, 6.3.4, 10.6, 10.10 to 10.12 and 10.18; IEC 61966-2-1.

use super::curve::{Curve, words};
use super::icc;
use super::ifd::Order;
use crate::error::Result;
use crate::image::Samples;
use crate::image::colour::from_linear;
use crate::limits::try_vec;

/// The white of the connection space, D50.
const WHITE: [f32; 3] = [0.9642, 1.0, 0.8249];
/// From XYZ relative to D50 to linear sRGB, adapted by Bradford's matrix.
const TO_SRGB: [[f32; 3]; 3] = [[3.133_856, -1.616_867, -0.490_615], [-0.978_768, 1.916_142, 0.033_454], [0.071_945, -0.228_991, 1.405_243]];

/// How a table's three values, 0..=1, mean a colour.
#[derive(Clone, Copy, PartialEq)]
enum Encoding {
    /// Lab with 16 bits in version 2: 0xFF00 is 100 and 127.
    OldLab,
    /// Lab: 1 is 100 and 127.
    Lab,
    /// XYZ: 1 is 1 + 32767/32768.
    Xyz,
}

/// From inks to the connection space.
struct Table {
    inks: [Curve; 4],
    grid: [usize; 4],
    /// Three values a node; the last ink varies fastest.
    nodes: Vec<f32>,
    middle: Option<([Curve; 3], [f32; 12])>,
    out: [Curve; 3],
    encoding: Encoding,
}

fn octets(bytes: &[u8]) -> Vec<f32> {
    bytes.iter().map(|&v| f32::from(v) / 255.0).collect()
}

/// Values of a table's nodes.
fn size(grid: [usize; 4]) -> Option<usize> {
    grid.into_iter().try_fold(3_usize, |n, points| n.checked_mul(points).filter(|_| points > 0))
}

impl Table {
    fn read(profile: &[u8]) -> Option<Self> {
        if profile.get(16..20)? != b"CMYK" {
            return None;
        }
        let lab = match profile.get(20..24)? {
            b"Lab " => true,
            b"XYZ " => false,
            _ => return None,
        };
        let data = icc::tag(profile, *b"A2B0").or_else(|| icc::tag(profile, *b"A2B1"))?;
        match data.get(..4)? {
            b"mft1" => Self::old(data, 1, lab),
            b"mft2" => Self::old(data, 2, lab),
            b"mAB " => Self::new(data, lab),
            _ => None,
        }
    }

    /// The types of version 2, whose values have `width` bytes. Their matrix is for XYZ as input only.
    fn old(data: &[u8], width: usize, lab: bool) -> Option<Self> {
        let &[4, 3, points] = data.get(8..11)? else { return None };
        let (ins, outs, start) =
            if width == 1 { (256, 256, 48) } else { (usize::from(Order::Big.u16_at(data, 48)?), usize::from(Order::Big.u16_at(data, 50)?), 52) };
        if ins < 2 || outs < 2 {
            return None;
        }
        let grid = [usize::from(points); 4];
        let nodes = size(grid)?;
        let mut at: usize = start;
        let mut take = |count: usize| {
            let bytes = data.get(at..at.checked_add(count.checked_mul(width)?)?)?;
            at += bytes.len();
            Some(if width == 1 { octets(bytes) } else { words(bytes) })
        };
        let inks = [take(ins)?, take(ins)?, take(ins)?, take(ins)?].map(Curve::Table);
        let nodes = take(nodes)?;
        let out = [take(outs)?, take(outs)?, take(outs)?].map(Curve::Table);
        let encoding = match (lab, width) {
            (true, 2) => Encoding::OldLab,
            (true, _) => Encoding::Lab,
            (false, _) => Encoding::Xyz,
        };
        Some(Self { inks, grid, nodes, middle: None, out, encoding })
    }

    /// The type of version 4.
    fn new(data: &[u8], lab: bool) -> Option<Self> {
        let &[4, 3] = data.get(8..10)? else { return None };
        let part = |at: usize| Order::Big.u32_at(data, at).filter(|&offset| offset > 0).map(|offset| data.get(offset as usize..));
        let out = Curve::read_all(part(12)??)?;
        let middle = match (part(16), part(20)) {
            (Some(matrix), Some(curves)) => {
                let mut numbers = [0.0; 12];
                for (i, number) in numbers.iter_mut().enumerate() {
                    *number = Order::Big.u32_at(matrix?, 4 * i)? as i32 as f32 / 65_536.0;
                }
                Some((Curve::read_all(curves?)?, numbers))
            }
            _ => None,
        };
        let table = part(24)??;
        let grid: [usize; 4] = std::array::from_fn(|i| table.get(i).copied().unwrap_or(0).into());
        let (nodes, bytes) = (size(grid)?, table.get(20..)?);
        let nodes = match table.get(16)? {
            1 => octets(bytes.get(..nodes)?),
            2 => words(bytes.get(..nodes.checked_mul(2)?)?),
            _ => return None,
        };
        let inks = Curve::read_all(part(28)??)?;
        Some(Self { inks, grid, nodes, middle, out, encoding: if lab { Encoding::Lab } else { Encoding::Xyz } })
    }

    /// Encoded sRGB of four amounts of ink, 0..=1.
    fn srgb(&self, inks: [f32; 4]) -> [f32; 3] {
        let mut values = self.interpolate(inks);
        if let Some((curves, matrix)) = &self.middle {
            let bent: [f32; 3] = std::array::from_fn(|i| curves[i].at(values[i]));
            values = std::array::from_fn(|i| (0..3).map(|j| matrix[3 * i + j] * bent[j]).sum::<f32>() + matrix[9 + i]);
        }
        let values: [f32; 3] = std::array::from_fn(|i| self.out[i].at(values[i]));
        let xyz = match self.encoding {
            Encoding::Xyz => values.map(|v| v * (1.0 + 32_767.0 / 32_768.0)),
            Encoding::Lab => from_lab([values[0] * 100.0, values[1] * 255.0 - 128.0, values[2] * 255.0 - 128.0]),
            Encoding::OldLab => {
                let whole = values.map(|v| v * 65_535.0 / 256.0);
                from_lab([whole[0] / 2.55, whole[1] - 128.0, whole[2] - 128.0])
            }
        };
        TO_SRGB.map(|row| from_linear(row.iter().zip(xyz).map(|(m, v)| m * v).sum::<f32>().clamp(0.0, 1.0)))
    }

    fn interpolate(&self, inks: [f32; 4]) -> [f32; 3] {
        let (mut low, mut step, mut part) = ([0; 4], [0; 4], [0.0; 4]);
        let mut stride = 3;
        for i in (0..4).rev() {
            let last = self.grid[i] - 1;
            let place = self.inks[i].at(inks[i]).clamp(0.0, 1.0) * last as f32;
            let below = (place as usize).min(last.saturating_sub(1));
            low[i] = below * stride;
            step[i] = if last > 0 { stride } else { 0 };
            part[i] = place - below as f32;
            stride *= self.grid[i];
        }
        let mut sum = [0.0; 3];
        for corner in 0..16_usize {
            let (mut at, mut weight) = (0, 1.0);
            for i in 0..4 {
                let upper = corner >> i & 1 == 1;
                at += low[i] + if upper { step[i] } else { 0 };
                weight *= if upper { part[i] } else { 1.0 - part[i] };
            }
            if weight > 0.0 {
                for (sum, value) in sum.iter_mut().zip(&self.nodes[at..at + 3]) {
                    *sum += weight * value;
                }
            }
        }
        sum
    }
}

fn from_lab([l, a, b]: [f32; 3]) -> [f32; 3] {
    let y = (l + 16.0) / 116.0;
    let cubed = |t: f32| if t > 6.0 / 29.0 { t * t * t } else { 3.0 * (6.0_f32 / 29.0).powi(2) * (t - 4.0 / 29.0) };
    let relative = [cubed(y + a / 500.0), cubed(y), cubed(y - b / 200.0)];
    std::array::from_fn(|i| relative[i] * WHITE[i])
}

/// Converts four samples at a time, the same only once in a row.
fn convert<T: Copy + PartialEq + Default>(table: &Table, inks: &[T], unit: impl Fn(T) -> f32, sample: impl Fn(f32) -> T) -> Result<Vec<T>> {
    let mut rgb = try_vec(T::default(), inks.len() / 4 * 3)?;
    let mut last: Option<(&[T], [T; 3])> = None;
    for (from, to) in inks.chunks_exact(4).zip(rgb.chunks_exact_mut(3)) {
        let colour = match last {
            Some((before, colour)) if before == from => colour,
            _ => table.srgb(std::array::from_fn(|i| unit(from[i]))).map(&sample),
        };
        to.copy_from_slice(&colour);
        last = Some((from, colour));
    }
    Ok(rgb)
}

/// CMYK as sRGB through its profile: samples are amounts of ink, 0 for none. `None` where the profile is none for CMYK or
/// has no table.
///
/// # Errors
/// `Limits` where the memory cannot be had.
pub(super) fn to_srgb(profile: &[u8], inks: &Samples) -> Result<Option<Samples>> {
    let Some(table) = Table::read(profile) else { return Ok(None) };
    // WebAssembly has no instruction for `round`; adding one half and cutting off rounds.
    Ok(Some(match inks {
        Samples::U8(inks) => Samples::U8(convert(&table, inks, |v| f32::from(v) / 255.0, |v| (v * 255.0 + 0.5) as u8)?),
        Samples::U16(inks) => Samples::U16(convert(&table, inks, |v| f32::from(v) / 65_535.0, |v| (v * 65_535.0 + 0.5) as u16)?),
    }))
}

#[cfg(test)]
mod tests {
    use moxcms::{ColorProfile, Layout, TransformOptions};

    use super::*;

    /// Mean and largest step, of 255, between our conversion and the library's, which makes a coarser table of RGB first.
    const AGREEMENT: (f64, u8) = (1.0, 12);

    /// A profile whose table bends in all inks; `kind` is the type of its table.
    fn profile(kind: [u8; 4]) -> Vec<u8> {
        let points = 5_usize;
        let mut nodes = Vec::new();
        for i in 0..points.pow(4) {
            let ink = |place: u32| (i / points.pow(place) % points) as f32 / (points - 1) as f32;
            let [c, m, y, k] = [ink(3), ink(2), ink(1), ink(0)];
            let light = (1.0 - 0.5 * c) * (1.0 - 0.45 * m) * (1.0 - 0.1 * y) * (1.0 - 0.9 * k);
            let a = 0.5 + 0.12 * (m - c) * (1.0 - k);
            let b = 0.5 + 0.15 * (y - 0.5 * c - 0.5 * m) * (1.0 - k);
            nodes.extend([light, a, b]);
        }
        let bend: Vec<f32> = (0..256).map(|i| (i as f32 / 255.0).powf(1.2)).collect();
        let line: Vec<f32> = (0..256).map(|i| i as f32 / 255.0).collect();
        let octet = |v: &f32| vec![(v * 255.0).round() as u8];
        let word = |v: &f32| ((v * 65_280.0).round() as u16).to_be_bytes().to_vec();
        let all = [bend.repeat(4), nodes.clone(), line.repeat(3)].concat();
        let head = [&kind[..], &[0, 0, 0, 0, 4, 3, points as u8, 0], &[0; 36]].concat();
        let data = match &kind {
            b"mft1" => [head, all.iter().flat_map(octet).collect()].concat(),
            b"mft2" => {
                let full = |v: &f32| ((v * 65_535.0).round() as u16).to_be_bytes().to_vec();
                let mut out = [head, vec![1, 0, 1, 0]].concat();
                out.extend(bend.repeat(4).iter().flat_map(full));
                out.extend(nodes.iter().flat_map(word));
                out.extend(line.repeat(3).iter().flat_map(full));
                out
            }
            _ => {
                let identity = b"curv\0\0\0\0\0\0\0\0".to_vec();
                let power = [&b"para\0\0\0\0\0\0\0\0"[..], &78_643_u32.to_be_bytes()].concat();
                let mut table = vec![0; 20];
                table[..4].fill(points as u8);
                table[16] = 2;
                table.extend(nodes.iter().flat_map(|v| ((v * 65_535.0).round() as u16).to_be_bytes()));
                table.resize(table.len().next_multiple_of(4), 0);
                let curves = 32 + identity.len() * 3;
                let offsets = [32, 0, 0, curves as u32, (curves + table.len()) as u32].map(u32::to_be_bytes).concat();
                [b"mAB \0\0\0\0\x04\x03\0\0", &offsets[..], &identity.repeat(3), &table, &power.repeat(4)].concat()
            }
        };
        let mut out = vec![0; 132];
        for (at, bytes) in [(8, &[if kind == *b"mAB " { 4 } else { 2 }][..]), (12, b"prtr"), (16, b"CMYK"), (20, b"Lab "), (36, b"acsp")] {
            out[at..at + bytes.len()].copy_from_slice(bytes);
        }
        out[24..30].copy_from_slice(&[0x07, 0xE8, 0, 1, 0, 1]);
        out[68..80].copy_from_slice(&[0, 0, 0xF6, 0xD6, 0, 1, 0, 0, 0, 0, 0xD3, 0x2D]);
        out[131] = 1;
        out.extend(b"A2B0");
        out.extend(144_u32.to_be_bytes());
        out.extend((data.len() as u32).to_be_bytes());
        out.extend(data);
        let length = (out.len() as u32).to_be_bytes();
        out[..4].copy_from_slice(&length);
        out
    }

    fn some_inks() -> Vec<u8> {
        (0..6_u32.pow(4)).flat_map(|i| [i, i / 6, i / 36, i / 216].map(|v| (v % 6 * 51) as u8)).collect()
    }

    fn ours(profile: &[u8]) -> Vec<u8> {
        let Some(Samples::U8(rgb)) = to_srgb(profile, &Samples::U8(some_inks())).unwrap() else { panic!("a table is expected") };
        rgb
    }

    fn agree(a: &[u8], b: &[u8]) -> bool {
        let mean = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64;
        println!("mean step {mean:.3}, largest {}", largest_step(a, b));
        mean <= AGREEMENT.0 && largest_step(a, b) <= AGREEMENT.1
    }

    fn largest_step(a: &[u8], b: &[u8]) -> u8 {
        a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
    }

    #[test]
    fn the_types_of_tables_agree_with_another_library() {
        for kind in [*b"mft1", *b"mft2", *b"mAB "] {
            let bytes = profile(kind);
            let source = ColorProfile::new_from_slice(&bytes).unwrap();
            let transform = source.create_transform_8bit(Layout::Rgba, &ColorProfile::new_srgb(), Layout::Rgb, TransformOptions::default()).unwrap();
            let mut theirs = vec![0; some_inks().len() / 4 * 3];
            transform.transform(&some_inks(), &mut theirs).unwrap();
            let found = ours(&bytes);
            assert!(agree(&found, &theirs), "{}", String::from_utf8_lossy(&kind));
            // The twin: with two inks changing places it is another picture.
            let mut swapped = some_inks();
            swapped.chunks_exact_mut(4).for_each(|p| p.swap(0, 2));
            transform.transform(&swapped, &mut theirs).unwrap();
            assert!(!agree(&found, &theirs));
        }
    }

    #[test]
    fn sixteen_bits_are_the_same_colours() {
        let bytes = profile(*b"mft2");
        let wide = some_inks().into_iter().map(|v| u16::from(v) * 257).collect();
        let Some(Samples::U16(wide)) = to_srgb(&bytes, &Samples::U16(wide)).unwrap() else { panic!("a table is expected") };
        let narrow: Vec<u8> = wide.into_iter().map(|v| ((u32::from(v) + 128) / 257) as u8).collect();
        assert!(largest_step(&narrow, &ours(&bytes)) <= 1);
    }

    #[test]
    fn every_damage_is_none_or_a_picture() {
        let inks = Samples::U8(some_inks()[..64].to_vec());
        for kind in [*b"mft1", *b"mft2", *b"mAB "] {
            let whole = profile(kind);
            for end in (0..whole.len()).step_by(61) {
                let found = to_srgb(&whole[..end], &inks).unwrap();
                assert!(found.is_none(), "cut to {end} of {}", whole.len());
            }
            for at in 0..250 {
                for value in [0, 1, 0x7F, 0x80, 0xFF] {
                    let mut hurt = whole.clone();
                    hurt[at] = value;
                    if let Some(rgb) = to_srgb(&hurt, &inks).unwrap() {
                        assert_eq!(rgb.len(), 48);
                    }
                }
            }
        }
        assert_eq!(to_srgb(&ColorProfile::new_srgb().encode().unwrap(), &inks), Ok(None), "no inks");
    }
}
