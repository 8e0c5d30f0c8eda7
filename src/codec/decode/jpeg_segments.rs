//! The metadata in a JPEG's application segments.
//!
//! Sources: JFIF 1.02; EXIF 2.32, 4.7.2; ICC.1:2022, B.4; Adobe XMP Specification, part 3, 1.1.3.

use crate::codec::{Density, DensityUnit, Metadata, iptc, xmp};

const ICC: &[u8] = b"ICC_PROFILE\0";
/// Bytes of an extension's digest.
const DIGEST: usize = 32;

/// Segments of interest, as they come.
#[derive(Default)]
pub(super) struct Segments {
    density: Option<Density>,
    exif: Option<Vec<u8>>,
    xmp: Option<Vec<u8>>,
    /// Digest, whole length, offset and data of the parts of the packet's extension.
    extension: Vec<(Vec<u8>, usize, usize, Vec<u8>)>,
    /// Photoshop's resources, which may go on in a further segment.
    resources: Vec<u8>,
    /// Number, count and data of the profile's parts.
    icc: Vec<(u8, u8, Vec<u8>)>,
}

impl Segments {
    pub(super) fn put(&mut self, marker: u8, segment: &[u8]) {
        match marker {
            0xE0 if segment.starts_with(b"JFIF\0") => {
                if let Some(&[unit, a, b, c, d]) = segment.get(7..12) {
                    let [x, y] = [[a, b], [c, d]].map(|v| f64::from(u16::from_be_bytes(v)));
                    self.density = match unit {
                        1 => Density::new(x, y, DensityUnit::Inch),
                        2 => Density::new(x, y, DensityUnit::Centimetre),
                        _ => None,
                    };
                }
            }
            0xE1 if segment.starts_with(b"Exif\0") => self.exif = self.exif.take().or_else(|| segment.get(6..).map(<[u8]>::to_vec)),
            0xE1 => {
                if let Some(packet) = segment.strip_prefix(xmp::SEGMENT) {
                    self.xmp.get_or_insert_with(|| packet.to_vec());
                } else if let Some(part) = segment.strip_prefix(xmp::EXTENSION)
                    && let Some((digest, rest)) = part.split_at_checked(DIGEST)
                    && let Some(&[a, b, c, d, e, f, g, h]) = rest.get(..8)
                {
                    let (whole, offset) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
                    self.extension.push((digest.to_vec(), whole as usize, offset as usize, rest[8..].to_vec()));
                }
            }
            0xE2 => {
                if let Some(&[number, total, ref data @ ..]) = segment.strip_prefix(ICC) {
                    self.icc.push((number, total, data.to_vec()));
                }
            }
            0xED => {
                if let Some(resources) = segment.strip_prefix(iptc::SEGMENT) {
                    self.resources.extend(resources);
                }
            }
            _ => {}
        }
    }

    pub(super) fn metadata(self) -> Metadata {
        let xmp = self.xmp.map(|main| match xmp::extension_of(&main) {
            // A packet whose extension is missing goes on as it is: what it says by itself is still true.
            Some(digest) => extension(self.extension, digest.as_bytes()).and_then(|e| xmp::merge(&main, &e)).unwrap_or(main),
            None => main,
        });
        let iptc = iptc::from_resources(&self.resources).map(<[u8]>::to_vec);
        Metadata { icc: profile(self.icc), exif: self.exif, xmp, iptc, density: self.density }
    }
}

/// The packet's extension from its parts, where all are there.
fn extension(mut parts: Vec<(Vec<u8>, usize, usize, Vec<u8>)>, digest: &[u8]) -> Option<Vec<u8>> {
    parts.retain(|part| part.0 == digest);
    parts.sort_by_key(|part| part.2);
    let whole = parts.first()?.1;
    let mut out = Vec::new();
    for (_, _, offset, data) in parts {
        if offset != out.len() {
            return None;
        }
        out.extend(data);
    }
    (out.len() == whole).then_some(out)
}

/// The profile from its numbered parts, where all are there.
fn profile(mut parts: Vec<(u8, u8, Vec<u8>)>) -> Option<Vec<u8>> {
    parts.sort_by_key(|p| p.0);
    let total = parts.first()?.1;
    let whole = parts.len() == usize::from(total) && parts.iter().zip(1..=total).all(|(p, n)| p.0 == n);
    // An incomplete profile goes on as an empty one, which is then reported as damaged.
    Some(if whole { parts.into_iter().flat_map(|p| p.2).collect() } else { Vec::new() })
}
