//! Every format and layout that can be read.

use inlarge::codec::encode::{EncoderOptions, OutputFormat};
use inlarge::codec::{Decoded, Format, sniff};
use inlarge::error::Result;
use inlarge::image::{Channels, Depth, Picture, Samples};
use jpeg_encoder::{ColorType, SamplingFactor};

use crate::make::{Png, Tiff, by_image, bytes, encode, jpeg, pack, picture, psnr};

/// Decodes, and shows that what browsers read in a module of its own arrives whole in the other one.
fn decode(file: &[u8]) -> Result<Decoded> {
    let found = inlarge::codec::decode(file)?;
    if found.format.is_apart() {
        let arrived = Decoded::from_bytes(&found.clone().into_bytes()?)?;
        assert_eq!(format!("{arrived:?}"), format!("{found:?}"));
    }
    Ok(found)
}

fn ours(file: &[u8]) -> Picture {
    decode(file).unwrap().picture
}

/// Samples as numbers, whatever their depth.
fn values(picture: &Picture) -> Vec<u16> {
    match &picture.samples {
        Samples::U8(v) => v.iter().map(|&s| s.into()).collect(),
        Samples::U16(v) => v.clone(),
    }
}

#[test]
fn png_low_bits_of_grey_are_spread() {
    for (bits, factor) in [(1_u8, 255_u16), (2, 85), (4, 17)] {
        let source: Vec<u16> = (0..9 * 5).map(|i| i * 7 % (1 << bits)).collect();
        let found = decode(&Png::new(9, 5, bits, 0).of_values(&source)).unwrap();
        assert_eq!(found.bits, bits);
        assert_eq!(found.colour, "grey");
        assert_eq!(found.picture.channels, Channels::Grey);
        assert_eq!(values(&found.picture), source.iter().map(|v| v * factor).collect::<Vec<_>>());
    }
}

#[test]
fn png_palettes_of_every_depth_with_and_without_alpha() {
    for bits in [1_u8, 2, 4, 8] {
        let colours = 1_u16 << bits;
        let palette: Vec<u8> = (0..colours * 3).map(|i| (i * 5 % 251) as u8).collect();
        let source: Vec<u16> = (0..13 * 4).map(|i| i * 3 % colours).collect();
        let rgb = |i: u16| palette[usize::from(i) * 3..][..3].iter().map(|&v| v.into()).collect::<Vec<u16>>();
        let plain = decode(&Png::new(13, 4, bits, 3).chunk(*b"PLTE", &palette).of_values(&source)).unwrap();
        assert_eq!((plain.picture.channels, plain.colour), (Channels::Rgb, "palette"));
        assert_eq!(values(&plain.picture), source.iter().flat_map(|&i| rgb(i)).collect::<Vec<_>>());
        // Alpha for the first two colours; the others are opaque.
        let see_through = decode(&Png::new(13, 4, bits, 3).chunk(*b"PLTE", &palette).chunk(*b"tRNS", &[0, 77]).of_values(&source)).unwrap();
        assert_eq!((see_through.picture.channels, see_through.colour), (Channels::Rgba, "palette with alpha"));
        let expected: Vec<u16> = source
            .iter()
            .flat_map(|&i| {
                let mut p = rgb(i);
                p.push([0, 77].get(usize::from(i)).copied().unwrap_or(255));
                p
            })
            .collect();
        assert_eq!(values(&see_through.picture), expected);
    }
}

#[test]
fn png_with_a_transparent_shade_or_colour() {
    let grey = decode(&Png::new(3, 1, 8, 0).chunk(*b"tRNS", &[0, 9]).of_values(&[8, 9, 10])).unwrap().picture;
    assert_eq!((grey.channels, values(&grey)), (Channels::GreyAlpha, vec![8, 255, 9, 0, 10, 255]));
    let wide = decode(&Png::new(2, 1, 16, 0).chunk(*b"tRNS", &[1, 2]).of_values(&[0x0102, 0x0103])).unwrap().picture;
    assert_eq!((wide.channels, values(&wide)), (Channels::GreyAlpha, vec![0x0102, 0, 0x0103, 65_535]));
    let rgb = decode(&Png::new(2, 1, 8, 2).chunk(*b"tRNS", &[0, 1, 0, 2, 0, 3]).of_values(&[1, 2, 3, 1, 2, 4])).unwrap().picture;
    assert_eq!((rgb.channels, values(&rgb)), (Channels::Rgba, vec![1, 2, 3, 0, 1, 2, 4, 255]));
}

#[test]
fn png_grey_alpha_and_16_bit_stay() {
    for (kind, channels) in [(0, Channels::Grey), (4, Channels::GreyAlpha), (2, Channels::Rgb), (6, Channels::Rgba)] {
        for (bits, depth) in [(8, Depth::Eight), (16, Depth::Sixteen)] {
            let source = picture(11, 6, channels, depth, true);
            let found = decode(&Png::new(11, 6, bits, kind).of_values(&values(&source))).unwrap();
            assert!(found.picture == source, "{channels:?} {depth:?}");
            assert_eq!((found.bits, found.format), (bits, Format::Png));
            assert!(found.warnings.is_empty());
        }
    }
}

#[test]
fn png_interlaced() {
    // Adam7: first column and row of each pass, and its steps.
    const PASSES: [(usize, usize, usize, usize); 7] =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
    for (width, height) in [(1, 1), (3, 2), (19, 23)] {
        for (bits, kind, count) in [(8, 2, 3), (16, 4, 2), (2, 0, 1)] {
            let source: Vec<u16> = (0..width * height * count).map(|i| (i * 37) as u16 & ((1_u32 << bits) - 1) as u16).collect();
            let mut raw = Vec::new();
            for (x0, y0, dx, dy) in PASSES {
                for y in (y0..height).step_by(dy) {
                    let row: Vec<u16> = (x0..width).step_by(dx).flat_map(|x| source[(y * width + x) * count..][..count].to_vec()).collect();
                    if !row.is_empty() {
                        raw.push(0);
                        raw.extend(pack(&row, bits));
                    }
                }
            }
            let mut png = Png::new(width as u32, height as u32, bits, kind);
            png.interlaced = true;
            let factor = if bits == 2 { 85 } else { 1 };
            let expected: Vec<u16> = source.iter().map(|v| v * factor).collect();
            assert_eq!(values(&ours(&png.file(&raw))), expected, "{width} x {height}, {bits} bits");
        }
    }
}

#[test]
fn animations_give_their_first_picture_and_say_so() {
    let control: Vec<u8> = [3_u32, 0].iter().flat_map(|v| v.to_be_bytes()).collect();
    let apng = Png::new(2, 1, 8, 0).chunk(*b"acTL", &control).of_values(&[5, 6]);
    let found = decode(&apng).unwrap();
    assert_eq!(values(&found.picture), [5, 6]);
    assert!(found.warnings[0].contains("animation of 3 frames"), "{:?}", found.warnings);

    let webp = decode(include_bytes!("../assets/animated.webp")).unwrap();
    assert!(webp.warnings[0].contains("animation"), "{:?}", webp.warnings);
    let expected: Vec<u8> = asset_pixels();
    let found: Vec<u8> = match webp.picture.channels {
        Channels::Rgba => bytes(&webp.picture).chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect(),
        _ => bytes(&webp.picture).to_vec(),
    };
    assert!(found == expected, "the first frame is the unshifted one");

    let gif = decode(&gif(&[(4, 3, 0, 0), (4, 3, 0, 0), (2, 2, 1, 1)])).unwrap();
    assert!(gif.warnings[0].contains("animation of 3 frames"), "{:?}", gif.warnings);
}

/// The formula of tests/assets/*.webp, 64 x 48.
fn asset_pixels() -> Vec<u8> {
    (0..48_u32).flat_map(|y| (0..64_u32).flat_map(move |x| [(x * 4) as u8, (y * 5) as u8, ((x + y) * 2) as u8])).collect()
}

#[test]
fn webp_lossy_and_with_alpha() {
    let found = decode(include_bytes!("../assets/lossy.webp")).unwrap();
    assert_eq!((found.picture.width, found.picture.height, found.picture.channels), (64, 48, Channels::Rgb));
    assert!(psnr(bytes(&found.picture), &asset_pixels()) > 35.0);
    let found = decode(include_bytes!("../assets/lossy-alpha.webp")).unwrap();
    assert_eq!(found.picture.channels, Channels::Rgba);
    // WebP stores alpha without loss; colours under full transparency are free.
    let alphas: Vec<u8> = bytes(&found.picture).iter().skip(3).step_by(4).copied().collect();
    assert_eq!(alphas, (0..48).flat_map(|_| (0..64_u8).map(|x| x * 4)).collect::<Vec<_>>());
}

#[test]
fn files_compressed_with_loss_are_known() {
    let picture = picture(16, 16, Channels::Rgb, Depth::Eight, false);
    let options = EncoderOptions::default();
    for (file, lossy) in [
        (include_bytes!("../assets/lossy.webp").to_vec(), true),
        (include_bytes!("../assets/lossy-alpha.webp").to_vec(), true),
        (include_bytes!("../assets/animated.webp").to_vec(), false),
        (encode(&picture, OutputFormat::WebP, &options, 16), false),
        (encode(&picture, OutputFormat::Jpeg, &options, 16), true),
        (encode(&picture, OutputFormat::Png, &options, 16), false),
    ] {
        assert_eq!(decode(&file).unwrap().lossy, lossy, "{:?}", &file[..16]);
    }
}

/// A GIF whose frames have one colour each, at `(width, height, left, top)`, the first one red.
fn gif(frames: &[(u32, u32, u32, u32)]) -> Vec<u8> {
    let mut file = Vec::new();
    {
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut file);
        for (i, &(width, height, left, top)) in frames.iter().enumerate() {
            let colour = if i == 0 { [255, 0, 0, 255] } else { [0, 0, i as u8, 255] };
            let frame = image::Frame::from_parts(
                image::RgbaImage::from_pixel(width, height, image::Rgba(colour)),
                left,
                top,
                image::Delay::from_numer_denom_ms(100, 1),
            );
            encoder.encode_frame(frame).unwrap();
        }
    }
    file
}

#[test]
fn gif_on_its_canvas() {
    let mut file = gif(&[(4, 3, 0, 0)]);
    let whole = decode(&file).unwrap();
    assert_eq!((whole.picture.channels, whole.picture.width, whole.picture.height), (Channels::Rgb, 4, 3));
    assert_eq!(bytes(&whole.picture), [255, 0, 0].repeat(12));
    assert!(whole.warnings.is_empty());
    // A larger canvas leaves a transparent border around the frame.
    file[6..10].copy_from_slice(&[6, 0, 5, 0]);
    let bordered = decode(&file).unwrap();
    assert_eq!((bordered.picture.channels, bordered.picture.width, bordered.picture.height), (Channels::Rgba, 6, 5));
    for (i, pixel) in bytes(&bordered.picture).chunks_exact(4).enumerate() {
        let inside = i % 6 < 4 && i / 6 < 3;
        assert_eq!(pixel, if inside { [255, 0, 0, 255] } else { [0; 4] }, "pixel {i}");
    }
}

#[test]
fn gif_transparency() {
    let mut file = Vec::new();
    let mut pixels = image::RgbaImage::from_pixel(3, 1, image::Rgba([9, 8, 7, 255]));
    pixels.put_pixel(1, 0, image::Rgba([0, 0, 0, 0]));
    image::codecs::gif::GifEncoder::new(&mut file).encode_frame(image::Frame::new(pixels)).unwrap();
    let found = ours(&file);
    assert_eq!(found.channels, Channels::Rgba);
    let alphas: Vec<u8> = bytes(&found).iter().skip(3).step_by(4).copied().collect();
    assert_eq!(alphas, [255, 0, 255]);
}

#[test]
fn bmp_layouts() {
    for channels in [Channels::Grey, Channels::Rgb, Channels::Rgba] {
        let source = picture(13, 9, channels, Depth::Eight, true);
        let found = decode(&by_image(&source, image::ImageFormat::Bmp)).unwrap();
        assert_eq!(found.format, Format::Bmp);
        let expected: Vec<u8> = if channels == Channels::Grey && found.picture.channels == Channels::Rgb {
            bytes(&source).iter().flat_map(|&g| [g; 3]).collect()
        } else {
            bytes(&source).to_vec()
        };
        assert_eq!(bytes(&found.picture), expected, "{channels:?}");
    }
}

/// A BMP of 3 x 2 pixels with a palette of four bits.
fn bmp_palette() -> Vec<u8> {
    let mut file = b"BM".to_vec();
    file.extend([0; 8]);
    file.extend(62_u32.to_le_bytes());
    file.extend(40_u32.to_le_bytes());
    file.extend(3_u32.to_le_bytes());
    file.extend(2_u32.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(4_u16.to_le_bytes());
    file.extend([0; 16]);
    file.extend(2_u32.to_le_bytes());
    file.extend([0; 4]);
    file.extend([1, 2, 3, 0, 40, 50, 60, 0]);
    file.extend([0x10, 0x10, 0, 0, 0x01, 0x00, 0, 0]);
    file
}

#[test]
fn bmp_palette_bottom_up() {
    let found = decode(&bmp_palette()).unwrap();
    let (a, b) = ([3, 2, 1], [60, 50, 40]);
    assert_eq!(bytes(&found.picture), [a, b, a, b, a, b].concat());
    assert_eq!((found.bits, found.colour), (4, "palette"));
}

#[test]
fn tiff_layouts_in_both_byte_orders() {
    for little in [true, false] {
        for (channels, photometric, extra) in
            [(Channels::Grey, 1, None), (Channels::GreyAlpha, 1, Some(2)), (Channels::Rgb, 2, None), (Channels::Rgba, 2, Some(2))]
        {
            for (bits, depth) in [(8, Depth::Eight), (16, Depth::Sixteen)] {
                let source = picture(9, 7, channels, depth, true);
                let raw: Vec<u8> = match &source.samples {
                    Samples::U8(v) => v.clone(),
                    Samples::U16(v) => v.iter().flat_map(|s| if little { s.to_le_bytes() } else { s.to_be_bytes() }).collect(),
                };
                let mut tiff = Tiff::new(little, 9, 7, &vec![bits; channels.count()], photometric);
                if let Some(extra) = extra {
                    tiff = tiff.tag(338, &[extra]);
                }
                let found = decode(&tiff.file(&[&raw])).unwrap();
                assert!(found.picture == source, "{channels:?} {depth:?} little {little}");
                assert_eq!(u32::from(found.bits), bits);
                // The same in planes of their own.
                let size = depth.bytes();
                let planes: Vec<Vec<u8>> =
                    (0..channels.count()).map(|c| raw.chunks_exact(size).skip(c).step_by(channels.count()).flatten().copied().collect()).collect();
                let planar = tiff.tag(284, &[2]).file(&planes.iter().map(Vec::as_slice).collect::<Vec<_>>());
                let found = decode(&planar).unwrap();
                assert!(found.picture == source, "planar {channels:?} {depth:?} little {little}");
            }
        }
    }
}

#[test]
fn tiff_low_bits_palette_and_inverted_grey() {
    for (bits, factor) in [(1_u8, 255_u16), (4, 17)] {
        let source: Vec<u16> = (0..11 * 3).map(|i| i * 5 % (1 << bits)).collect();
        let raw: Vec<u8> = source.chunks_exact(11).flat_map(|row| pack(row, bits)).collect();
        let straight = ours(&Tiff::new(true, 11, 3, &[bits.into()], 1).file(&[&raw]));
        assert_eq!(values(&straight), source.iter().map(|v| v * factor).collect::<Vec<_>>());
        let inverted = ours(&Tiff::new(true, 11, 3, &[bits.into()], 0).file(&[&raw]));
        assert_eq!(values(&inverted), source.iter().map(|v| 255 - v * factor).collect::<Vec<_>>());
        let size = 1_u32 << bits;
        let map: Vec<u32> = (0..3 * size).map(|i| i * 800 % 65_536).collect();
        let palette = decode(&Tiff::new(false, 11, 3, &[bits.into()], 3).tag(320, &map).file(&[&raw])).unwrap();
        let expected: Vec<u16> = source.iter().flat_map(|&i| [0, 1, 2].map(|c| (map[(c * size + u32::from(i)) as usize] >> 8) as u16)).collect();
        assert_eq!(values(&palette.picture), expected);
        assert_eq!(palette.colour, "palette");
    }
}

#[test]
fn tiff_premultiplied_alpha_is_divided_out() {
    let raw = [100, 50, 0, 128, 10, 10, 10, 0, 200, 100, 50, 255];
    let found = ours(&Tiff::new(true, 3, 1, &[8; 4], 2).tag(338, &[1]).file(&[&raw]));
    assert_eq!(bytes(&found), [199, 100, 0, 128, 0, 0, 0, 0, 200, 100, 50, 255]);
}

#[test]
fn tiff_cmyk_and_refusals() {
    let found = decode(&Tiff::new(true, 2, 1, &[8; 4], 5).file(&[&[0, 0, 0, 0, 255, 0, 128, 51]])).unwrap();
    assert_eq!(bytes(&found.picture), [255, 255, 255, 0, 204, 102]);
    assert!(found.warnings[0].contains("CMYK"), "{:?}", found.warnings);
    let floats = Tiff::new(true, 1, 1, &[32], 1).tag(339, &[3]).file(&[&[0, 0, 128, 63]]);
    let error = decode(&floats).unwrap_err();
    assert_eq!(error.kind(), "unsupported");
    assert!(error.to_string().contains("16 bits"), "{error}");
    let raw = Tiff::new(true, 1, 1, &[8], 1).tag(50_706, &[1]).file(&[&[9]]);
    assert!(decode(&raw).unwrap_err().to_string().contains("camera raw"));
}

#[test]
fn tiff_ycc_becomes_rgb() {
    let found =
        decode(&Tiff::new(true, 4, 1, &[8; 3], 6).tag(530, &[1, 1]).file(&[&[76, 85, 255, 150, 44, 21, 29, 255, 107, 200, 128, 128]])).unwrap();
    let primaries = [254, 0, 0, 0, 255, 1, 0, 0, 254, 200, 200, 200];
    assert!(bytes(&found.picture).iter().zip(primaries).all(|(&a, b): (&u8, u8)| a.abs_diff(b) <= 1), "{:?}", bytes(&found.picture));
    assert_eq!(found.colour, "YCbCr");
}

#[test]
fn tiff_compressed_by_another_encoder() {
    use tiff::encoder::{Compression, DeflateLevel, TiffEncoder, colortype};
    let source = picture(57, 43, Channels::Rgb, Depth::Eight, true);
    let all = [
        ("none", Compression::Uncompressed),
        ("LZW", Compression::Lzw),
        ("Deflate", Compression::Deflate(DeflateLevel::Fast)),
        ("PackBits", Compression::Packbits),
    ];
    for (name, compression) in all {
        let mut file = std::io::Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut file).unwrap().with_compression(compression);
        encoder.write_image::<colortype::RGB8>(57, 43, bytes(&source)).unwrap();
        assert!(ours(file.get_ref()) == source, "{name}");
    }
}

#[test]
fn tiff_of_several_pages_says_so() {
    use tiff::encoder::{TiffEncoder, colortype};
    let mut file = std::io::Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file).unwrap();
    encoder.write_image::<colortype::Gray8>(2, 1, &[1, 2]).unwrap();
    encoder.write_image::<colortype::Gray8>(2, 1, &[3, 4]).unwrap();
    let found = decode(file.get_ref()).unwrap();
    assert_eq!(bytes(&found.picture), [1, 2]);
    assert!(found.warnings[0].contains("several pages"), "{:?}", found.warnings);
}

#[test]
fn tiff_says_what_of_the_old_pixels_it_leaves_out() {
    use tiff::encoder::{TiffEncoder, colortype};
    use tiff::tags::Tag;
    let warned = |tags: &[u16]| {
        let mut file = std::io::Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut file).unwrap();
        let mut image = encoder.new_image::<colortype::Gray8>(2, 1).unwrap();
        for tag in tags {
            image.encoder().write_tag(Tag::from_u16_exhaustive(*tag), &[1u16, 1, 0, 0][..]).unwrap();
        }
        image.write_data(&[1, 2]).unwrap();
        decode(file.get_ref()).unwrap().warnings.join("\n")
    };
    assert_eq!(warned(&[]), "");
    let all = warned(&[34_735, 37_724]);
    assert!(all.contains("GeoTIFF") && all.contains("layers") && all.lines().count() == 2, "{all}");
}

#[test]
fn jpeg_of_every_kind() {
    for (width, height) in [(1, 1), (7, 5), (64, 48), (129, 67), (16, 200)] {
        let source = picture(width, height, Channels::Rgb, Depth::Eight, false);
        let (w, h) = (width as u16, height as u16);
        for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_1_2, SamplingFactor::F_2_2, SamplingFactor::F_4_1] {
            for (progressive, restart, optimised) in
                [(false, 0, false), (false, 3, false), (false, 0, true), (true, 0, false), (true, 5, false), (true, 0, true)]
            {
                let file = jpeg(bytes(&source), w, h, ColorType::Rgb, |e| {
                    e.set_sampling_factor(sampling);
                    e.set_progressive(progressive);
                    e.set_restart_interval(restart);
                    e.set_optimized_huffman_tables(optimised);
                });
                // Written with a scan for each colour, which the engine behind us mixes up.
                let separate = !progressive && (optimised || sampling == SamplingFactor::F_4_1);
                if separate && sampling != SamplingFactor::F_1_1 {
                    let error = decode(&file).unwrap_err();
                    assert_eq!(error.kind(), "unsupported", "{error}");
                    continue;
                }
                let found = decode(&file).unwrap_or_else(|e| panic!("{width} x {height} {sampling:?} {progressive} {restart} {optimised}: {e}"));
                let near = psnr(bytes(&found.picture), bytes(&source));
                assert!(near > 30.0, "{width} x {height} {sampling:?} progressive {progressive} restart {restart}: {near:.1} dB");
                assert!(found.warnings.is_empty(), "{:?}", found.warnings);
            }
        }
        let grey = picture(width, height, Channels::Grey, Depth::Eight, false);
        for progressive in [false, true] {
            let found = ours(&jpeg(bytes(&grey), w, h, ColorType::Luma, |e| e.set_progressive(progressive)));
            assert_eq!(found.channels, Channels::Grey);
            assert!(psnr(bytes(&found), bytes(&grey)) > 40.0);
        }
    }
}

#[test]
fn jpeg_with_unusual_resolutions_is_refused() {
    let source = picture(64, 48, Channels::Rgb, Depth::Eight, false);
    let file = jpeg(bytes(&source), 64, 48, ColorType::Rgb, |e| e.set_sampling_factor(SamplingFactor::F_1_1));
    let at = file.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    // The second colour's factors, then the first one's.
    for (offset, factors) in [(14, 0x21), (14, 0x12), (14, 0x22), (11, 0x31)] {
        let mut odd = file.clone();
        assert_eq!(odd[at + offset], 0x11);
        odd[at + offset] = factors;
        let error = decode(&odd).unwrap_err();
        // The blocks that these factors ask for are not all there, which may be found first.
        assert!(matches!(error.kind(), "unsupported" | "decode"), "{error}");
    }
    // Made with libjpeg: the third colour has twice the others' resolution.
    let error = decode(include_bytes!("../assets/unusual.jpg")).unwrap_err();
    assert_eq!(error.kind(), "unsupported");
    assert!(error.to_string().contains("resolutions"), "{error}");
}

#[test]
fn jpeg_progressive_with_refinements() {
    // Made with libjpeg's standard script: ten scans with successive approximation.
    let found = decode(include_bytes!("../assets/refined.jpg")).unwrap();
    assert_eq!((found.picture.width, found.picture.height), (64, 48));
    assert!(psnr(bytes(&found.picture), &asset_pixels()) > 35.0);
    let grey = decode(include_bytes!("../assets/refined-grey.jpg")).unwrap();
    assert_eq!(grey.picture.channels, Channels::Grey);
}

#[test]
fn jpeg_inks_of_both_kinds() {
    // Cyan, magenta, yellow, black in areas of 16 x 16, and what they look like on paper.
    let areas = [[0_u8, 0, 0, 0], [255, 0, 0, 0], [0, 255, 0, 0], [0, 0, 255, 0], [0, 0, 0, 255], [60, 120, 30, 80]];
    let width = 16 * areas.len();
    let inks: Vec<u8> = (0..16).flat_map(|_| (0..width).flat_map(|x| areas[x / 16])).collect();
    let paper: Vec<u8> = (0..16)
        .flat_map(|_| (0..width).flat_map(|x| [0, 1, 2].map(|c| (u32::from(255 - areas[x / 16][c]) * u32::from(255 - areas[x / 16][3]) / 255) as u8)))
        .collect();
    for colour in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        for progressive in [false, true] {
            let file = jpeg(&inks, width as u16, 16, colour, |e| {
                e.set_sampling_factor(SamplingFactor::F_1_1);
                e.set_progressive(progressive);
            });
            let found = decode(&file).unwrap();
            let near = psnr(bytes(&found.picture), &paper);
            assert!(near > 35.0, "{colour:?}: {near:.1} dB");
            assert!(found.warnings[0].contains("CMYK"), "{:?}", found.warnings);
        }
    }
    // Without Adobe's segment the numbers mean ink, not paper.
    let adobe = jpeg(&inks, width as u16, 16, ColorType::Cmyk, |e| e.set_sampling_factor(SamplingFactor::F_1_1));
    let at = adobe.windows(2).position(|w| w == [0xFF, 0xEE]).unwrap();
    let plain = [&adobe[..at], &adobe[at + 16..]].concat();
    let found = ours(&plain);
    assert_eq!(&bytes(&found)[..3], [0, 0, 0], "no ink stored inverted is full ink");
}

#[test]
fn names_do_not_matter_but_content_does() {
    let source = picture(5, 4, Channels::Rgb, Depth::Eight, false);
    for (file, format) in [
        (by_image(&source, image::ImageFormat::Png), Format::Png),
        (by_image(&source, image::ImageFormat::Jpeg), Format::Jpeg),
        (by_image(&source, image::ImageFormat::WebP), Format::WebP),
        (by_image(&source, image::ImageFormat::Gif), Format::Gif),
        (by_image(&source, image::ImageFormat::Bmp), Format::Bmp),
        (by_image(&source, image::ImageFormat::Tiff), Format::Tiff),
    ] {
        assert_eq!(sniff(&file), Some(format));
        assert_eq!(decode(&file).unwrap().format, format);
    }
}
