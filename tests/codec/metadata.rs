//! Orientation, EXIF and ICC, in and out.

use inlarge::codec::encode::{EncoderOptions, MemoryFile, OutputFormat};
use inlarge::codec::{Decoded, Metadata, decode, exif};
use inlarge::image::orientation::{Orientation, apply};
use inlarge::image::{Channels, Depth, Picture};

use crate::make::{self, Tiff, bytes, encode, icc, picture};

/// The source as each format's file with this EXIF block.
fn with_exif(source: &Picture, block: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    OutputFormat::ALL
        .into_iter()
        .map(|format| {
            let options = EncoderOptions { quality: 100, metadata: Metadata { exif: Some(block.to_vec()), ..Metadata::default() } };
            (format.name(), encode(source, format, &options, 16))
        })
        .collect()
}

fn same(format: &str, found: &Decoded, expected: &Picture) -> bool {
    let shape = (found.picture.width, found.picture.height) == (expected.width, expected.height);
    shape && if format == "JPEG" { make::psnr(bytes(&found.picture), bytes(expected)) > 38.0 } else { found.picture == *expected }
}

#[test]
fn all_eight_orientations_in_every_format() {
    let source = picture(48, 31, Channels::Rgb, Depth::Eight, false);
    for little in [true, false] {
        for orientation in Orientation::ALL {
            let expected = apply(source.clone(), orientation).unwrap();
            let block = make::exif(little, orientation.exif().into());
            for (name, file) in with_exif(&source, &block) {
                let found = decode(&file).unwrap();
                assert!(same(name, &found, &expected), "{name} {orientation:?}");
                // The block goes on with the truth about the upright picture.
                let kept = found.metadata.exif.unwrap();
                assert_eq!(kept.len(), block.len());
                assert_eq!(exif::orientation(&kept), Some(Orientation::Upright));
                assert!(kept.windows(4).any(|w| w == b"Cam\0"));
                let width = if little { expected.width.to_le_bytes() } else { expected.width.to_be_bytes() };
                assert_eq!(kept[60..64], width, "{name} {orientation:?}");
                // The twin: no other orientation passes.
                for other in Orientation::ALL.into_iter().filter(|&o| o != orientation) {
                    let wrong = apply(source.clone(), other).unwrap();
                    let again = decode(&file).unwrap();
                    assert!(!same(name, &again, &wrong), "{name} {orientation:?} passes for {other:?}");
                }
            }
            let raw = bytes(&source);
            let tiff = Tiff::new(little, 48, 31, &[8; 3], 2).tag(274, &[orientation.exif().into()]).file(&[raw]);
            assert!(decode(&tiff).unwrap().picture == expected, "TIFF {orientation:?}");
        }
    }
}

#[test]
fn profiles_survive_every_format() {
    for format in OutputFormat::ALL {
        for (channels, space) in [(Channels::Rgb, *b"RGB "), (Channels::Grey, *b"GRAY")] {
            if format == OutputFormat::WebP && channels == Channels::Grey {
                let mut options = make::with(Metadata { icc: Some(icc(space, 128)), ..Metadata::default() });
                let left_out = options.fit(format);
                assert!(options.metadata.icc.is_none() && left_out[0].contains("grey"), "{left_out:?}");
                continue;
            }
            for length in [128, 3000, 200_000] {
                let profile = icc(space, length);
                let source = picture(20, 10, channels, Depth::Eight, false);
                let options = make::with(Metadata { icc: Some(profile.clone()), exif: Some(make::exif(true, 1)), ..Metadata::default() });
                let found = decode(&encode(&source, format, &options, 3)).unwrap();
                assert!(found.metadata.icc.as_ref() == Some(&profile), "{} {length}", format.name());
                assert!(found.metadata.exif.is_some());
                assert!(found.warnings.is_empty(), "{:?}", found.warnings);
            }
        }
    }
}

#[test]
fn a_profile_for_other_colours_is_left_out_and_said() {
    let source = picture(20, 10, Channels::Rgb, Depth::Eight, false);
    for profile in [icc(*b"CMYK", 500), icc(*b"Lab ", 500), vec![1; 500]] {
        let options = make::with(Metadata { icc: Some(profile), ..Metadata::default() });
        for format in OutputFormat::ALL {
            let found = decode(&encode(&source, format, &options, 10)).unwrap();
            assert_eq!(found.metadata.icc, None);
            assert!(found.warnings[0].contains("colour profile"), "{:?}", found.warnings);
        }
    }
}

#[test]
fn a_damaged_exif_block_is_left_out_and_said() {
    let source = picture(20, 10, Channels::Rgb, Depth::Eight, false);
    // A TIFF's directories are its own.
    let mut refused = make::with(Metadata { exif: Some(b"no block at all".to_vec()), ..Metadata::default() });
    assert!(refused.fit(OutputFormat::Tiff)[0].contains("EXIF") && refused.metadata.exif.is_none());
    for format in [OutputFormat::Png, OutputFormat::Jpeg, OutputFormat::WebP] {
        let options = make::with(Metadata { exif: Some(b"no block at all".to_vec()), ..Metadata::default() });
        let (name, file) = (format.name(), encode(&source, format, &EncoderOptions { quality: 100, ..options }, 16));
        let found = decode(&file).unwrap();
        assert_eq!(found.metadata.exif, None, "{name}");
        assert!(found.warnings[0].contains("EXIF"), "{name} {:?}", found.warnings);
        assert!(same(name, &found, &source), "{name}");
    }
}

#[test]
fn metadata_too_large_for_jpeg_is_named() {
    let big = || make::with(Metadata { icc: Some(icc(*b"RGB ", 17_000_000)), exif: Some(vec![0; 65_528]), ..Metadata::default() });
    let mut options = big();
    let left_out = options.fit(OutputFormat::Jpeg);
    assert_eq!((left_out.len(), options.metadata.icc, options.metadata.exif), (2, None, None));
    assert!(left_out[0].contains("EXIF") && left_out[1].contains("profile"), "{left_out:?}");
    assert!(big().fit(OutputFormat::Png).is_empty());
    let rows = make::format_of(&picture(8, 8, Channels::Rgb, Depth::Eight, false));
    let refused = inlarge::codec::encode::encoder(OutputFormat::Jpeg, rows, &big(), MemoryFile::default()).err().unwrap();
    assert_eq!(refused.kind(), "parameter");
    // The largest that do fit.
    let source = picture(8, 8, Channels::Rgb, Depth::Eight, false);
    let mut block = b"II*\0\x08\0\0\0\x01\0\x0E\x01\x02\0".to_vec();
    block.extend(65_501_u32.to_le_bytes());
    block.extend(26_u32.to_le_bytes());
    block.extend([0; 4]);
    block.resize(65_527, b'x');
    let mut options = make::with(Metadata { exif: Some(block.clone()), ..Metadata::default() });
    assert!(options.fit(OutputFormat::Jpeg).is_empty());
    let found = decode(&encode(&source, OutputFormat::Jpeg, &options, 8)).unwrap();
    assert_eq!(found.metadata.exif.map(|b| b.len()), Some(block.len()));
}

#[test]
fn a_makers_note_that_cannot_keep_its_offset_is_left_out_and_said() {
    // The first directory points to an Exif directory, and that to a note at 61,000 or at 1,000.
    for (at, lost) in [(61_000_u32, true), (1000, false)] {
        let mut block = b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x1A\0\0\0\0\0\0\0".to_vec();
        block.extend(b"\x02\0\x7C\x92\x07\0\x14\0\0\0");
        block.extend(at.to_le_bytes());
        block.extend(b"\x02\xA0\x04\0\x01\0\0\0\x63\0\0\0\0\0\0\0");
        block.resize(at as usize, 0);
        block.extend(b"twenty bytes of note");
        let source = picture(20, 10, Channels::Rgb, Depth::Eight, false);
        let found = decode(&encode(&source, OutputFormat::Png, &make::with(Metadata { exif: Some(block), ..Metadata::default() }), 10)).unwrap();
        assert_eq!(found.warnings.iter().any(|w| w.contains("maker")), lost, "{:?}", found.warnings);
        let kept = found.metadata.exif.unwrap();
        assert_eq!(kept.get(at as usize..).is_some_and(|note| note.starts_with(b"twenty")), !lost);
    }
}
