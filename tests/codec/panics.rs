//! Files on which an engine behind us panics, or would: one clear sentence, and the sound file beside it.

use inlarge::codec::decode::upright_size;
use inlarge::codec::encode::OutputFormat;
use inlarge::codec::{Metadata, decode};
use inlarge::image::{Channels, Depth};

use crate::make::{Png, by_image, encode, exif, picture, with};

const STILL: &[u8] = include_bytes!("../assets/lossy-alpha.webp");

fn fault(file: &[u8], words: &str) {
    let error = decode(file).map(|found| found.colour).unwrap_err();
    assert!(error.kind() == "decode" && error.to_string().contains(words), "{error}");
}

#[test]
fn a_palette_of_parts_of_colours() {
    for alpha in [false, true] {
        let file = |palette: &[u8]| {
            let png = Png::new(4, 2, 8, 3).chunk(*b"PLTE", palette);
            if alpha { png.chunk(*b"tRNS", &[9]).of_values(&[0; 8]) } else { png.of_values(&[0; 8]) }
        };
        assert!(decode(&file(&[1, 2, 3])).is_ok());
        assert!(decode(&file(&[5; 768])).is_ok());
        for length in [4, 5, 767] {
            fault(&file(&vec![5; length]), "palette");
        }
        // Less than one colour, and more than 256.
        for length in [1, 2, 769, 771, 1000] {
            fault(&file(&vec![5; length]), "PLTE");
        }
    }
}

/// A chunk of a RIFF.
fn riff(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut chunk = [&name[..], &(data.len() as u32).to_le_bytes(), data].concat();
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

/// A frame of `width` x `height` around pixels of 64 x 48, with alpha.
pub(crate) fn animated(width: u32, height: u32) -> Vec<u8> {
    let chunks = &STILL[12 + 18..];
    assert_eq!(&chunks[..4], b"ALPH");
    let three = |v: u32| v.to_le_bytes()[..3].to_vec();
    let header = riff(*b"VP8X", &[&[0x12, 0, 0, 0][..], &three(63), &three(47)].concat());
    let frame = [&[0; 6][..], &three(width - 1), &three(height - 1), &[0, 0, 0, 2], chunks].concat();
    riff(*b"RIFF", &[&b"WEBP"[..], &header, &riff(*b"ANIM", &[0; 6]), &riff(*b"ANMF", &frame)].concat())
}

#[test]
fn an_animation_whose_frame_has_another_size_than_its_pixels() {
    let whole = decode(&animated(64, 48)).unwrap();
    assert!(whole.picture == decode(STILL).unwrap().picture);
    for (width, height) in [(32, 24), (64, 24), (32, 48), (64, 47)] {
        fault(&animated(width, height), "another size than its frame");
    }
}

#[test]
fn a_png_without_its_last_chunk_is_whole() {
    let file = encode(&picture(20, 12, Channels::Rgb, Depth::Eight, true), OutputFormat::Png, &with(Metadata::default()), 12);
    let found = decode(&file[..file.len() - 12]).unwrap();
    assert!(found.picture == decode(&file).unwrap().picture && found.warnings[0].contains("end of the file is missing"), "{:?}", found.warnings);
    fault(&file[..file.len() - 13], "cut short");
}

#[test]
fn apples_own_png_is_named() {
    let mut file = Png::new(4, 2, 8, 2).of_values(&[0; 24]);
    let chunk = [&4_u32.to_be_bytes()[..], b"CgBI", &[0x50, 0, 0x20, 2], &[0x2B, 0xD5, 0xB3, 0x7F]].concat();
    file.splice(8..8, chunk);
    let error = decode(&file).unwrap_err();
    assert!(error.kind() == "unsupported" && error.to_string().contains("Apple"), "{error}");
}

#[test]
fn headers_alone_tell_the_upright_size() {
    use image::ImageFormat as F;
    let source = picture(24, 18, Channels::Rgb, Depth::Eight, false);
    for format in [F::Png, F::Jpeg, F::WebP, F::Gif, F::Bmp, F::Tiff] {
        assert_eq!(upright_size(&by_image(&source, format)), Some([24, 18]), "{format:?}");
    }
    for orientation in 1..=8 {
        let expected = if orientation < 5 { [24, 18] } else { [18, 24] };
        for format in OutputFormat::ALL {
            let file = encode(&source, format, &with(Metadata { exif: Some(exif(true, orientation)), ..Metadata::default() }), 18);
            let decoded = decode(&file).unwrap().picture;
            assert_eq!(upright_size(&file), Some(expected), "{} {orientation}", format.name());
            assert_eq!([decoded.width, decoded.height], expected, "{} {orientation}", format.name());
        }
    }
    for file in [&b"II*\0"[..], b"\x89PNG\r\n\x1A\n", b"\xFF\xD8\xFF", b"GIF89a", b"words", b""] {
        assert_eq!(upright_size(file), None);
    }
}
