//! What enlarging changes in an EXIF block, and what must not go on with a picture.
//!
//! A block is a TIFF header (`II*\0` or `MM\0*`) with its directories, without the `Exif\0\0` that JPEG puts before it.
//! It is taken apart and laid out anew, so that what was removed is gone with its bytes. Every offset is
//! checked; a damaged block yields nothing. Source: EXIF 2.32 (CIPA DC-008).

use super::density::{Density, DensityUnit};
use super::ifd::{self, EXIF_DIRECTORY, LONG, MAKER_NOTE, Order, SHORT, Tree};
use crate::image::orientation::Orientation;

const IMAGE_WIDTH: u16 = 256;
const IMAGE_LENGTH: u16 = 257;
const ORIENTATION: u16 = 0x0112;
pub(super) const X_RESOLUTION: u16 = 282;
pub(super) const Y_RESOLUTION: u16 = 283;
pub(super) const RESOLUTION_UNIT: u16 = 296;
const INCHES: u16 = 2;
const CENTIMETRES: u16 = 3;
pub(super) const XMP: u16 = 700;
pub(super) const IPTC: u16 = 33_723;
pub(super) const PHOTOSHOP: u16 = 34_377;
pub(super) const ICC: u16 = 34_675;
const COLOUR_SPACE: u16 = 0xA001;
const PIXEL_X_DIMENSION: u16 = 0xA002;
const PIXEL_Y_DIMENSION: u16 = 0xA003;

/// Whether a tag of the first directory says how a file stores its pixels, and so nothing about another file. Sources:
/// TIFF 6.0; its supplements for `SubIFDs` (330) and JPEG (347); EXIF 2.32, 4.6.4 A and B; Photoshop's layers (37724).
/// `GeoTIFF`'s places of pixels on the Earth (33550, 33922, 34264, 34735 to 34737) are those of the old pixels.
pub(super) fn is_structure(tag: u16) -> bool {
    matches!(tag, 254..=255 | 258..=259 | 262..=266 | 273 | 277..=281 | 284 | 288..=292 | 301 | 317..=347 | 512..=532 | 559 | 33_550 | 33_922 | 34_264 | 34_735..=34_737 | 37_724)
}

/// Whether a tag of the first directory is metadata of its own kind, which [`super::Metadata`] holds apart.
pub(super) fn is_apart(tag: u16) -> bool {
    matches!(tag, XMP | IPTC | PHOTOSHOP | ICC)
}

/// The block in `bytes`, with JPEG's `Exif\0\0` taken off; `None` where it is not one.
pub fn block(bytes: &[u8]) -> Option<&[u8]> {
    let bytes = bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes);
    ifd::header(bytes).filter(|(_, big)| !big).map(|_| bytes)
}

/// The orientation that the first directory states.
pub fn orientation(block: &[u8]) -> Option<Orientation> {
    let tree = Tree::parse(block, |tag| tag == ORIENTATION)?;
    turn(&tree)
}

pub(super) fn turn(tree: &Tree) -> Option<Orientation> {
    tree.main.get(ORIENTATION).and_then(|entry| tree.number(entry)).and_then(Orientation::from_exif)
}

/// The density that the first directory states.
pub(super) fn density(tree: &Tree) -> Option<Density> {
    let [x, y] = [X_RESOLUTION, Y_RESOLUTION].map(|tag| tree.main.get(tag).and_then(|entry| tree.ratio(entry)));
    let unit = match tree.main.get(RESOLUTION_UNIT).map(|entry| tree.number(entry)) {
        None | Some(Some(2)) => DensityUnit::Inch,
        Some(Some(3)) => DensityUnit::Centimetre,
        Some(_) => return None,
    };
    Density::new(x?, y?, unit)
}

/// A block's directories, with its thumbnail left out: that shows the picture as it was, and most readers prefer it.
pub(super) fn read(block: &[u8]) -> Option<Tree> {
    Tree::parse(block, |tag| !is_structure(tag) && !is_apart(tag))
}

/// Makes the directories say what is true of the result: upright, `width` x `height` pixels, and its density.
///
/// Sides and orientation that are not stated are not added; the density is, where one is known.
pub(super) fn describe(tree: &mut Tree, width: u32, height: u32, density: Option<Density>) {
    if tree.main.get(ORIENTATION).is_some() {
        tree.main.set(tree.short(ORIENTATION, &[1]));
    }
    for (tag, side) in [(IMAGE_WIDTH, width), (IMAGE_LENGTH, height)] {
        if tree.main.get(tag).is_some() {
            tree.main.set(tree.long(tag, &[side]));
        }
    }
    for (tag, side) in [(PIXEL_X_DIMENSION, width), (PIXEL_Y_DIMENSION, height)] {
        if let Some(entry) = tree.exif.get(tag) {
            // A SHORT grows where it cannot hold the value.
            let fits = entry.kind == SHORT && u16::try_from(side).is_ok();
            let new = if fits { tree.short(tag, &[side as u16]) } else { tree.long(tag, &[side]) };
            debug_assert!(matches!(new.kind, SHORT | LONG));
            tree.exif.set(new);
        }
    }
    if let Some(density) = density {
        set_density(tree, density);
    }
}

pub(super) fn set_density(tree: &mut Tree, density: Density) {
    let unit = if density.unit == DensityUnit::Inch { INCHES } else { CENTIMETRES };
    tree.main.set(tree.rational(X_RESOLUTION, density.x));
    tree.main.set(tree.rational(Y_RESOLUTION, density.y));
    tree.main.set(tree.short(RESOLUTION_UNIT, &[unit]));
}

/// Whether there is nothing beyond the orientation and the density, which are held apart.
pub(super) fn says_nothing_else(tree: &Tree) -> bool {
    let mut rest = tree.clone();
    for tag in [ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT] {
        rest.main.take(tag);
    }
    rest.is_empty()
}

/// Removes what may say where the picture was taken: the GPS directory, and the maker's note, which only its maker can
/// read. Whether there was such a note.
pub(super) fn remove_location(tree: &mut Tree) -> bool {
    tree.gps = ifd::Directory::default();
    tree.exif.take(MAKER_NOTE).is_some()
}

/// Says that the pixels are sRGB, where the block says what they are.
pub(super) fn set_srgb(tree: &mut Tree) {
    if tree.exif.get(COLOUR_SPACE).is_some() {
        tree.exif.set(tree.short(COLOUR_SPACE, &[1]));
    }
}

/// A block that states nothing but a density, for formats that have no other place for it.
pub(super) fn density_only(density: Density) -> Vec<u8> {
    let mut tree = Tree::new(Order::Little);
    set_density(&mut tree, density);
    tree.write(false).0
}

/// Changes a SHORT or LONG of the first directory from one value to another, in place; whether it was there and can hold it.
pub(super) fn replace(block: &mut [u8], tag: u16, from: u32, to: u32) -> bool {
    let place = || {
        let (order, big) = ifd::header(block).filter(|(_, big)| !big)?;
        debug_assert!(!big && tag != EXIF_DIRECTORY);
        let directory = order.u32_at(block, 4)? as usize;
        let entries = usize::from(order.u16_at(block, directory)?);
        (0..entries).find_map(|i| {
            let at = directory.checked_add(2 + 12 * i)?;
            let (found, kind) = (order.u16_at(block, at)?, order.u16_at(block, at + 2)?);
            let (value, new) = match kind {
                SHORT => (u32::from(order.u16_at(block, at + 8)?), order.u16(u16::try_from(to).ok()?).to_vec()),
                LONG => (order.u32_at(block, at + 8)?, order.u32(to).to_vec()),
                _ => return None,
            };
            (found == tag && order.u32_at(block, at + 4)? == 1 && value == from).then_some((at + 8, new))
        })
    };
    let Some((at, new)) = place() else { return false };
    block[at..at + new.len()].copy_from_slice(&new);
    true
}

#[cfg(test)]
mod tests {
    use super::super::ifd::{Directory, Entry, UNDEFINED};
    use super::*;

    /// A block with an orientation, both pixel dimensions, a place, and a tag that nobody knows.
    fn sample(order: Order, orientation: u16, wide: bool) -> Vec<u8> {
        let mut tree = Tree::new(order);
        tree.main.set(Entry { tag: 0x010F, kind: 2, data: b"Camera works\0".to_vec() });
        tree.main.set(tree.short(ORIENTATION, &[orientation]));
        tree.exif.set(if wide { tree.long(PIXEL_X_DIMENSION, &[640]) } else { tree.short(PIXEL_X_DIMENSION, &[640]) });
        tree.exif.set(if wide { tree.long(PIXEL_Y_DIMENSION, &[480]) } else { tree.short(PIXEL_Y_DIMENSION, &[480]) });
        tree.exif.set(Entry { tag: 0xFDE8, kind: UNDEFINED, data: b"nobody knows this tag".to_vec() });
        tree.gps.set(Entry { tag: 1, kind: 2, data: b"N\0".to_vec() });
        tree.gps.set(Entry { kind: 5, ..tree.long(2, &[48, 1, 51, 1, 30, 1]) });
        tree.write(false).0
    }

    /// The sample with a maker's note among its values.
    fn with_note(order: Order) -> Vec<u8> {
        let mut tree = Tree::parse(&sample(order, 6, true), |_| true).unwrap();
        tree.exif.set(Entry { tag: MAKER_NOTE, kind: UNDEFINED, data: b"note: its offsets count from the start of the block".to_vec() });
        tree.write(false).0
    }

    #[test]
    fn describes_the_result_in_both_byte_orders() {
        for order in [Order::Little, Order::Big] {
            for expected in Orientation::ALL {
                let block = sample(order, expected.exif().into(), true);
                assert_eq!(orientation(&block), Some(expected));
                let before = read(&block).unwrap();
                let mut tree = before.clone();
                describe(&mut tree, 70_000, 3, Density::new(300.0, 118.11, DensityUnit::Inch));
                let again = read(&tree.write(false).0).unwrap();
                assert_eq!(turn(&again), Some(Orientation::Upright));
                assert_eq!(density(&again), Density::new(300.0, 118.11, DensityUnit::Inch));
                let side = |tag| again.exif.get(tag).and_then(|e| again.number(e));
                assert_eq!((side(PIXEL_X_DIMENSION), side(PIXEL_Y_DIMENSION)), (Some(70_000), Some(3)));
                // All else is what it was.
                assert_eq!(again.gps, before.gps);
                assert_eq!(again.exif.get(0xFDE8), before.exif.get(0xFDE8));
                assert_eq!(again.main.get(0x010F), before.main.get(0x010F));
            }
        }
    }

    #[test]
    fn a_short_dimension_grows_where_the_value_does_not_fit() {
        let mut tree = read(&sample(Order::Little, 6, false)).unwrap();
        describe(&mut tree, 70_000, 960, None);
        let found = [PIXEL_X_DIMENSION, PIXEL_Y_DIMENSION].map(|tag| tree.exif.get(tag).map(|e| (e.kind, tree.number(e))));
        assert_eq!(found, [Some((LONG, Some(70_000))), Some((SHORT, Some(960)))]);
    }

    #[test]
    fn a_makers_note_keeps_its_offset_whatever_grows() {
        for order in [Order::Little, Order::Big] {
            let block = with_note(order);
            let at = block.windows(5).position(|w| w == b"note:").unwrap();
            let mut tree = read(&block).unwrap();
            assert!(!tree.note_lost);
            for tag in 0x9000..0x9020 {
                tree.exif.set(Entry { tag, kind: UNDEFINED, data: vec![7; 40] });
            }
            describe(&mut tree, 5, 6, Density::new(72.5, 72.5, DensityUnit::Centimetre));
            let written = tree.write(false).0;
            assert!(written[at..].starts_with(b"note: its offsets"), "{order:?}");
            let again = read(&written).unwrap();
            assert_eq!(again, tree, "nothing overlaps the note");
        }
    }

    #[test]
    fn the_place_is_gone_with_its_bytes() {
        let block = with_note(Order::Big);
        let place = Order::Big.u32(51);
        let holds = |bytes: &[u8]| bytes.windows(4).any(|w| w == place);
        let mut tree = read(&block).unwrap();
        assert!(holds(&tree.write(false).0), "the twin: the place is there before");
        assert!(remove_location(&mut tree));
        let without = tree.write(false).0;
        assert!(!holds(&without) && !without.windows(4).any(|w| w == b"note"));
        assert_eq!(read(&without).unwrap().gps, Directory::default());
        assert!(!remove_location(&mut tree), "there is no note left");
    }

    #[test]
    fn what_is_true_of_the_old_pixels_alone_does_not_go_on() {
        let mut tree = read(&sample(Order::Little, 1, false)).unwrap();
        // Photoshop's layers; GeoTIFF's pixel scale and keys; the twin, a description.
        for tag in [37_724, 33_550, 34_735, 270] {
            tree.main.set(Entry { tag, kind: UNDEFINED, data: b"of the old pixels".to_vec() });
        }
        let again = read(&tree.write(false).0).unwrap();
        assert_eq!([37_724, 33_550, 34_735, 270].map(|tag| again.main.get(tag).is_some()), [false, false, false, true]);
    }

    #[test]
    fn every_damage_yields_nothing_and_never_panics() {
        let whole = with_note(Order::Big);
        let judge = |bytes: &[u8]| {
            let _ = orientation(bytes);
            if let Some(mut tree) = read(bytes) {
                describe(&mut tree, 5, 6, Density::new(1.0, 2.0, DensityUnit::Inch));
                remove_location(&mut tree);
                assert!(tree.write(false).0.len() <= 70_000 + 2 * bytes.len());
                let _ = tree.write(true);
            }
        };
        for end in 0..whole.len() {
            judge(&whole[..end]);
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7F, 0xFF] {
                let mut hurt = whole.clone();
                hurt[at] = value;
                judge(&hurt);
            }
        }
        assert_eq!(block(b"Exif\0\0MM\0*rest"), Some(&b"MM\0*rest"[..]));
        assert_eq!(block(b"something else"), None);
        assert_eq!(orientation(&sample(Order::Little, 9, true)), None);
    }

    #[test]
    fn values_that_lie_upon_each_other_cannot_multiply() {
        // 2,000 entries that all claim the same 60,000 bytes.
        let mut block = b"II*\0\x08\0\0\0".to_vec();
        block.extend(2000_u16.to_le_bytes());
        for tag in 0..2000_u16 {
            block.extend((0xC000 + tag).to_le_bytes());
            block.extend(UNDEFINED.to_le_bytes());
            block.extend(60_000_u32.to_le_bytes());
            block.extend(30_000_u32.to_le_bytes());
        }
        block.resize(90_000, 1);
        let tree = read(&block).unwrap();
        assert!(tree.write(false).0.len() < 2 * block.len());
    }
}
