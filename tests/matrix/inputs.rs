//! The files that go in, made here by hand or by other encoders.

use image::ImageFormat as F;
use inlarge::codec::encode::{EncoderOptions, OutputFormat};
use inlarge::image::orientation::{Orientation, apply};
use inlarge::image::{Channels, Depth, Picture, Samples};
use jpeg_encoder::{ColorType, PixelDensity, PixelDensityUnit};
use moxcms::ColorProfile;

use crate::blocks;
use crate::make::{Png, Tiff, by_image, bytes, encode, jpeg, picture, stored};

pub(crate) const WIDTH: u32 = 24;
pub(crate) const HEIGHT: u32 = 16;

/// A file and what is known of it.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each kind of metadata is there or not, by itself")]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) file: Vec<u8>,
    /// Layout of the picture as decoded.
    pub(crate) channels: Channels,
    pub(crate) sixteen: bool,
    /// The upright picture, where another than our decoder knows it.
    pub(crate) upright: Option<Picture>,
    pub(crate) exif: bool,
    pub(crate) xmp: bool,
    pub(crate) iptc: bool,
    /// Pixels per inch.
    pub(crate) dpi: Option<f64>,
    pub(crate) icc: Icc,
    /// A word that a warning has to have.
    pub(crate) said: &'static str,
}

/// Which profile a result has to have.
#[derive(Clone, PartialEq)]
pub(crate) enum Icc {
    None,
    /// This one, byte for byte, where the result's channels allow it.
    Same(Vec<u8>),
    /// One of the same meaning, which the file states in another way.
    Made,
}

impl Input {
    fn new(name: &str, file: Vec<u8>, channels: Channels) -> Self {
        let (exif, xmp, iptc, sixteen) = (false, false, false, false);
        Self { name: name.into(), file, channels, sixteen, upright: None, exif, xmp, iptc, dpi: None, icc: Icc::None, said: "" }
    }

    fn icc(mut self, icc: &[u8]) -> Self {
        self.icc = Icc::Same(icc.to_vec());
        self
    }

    fn made_icc(mut self) -> Self {
        self.icc = Icc::Made;
        self
    }

    fn sixteen(mut self) -> Self {
        self.sixteen = true;
        self
    }

    fn said(mut self, word: &'static str) -> Self {
        self.said = word;
        self
    }

    fn dpi(mut self, dpi: f64) -> Self {
        self.dpi = Some(dpi);
        self
    }

    fn all(mut self) -> Self {
        (self.exif, self.xmp, self.iptc) = (true, true, true);
        self
    }
}

fn rgb(depth: Depth) -> Picture {
    picture(WIDTH, HEIGHT, Channels::Rgb, depth, false)
}

fn of(channels: Channels) -> Picture {
    picture(WIDTH, HEIGHT, channels, Depth::Eight, false)
}

/// A JPEG with these segments behind its start.
fn with_segments(file: &[u8], segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut out = file[..2].to_vec();
    for (marker, data) in segments {
        out.extend([0xFF, *marker]);
        out.extend((data.len() as u16 + 2).to_be_bytes());
        out.extend(data);
    }
    // The encoder's own header comes after them: only the first JFIF segment counts, and here none does.
    let header = usize::from(u16::from_be_bytes([file[4], file[5]]));
    out.extend(&file[if file[3] == 0xE0 { 4 + header } else { 2 }..]);
    out
}

fn plain_jpeg(source: &Picture) -> Vec<u8> {
    let colour = if source.channels == Channels::Grey { ColorType::Luma } else { ColorType::Rgb };
    jpeg(bytes(source), source.width as u16, source.height as u16, colour, |_| ())
}

fn exif_segment(block: &[u8]) -> (u8, Vec<u8>) {
    (0xE1, [b"Exif\0\0", block].concat())
}

fn xmp_segment(packet: &str) -> (u8, Vec<u8>) {
    (0xE1, [b"http://ns.adobe.com/xap/1.0/\0", packet.as_bytes()].concat())
}

/// A packet in a main part that has next to nothing, and an extension in two segments.
fn long_xmp_segments() -> Vec<(u8, Vec<u8>)> {
    const DIGEST: &str = "0123456789ABCDEF0123456789ABCDEF";
    let main = format!(
        r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description rdf:about="" xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="{DIGEST}"/></rdf:RDF></x:xmpmeta>"#
    );
    let extension = blocks::xmp(1, 70_000);
    let mut out = vec![xmp_segment(&main)];
    for (i, part) in extension.as_bytes().chunks(60_000).enumerate() {
        let numbers = [extension.len() as u32, i as u32 * 60_000].map(u32::to_be_bytes).concat();
        out.push((0xE1, [b"http://ns.adobe.com/xmp/extension/\0", DIGEST.as_bytes(), &numbers, part].concat()));
    }
    out
}

fn iptc_segment() -> (u8, Vec<u8>) {
    (0xED, [b"Photoshop 3.0\0", &blocks::resource(&blocks::iptc())[..]].concat())
}

fn icc_segment(profile: &[u8]) -> (u8, Vec<u8>) {
    (0xE2, [b"ICC_PROFILE\0\x01\x01", profile].concat())
}

/// A WebP with these chunks; the flags of its header say which there are.
fn with_chunks(source: &Picture, chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let simple = by_image(source, F::WebP);
    let mut flags = if source.channels.has_alpha() { 0x10 } else { 0 };
    let mut body = b"WEBP".to_vec();
    let mut put = |name: &[u8; 4], data: &[u8]| {
        body.extend(name);
        body.extend((data.len() as u32).to_le_bytes());
        body.extend(data);
        body.resize(body.len().next_multiple_of(2), 0);
    };
    for (name, _) in chunks {
        flags |= match *name {
            b"ICCP" => 0x20,
            b"EXIF" => 8,
            _ => 4,
        };
    }
    let [w, h] = [source.width, source.height].map(|side| (side - 1).to_le_bytes());
    put(b"VP8X", &[flags, 0, 0, 0, w[0], w[1], w[2], h[0], h[1], h[2]]);
    chunks.iter().filter(|c| c.0 == b"ICCP").for_each(|c| put(c.0, &c.1));
    put(&simple[12..16].try_into().unwrap(), &simple[20..20 + u32::from_le_bytes(simple[16..20].try_into().unwrap()) as usize]);
    chunks.iter().filter(|c| c.0 != b"ICCP").for_each(|c| put(c.0, &c.1));
    [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat()
}

fn values(source: &Picture) -> Vec<u16> {
    match &source.samples {
        Samples::U8(v) => v.iter().map(|&v| v.into()).collect(),
        Samples::U16(v) => v.clone(),
    }
}

fn png(source: &Picture, chunks: &[([u8; 4], Vec<u8>)]) -> Vec<u8> {
    let kind = match source.channels {
        Channels::Grey => 0,
        Channels::GreyAlpha => 4,
        Channels::Rgb => 2,
        Channels::Rgba => 6,
    };
    let bits = if source.samples.depth() == Depth::Eight { 8 } else { 16 };
    let start = Png::new(source.width, source.height, bits, kind);
    chunks.iter().fold(start, |png, (name, data)| png.chunk(*name, data)).of_values(&values(source))
}

fn iccp(profile: &[u8]) -> ([u8; 4], Vec<u8>) {
    (*b"iCCP", [b"matrix\0\0", &stored(profile)[..]].concat())
}

fn itxt(packet: &str) -> ([u8; 4], Vec<u8>) {
    (*b"iTXt", [b"XML:com.adobe.xmp\0\0\0\0\0", packet.as_bytes()].concat())
}

fn iptc_text() -> ([u8; 4], Vec<u8>) {
    let resource = blocks::resource(&blocks::iptc());
    let digits: String = resource.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
    (*b"tEXt", format!("Raw profile type iptc\0\niptc\n{:8}\n{digits}\n", resource.len()).into_bytes())
}

fn metres(dpi: f64) -> Vec<u8> {
    let v = ((dpi / 0.0254).round() as u32).to_be_bytes();
    [&v[..], &v, &[1]].concat()
}

fn tiff(source: &Picture, photometric: u32, extra: Option<u32>) -> Vec<u8> {
    let bits = if source.samples.depth() == Depth::Eight { 8 } else { 16 };
    let raw: Vec<u8> = match &source.samples {
        Samples::U8(v) => v.clone(),
        Samples::U16(v) => v.iter().flat_map(|v| v.to_le_bytes()).collect(),
    };
    let tiff = Tiff::new(true, source.width, source.height, &vec![bits; source.channels.count()], photometric);
    extra.map_or(tiff.clone(), |extra| tiff.tag(338, &[extra])).file(&[&raw])
}

fn gif(frames: u8) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut file);
    for i in 0..frames {
        let frame = image::RgbaImage::from_fn(WIDTH, HEIGHT, |x, y| image::Rgba([(x * 9) as u8 + i, (y * 13) as u8, 90, 255]));
        encoder.encode_frame(image::Frame::new(frame)).unwrap();
    }
    drop(encoder);
    file
}

/// A GIF with an XMP packet: plain bytes, then a ramp that any reader of blocks falls through.
fn gif_with_xmp() -> Vec<u8> {
    let mut file = gif(1);
    assert_eq!(file.pop(), Some(0x3B));
    file.extend(b"!\xFF\x0BXMP DataXMP");
    file.extend(blocks::xmp(1, 0).as_bytes());
    file.push(1);
    file.extend((0..=255).rev());
    file.extend([0, 0x3B]);
    file
}

fn bmp(dpi: f64) -> Vec<u8> {
    let mut file = by_image(&rgb(Depth::Eight), F::Bmp);
    let metres = ((dpi / 0.0254).round() as u32).to_le_bytes();
    file[38..46].copy_from_slice(&[metres, metres].concat());
    file
}

/// Every file.
pub(crate) fn all() -> Vec<Input> {
    [orientations(), full(), colours(), layouts(), odd()].concat()
}

fn orientations() -> Vec<Input> {
    let source = rgb(Depth::Eight);
    let mut out = Vec::new();
    for orientation in Orientation::ALL {
        let value: u16 = orientation.exif().into();
        let block = blocks::exif(value.is_multiple_of(2), value, None);
        let mut files = vec![("jpg", with_segments(&plain_jpeg(&source), &[exif_segment(&block)]))];
        match value {
            3 => files.push(("png", png(&source, &[(*b"eXIf", block)]))),
            6 => files.push(("webp", with_chunks(&source, &[(b"EXIF", block)]))),
            8 => files.push(("tif", Tiff::new(true, WIDTH, HEIGHT, &[8; 3], 2).tag(274, &[8]).file(&[bytes(&source)]))),
            _ => {}
        }
        for (ending, file) in files {
            let mut input = Input::new(&format!("orientation-{value}.{ending}"), file, Channels::Rgb);
            input.exif = ending != "tif";
            input.upright = Some(apply(source.clone(), orientation).unwrap());
            out.push(input);
        }
    }
    out
}

/// Files with everything at once.
pub(crate) fn full() -> Vec<Input> {
    let source = rgb(Depth::Eight);
    let p3 = ColorProfile::new_display_p3().encode().unwrap();
    let packet = blocks::xmp(1, 0);
    let block = |little| blocks::exif(little, 1, Some(240));
    let segments = |little| vec![exif_segment(&block(little)), xmp_segment(&packet), iptc_segment(), icc_segment(&p3)];
    let chunks = [iccp(&p3), (*b"pHYs", metres(240.0)), (*b"eXIf", block(false)), itxt(&packet), iptc_text()];
    let riff = vec![(b"ICCP", p3.clone()), (b"EXIF", block(true)), (b"XMP ", packet.clone().into_bytes())];
    let mut webp = Input::new("full.webp", with_chunks(&source, &riff), Channels::Rgb).icc(&p3).dpi(240.0);
    (webp.exif, webp.xmp) = (true, true);
    vec![
        Input::new("full.jpg", with_segments(&plain_jpeg(&source), &segments(true)), Channels::Rgb).all().icc(&p3).dpi(240.0),
        Input::new("full-big-endian.jpg", with_segments(&plain_jpeg(&source), &segments(false)), Channels::Rgb).all().icc(&p3).dpi(240.0),
        Input::new("full.png", png(&source, &chunks), Channels::Rgb).all().icc(&p3).dpi(240.0),
        webp,
        Input::new("full.tif", blocks::tiff(true, (WIDTH, HEIGHT), 1, 240, &p3, bytes(&source)), Channels::Rgb).all().icc(&p3).dpi(240.0),
        Input::new("full-big-endian.tif", blocks::tiff(false, (WIDTH, HEIGHT), 1, 240, &p3, bytes(&source)), Channels::Rgb).all().icc(&p3).dpi(240.0),
    ]
}

fn colours() -> Vec<Input> {
    let (source, grey) = (rgb(Depth::Eight), of(Channels::Grey));
    let (v2, for_grey, inks) = (blocks::icc_v2(), blocks::icc_grey(), blocks::icc_inks());
    let [p3, adobe, srgb] = [ColorProfile::new_display_p3(), ColorProfile::new_adobe_rgb(), ColorProfile::new_srgb()].map(|p| p.encode().unwrap());
    let in_jpeg = |profile: &[u8]| with_segments(&plain_jpeg(&source), &[icc_segment(profile)]);
    let chromaticities: Vec<u8> = [31_270_u32, 32_900, 64_000, 33_000, 21_000, 71_000, 15_000, 6000].iter().flat_map(|v| v.to_be_bytes()).collect();
    let gamma = |v: u32| (*b"gAMA", v.to_be_bytes().to_vec());
    // CMYK of which cyan is a ramp and the other inks are few.
    let ramp: Vec<u8> = (0..WIDTH * HEIGHT).flat_map(|i| [(i % WIDTH * 10) as u8, 10, 20, 5]).collect();
    // The encoder stores what the inks leave of the paper, as Adobe does.
    let cmyk = |colour| jpeg(&ramp, WIDTH as u16, HEIGHT as u16, colour, |_| ());
    let inks_tiff = Tiff::new(true, WIDTH, HEIGHT, &[8; 4], 5).tag(332, &[1]).file(&[&ramp]);
    vec![
        Input::new("icc-v2.jpg", in_jpeg(&v2), Channels::Rgb).icc(&v2),
        Input::new("icc-v4.jpg", in_jpeg(&srgb), Channels::Rgb).icc(&srgb),
        Input::new("adobe-rgb.jpg", in_jpeg(&adobe), Channels::Rgb).icc(&adobe),
        Input::new("display-p3.png", png(&rgb(Depth::Sixteen), &[iccp(&p3)]), Channels::Rgb).icc(&p3).sixteen(),
        Input::new("adobe-rgb.webp", with_chunks(&source, &[(b"ICCP", adobe.clone())]), Channels::Rgb).icc(&adobe),
        Input::new("grey-icc.png", png(&grey, &[iccp(&for_grey)]), Channels::Grey).icc(&for_grey),
        Input::new("grey-icc.jpg", with_segments(&plain_jpeg(&grey), &[icc_segment(&for_grey)]), Channels::Grey).icc(&for_grey),
        Input::new("grey-gamma.png", png(&grey, &[gamma(100_000)]), Channels::Grey).made_icc(),
        Input::new("gamma-usual.png", png(&source, &[gamma(45_455)]), Channels::Rgb),
        Input::new("gamma-and-primaries.png", png(&source, &[gamma(45_455), (*b"cHRM", chromaticities)]), Channels::Rgb).made_icc(),
        Input::new("code-points.png", png(&source, &[(*b"cICP", vec![12, 13, 0, 1])]), Channels::Rgb).made_icc(),
        Input::new("srgb-chunk.png", png(&source, &[(*b"sRGB", vec![0])]), Channels::Rgb),
        Input::new("cmyk.jpg", cmyk(ColorType::Cmyk), Channels::Rgb).said("without a colour profile"),
        Input::new("cmyk-icc.jpg", with_segments(&cmyk(ColorType::Cmyk), &[icc_segment(&inks)]), Channels::Rgb).said("with its colour profile"),
        Input::new("ycck-icc.jpg", with_segments(&cmyk(ColorType::CmykAsYcck), &[icc_segment(&inks)]), Channels::Rgb).said("with its colour profile"),
        Input::new("cmyk.tif", inks_tiff, Channels::Rgb).said("without a colour profile"),
    ]
}

fn layouts() -> Vec<Input> {
    let wide = |channels| picture(WIDTH, HEIGHT, channels, Depth::Sixteen, false);
    let palette: Vec<u8> = (0..48).map(|i| i * 5).collect();
    let indices: Vec<u16> = (0..WIDTH * HEIGHT).map(|i| (i / WIDTH % 16) as u16).collect();
    let indexed = || Png::new(WIDTH, HEIGHT, 4, 3).chunk(*b"PLTE", &palette);
    let mut out = vec![
        Input::new("palette.png", indexed().of_values(&indices), Channels::Rgb),
        Input::new("palette-alpha.png", indexed().chunk(*b"tRNS", &[1, 80, 160]).of_values(&indices), Channels::Rgba),
        Input::new("alpha.webp", by_image(&of(Channels::Rgba), F::WebP), Channels::Rgba),
        Input::new("alpha.bmp", by_image(&of(Channels::Rgba), F::Bmp), Channels::Rgba),
        Input::new("grey.bmp", by_image(&of(Channels::Grey), F::Bmp), Channels::Rgb),
        Input::new("grey.jpg", plain_jpeg(&of(Channels::Grey)), Channels::Grey),
    ];
    for (channels, name, photometric) in
        [(Channels::Grey, "grey", 1), (Channels::GreyAlpha, "grey-alpha", 1), (Channels::Rgb, "rgb", 2), (Channels::Rgba, "rgba", 2)]
    {
        let extra = channels.has_alpha().then_some(2);
        out.push(Input::new(&format!("{name}-8.png"), png(&of(channels), &[]), channels));
        out.push(Input::new(&format!("{name}-16.png"), png(&wide(channels), &[]), channels).sixteen());
        out.push(Input::new(&format!("{name}-8.tif"), tiff(&of(channels), photometric, extra), channels));
        out.push(Input::new(&format!("{name}-16.tif"), tiff(&wide(channels), photometric, extra), channels).sixteen());
    }
    out
}

fn odd() -> Vec<Input> {
    let source = rgb(Depth::Eight);
    let per_cm = jpeg(bytes(&source), WIDTH as u16, HEIGHT as u16, ColorType::Rgb, |e| {
        e.set_density(PixelDensity { density: (118, 118), unit: PixelDensityUnit::Centimeters });
    });
    let per_inch = jpeg(bytes(&source), WIDTH as u16, HEIGHT as u16, ColorType::Rgb, |e| {
        e.set_density(PixelDensity { density: (300, 300), unit: PixelDensityUnit::Inches });
    });
    let progressive = jpeg(bytes(&source), WIDTH as u16, HEIGHT as u16, ColorType::Rgb, |e| e.set_progressive(true));
    let control: Vec<u8> = [3_u32, 0].iter().flat_map(|v| v.to_be_bytes()).collect();
    let mut only_xmp = Input::new("xmp.gif", gif_with_xmp(), Channels::Rgb);
    only_xmp.xmp = true;
    let mut long = Input::new("long-xmp.png", png(&source, &[itxt(&blocks::xmp(1, 150_000))]), Channels::Rgb);
    long.xmp = true;
    let mut in_two = Input::new("long-xmp.jpg", with_segments(&plain_jpeg(&source), &long_xmp_segments()), Channels::Rgb);
    in_two.xmp = true;
    let ours = encode(&source, OutputFormat::Jpeg, &EncoderOptions::default(), 16);
    vec![
        Input::new("density-cm.jpg", per_cm, Channels::Rgb).dpi(118.0 * 2.54),
        Input::new("density-inch.jpg", per_inch, Channels::Rgb).dpi(300.0),
        Input::new("density.png", png(&source, &[(*b"pHYs", metres(150.0))]), Channels::Rgb).dpi(150.0),
        Input::new("density.bmp", bmp(96.0), Channels::Rgb).dpi(96.0),
        Input::new("progressive.jpg", progressive, Channels::Rgb),
        Input::new("refined.jpg", include_bytes!("../assets/refined.jpg").to_vec(), Channels::Rgb),
        Input::new("lossy.webp", include_bytes!("../assets/lossy.webp").to_vec(), Channels::Rgb),
        Input::new("lossy-alpha.webp", include_bytes!("../assets/lossy-alpha.webp").to_vec(), Channels::Rgba),
        Input::new("animated.webp", include_bytes!("../assets/animated.webp").to_vec(), Channels::Rgb).said("animation"),
        Input::new("animated.gif", gif(3), Channels::Rgb).said("animation"),
        Input::new("animated.png", png(&source, &[(*b"acTL", control)]), Channels::Rgb).said("animation"),
        Input::new("ours.jpg", ours, Channels::Rgb),
        only_xmp,
        long,
        in_two,
    ]
}
