//! The curves of ICC profiles: `curv` and `para` (ICC.1:2022, 10.6 and 10.18).

use super::ifd::Order;

/// A curve from 0..=1 to 0..=1.
pub(super) enum Curve {
    Identity,
    /// Values at equal steps; at least two.
    Table(Vec<f32>),
    /// Exponent, a, b, c, d, e, f of the parametric types, all as the fullest one.
    Formula([f32; 7]),
}

impl Curve {
    pub(super) fn at(&self, x: f32) -> f32 {
        match self {
            Self::Identity => x,
            Self::Table(values) => {
                let place = x.clamp(0.0, 1.0) * (values.len() - 1) as f32;
                let below = (place as usize).min(values.len() - 2);
                let part = place - below as f32;
                values[below] * (1.0 - part) + values[below + 1] * part
            }
            Self::Formula([g, a, b, c, d, e, f]) => {
                if x >= *d {
                    (a * x + b).max(0.0).powf(*g) + e
                } else {
                    c * x + f
                }
            }
        }
    }

    /// Reads a curve, and tells how many bytes it takes.
    fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let fixed = |at: usize| Order::Big.u32_at(bytes, at).map(|v| v as i32 as f32 / 65_536.0);
        match bytes.get(..4)? {
            b"curv" => {
                let count = Order::Big.u32_at(bytes, 8)? as usize;
                let values = bytes.get(12..count.checked_mul(2)?.checked_add(12)?)?;
                let curve = match count {
                    0 => Self::Identity,
                    1 => Self::Formula([f32::from(Order::Big.u16_at(values, 0)?) / 256.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
                    _ => Self::Table(words(values)),
                };
                Some((curve, 12 + values.len()))
            }
            b"para" => {
                let kind = usize::from(Order::Big.u16_at(bytes, 8)?);
                let count = *[1, 3, 4, 5, 7].get(kind)?;
                let mut p = [0.0; 7];
                for (i, value) in p.iter_mut().take(count).enumerate() {
                    *value = fixed(12 + 4 * i)?;
                }
                let [g, a, b, c, d, e, f] = p;
                let full = match kind {
                    0 => [g, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                    1 | 2 if a == 0.0 => return None,
                    1 => [g, a, b, 0.0, -b / a, 0.0, 0.0],
                    2 => [g, a, b, 0.0, -b / a, c, c],
                    3 => [g, a, b, c, d, 0.0, 0.0],
                    _ => [g, a, b, c, d, e, f],
                };
                full.iter().all(|v| v.is_finite()).then_some((Self::Formula(full), 12 + 4 * count))
            }
            _ => None,
        }
    }

    /// As many curves, one behind the other at offsets of four.
    pub(super) fn read_all<const N: usize>(bytes: &[u8]) -> Option<[Self; N]> {
        let mut at = 0;
        let mut curves = Vec::with_capacity(N);
        for _ in 0..N {
            let (curve, length) = Self::read(bytes.get(at..)?)?;
            curves.push(curve);
            at += length.next_multiple_of(4);
        }
        curves.try_into().ok()
    }
}

/// Numbers of 16 bits as 0..=1.
pub(super) fn words(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(2).map(|v| f32::from(u16::from_be_bytes([v[0], v[1]])) / 65_535.0).collect()
}
