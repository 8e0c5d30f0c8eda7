//! What a file says beside its pixels: read from every format that carries it, and written to every one that can.

use super::density::Density;
use super::ifd::Tree;
use super::{exif, iptc, xmp};
use crate::named::named;

/// The warning that goes with [`Tree::note_lost`].
pub(super) const NOTE_LOST: &str = "The camera maker's own notes lie too far back in the file to be moved and were left out";

/// What comes with a picture's pixels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// The ICC profile of the pixels.
    pub icc: Option<Vec<u8>>,
    /// An EXIF block: a TIFF header and its directories, without `Exif\0\0`.
    pub exif: Option<Vec<u8>>,
    /// An XMP packet, in one piece.
    pub xmp: Option<Vec<u8>>,
    /// IPTC data sets (IIM), without the Photoshop resource that may hold them.
    pub iptc: Option<Vec<u8>>,
    /// Pixels per unit of length.
    pub density: Option<Density>,
}

named! {
    /// Which metadata goes on with a result.
    #[derive(Default)]
    pub enum MetadataPolicy ("metadata policy", name) {
        /// All of it.
        #[default]
        Keep = "keep",
        /// All but what says where the picture was taken: the GPS directory and the maker's note of EXIF, the places in XMP and
        /// IPTC.
        NoLocation = "no-location",
        /// No EXIF, XMP and IPTC. The ICC profile and the density stay: without them the picture would look different.
        None = "none",
    }
}

impl Metadata {
    /// Takes out what `policy` does not let go on. What had to go beyond its plain meaning is said, in a sentence without
    /// its full stop.
    pub fn apply(&mut self, policy: MetadataPolicy) -> Vec<String> {
        let mut said = Vec::new();
        match policy {
            MetadataPolicy::Keep => {}
            MetadataPolicy::NoLocation => {
                if let Some(mut tree) = self.exif.as_deref().and_then(exif::read) {
                    if exif::remove_location(&mut tree) {
                        said.push("The camera maker's own notes may hold the place and were left out".to_owned());
                    }
                    self.exif = block(&tree);
                }
                // A packet that cannot be read may hold the place.
                self.xmp = self.xmp.take().and_then(|packet| {
                    let without = xmp::without_location(&packet);
                    if without.is_none() {
                        said.push("The XMP data is damaged and was left out".to_owned());
                    }
                    without
                });
                self.iptc = self.iptc.take().map(|sets| iptc::without_location(&sets)).filter(|sets| !sets.is_empty());
            }
            MetadataPolicy::None => (self.exif, self.xmp, self.iptc) = (None, None, None),
        }
        said
    }

    /// Makes EXIF and XMP say what is true of a result: upright, of `width` x `height` pixels, with this density. Their
    /// thumbnails are taken out: they show the picture as it was.
    pub fn describe(&mut self, width: u32, height: u32) {
        if let Some(mut tree) = self.exif.as_deref().and_then(exif::read) {
            exif::describe(&mut tree, width, height, self.density);
            self.exif = block(&tree);
        }
        if let Some(packet) = &self.xmp {
            self.xmp = xmp::describe(packet, width, height, self.density);
        }
    }

    /// Says in EXIF that the pixels are sRGB now.
    pub(super) fn set_srgb(&mut self) {
        if let Some(mut tree) = self.exif.as_deref().and_then(exif::read) {
            exif::set_srgb(&mut tree);
            self.exif = block(&tree);
        }
    }

    /// Takes out what cannot be read, and says so; takes apart what is in the wrong place.
    pub(super) fn tidy(&mut self, warnings: &mut Vec<String>) {
        let mut damaged = |what: &str| warnings.push(format!("The {what} data is damaged and was left out"));
        if let Some(bytes) = self.exif.take() {
            self.exif = exif::block(&bytes).filter(|block| Tree::parse(block, |_| true).is_some_and(|t| !t.is_empty())).map(<[u8]>::to_vec);
            if self.exif.is_none() {
                damaged("EXIF");
            }
        }
        if let Some(bytes) = &self.exif
            && let Some(apart) = Tree::parse(bytes, exif::is_apart)
        {
            let value = |tag| apart.main.get(tag).map(|entry| entry.data.clone());
            self.xmp = self.xmp.take().or_else(|| value(exif::XMP));
            self.iptc = self.iptc.take().or_else(|| value(exif::IPTC));
        }
        // Anything goes through here once, so what cannot be read is noticed before the work.
        if let Some(packet) = self.xmp.take() {
            self.xmp = xmp::describe(&packet, 0, 0, None).map(|_| packet);
            if self.xmp.is_none() {
                damaged("XMP");
            }
        }
        if let Some(bytes) = self.iptc.take() {
            match iptc::read(&bytes) {
                Some((sets, whole)) => {
                    self.iptc = Some(sets);
                    if !whole {
                        warnings.push("The IPTC data is damaged; what can be read of it was kept".to_owned());
                    }
                }
                None => damaged("IPTC"),
            }
        }
        if let Some(tree) = self.exif.as_deref().and_then(exif::read) {
            self.density = self.density.or_else(|| exif::density(&tree));
            if tree.note_lost {
                warnings.push(NOTE_LOST.to_owned());
            }
        }
    }
}

/// The block of a tree; `None` for one without entries.
pub(super) fn block(tree: &Tree) -> Option<Vec<u8>> {
    (!tree.is_empty()).then(|| tree.write(false).0)
}

#[cfg(test)]
mod tests {
    use super::super::density::{DensityUnit, INCH};
    use super::*;

    #[test]
    fn densities_go_through_metres_and_come_back() {
        for dpi in [1.0, 72.0, 96.0, 150.0, 240.0, 300.0, 301.0, 600.0, 1200.0] {
            let density = Density::dpi(dpi).unwrap();
            assert_eq!(Density::from_metre(density.per_metre()), Some(density));
        }
        let odd = Density::new(118.13, 40.05, DensityUnit::Centimetre).unwrap();
        let [x, y] = Density::from_metre(odd.per_metre()).unwrap().per_inch();
        assert!((x - 118.13 * INCH).abs() < 0.02 && (y - 40.05 * INCH).abs() < 0.02);
    }

    #[test]
    fn densities_that_make_no_sense_are_none() {
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
            assert_eq!(Density::dpi(value), None);
        }
        assert_eq!(Density::from_metre([0, 2835]), None);
    }

    #[test]
    fn policies_have_names() {
        for policy in MetadataPolicy::ALL {
            assert_eq!(policy.name().parse(), Ok(policy));
        }
        assert!("some".parse::<MetadataPolicy>().is_err());
    }
}
