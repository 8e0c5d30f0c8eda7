//! Orientation, EXIF and ICC, in and out.

use inlarge::codec::encode::{EncoderOptions, OutputFormat};
use inlarge::codec::{Decoded, decode, exif};
use inlarge::image::orientation::{Orientation, apply};
use inlarge::image::{Channels, Depth, Picture};

use crate::make::{self, Tiff, bytes, encode, icc, picture};

/// The source as each format's file with this EXIF block.
fn with_exif(source: &Picture, block: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    OutputFormat::ALL
        .into_iter()
        .map(|format| {
            let options = EncoderOptions { quality: 100, exif: Some(block.to_vec()), icc: None };
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
                let kept = found.exif.unwrap();
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
                let mut options = EncoderOptions { icc: Some(icc(space, 128)), ..Default::default() };
                let left_out = options.fit(format);
                assert!(options.icc.is_none() && left_out[0].contains("grey"), "{left_out:?}");
                continue;
            }
            for length in [128, 3000, 200_000] {
                let profile = icc(space, length);
                let source = picture(20, 10, channels, Depth::Eight, false);
                let options = EncoderOptions { quality: 90, icc: Some(profile.clone()), exif: Some(make::exif(true, 1)) };
                let found = decode(&encode(&source, format, &options, 3)).unwrap();
                assert!(found.icc.as_ref() == Some(&profile), "{} {length}", format.name());
                assert!(found.exif.is_some());
                assert!(found.warnings.is_empty(), "{:?}", found.warnings);
            }
        }
    }
}

#[test]
fn a_profile_for_other_colours_is_left_out_and_said() {
    let source = picture(20, 10, Channels::Rgb, Depth::Eight, false);
    for profile in [icc(*b"CMYK", 500), icc(*b"Lab ", 500), vec![1; 500]] {
        let options = EncoderOptions { icc: Some(profile), ..Default::default() };
        for format in OutputFormat::ALL {
            let found = decode(&encode(&source, format, &options, 10)).unwrap();
            assert_eq!(found.icc, None);
            assert!(found.warnings[0].contains("colour profile"), "{:?}", found.warnings);
        }
    }
}

#[test]
fn a_damaged_exif_block_is_left_out_and_said() {
    let source = picture(20, 10, Channels::Rgb, Depth::Eight, false);
    for (name, file) in with_exif(&source, b"no block at all") {
        let found = decode(&file).unwrap();
        assert_eq!(found.exif, None, "{name}");
        assert!(found.warnings[0].contains("EXIF"), "{name} {:?}", found.warnings);
        assert!(same(name, &found, &source), "{name}");
    }
}

#[test]
fn metadata_too_large_for_jpeg_is_named() {
    let big = || EncoderOptions { quality: 90, icc: Some(icc(*b"RGB ", 17_000_000)), exif: Some(vec![0; 65_528]) };
    let mut options = big();
    let left_out = options.fit(OutputFormat::Jpeg);
    assert_eq!((left_out.len(), options.icc, options.exif), (2, None, None));
    assert!(left_out[0].contains("EXIF") && left_out[1].contains("profile"), "{left_out:?}");
    assert!(big().fit(OutputFormat::Png).is_empty());
    let rows = make::format_of(&picture(8, 8, Channels::Rgb, Depth::Eight, false));
    let refused = inlarge::codec::encode::encoder(OutputFormat::Jpeg, rows, &big(), std::io::sink()).err().unwrap();
    assert_eq!(refused.kind(), "parameter");
    // The largest that do fit.
    let source = picture(8, 8, Channels::Rgb, Depth::Eight, false);
    let mut block = make::exif(false, 1);
    block.resize(65_527, 7);
    let mut options = EncoderOptions { quality: 90, icc: None, exif: Some(block.clone()) };
    assert!(options.fit(OutputFormat::Jpeg).is_empty());
    let found = decode(&encode(&source, OutputFormat::Jpeg, &options, 8)).unwrap();
    assert_eq!(found.exif.map(|b| b.len()), Some(block.len()));
}
