//! TIFFs of unusual kinds: read as they are meant, or refused by name; never a wrong picture.

use inlarge::codec::decode::upright_size;
use inlarge::codec::{Decoded, decode};
use inlarge::image::{Channels, Depth, Picture};
use jpeg_encoder::ColorType;

use crate::make::{Tiff, bytes, jpeg, picture, psnr};

/// The same picture of 60 x 40, written in several ways.
const TILED: &[u8] = include_bytes!("../assets/tiff-tiled-planar.tif");
const LOW_BITS_FIRST: &[u8] = include_bytes!("../assets/tiff-fillorder2-lzw.tif");

/// Of 0..=255, for each of its colours.
const MEANS: [f64; 3] = [125.102, 127.738, 116.697];

fn read(file: &[u8]) -> Decoded {
    decode(file).unwrap_or_else(|error| panic!("{error}"))
}

/// Refused as a kind that is not read, in words.
fn refused(file: &[u8], words: &str) {
    let error = decode(file).map(|found| found.colour).unwrap_err();
    assert!(error.kind() == "unsupported" && error.to_string().contains(words), "{error}");
}

impl Tiff {
    /// With another value for a tag that it has.
    fn but(mut self, tag: u16, values: &[u32]) -> Self {
        self.tags.retain(|(other, _)| *other != tag);
        self.tag(tag, values)
    }
}

fn rgb() -> Picture {
    picture(32, 24, Channels::Rgb, Depth::Eight, false)
}

/// A TIFF of `rgb` in two strips of JPEG, and the pixels that they hold.
pub(crate) fn of_jpeg() -> (Tiff, [Vec<u8>; 2]) {
    let source = rgb();
    let strips = [0, 1].map(|half| jpeg(&bytes(&source)[half * 32 * 12 * 3..][..32 * 12 * 3], 32, 12, ColorType::Rgb, |_| ()));
    (Tiff::new(true, 32, 24, &[8; 3], 6).but(259, &[7]).but(278, &[12]), strips)
}

#[test]
fn jpeg_data_that_stops_early_is_an_error() {
    for file in [&include_bytes!("../assets/tiff-jpeg-early-end.tif")[..], include_bytes!("../assets/tiff-jpeg-zeroed.tif")] {
        let error = decode(file).map(|found| found.colour).unwrap_err();
        assert!(error.kind() == "decode" && error.to_string().contains("The JPEG data in the TIFF file"), "{error}");
    }
    // The twin: whole strips are read; one that was cut, emptied, or is of other sides is not.
    let (tiff, [first, second]) = of_jpeg();
    let found = read(&tiff.file(&[&first, &second]));
    assert!(found.warnings.is_empty() && psnr(bytes(&found.picture), bytes(&rgb())) > 30.0, "{:?}", found.warnings);
    let half = [&second[..second.len() / 2], &[0xFF, 0xD9]].concat();
    assert!(decode(&tiff.file(&[&first, &half])).unwrap_err().to_string().contains("JPEG data"));
    let mut zeroed = second.clone();
    let middle = zeroed.len() / 2;
    zeroed[middle..].fill(0);
    assert!(decode(&tiff.file(&[&first, &zeroed])).is_err());
    let narrow = jpeg(&bytes(&rgb())[..31 * 12 * 3], 31, 12, ColorType::Rgb, |_| ());
    assert!(decode(&tiff.file(&[&first, &narrow])).unwrap_err().to_string().contains("another size"));
}

#[test]
fn low_bits_first_are_turned_round() {
    assert!(read(LOW_BITS_FIRST).picture == read(TILED).picture);
    let source = rgb();
    let turned: Vec<u8> = bytes(&source).iter().map(|byte| byte.reverse_bits()).collect();
    let tiff = Tiff::new(false, 32, 24, &[8; 3], 2);
    assert!(read(&tiff.clone().tag(266, &[2]).file(&[&turned])).picture == source);
    assert!(read(&tiff.clone().tag(266, &[1]).file(&[bytes(&source)])).picture == source);
    assert!(read(&tiff.file(&[&turned])).picture != source, "the twin: unturned they are another picture");
    // One bit a pixel, the first in the lowest one.
    let line = Tiff::new(true, 8, 1, &[1], 1).tag(266, &[2]).file(&[&[0b0000_0111]]);
    assert_eq!(bytes(&read(&line).picture), [255, 255, 255, 0, 0, 0, 0, 0]);
}

#[test]
fn tiles_for_each_colour_are_read_where_the_lowest_reach_below_the_picture() {
    let found = read(TILED);
    assert_eq!((found.picture.width, found.picture.height, found.picture.channels), (60, 40, Channels::Rgb));
    // Every row of the lowest tiles is there: the means of all of the picture, added up from the bytes of the tiles.
    let mean = |c: usize| bytes(&found.picture).iter().skip(c).step_by(3).map(|&v| f64::from(v)).sum::<f64>() / 2400.0;
    for (c, expected) in MEANS.into_iter().enumerate() {
        assert!((mean(c) - expected).abs() < 0.001, "channel {c}: {}", mean(c));
    }
    assert_eq!(upright_size(TILED), Some([60, 40]));
}

#[test]
fn palettes_with_further_samples_are_refused() {
    let map: Vec<u32> = (0..768).map(|i| i * 80).collect();
    let indices: Vec<u8> = (0..12).collect();
    let plain = Tiff::new(true, 4, 3, &[8], 3).tag(320, &map).file(&[&indices]);
    assert_eq!((read(&plain).colour, read(&plain).picture.channels), ("palette", Channels::Rgb));
    let pairs: Vec<u8> = indices.iter().flat_map(|&i| [i, 255]).collect();
    refused(&Tiff::new(true, 4, 3, &[8; 2], 3).tag(320, &map).tag(338, &[2]).file(&[&pairs]), "palette");
}

#[test]
fn channels_that_are_not_alpha_are_left_out_with_a_word() {
    let (source, count) = (rgb(), 32 * 24);
    let four: Vec<u8> = bytes(&source).chunks(3).flat_map(|p| [p[0], p[1], p[2], 7]).collect();
    let tiff = Tiff::new(true, 32, 24, &[8; 4], 2);
    let found = read(&tiff.clone().tag(338, &[0]).file(&[&four]));
    assert!(found.picture == source && found.warnings.iter().any(|w| w.contains("left out")), "{:?}", found.warnings);
    let alpha = read(&tiff.clone().tag(338, &[2]).file(&[&four]));
    assert!(alpha.picture.channels == Channels::Rgba && alpha.warnings.is_empty());
    refused(&tiff.tag(338, &[0]).tag(317, &[2]).file(&[&four]), "beside its colours");
    let two: Vec<u8> = (0..count).flat_map(|i| [i as u8, 7]).collect();
    let grey = Tiff::new(true, 32, 24, &[8; 2], 1);
    let found = read(&grey.clone().tag(338, &[0]).file(&[&two]));
    assert_eq!((found.picture.channels, found.warnings.len()), (Channels::Grey, 1));
    assert_eq!(bytes(&found.picture)[..3], [0, 1, 2]);
    assert_eq!(read(&grey.tag(338, &[2]).file(&[&two])).picture.channels, Channels::GreyAlpha);
}

#[test]
fn colours_of_another_meaning_are_refused() {
    let inks = Tiff::new(true, 2, 1, &[8; 4], 5);
    assert_eq!(read(&inks.clone().tag(332, &[1]).file(&[&[0; 8]])).colour, "CMYK");
    refused(&inks.tag(332, &[2]).file(&[&[0; 8]]), "inks");
}

#[test]
fn a_tag_that_claims_millions_of_values_takes_no_memory() {
    let file = include_bytes!("../assets/tiff-orientation-count-0x7000000.tif");
    let start = std::time::Instant::now();
    // The picture is there; what is claimed lies beyond the file.
    assert!(decode(file).is_ok());
    assert!(start.elapsed() < std::time::Duration::from_secs(1), "{:?}", start.elapsed());
}
