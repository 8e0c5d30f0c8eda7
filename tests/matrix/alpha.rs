//! Edges of transparency on checkered and coloured backgrounds.

use inlarge::codec::encode::{EncoderOptions, OutputFormat};
use inlarge::codec::{MetadataPolicy, decode};
use inlarge::image::{Channels, Picture, Samples};

use crate::enlarge;
use crate::make::encode;

/// The one visible colour, and that which the file stores where nothing is visible.
const SEEN: [u8; 3] = [210, 40, 60];
const HIDDEN: [u8; 3] = [0, 255, 0];
const SIDE: u32 = 40;
/// Largest step, of 255, by which an edge may differ from the visible colour laid over the background.
const FRINGE: f32 = 4.0;

/// A disc with a soft edge.
fn disc() -> Picture {
    let mut samples = Vec::new();
    for y in 0..SIDE {
        for x in 0..SIDE {
            let away = (x as f32 - 19.5).hypot(y as f32 - 19.5);
            let alpha = ((13.0 - away) / 2.0 + 0.5).clamp(0.0, 1.0);
            let alpha = (alpha * 255.0).round() as u8;
            samples.extend(if alpha == 0 { HIDDEN } else { SEEN });
            samples.push(alpha);
        }
    }
    Picture::new(SIDE, SIDE, Channels::Rgba, Samples::U8(samples)).unwrap()
}

type Background = fn(usize, usize) -> [f32; 3];

const BACKGROUNDS: [(&str, Background); 5] = [
    ("checkered", |x, y| if (x / 4 + y / 4) % 2 == 0 { [255.0; 3] } else { [128.0; 3] }),
    ("black", |_, _| [0.0; 3]),
    ("white", |_, _| [255.0; 3]),
    ("magenta", |_, _| [255.0, 0.0, 255.0]),
    ("blue", |_, _| [0.0, 0.0, 255.0]),
];

/// Largest step, of 255, between the picture over the background and its visible colour over it.
fn fringe(picture: &Picture, background: Background) -> f32 {
    let width = picture.width as usize;
    let mut most = 0.0_f32;
    for i in 0..width * picture.height as usize {
        let [r, g, b, a] = [0, 1, 2, 3].map(|c| picture.samples.unit(i * 4 + c));
        let behind = background(i % width, i / width);
        for (c, value) in [r, g, b].into_iter().enumerate() {
            let over = |colour: f32| colour * a + behind[c] * (1.0 - a);
            most = most.max((over(value * 255.0) - over(SEEN[c].into())).abs());
        }
    }
    most
}

#[test]
fn edges_show_no_fringe_on_any_background() {
    let file = encode(&disc(), OutputFormat::Png, &EncoderOptions::default(), 40);
    for format in [OutputFormat::Png, OutputFormat::WebP, OutputFormat::Tiff] {
        let result = decode(&enlarge(&file, format, MetadataPolicy::Keep, None).0).unwrap().picture;
        assert_eq!((result.width, result.channels), (SIDE * 2, Channels::Rgba));
        for (name, background) in BACKGROUNDS {
            let found = fringe(&result, background);
            assert!(found <= FRINGE, "{} on {name}: {found}", format.name());
        }
        // The edge is soft still: there is something to measure.
        let soft = (0..(SIDE * SIDE * 4) as usize).filter(|i| (0.2..0.8).contains(&result.samples.unit(i * 4 + 3))).count();
        assert!(soft > 100, "{soft} pixels of the edge");
    }
}

#[test]
fn jpeg_lays_the_same_edge_on_white() {
    let file = encode(&disc(), OutputFormat::Png, &EncoderOptions::default(), 40);
    let whole = decode(&enlarge(&file, OutputFormat::Png, MetadataPolicy::Keep, None).0).unwrap().picture;
    let (jpeg, warnings) = enlarge(&file, OutputFormat::Jpeg, MetadataPolicy::Keep, None);
    assert!(warnings.iter().any(|w| w.contains("white") && w.contains("TIFF")), "{warnings:?}");
    let flat = decode(&jpeg).unwrap().picture;
    let pixels = (SIDE * SIDE * 4) as usize;
    let mut sum = 0.0;
    for i in 0..pixels {
        let a = whole.samples.unit(i * 4 + 3);
        sum += (0..3).map(|c| (flat.samples.unit(i * 3 + c) - (whole.samples.unit(i * 4 + c) * a + 1.0 - a)).abs()).sum::<f32>();
    }
    assert!(sum / ((pixels * 3) as f32) < 0.01, "{}", sum / (pixels * 3) as f32);
}

#[test]
fn a_fringe_is_noticed() {
    // The twin: the edge of a picture that was enlarged without bleeding has a little of the hidden colour.
    let mut picture = disc();
    let Samples::U8(values) = &mut picture.samples else { panic!("8-bit picture expected") };
    for pixel in values.chunks_exact_mut(4).filter(|p| (1..250).contains(&p[3])) {
        for c in 0..3 {
            pixel[c] = ((u16::from(SEEN[c]) * 4 + u16::from(HIDDEN[c])) / 5) as u8;
        }
    }
    for (name, background) in BACKGROUNDS {
        assert!(fringe(&picture, background) > FRINGE, "{name}");
    }
}
