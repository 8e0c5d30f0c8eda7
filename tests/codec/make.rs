//! Pictures to test with, and makers of files that no encoder here writes.

use std::io::Cursor;

use inlarge::codec::Metadata;
use inlarge::codec::encode::{EncoderOptions, MemoryFile, OutputFormat, Rows, encoder};
use inlarge::image::{Channels, Depth, Picture, RowFormat, Samples};

pub(crate) const CHANNELS: [Channels; 4] = [Channels::Grey, Channels::GreyAlpha, Channels::Rgb, Channels::Rgba];

/// A repeatable stream of numbers (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// Smooth waves, different in every channel, with a little grain where `noise` is set.
pub(crate) fn picture(width: u32, height: u32, channels: Channels, depth: Depth, noise: bool) -> Picture {
    let mut random = Random::new(u64::from(width) * 31 + u64::from(height));
    let count = channels.count();
    let mut unit = Vec::with_capacity(width as usize * height as usize * count);
    for y in 0..height {
        for x in 0..width {
            for c in 0..count {
                let phase = c as f32 * 1.3;
                let wave = 0.5 + 0.25 * (x as f32 / 17.0 + phase).sin() + 0.2 * (y as f32 / 13.0 - phase).cos();
                let grain = if noise { (random.next() % 1000) as f32 / 20_000.0 } else { 0.0 };
                unit.push(wave + grain);
            }
        }
    }
    let samples = match depth {
        Depth::Eight => Samples::U8(unit.into_iter().map(|v| (v * 255.0) as u8).collect()),
        Depth::Sixteen => Samples::U16(unit.into_iter().map(|v| (v * 65_535.0) as u16).collect()),
    };
    Picture::new(width, height, channels, samples).unwrap()
}

pub(crate) fn bytes(picture: &Picture) -> &[u8] {
    let Samples::U8(v) = &picture.samples else { panic!("8-bit picture expected") };
    v
}

/// Peak signal-to-noise ratio in dB of two 8-bit pictures of one shape.
pub(crate) fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let sum: f64 = a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
    10.0 * (255.0_f64.powi(2) / (sum / a.len() as f64)).log10()
}

pub(crate) fn format_of(picture: &Picture) -> RowFormat {
    RowFormat { width: picture.width, height: picture.height, channels: picture.channels, depth: picture.samples.depth() }
}

/// The file that our encoder writes when `rows_at_once` rows are pushed at a time.
pub(crate) fn encode(picture: &Picture, format: OutputFormat, options: &EncoderOptions, rows_at_once: usize) -> Vec<u8> {
    let file = MemoryFile::default();
    let rows = format_of(picture);
    let mut out = encoder(format, rows, options, file.clone()).unwrap();
    let step = rows.row_len() * rows_at_once;
    match &picture.samples {
        Samples::U8(v) => v.chunks(step).for_each(|rows| out.write_rows(Rows::U8(rows)).unwrap()),
        Samples::U16(v) => v.chunks(step).for_each(|rows| out.write_rows(Rows::U16(rows)).unwrap()),
    }
    out.finish().unwrap();
    file.bytes().clone()
}

/// Options with this metadata.
pub(crate) fn with(metadata: Metadata) -> EncoderOptions {
    EncoderOptions { metadata, ..EncoderOptions::default() }
}

/// A file by the `image` crate.
pub(crate) fn by_image(picture: &Picture, format: image::ImageFormat) -> Vec<u8> {
    let colour = match picture.channels {
        Channels::Grey => image::ExtendedColorType::L8,
        Channels::GreyAlpha => image::ExtendedColorType::La8,
        Channels::Rgb => image::ExtendedColorType::Rgb8,
        Channels::Rgba => image::ExtendedColorType::Rgba8,
    };
    let mut file = Cursor::new(Vec::new());
    image::write_buffer_with_format(&mut file, bytes(picture), picture.width, picture.height, colour, format).unwrap();
    file.into_inner()
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &b| (0..8).fold(crc ^ u32::from(b), |c, _| if c & 1 == 1 { c >> 1 ^ 0xEDB8_8320 } else { c >> 1 }))
}

/// Zlib data that stores `raw` as it is.
pub(crate) fn stored(raw: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut parts = raw.chunks(65_535).peekable();
    while let Some(part) = parts.next() {
        out.push(u8::from(parts.peek().is_none()));
        out.extend((part.len() as u16).to_le_bytes());
        out.extend((!(part.len() as u16)).to_le_bytes());
        out.extend(part);
    }
    let (a, b) = raw.iter().fold((1_u32, 0_u32), |(a, b), &v| ((a + u32::from(v)) % 65_521, (a + u32::from(v) + b) % 65_521));
    out.extend((b << 16 | a).to_be_bytes());
    out
}

/// A PNG from its header fields, further chunks and its filtered rows.
pub(crate) struct Png {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bits: u8,
    pub(crate) kind: u8,
    pub(crate) interlaced: bool,
    pub(crate) chunks: Vec<([u8; 4], Vec<u8>)>,
}

impl Png {
    pub(crate) fn new(width: u32, height: u32, bits: u8, kind: u8) -> Self {
        Self { width, height, bits, kind, interlaced: false, chunks: Vec::new() }
    }

    pub(crate) fn chunk(mut self, name: [u8; 4], data: &[u8]) -> Self {
        self.chunks.push((name, data.to_vec()));
        self
    }

    /// The file with `raw` as rows, each beginning with its filter type.
    pub(crate) fn file(&self, raw: &[u8]) -> Vec<u8> {
        let mut out = b"\x89PNG\r\n\x1A\n".to_vec();
        let mut put = |name: [u8; 4], data: &[u8]| {
            out.extend((data.len() as u32).to_be_bytes());
            let start = out.len();
            out.extend(name);
            out.extend(data);
            let check = crc(&out[start..]);
            out.extend(check.to_be_bytes());
        };
        let mut header = self.width.to_be_bytes().to_vec();
        header.extend(self.height.to_be_bytes());
        header.extend([self.bits, self.kind, 0, 0, u8::from(self.interlaced)]);
        put(*b"IHDR", &header);
        for (name, data) in &self.chunks {
            put(*name, data);
        }
        put(*b"IDAT", &stored(raw));
        put(*b"IEND", &[]);
        out
    }

    /// The file with one sample value per entry of `values`, packed by the bit depth.
    pub(crate) fn of_values(&self, values: &[u16]) -> Vec<u8> {
        let per_row = values.len() / self.height as usize;
        let mut raw = Vec::new();
        for row in values.chunks_exact(per_row) {
            raw.push(0);
            raw.extend(pack(row, self.bits));
        }
        self.file(&raw)
    }
}

/// Big-endian samples of `bits` bits, the last byte filled up with zeros.
pub(crate) fn pack(values: &[u16], bits: u8) -> Vec<u8> {
    match bits {
        16 => values.iter().flat_map(|v| v.to_be_bytes()).collect(),
        8 => values.iter().map(|&v| v as u8).collect(),
        _ => values
            .chunks(usize::from(8 / bits))
            .map(|part| part.iter().enumerate().fold(0, |byte, (i, &v)| byte | (v as u8) << (8 - bits * (i as u8 + 1))))
            .collect(),
    }
}

/// The tags of a TIFF, each with SHORT or LONG values, and its one strip.
#[derive(Clone)]
pub(crate) struct Tiff {
    pub(crate) little: bool,
    pub(crate) tags: Vec<(u16, Vec<u32>)>,
}

impl Tiff {
    pub(crate) fn new(little: bool, width: u32, height: u32, bits: &[u32], photometric: u32) -> Self {
        let tags = vec![
            (256, vec![width]),
            (257, vec![height]),
            (258, bits.to_vec()),
            (259, vec![1]),
            (262, vec![photometric]),
            (277, vec![bits.len() as u32]),
            (278, vec![height]),
        ];
        Self { little, tags }
    }

    pub(crate) fn tag(mut self, tag: u16, values: &[u32]) -> Self {
        self.tags.push((tag, values.to_vec()));
        self
    }

    pub(crate) fn file(&self, strips: &[&[u8]]) -> Vec<u8> {
        let short = |v: u32| if self.little { (v as u16).to_le_bytes() } else { (v as u16).to_be_bytes() };
        let long = |v: u32| if self.little { v.to_le_bytes() } else { v.to_be_bytes() };
        let mut out = if self.little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
        out.extend([0; 4]);
        let mut tags = self.tags.clone();
        let mut offsets = Vec::new();
        for strip in strips {
            offsets.push(out.len() as u32);
            out.extend(*strip);
            out.resize(out.len().next_multiple_of(2), 0);
        }
        tags.push((273, offsets));
        tags.push((279, strips.iter().map(|s| s.len() as u32).collect()));
        tags.sort_by_key(|t| t.0);
        let mut directory = short(tags.len() as u32).to_vec();
        for (tag, values) in &tags {
            // SHORT for all but offsets and byte counts.
            let wide = matches!(tag, 273 | 279);
            let mut data: Vec<u8> = values.iter().flat_map(|&v| if wide { long(v).to_vec() } else { short(v).to_vec() }).collect();
            directory.extend(short(u32::from(*tag)));
            directory.extend(short(if wide { 4 } else { 3 }));
            directory.extend(long(values.len() as u32));
            if data.len() <= 4 {
                data.resize(4, 0);
                directory.extend(data);
            } else {
                directory.extend(long(out.len() as u32));
                out.extend(data);
                out.resize(out.len().next_multiple_of(2), 0);
            }
        }
        let at = long(out.len() as u32);
        out[4..8].copy_from_slice(&at);
        directory.extend([0; 4]);
        out.extend(directory);
        out
    }
}

/// A JPEG by `jpeg-encoder`, set up by `with`.
pub(crate) fn jpeg(
    samples: &[u8],
    width: u16,
    height: u16,
    colour: jpeg_encoder::ColorType,
    with: impl FnOnce(&mut jpeg_encoder::Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, 95);
    with(&mut encoder);
    encoder.encode(samples, width, height, colour).unwrap();
    file
}

/// An EXIF block with an orientation, pixel dimensions and a maker's name.
pub(crate) fn exif(little: bool, orientation: u16) -> Vec<u8> {
    let short = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
    let long = |v: u32| if little { v.to_le_bytes() } else { v.to_be_bytes() };
    let mut out = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
    out.extend(long(8));
    out.extend(short(3));
    let mut entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        out.extend(short(tag));
        out.extend(short(kind));
        out.extend(long(count));
        out.extend(value);
    };
    entry(0x010F, 2, 4, *b"Cam\0");
    let [a, b] = short(orientation);
    entry(0x0112, 3, 1, [a, b, 0, 0]);
    entry(0x8769, 4, 1, long(50));
    out.extend([0; 4]);
    out.extend(short(1));
    out.extend(short(0xA002));
    out.extend(short(4));
    out.extend(long(1));
    out.extend(long(99));
    out.extend([0; 4]);
    out
}

/// The shortest thing that has an ICC profile's header.
pub(crate) fn icc(space: [u8; 4], length: usize) -> Vec<u8> {
    let mut random = Random::new(length as u64);
    let mut profile: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
    profile[..4].copy_from_slice(&(length as u32).to_be_bytes());
    profile[16..20].copy_from_slice(&space);
    profile[36..40].copy_from_slice(b"acsp");
    profile
}
