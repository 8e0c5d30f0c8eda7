//! The few fields of an EXIF block that enlarging changes, read and patched in place.
//!
//! A block is a TIFF header (`II*\0` or `MM\0*`) with its directories, without the `Exif\0\0` that
//! JPEG puts before it. Every offset is checked; a damaged block yields nothing.

use crate::image::orientation::Orientation;

const ORIENTATION: u16 = 0x0112;
const EXIF_DIRECTORY: u16 = 0x8769;
const PIXEL_X_DIMENSION: u16 = 0xA002;
const PIXEL_Y_DIMENSION: u16 = 0xA003;
const SHORT: u16 = 3;
const LONG: u16 = 4;

#[derive(Clone, Copy)]
struct Entry {
    /// Byte offset of the value in the block.
    at: usize,
    kind: u16,
    count: u32,
}

/// The block in `bytes`, with JPEG's `Exif\0\0` taken off; `None` where it is not one.
pub fn block(bytes: &[u8]) -> Option<&[u8]> {
    let bytes = bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes);
    is_little(bytes).map(|_| bytes)
}

/// The orientation that the first directory states.
pub fn orientation(block: &[u8]) -> Option<Orientation> {
    let little = is_little(block)?;
    let entry = find(block, little, first_directory(block, little)?, ORIENTATION)?;
    Orientation::from_exif(value(block, little, entry)?)
}

/// Makes the block say what is true of the result: upright, `width` x `height` pixels.
///
/// Fields that are not there are not added, as nothing else in the block may move.
pub fn update(block: &mut [u8], width: u32, height: u32) {
    let Some(little) = is_little(block) else { return };
    let Some(directory) = first_directory(block, little) else { return };
    if let Some(entry) = find(block, little, directory, ORIENTATION) {
        store(block, little, entry, 1);
    }
    let exif = find(block, little, directory, EXIF_DIRECTORY).and_then(|entry| value(block, little, entry));
    if let Some(exif) = exif.and_then(|offset| usize::try_from(offset).ok()) {
        for (tag, side) in [(PIXEL_X_DIMENSION, width), (PIXEL_Y_DIMENSION, height)] {
            if let Some(entry) = find(block, little, exif, tag) {
                store(block, little, entry, side);
            }
        }
    }
}

/// Changes a SHORT of the first directory from one value to another; whether it was there.
pub(super) fn replace(block: &mut [u8], tag: u16, from: u32, to: u16) -> bool {
    let entry = is_little(block).and_then(|little| {
        let entry = find(block, little, first_directory(block, little)?, tag)?;
        (entry.kind == SHORT && value(block, little, entry)? == from).then_some((little, entry))
    });
    if let Some((little, entry)) = entry {
        store(block, little, entry, to.into());
    }
    entry.is_some()
}

fn is_little(block: &[u8]) -> Option<bool> {
    match block.get(..4)? {
        b"II*\0" => Some(true),
        b"MM\0*" => Some(false),
        _ => None,
    }
}

fn u16_at(block: &[u8], little: bool, at: usize) -> Option<u16> {
    let bytes: [u8; 2] = block.get(at..at.checked_add(2)?)?.try_into().ok()?;
    Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
}

fn u32_at(block: &[u8], little: bool, at: usize) -> Option<u32> {
    let bytes: [u8; 4] = block.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
}

fn first_directory(block: &[u8], little: bool) -> Option<usize> {
    usize::try_from(u32_at(block, little, 4)?).ok()
}

fn find(block: &[u8], little: bool, directory: usize, tag: u16) -> Option<Entry> {
    let entries = usize::from(u16_at(block, little, directory)?);
    (0..entries).find_map(|i| {
        let at = directory.checked_add(2 + 12 * i)?;
        if u16_at(block, little, at)? != tag {
            return None;
        }
        Some(Entry { at: at + 8, kind: u16_at(block, little, at + 2)?, count: u32_at(block, little, at + 4)? })
    })
}

fn value(block: &[u8], little: bool, entry: Entry) -> Option<u32> {
    match (entry.kind, entry.count) {
        (SHORT, 1) => u16_at(block, little, entry.at).map(u32::from),
        (LONG, 1) => u32_at(block, little, entry.at),
        _ => None,
    }
}

/// Leaves a SHORT as it is where `value` does not fit into it.
fn store(block: &mut [u8], little: bool, entry: Entry, value: u32) {
    let bytes = match (entry.kind, entry.count) {
        (SHORT, 1) => {
            let Ok(short) = u16::try_from(value) else { return };
            (if little { short.to_le_bytes() } else { short.to_be_bytes() }).to_vec()
        }
        (LONG, 1) => (if little { value.to_le_bytes() } else { value.to_be_bytes() }).to_vec(),
        _ => return,
    };
    if let Some(target) = block.get_mut(entry.at..entry.at + bytes.len()) {
        target.copy_from_slice(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// IFD0 with Make-like filler, Orientation and an Exif directory with both pixel dimensions.
    fn sample(little: bool, orientation: u16, wide: bool) -> Vec<u8> {
        let short = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let long = |v: u32| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let mut block = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
        block.extend(long(8));
        let entry = |block: &mut Vec<u8>, tag: u16, kind: u16, value: u32| {
            block.extend(short(tag));
            block.extend(short(kind));
            block.extend(long(1));
            if kind == SHORT {
                block.extend(short(value as u16));
                block.extend([0, 0]);
            } else {
                block.extend(long(value));
            }
        };
        block.extend(short(3));
        entry(&mut block, 0x0100, LONG, 77);
        entry(&mut block, ORIENTATION, SHORT, u32::from(orientation));
        entry(&mut block, EXIF_DIRECTORY, LONG, 50);
        block.extend(long(0));
        assert_eq!(block.len(), 50);
        block.extend(short(2));
        let kind = if wide { LONG } else { SHORT };
        entry(&mut block, PIXEL_X_DIMENSION, kind, 640);
        entry(&mut block, PIXEL_Y_DIMENSION, kind, 480);
        block.extend(long(0));
        block
    }

    #[test]
    fn reads_and_resets_in_both_byte_orders() {
        for little in [true, false] {
            for expected in Orientation::ALL {
                let mut block = sample(little, expected.exif().into(), true);
                let before = block.clone();
                assert_eq!(orientation(&block), Some(expected));
                update(&mut block, 70_000, 3);
                assert_eq!(orientation(&block), Some(Orientation::Upright));
                assert_eq!(block.len(), before.len());
                let fresh = sample(little, 1, true);
                let differ = block.iter().zip(&fresh).filter(|(a, b)| a != b).count();
                assert!((1..=8).contains(&differ), "only the two dimensions may differ, {differ} bytes do");
            }
        }
    }

    #[test]
    fn a_short_dimension_that_cannot_hold_the_value_stays() {
        let mut block = sample(true, 6, false);
        update(&mut block, 70_000, 960);
        let directory = 50;
        let x = find(&block, true, directory, PIXEL_X_DIMENSION).and_then(|e| value(&block, true, e));
        let y = find(&block, true, directory, PIXEL_Y_DIMENSION).and_then(|e| value(&block, true, e));
        assert_eq!((x, y), (Some(640), Some(960)));
    }

    #[test]
    fn every_damage_yields_nothing_and_never_panics() {
        let whole = sample(false, 6, true);
        for end in 0..whole.len() {
            let mut cut = whole[..end].to_vec();
            let _ = orientation(&cut);
            update(&mut cut, 5, 6);
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7F, 0xFF] {
                let mut hurt = whole.clone();
                hurt[at] = value;
                let _ = orientation(&hurt);
                update(&mut hurt, 5, 6);
            }
        }
        assert_eq!(block(b"Exif\0\0MM\0*rest"), Some(&b"MM\0*rest"[..]));
        assert_eq!(block(b"something else"), None);
        assert_eq!(orientation(&sample(true, 9, true)), None);
    }
}
