//! Files that are cut short, damaged or lie about themselves: one clear sentence, or the right
//! picture; never a panic, a hang or a picture with an invented part.

use std::time::{Duration, Instant};

use image::ImageFormat as F;
use inlarge::codec::encode::{EncoderOptions, OutputFormat};
use inlarge::codec::{Format, Metadata, decode};
use inlarge::image::{Channels, Depth, Samples};
use jpeg_encoder::ColorType;

use crate::make::{self, Png, Random, Tiff, by_image, bytes, encode, exif, icc, jpeg, pack, picture};
use crate::{panics, tiff};

/// No file here takes longer, on a slow machine in a debug build.
const LIMIT: Duration = Duration::from_secs(20);

/// Small files of every format and kind.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let rgb = picture(40, 30, Channels::Rgb, Depth::Eight, true);
    let rgba = picture(40, 30, Channels::Rgba, Depth::Eight, true);
    let wide = picture(20, 30, Channels::Rgba, Depth::Sixteen, true);
    let options =
        EncoderOptions { quality: 85, metadata: Metadata { icc: Some(icc(*b"RGB ", 400)), exif: Some(exif(true, 6)), ..Metadata::default() } };
    let palette: Vec<u8> = (0..48).map(|i| i * 5).collect();
    let indices: Vec<u16> = (0..40 * 30).map(|i| i % 16).collect();
    let map: Vec<u32> = (0..48).map(|i| i * 1300).collect();
    let packed: Vec<u8> = indices.chunks_exact(40).flat_map(|row| pack(row, 4)).collect();
    let inks = rgba.clone();
    let progressive = |colour, source: &[u8]| jpeg(source, 40, 30, colour, |e| e.set_progressive(true));
    let mut lzw = std::io::Cursor::new(Vec::new());
    ::tiff::encoder::TiffEncoder::new(&mut lzw)
        .unwrap()
        .with_compression(::tiff::encoder::Compression::Lzw)
        .write_image::<::tiff::encoder::colortype::RGB8>(40, 30, bytes(&rgb))
        .unwrap();
    vec![
        ("PNG", encode(&rgba, OutputFormat::Png, &options, 7)),
        ("16-bit PNG", encode(&wide, OutputFormat::Png, &options, 7)),
        ("palette PNG", Png::new(40, 30, 4, 3).chunk(*b"PLTE", &palette).chunk(*b"tRNS", &[1, 2, 3]).of_values(&indices)),
        ("JPEG", encode(&rgb, OutputFormat::Jpeg, &options, 7)),
        ("JPEG with restarts", jpeg(bytes(&rgb), 40, 30, ColorType::Rgb, |e| e.set_restart_interval(2))),
        ("grey JPEG", jpeg(bytes(&picture(40, 30, Channels::Grey, Depth::Eight, true)), 40, 30, ColorType::Luma, |_| ())),
        ("progressive JPEG", progressive(ColorType::Rgb, bytes(&rgb))),
        ("progressive CMYK JPEG", progressive(ColorType::CmykAsYcck, bytes(&inks))),
        ("refined JPEG", include_bytes!("../assets/refined.jpg").to_vec()),
        ("CMYK JPEG", jpeg(bytes(&inks), 40, 30, ColorType::Cmyk, |_| ())),
        ("WebP", encode(&rgba, OutputFormat::WebP, &options, 7)),
        ("plain WebP", encode(&rgb, OutputFormat::WebP, &EncoderOptions::default(), 7)),
        ("lossy WebP", include_bytes!("../assets/lossy.webp").to_vec()),
        ("lossy WebP with alpha", include_bytes!("../assets/lossy-alpha.webp").to_vec()),
        ("animated WebP", include_bytes!("../assets/animated.webp").to_vec()),
        ("GIF", by_image(&rgba, image::ImageFormat::Gif)),
        ("BMP", by_image(&rgb, image::ImageFormat::Bmp)),
        ("BMP with alpha", by_image(&rgba, image::ImageFormat::Bmp)),
        ("TIFF", Tiff::new(false, 40, 30, &[8; 4], 2).tag(338, &[2]).tag(274, &[8]).file(&[bytes(&rgba)])),
        ("palette TIFF", Tiff::new(true, 40, 30, &[4], 3).tag(320, &map).file(&[&packed])),
        ("LZW TIFF", lzw.into_inner()),
    ]
}

/// Those, and files of kinds that are put right before an engine reads them, or whose engines are known to panic.
fn all_samples() -> Vec<(&'static str, Vec<u8>)> {
    let mut all = samples();
    let palette: Vec<u8> = (0..48).map(|i| i * 5).collect();
    let indices: Vec<u16> = (0..40 * 30).map(|i| i % 16).collect();
    let (tiff, strips) = tiff::of_jpeg();
    all.extend([
        ("palette PNG without alpha", Png::new(40, 30, 8, 3).chunk(*b"PLTE", &palette).of_values(&indices)),
        ("animated WebP with alpha", panics::animated(64, 48)),
        ("tiled TIFF of colours apart", include_bytes!("../assets/tiff-tiled-planar.tif").to_vec()),
        ("TIFF with low bits first", include_bytes!("../assets/tiff-fillorder2-lzw.tif").to_vec()),
        ("TIFF of JPEG", tiff.file(&[&strips[0], &strips[1]])),
    ]);
    all
}

/// Decodes, and checks what every answer has to be like.
fn judge(name: &str, what: &str, file: &[u8]) -> Option<Samples> {
    let start = Instant::now();
    let answer = decode(file);
    assert!(start.elapsed() < LIMIT, "{name} {what} took {:?}", start.elapsed());
    match answer {
        Ok(found) => {
            let p = &found.picture;
            assert_eq!(p.samples.len(), p.width as usize * p.height as usize * p.channels.count(), "{name} {what}");
            Some(found.picture.samples)
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.len() > 20 && text.ends_with('.') && !text.contains('\n'), "{name} {what}: {text:?}");
            assert!(matches!(error.kind(), "decode" | "limits" | "unsupported"), "{name} {what}: {text}");
            None
        }
    }
}

#[test]
fn every_prefix_is_an_error_or_the_whole_picture() {
    for (name, file) in samples() {
        let whole = judge(name, "whole", &file).unwrap_or_else(|| panic!("{name}: {}", decode(&file).unwrap_err()));
        let mut complete = 0;
        for end in 0..file.len() {
            if let Some(found) = judge(name, &format!("cut to {end} bytes"), &file[..end]) {
                assert!(found == whole, "{name} cut to {end} of {} bytes gives another picture", file.len());
                let said = !decode(&file[..end]).unwrap().warnings.is_empty();
                assert!(said || end + 1 == file.len(), "{name} cut to {end}: nothing is said");
                complete += 1;
            }
        }
        assert!(complete * 3 < file.len(), "{name}: {complete} of {} prefixes decode", file.len());
    }
}

#[test]
fn a_cut_in_the_middle_names_the_fault() {
    for (name, file) in samples() {
        let error = decode(&file[..file.len() / 2]).expect_err(name);
        assert_eq!(error.kind(), "decode", "{name}: {error}");
        assert!(error.to_string().contains("cut short") || error.to_string().contains("damaged"), "{name}: {error}");
    }
}

#[test]
fn jpeg_with_its_middle_gone_and_its_end_in_place() {
    // Decoders paint the missing rows grey and report success.
    let source = picture(200, 160, Channels::Rgb, Depth::Eight, true);
    for progressive in [false, true] {
        for restart in [0, 4] {
            let file = jpeg(bytes(&source), 200, 160, ColorType::Rgb, |e| {
                e.set_progressive(progressive);
                e.set_restart_interval(restart);
            });
            let half = [&file[..file.len() / 2], &[0xFF, 0xD9]].concat();
            let error = decode(&half).unwrap_err();
            assert!(error.to_string().contains("cut short") || error.to_string().contains("damaged"), "{error}");
            // The end marker alone may be missing: the picture is whole.
            let found = decode(&file[..file.len() - 2]).unwrap();
            assert!(found.picture == decode(&file).unwrap().picture);
            assert!(found.warnings[0].contains("end of the file"), "{:?}", found.warnings);
            // Anything may follow the end.
            let trailed = [&file[..], b"trailing words \xFF\xD8\xFF\xE0"].concat();
            assert!(decode(&trailed).unwrap().warnings.is_empty());
        }
    }
}

#[test]
fn flipped_bits_never_panic() {
    for (name, file) in all_samples() {
        let mut random = Random::new(file.len() as u64);
        for round in 0..400 {
            let mut hurt = file.clone();
            // Half of the rounds hurt the headers, where a byte says most.
            let end = if round % 2 == 0 { file.len() } else { file.len().min(700) };
            for _ in 0..=random.below(4) {
                let at = random.below(end);
                hurt[at] ^= 1 << random.below(8);
            }
            judge(name, &format!("round {round}"), &hurt);
        }
    }
}

#[test]
fn replaced_and_moved_bytes_never_panic() {
    for (name, file) in all_samples() {
        let mut random = Random::new(7 + file.len() as u64);
        for round in 0..300 {
            let mut hurt = file.clone();
            let at = random.below(file.len());
            let length = 1 + random.below(12.min(file.len() - at));
            match round % 4 {
                0 => hurt[at..at + length].fill(0xFF),
                1 => hurt[at..at + length].fill(0),
                2 => drop(hurt.drain(at..at + length)),
                _ => {
                    let again = hurt[at..at + length].to_vec();
                    hurt.splice(at..at, again);
                }
            }
            judge(name, &format!("replaced, round {round}"), &hurt);
        }
    }
}

#[test]
fn headers_that_claim_too_much_are_refused_at_once() {
    let claims = |format: Format| -> Vec<u8> {
        let source = picture(40, 30, Channels::Rgb, Depth::Eight, true);
        match format {
            Format::Png => Png::new(100_000, 100_000, 8, 2).file(&[0; 100]),
            Format::Jpeg => {
                let mut file = by_image(&source, image::ImageFormat::Jpeg);
                let at = file.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
                file[at + 5..at + 9].copy_from_slice(&[0xFF; 4]);
                file
            }
            Format::WebP => {
                let mut file = encode(&source, OutputFormat::WebP, &make::with(Metadata { exif: Some(exif(true, 1)), ..Metadata::default() }), 30);
                assert_eq!(&file[12..16], b"VP8X");
                file[24..30].copy_from_slice(&[0xFF; 6]);
                file
            }
            Format::Gif => {
                let mut file = by_image(&source, image::ImageFormat::Gif);
                file[6..10].copy_from_slice(&[0xFF; 4]);
                file
            }
            Format::Bmp => {
                let mut file = by_image(&source, image::ImageFormat::Bmp);
                file[18..26].copy_from_slice(&[0xA0, 0x86, 1, 0, 0xA0, 0x86, 1, 0]);
                file
            }
            // Tags of 16 bits hold 60,000 a side, which is 3.6 gigapixels.
            Format::Tiff => Tiff::new(true, 60_000, 60_000, &[8; 3], 2).file(&[&[0; 100]]),
        }
    };
    for format in Format::ALL {
        let file = claims(format);
        let start = Instant::now();
        let error = decode(&file).unwrap_err();
        assert_eq!(error.kind(), "limits", "{}: {error}", format.name());
        assert!(start.elapsed() < Duration::from_millis(200), "{} took {:?}", format.name(), start.elapsed());
    }
}

#[test]
fn a_size_that_the_file_cannot_hold_is_refused_at_once() {
    // Within the limits, so that only the missing bytes speak against it.
    let small = picture(16, 16, Channels::Rgb, Depth::Eight, true);
    let png = Png::new(12_000, 12_000, 8, 2).file(&[0; 100]);
    let tiff = Tiff::new(true, 12_000, 12_000, &[8; 3], 2).file(&[&[0; 100]]);
    let mut jpeg_file = by_image(&small, image::ImageFormat::Jpeg);
    let at = jpeg_file.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    jpeg_file[at + 5..at + 9].copy_from_slice(&[0x2F, 0, 0x2F, 0]);
    let mut bmp = by_image(&small, image::ImageFormat::Bmp);
    bmp[18..26].copy_from_slice(&[0xE0, 0x2E, 0, 0, 0xE0, 0x2E, 0, 0]);
    for (name, file) in [("PNG", png), ("JPEG", jpeg_file), ("BMP", bmp), ("TIFF", tiff)] {
        let start = Instant::now();
        let error = decode(&file).expect_err(name);
        assert_eq!(error.kind(), "decode", "{name}: {error}");
        assert!(start.elapsed() < Duration::from_secs(2), "{name} took {:?}", start.elapsed());
    }
}

#[test]
fn empty_pictures_are_refused() {
    for (width, height) in [(0, 5), (5, 0), (0, 0)] {
        let error = decode(&Png::new(width, height, 8, 2).file(&[0])).unwrap_err();
        assert_eq!(error.kind(), "decode");
        assert!(error.to_string().contains("empty"), "{error}");
    }
    let mut gif = by_image(&picture(4, 4, Channels::Rgb, Depth::Eight, true), image::ImageFormat::Gif);
    gif[6] = 0;
    assert!(decode(&gif).unwrap_err().to_string().contains("empty"));
}

#[test]
fn thin_pictures_of_every_format() {
    for (width, height) in [(1, 1), (1, 5000), (5000, 1)] {
        let source = picture(width, height, Channels::Rgb, Depth::Eight, false);
        for format in [F::Png, F::Jpeg, F::WebP, F::Gif, F::Bmp, F::Tiff] {
            let found = decode(&by_image(&source, format)).unwrap().picture;
            assert_eq!((found.width, found.height), (width, height), "{format:?}");
            if !matches!(format, F::Jpeg | F::Gif) {
                assert!(found == source, "{format:?} {width} x {height}");
            }
        }
    }
}

#[test]
fn what_is_no_image_is_named() {
    for (file, words) in [
        (&b""[..], "is empty"),
        (b"<!DOCTYPE html>\n<html><head><title>404</title></head></html>", "HTML page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"%PDF-1.4\n", "PDF"),
        (b"\0\0\0\x20ftypavif\0\0\0\0avifmif1", "AVIF"),
        (b"PK\x03\x04\x14\0", "ZIP"),
        (b"just words", "text file"),
    ] {
        let error = decode(file).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
