//! Metadata that is cut short, damaged or lies about itself: the picture is what it was, and what is written again can be
//! read; never a panic, never more memory than the file gives cause for.

use std::time::{Duration, Instant};

use inlarge::codec::encode::OutputFormat;
use inlarge::codec::{Density, Metadata, MetadataPolicy, decode};
use inlarge::image::{Channels, Depth, Picture, Samples};

use crate::make::{self, Png, Random, bytes, encode, picture, stored};

const LIMIT: Duration = Duration::from_secs(5);

fn source() -> Picture {
    picture(20, 14, Channels::Rgb, Depth::Eight, true)
}

/// A block with a place, a note and a thumbnail's directory that points to nothing.
fn exif() -> Vec<u8> {
    let mut block = make::exif(true, 1);
    block[8] = 4;
    // GPSInfo behind the other three entries: everything after them moves by one entry.
    let entry = [&0x8825_u16.to_le_bytes()[..], &4_u16.to_le_bytes(), &1_u32.to_le_bytes(), &80_u32.to_le_bytes()].concat();
    block.splice(46..46, entry);
    block[42..46].copy_from_slice(&62_u32.to_le_bytes());
    block.extend([1, 0, 2, 0, 5, 0, 3, 0, 0, 0, 98, 0, 0, 0, 0, 0, 0, 0]);
    block.extend([48, 0, 0, 0, 1, 0, 0, 0].repeat(3));
    block
}

fn xmp() -> Vec<u8> {
    br#"<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description
 xmlns:t="http://ns.adobe.com/tiff/1.0/" t:Orientation="6"><t:XResolution>72/1</t:XResolution></r:Description></r:RDF></x:xmpmeta>"#
        .to_vec()
}

fn iptc() -> Vec<u8> {
    b"\x1C\x02\x5A\0\x05Paris\x1C\x02\x78\x80\x04\0\0\0\x07caption\x1C\x02\x05\0\x01T".to_vec()
}

fn whole() -> Metadata {
    Metadata { icc: None, exif: Some(exif()), xmp: Some(xmp()), iptc: Some(iptc()), density: Density::dpi(72.0) }
}

/// Decodes, checks that the picture is whole, and writes and reads it again in every format.
fn judge(what: &str, file: &[u8], lossless: bool) {
    let start = Instant::now();
    let found = decode(file).unwrap_or_else(|e| panic!("{what}: {e}"));
    let sides = [found.picture.width, found.picture.height];
    assert!(sides == [20, 14] || sides == [14, 20], "{what}: {sides:?}");
    if lossless && sides == [20, 14] {
        assert!(found.picture == source(), "{what}: other pixels");
    }
    for policy in MetadataPolicy::ALL {
        let mut metadata = found.metadata.clone();
        metadata.apply(policy);
        metadata.describe(found.picture.width, found.picture.height);
        for format in OutputFormat::ALL {
            let mut options = make::with(metadata.clone());
            options.fit(format);
            let again = encode(&found.picture, format, &options, 14);
            assert!(again.len() < 8 * file.len() + 80_000, "{what}: {} bytes from {}", again.len(), file.len());
            let again = decode(&again).unwrap_or_else(|e| panic!("{what} as {}: {e}", format.name()));
            assert_eq!([again.picture.width, again.picture.height], sides, "{what} as {}", format.name());
        }
    }
    assert!(start.elapsed() < LIMIT, "{what} took {:?}", start.elapsed());
}

fn hurt(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = bytes.to_vec();
    match random.below(3) {
        0 => out.truncate(random.below(bytes.len())),
        1 => {
            let at = random.below(bytes.len());
            out[at] = [0, 0xFF, 0x7F, 0x80, b'<', b'"'][random.below(6)];
        }
        _ => {
            for _ in 0..=random.below(4) {
                let at = random.below(bytes.len());
                out[at] ^= 1 << random.below(8);
            }
        }
    }
    out
}

#[test]
fn the_whole_metadata_is_found_in_every_format() {
    // The twin: what the tests below damage is there.
    for format in [OutputFormat::Png, OutputFormat::Jpeg, OutputFormat::Tiff] {
        let found = decode(&encode(&source(), format, &make::with(whole()), 14)).unwrap();
        assert!(found.warnings.is_empty(), "{}: {:?}", format.name(), found.warnings);
        let Metadata { exif, xmp, iptc, density, .. } = found.metadata;
        assert_eq!((exif.is_some(), xmp.is_some(), iptc, density), (true, true, Some(self::iptc()), Density::dpi(72.0)), "{}", format.name());
        assert!(exif.is_some_and(|block| block.windows(8).any(|w| w == [48, 0, 0, 0, 1, 0, 0, 0])), "{}", format.name());
    }
}

#[test]
#[should_panic(expected = "other pixels")]
fn a_changed_sample_is_noticed() {
    let mut changed = source();
    match &mut changed.samples {
        Samples::U8(values) => values[17] ^= 1,
        Samples::U16(_) => unreachable!("the source has 8 bits"),
    }
    judge("changed", &encode(&changed, OutputFormat::Png, &make::with(whole()), 14), true);
}

#[test]
fn damaged_blocks_do_not_spoil_the_picture() {
    let mut random = Random::new(5);
    for round in 0..150 {
        let mut metadata = whole();
        for block in [&mut metadata.exif, &mut metadata.xmp, &mut metadata.iptc] {
            *block = block.take().map(|bytes| hurt(&bytes, &mut random));
        }
        // PNG's text has to be UTF-8; other formats take any bytes.
        for format in [OutputFormat::Png, OutputFormat::Jpeg, OutputFormat::WebP] {
            let mut options = make::with(metadata.clone());
            options.fit(format);
            judge(&format!("{} round {round}", format.name()), &encode(&source(), format, &options, 14), format != OutputFormat::Jpeg);
        }
    }
}

#[test]
fn damaged_directories_of_a_tiff_never_panic() {
    let file = encode(&source(), OutputFormat::Tiff, &make::with(whole()), 14);
    // The directories lie before the pixels.
    let head = file.len() - 20 * 14 * 3 / 2;
    let mut random = Random::new(6);
    let mut readable = 0;
    for round in 0..600 {
        let mut out = file.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(head);
            out[at] = random.next() as u8;
        }
        let start = Instant::now();
        if let Ok(found) = decode(&out) {
            readable += 1;
            let mut options = make::with(found.metadata);
            options.metadata.apply(MetadataPolicy::NoLocation);
            options.metadata.describe(3, 4);
            options.fit(OutputFormat::Png);
            let again = encode(&found.picture, OutputFormat::Png, &options, 14);
            assert!(again.len() < 8 * out.len() + 80_000 + 2 * found.picture.samples.len(), "round {round}");
        }
        assert!(start.elapsed() < LIMIT, "round {round} took {:?}", start.elapsed());
    }
    assert!(readable > 20, "{readable} of 600 can be read: the test has to reach the metadata");
}

#[test]
fn directories_that_point_to_themselves_end() {
    // Exif, GPS and interoperability at the first directory's own offset, and a count that the file cannot hold.
    for tag in [0x8769_u16, 0x8825, 0xA005] {
        let mut block = b"II*\0\x08\0\0\0\x02\0".to_vec();
        for (tag, count) in [(0x010E_u16, 0xFFFF_FFFF_u32), (tag, 1)] {
            block.extend([tag.to_le_bytes(), [if count == 1 { 4 } else { 7 }, 0]].concat());
            block.extend(count.to_le_bytes());
            block.extend(8_u32.to_le_bytes());
        }
        block.extend([0; 4]);
        let metadata = Metadata { exif: Some(block), ..Metadata::default() };
        judge(&format!("tag {tag:#X}"), &encode(&source(), OutputFormat::Png, &make::with(metadata), 14), true);
    }
}

#[test]
fn texts_that_unfold_are_not_unfolded_without_end() {
    // 48 MiB of zeros, which deflate makes small: as EXIF in hexadecimal digits, and as a packet.
    let mut bomb = png::text_metadata::ZTXtChunk::new("Raw profile type exif", "0".repeat(48 << 20));
    bomb.compress_text().unwrap();
    let mut chunk = Vec::new();
    png::text_metadata::EncodableTextChunk::encode(&bomb, &mut chunk).unwrap();
    let data = &chunk[8..chunk.len() - 4];
    let raw: Vec<u16> = bytes(&source()).iter().map(|&v| v.into()).collect();
    // Behind the keyword, its end and the method.
    let packet = [b"XML:com.adobe.xmp\0\x01\0\0\0", &data[23..]].concat();
    for (name, data) in [(*b"zTXt", data.to_vec()), (*b"iTXt", packet)] {
        let start = Instant::now();
        let found = decode(&Png::new(20, 14, 8, 2).chunk(name, &data).of_values(&raw)).unwrap();
        assert!(found.picture == source() && found.metadata.exif.is_none() && found.metadata.xmp.is_none());
        assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    }
}

#[test]
fn chunks_that_make_no_sense_are_passed_over() {
    let raw: Vec<u16> = bytes(&source()).iter().map(|&v| v.into()).collect();
    let text = |kind: &str, rest: &str| [b"Raw profile type ", kind.as_bytes(), b"\0", rest.as_bytes()].concat();
    let chunks: [([u8; 4], Vec<u8>); 14] = [
        (*b"pHYs", vec![0; 9]),
        (*b"pHYs", vec![0xFF; 9]),
        (*b"pHYs", vec![1, 2]),
        (*b"eXIf", b"II*\0".to_vec()),
        (*b"gAMA", vec![0; 4]),
        (*b"gAMA", vec![0xFF; 4]),
        (*b"cHRM", vec![0; 32]),
        (*b"cHRM", vec![0x7F; 32]),
        (*b"cICP", vec![255, 255, 0, 1]),
        (*b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0not compressed".to_vec()),
        (*b"tEXt", text("iptc", "\niptc\n  99999999999999999999\n00\n")),
        (*b"tEXt", text("iptc", "\niptc\n4\n384249")),
        (*b"tEXt", text("APP1", "")),
        (*b"iCCP", [b"x\0\0", &stored(b"no profile")[..]].concat()),
    ];
    for (name, data) in chunks {
        let file = Png::new(20, 14, 8, 2).chunk(name, &data).of_values(&raw);
        let found = decode(&file).unwrap_or_else(|e| panic!("{name:?}: {e}"));
        assert!(found.picture == source(), "{name:?}");
        assert_eq!((found.metadata.exif, found.metadata.iptc, found.metadata.icc), (None, None, None), "{name:?}");
        assert!(found.metadata.density.is_none(), "{name:?}");
    }
}
