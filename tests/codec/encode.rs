//! What the encoders write, read back by other decoders.

use image::DynamicImage;
use inlarge::codec::decode;
use inlarge::codec::encode::{EncoderOptions, MemoryFile, OutputFormat, Rows, can_hold, encoder};
use inlarge::image::{Channels, Depth, Picture, RowFormat, Samples};

use crate::make::{CHANNELS, bytes, encode, format_of, picture, psnr};

const SIZES: [(u32, u32); 7] = [(1, 1), (1, 5000), (5000, 1), (7, 5), (17, 16), (640, 480), (33, 257)];

/// Least PSNR in dB of the smooth test pictures at quality 95; half-resolution colour at 80 has less.
const JPEG_95: f64 = 40.0;
const JPEG_80: f64 = 34.0;

fn read_back(file: &[u8]) -> DynamicImage {
    image::load_from_memory(file).unwrap()
}

/// The picture that another decoder sees, in our terms.
fn as_picture(image: DynamicImage) -> Picture {
    let (width, height) = (image.width(), image.height());
    let (channels, samples) = match image {
        DynamicImage::ImageLuma8(i) => (Channels::Grey, Samples::U8(i.into_raw())),
        DynamicImage::ImageLumaA8(i) => (Channels::GreyAlpha, Samples::U8(i.into_raw())),
        DynamicImage::ImageRgb8(i) => (Channels::Rgb, Samples::U8(i.into_raw())),
        DynamicImage::ImageRgba8(i) => (Channels::Rgba, Samples::U8(i.into_raw())),
        DynamicImage::ImageLuma16(i) => (Channels::Grey, Samples::U16(i.into_raw())),
        DynamicImage::ImageLumaA16(i) => (Channels::GreyAlpha, Samples::U16(i.into_raw())),
        DynamicImage::ImageRgb16(i) => (Channels::Rgb, Samples::U16(i.into_raw())),
        DynamicImage::ImageRgba16(i) => (Channels::Rgba, Samples::U16(i.into_raw())),
        other => panic!("unknown layout {:?}", other.color()),
    };
    Picture::new(width, height, channels, samples).unwrap()
}

#[test]
fn png_and_tiff_are_exact_in_every_layout_and_size() {
    for (width, height) in SIZES {
        for channels in CHANNELS {
            for depth in [Depth::Eight, Depth::Sixteen] {
                let source = picture(width, height, channels, depth, true);
                for format in [OutputFormat::Png, OutputFormat::Tiff] {
                    let name = format!("{} {width} x {height} {channels:?} {depth:?}", format.name());
                    let file = encode(&source, format, &EncoderOptions::default(), 7);
                    // The other decoder knows no TIFF of grey and alpha.
                    if format == OutputFormat::Png || channels != Channels::GreyAlpha {
                        assert!(as_picture(read_back(&file)) == source, "{name}, other decoder");
                    }
                    assert!(decode(&file).unwrap().picture == source, "{name}, our decoder");
                }
            }
        }
    }
}

#[test]
fn webp_is_exact_in_every_layout_and_size() {
    for (width, height) in SIZES {
        for channels in CHANNELS {
            let source = picture(width, height, channels, Depth::Eight, true);
            let file = encode(&source, OutputFormat::WebP, &EncoderOptions::default(), 7);
            // The format knows no grey: it comes back as equal colours.
            let spread: Vec<u8> = match channels {
                Channels::Grey => bytes(&source).iter().flat_map(|&g| [g; 3]).collect(),
                Channels::GreyAlpha => bytes(&source).chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect(),
                _ => bytes(&source).to_vec(),
            };
            assert!(as_picture(read_back(&file)).samples == Samples::U8(spread.clone()), "{width} x {height} {channels:?}, other decoder");
            assert!(decode(&file).unwrap().picture.samples == Samples::U8(spread), "{width} x {height} {channels:?}, our decoder");
        }
    }
}

#[test]
fn exactness_notices_one_sample() {
    // The twin of the two tests above.
    let source = picture(64, 48, Channels::Rgb, Depth::Eight, true);
    for format in [OutputFormat::Png, OutputFormat::WebP, OutputFormat::Tiff] {
        let mut samples = bytes(&source).to_vec();
        samples[3333] ^= 1;
        let changed = Picture { samples: Samples::U8(samples), ..source.clone() };
        let file = encode(&changed, format, &EncoderOptions::default(), 48);
        assert!(decode(&file).unwrap().picture != source, "{}", format.name());
    }
}

#[test]
fn jpeg_is_close_in_every_size_and_quality() {
    for (width, height) in SIZES {
        for channels in [Channels::Grey, Channels::Rgb] {
            for (quality, least) in [(95, JPEG_95), (80, JPEG_80)] {
                let source = picture(width, height, channels, Depth::Eight, false);
                let options = EncoderOptions { quality, ..Default::default() };
                let file = encode(&source, OutputFormat::Jpeg, &options, 7);
                let other = as_picture(read_back(&file));
                assert_eq!((other.width, other.height, other.channels), (width, height, channels));
                let found = psnr(bytes(&other), bytes(&source));
                assert!(found >= least, "{width} x {height} {channels:?} quality {quality}: {found:.2} dB");
                let ours = decode(&file).unwrap();
                assert!(ours.warnings.is_empty(), "{:?}", ours.warnings);
                assert!(psnr(bytes(&ours.picture), bytes(&source)) >= least);
            }
        }
    }
}

#[test]
fn jpeg_closeness_notices_one_block() {
    // The twin of the test above: one block of 8 x 8 changed, and one band shifted by a row.
    let source = picture(160, 120, Channels::Rgb, Depth::Eight, false);
    let file = encode(&source, OutputFormat::Jpeg, &EncoderOptions { quality: 95, ..Default::default() }, 480);
    let found = decode(&file).unwrap().picture;
    assert!(psnr(bytes(&found), bytes(&source)) > JPEG_95);
    let mut block = bytes(&found).to_vec();
    for y in 40..48 {
        block[(y * 160 + 80) * 3..(y * 160 + 88) * 3].fill(0);
    }
    assert!(psnr(&block, bytes(&source)) < JPEG_95);
    let mut shifted = bytes(&found).to_vec();
    shifted.copy_within(64 * 160 * 3..112 * 160 * 3, 72 * 160 * 3);
    assert!(psnr(&shifted, bytes(&source)) < JPEG_95);
}

/// What a decoder gives for a picture that was encoded in one go, without restart markers.
fn unspliced(source: &Picture, quality: u8) -> Vec<u8> {
    let mut file = Vec::new();
    let mut plain = jpeg_encoder::Encoder::new(&mut file, quality);
    plain.set_chroma_subsampling_method(jpeg_encoder::ChromaSubsamplingMethod::Average);
    let colour = if source.channels == Channels::Grey { jpeg_encoder::ColorType::Luma } else { jpeg_encoder::ColorType::Rgb };
    plain.encode(bytes(source), source.width as u16, source.height as u16, colour).unwrap();
    read_back(&file).into_bytes()
}

#[test]
fn spliced_jpeg_decodes_as_the_unspliced_one() {
    for (width, height, channels, quality) in [
        (640, 1100, Channels::Rgb, 95),
        (700, 1100, Channels::Rgb, 80),
        (301, 7000, Channels::Grey, 60),
        (5000, 333, Channels::Rgb, 75),
        (17, 3000, Channels::Rgb, 92),
    ] {
        let source = picture(width, height, channels, Depth::Eight, true);
        let file = encode(&source, OutputFormat::Jpeg, &EncoderOptions { quality, ..Default::default() }, 100);
        let markers = file.windows(2).filter(|w| w[0] == 0xFF && (0xD0..=0xD7).contains(&w[1])).count();
        assert!(markers >= 2, "{width} x {height}: {markers} restart markers");
        assert!(read_back(&file).into_bytes() == unspliced(&source, quality), "{width} x {height} {channels:?} quality {quality}");
    }
}

#[test]
fn restart_markers_count_around_after_eight() {
    let source = picture(2000, 6000, Channels::Grey, Depth::Eight, false);
    let file = encode(&source, OutputFormat::Jpeg, &EncoderOptions { quality: 70, ..Default::default() }, 1000);
    let markers: Vec<u8> = file.windows(2).filter(|w| w[0] == 0xFF && (0xD0..=0xD7).contains(&w[1])).map(|w| w[1] - 0xD0).collect();
    assert!(markers.len() > 9, "{}", markers.len());
    assert!(markers.iter().enumerate().all(|(i, &m)| usize::from(m) == i % 8), "{markers:?}");
    assert!(decode(&file).unwrap().picture.samples == Samples::U8(unspliced(&source, 70)));
}

#[test]
fn every_split_of_rows_gives_the_same_bytes() {
    for format in OutputFormat::ALL {
        for (width, height) in [(97, 400), (1, 5000), (3000, 131)] {
            let source = picture(width, height, Channels::Rgb, Depth::Eight, true);
            let whole = encode(&source, format, &EncoderOptions::default(), height as usize);
            for rows in [1, 7, 64, 129] {
                assert!(encode(&source, format, &EncoderOptions::default(), rows) == whole, "{} {width} x {height} by {rows}", format.name());
            }
        }
    }
}

#[test]
fn wrong_rows_are_refused() {
    for format in OutputFormat::ALL {
        let rows = RowFormat { width: 10, height: 4, channels: Channels::Rgb, depth: Depth::Eight };
        let open = || encoder(format, rows, &EncoderOptions::default(), MemoryFile::default()).unwrap();
        assert_eq!(open().write_rows(Rows::U16(&[0; 30])).unwrap_err().kind(), "parameter");
        assert_eq!(open().write_rows(Rows::U8(&[0; 29])).unwrap_err().kind(), "parameter");
        assert_eq!(open().write_rows(Rows::U8(&[0; 150])).unwrap_err().kind(), "parameter");
        let mut short = open();
        short.write_rows(Rows::U8(&[0; 90])).unwrap();
        let error = short.finish().unwrap_err();
        assert!(error.to_string().contains("3 of 4"), "{error}");
        let mut right = open();
        right.write_rows(Rows::U8(&[])).unwrap();
        right.write_rows(Rows::U8(&[0; 120])).unwrap();
        right.finish().unwrap();
    }
}

/// Takes `left` bytes and fails then, like a full disk.
struct Full(usize);

impl std::io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0 == 0 {
            return Err(std::io::Error::other("no space left"));
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl std::io::Seek for Full {
    fn seek(&mut self, _: std::io::SeekFrom) -> std::io::Result<u64> {
        Ok(0)
    }
}

#[test]
fn a_full_disk_is_an_encode_error() {
    let source = picture(200, 700, Channels::Rgb, Depth::Eight, true);
    for format in OutputFormat::ALL {
        let run = |space: usize| {
            let mut out = encoder(format, format_of(&source), &EncoderOptions::default(), Full(space))?;
            out.write_rows(Rows::U8(bytes(&source)))?;
            out.finish()
        };
        for space in [0, 1, 100, 5000] {
            let error = run(space).unwrap_err();
            assert_eq!(error.kind(), "encode");
            assert!(error.to_string().contains("space"), "{error}");
        }
        assert_eq!(run(10_000_000), Ok(()));
    }
}

#[test]
fn what_a_format_cannot_hold_is_said_before_the_work() {
    let rows = |width, height, channels, depth| RowFormat { width, height, channels, depth };
    let ok = [
        (OutputFormat::Png, rows(20_000, 20_000, Channels::Rgba, Depth::Sixteen)),
        (OutputFormat::Jpeg, rows(65_500, 65_500, Channels::Rgb, Depth::Eight)),
        (OutputFormat::Tiff, rows(100_000, 100_000, Channels::Rgba, Depth::Sixteen)),
        (OutputFormat::WebP, rows(16_383, 16_383, Channels::Rgba, Depth::Eight)),
    ];
    for (format, rows) in ok {
        assert_eq!(can_hold(format, rows), Ok(()), "{}", format.name());
    }
    let refused = [
        (OutputFormat::Png, rows(1 << 31, 1, Channels::Grey, Depth::Eight), "smaller scale"),
        (OutputFormat::Png, rows(0, 1, Channels::Grey, Depth::Eight), "0 x 1"),
        (OutputFormat::Jpeg, rows(65_501, 1, Channels::Rgb, Depth::Eight), "PNG"),
        (OutputFormat::Jpeg, rows(8, 8, Channels::Rgba, Depth::Eight), "transparency"),
        (OutputFormat::Jpeg, rows(8, 8, Channels::GreyAlpha, Depth::Eight), "transparency"),
        (OutputFormat::Jpeg, rows(8, 8, Channels::Rgb, Depth::Sixteen), "PNG"),
        (OutputFormat::WebP, rows(16_384, 16_384, Channels::Rgb, Depth::Eight), "PNG, TIFF or JPEG"),
        (OutputFormat::WebP, rows(16_384, 8, Channels::Rgba, Depth::Eight), "PNG or TIFF,"),
        (OutputFormat::WebP, rows(8, 8, Channels::Rgb, Depth::Sixteen), "PNG or TIFF"),
        (OutputFormat::Tiff, rows(1 << 31, 1, Channels::Grey, Depth::Eight), "smaller scale"),
    ];
    for (format, rows, words) in refused {
        let error = can_hold(format, rows).unwrap_err();
        assert_eq!(error.kind(), "parameter");
        assert!(error.to_string().contains(words), "{error} lacks {words}");
        assert!(encoder(format, rows, &EncoderOptions::default(), MemoryFile::default()).is_err());
    }
    for quality in [0, 101] {
        let options = EncoderOptions { quality, ..Default::default() };
        let error = encoder(OutputFormat::Png, rows(8, 8, Channels::Rgb, Depth::Eight), &options, MemoryFile::default()).err().unwrap();
        assert!(error.to_string().contains("1 to 100"), "{error}");
    }
}

#[test]
fn better_quality_is_larger_and_closer() {
    let source = picture(320, 240, Channels::Rgb, Depth::Eight, true);
    let mut last = (0, 0.0);
    for quality in [5, 40, 75, 90, 100] {
        let file = encode(&source, OutputFormat::Jpeg, &EncoderOptions { quality, ..Default::default() }, 240);
        let now = (file.len(), psnr(bytes(&decode(&file).unwrap().picture), bytes(&source)));
        assert!(now.0 > last.0 && now.1 > last.1, "quality {quality}: {now:?} after {last:?}");
        last = now;
    }
}
