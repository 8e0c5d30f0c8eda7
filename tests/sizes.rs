//! Chained passes, exact sizes, the lock, textures: whole jobs through the shipped models on the CPU.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use inlarge::backend::BackendKind;
use inlarge::backend::select::Preference;
use inlarge::codec::decode;
use inlarge::codec::encode::{EncoderOptions, MemoryFile as Sink, OutputFormat};
use inlarge::finish::lock::Fidelity;
use inlarge::image::{Channels, Depth, Picture, Samples};
use inlarge::model::Network;
use inlarge::model::manifest::shipped;
use inlarge::order::Order;
use inlarge::order::size::{Size, Step, passes};
use inlarge::pipeline::drive::{self, Engine};
use inlarge::pipeline::{Job, Report, Setup};

#[path = "codec/make.rs"]
#[allow(dead_code, reason = "shared with the codec's tests, which use all of it")]
mod make;

fn network(scale: usize) -> Network {
    let manifest = shipped::manifest().unwrap();
    shipped::load(manifest.find("photo-fast", scale, "bicubic").unwrap()).unwrap()
}

fn png(picture: &Picture) -> Vec<u8> {
    make::encode(picture, OutputFormat::Png, &EncoderOptions::default(), 1000)
}

/// Part of the page's example, as a file without loss.
fn example(width: u32, height: u32) -> Picture {
    let whole = decode(include_bytes!("../www/public/example.jpg")).unwrap().picture;
    let bytes = make::bytes(&whole);
    let rows = (0..height as usize).flat_map(|y| bytes[((y + 150) * whole.width as usize + 20) * 3..][..width as usize * 3].to_vec());
    Picture::new(width, height, Channels::Rgb, Samples::U8(rows.collect())).unwrap()
}

/// The example with hard edges.
fn contrasted(width: u32, height: u32) -> Picture {
    let picture = example(width, height);
    let hard = make::bytes(&picture).iter().map(|&v| ((f32::from(v) - 110.0) * 6.0 + 128.0).clamp(0.0, 255.0) as u8).collect();
    Picture { samples: Samples::U8(hard), ..picture }
}

/// Enlarges to `size` with as many passes as that takes.
fn enlarge(picture: &Picture, size: Size, order: &Order) -> (Picture, Report) {
    enlarge_by("photo-fast", "bicubic", picture, size, order)
}

fn enlarge_by(model: &str, variant: &str, picture: &Picture, size: Size, order: &Order) -> (Picture, Report) {
    let input = [picture.width, picture.height];
    let wanted = size.of(input).unwrap();
    let manifest = shipped::manifest().unwrap();
    let entries: Vec<_> = manifest.models.iter().filter(|entry| entry.name == model && entry.variant == variant).collect();
    let networks: Vec<Network> = entries.iter().map(|entry| shipped::load(entry).unwrap()).collect();
    let steps: Vec<Step> = entries.iter().map(|entry| Step { scale: entry.scale, work: entry.macs_per_output_pixel }).collect();
    let place = |scale: usize| steps.iter().position(|step| step.scale == scale).unwrap();
    let chain: Vec<&Network> = passes(input, wanted, &steps).unwrap().into_iter().map(|scale| &networks[place(scale)]).collect();
    let sink = Sink::default();
    let setup = Setup { size: Some(wanted), parallel: 2, ..Setup::default() };
    let mut job = Job::open(&png(picture), &chain, order, setup, sink.clone()).unwrap();
    let engine = Engine::choose(Preference::Only(BackendKind::Simd), &chain).unwrap();
    drive::run(&mut job, &chain, engine, &AtomicBool::new(false), &mut |_, _| {}).unwrap();
    assert_eq!(job.tiles_done(), job.tiles());
    let made = decode(&sink.bytes()).unwrap().picture;
    assert_eq!([made.width, made.height], wanted);
    (made, job.report("", 0.0))
}

fn difference(a: &Picture, b: &Picture) -> u8 {
    assert_eq!((a.width, a.height, a.channels), (b.width, b.height, b.channels));
    levels(a).iter().zip(levels(b)).map(|(a, b)| a.abs_diff(b)).max().unwrap()
}

/// Samples of 8 bits.
fn levels(picture: &Picture) -> Vec<u8> {
    match &picture.samples {
        Samples::U8(values) => values.clone(),
        Samples::U16(values) => values.iter().map(|&v| ((u32::from(v) + 128) / 257) as u8).collect(),
    }
}

#[test]
fn chained_passes_in_tiles_are_the_untiled_ones() {
    let picture = example(90, 70);
    let tiled = |tile: u32| enlarge(&picture, Size::Factor(8.0), &Order { tile: Some(tile), ..Order::default() });
    let (whole, report) = tiled(1000);
    assert_eq!((report.passes.as_slice(), report.scale, report.tiles), ([2, 4].as_slice(), 8.0, 2));
    let (parts, report) = tiled(24);
    assert!(report.tiles > 50, "{} tiles", report.tiles);
    assert!(difference(&whole, &parts) <= 1, "{}", difference(&whole, &parts));
    // The twin: a picture of which one sample is another one differs.
    let Samples::U8(mut values) = picture.samples.clone() else { panic!() };
    values[3 * (90 * 35 + 45)] ^= 64;
    let (other, _) = enlarge(&Picture { samples: Samples::U8(values), ..picture }, Size::Factor(8.0), &Order::default());
    assert!(difference(&other, &parts) > 10);
}

#[test]
fn a_chain_is_one_pass_after_the_other() {
    // Luma alone: colour is enlarged from the source at once, whatever the passes.
    let grey: Vec<u8> = make::bytes(&example(60, 50)).chunks(3).map(|p| p[1]).collect();
    let picture = Picture::new(60, 50, Channels::Grey, Samples::U16(grey.iter().map(|&v| u16::from(v) * 257).collect())).unwrap();
    let off = || Order { fidelity: Some(Fidelity::Off), ..Order::default() };
    let (once, _) = enlarge(&picture, Size::Factor(8.0), &off());
    let (half, _) = enlarge(&picture, Size::Factor(2.0), &off());
    let (twice, _) = enlarge(&half, Size::Factor(4.0), &off());
    assert_eq!(once.samples.depth(), Depth::Sixteen);
    assert!(difference(&once, &twice) <= 1, "{}", difference(&once, &twice));
    let (four, _) = enlarge(&picture, Size::Factor(4.0), &off());
    let (other, _) = enlarge(&four, Size::Factor(2.0), &off());
    assert!(difference(&once, &other) > 1, "the order of the passes shows");
}

#[test]
fn sizes_are_exact_and_look_like_the_source() {
    let picture = example(97, 61);
    for (size, chain) in [
        (Size::Factor(3.0), vec![4]),
        (Size::Width(131), vec![2]),
        (Size::Height(300), vec![2, 4]),
        (Size::Megapixels(0.05), vec![4]),
        (Size::Factor(1.0), vec![]),
        (Size::LongEdge(50), vec![]),
    ] {
        let (made, report) = enlarge(&picture, size, &Order { tile: Some(40), ..Order::default() });
        assert_eq!(report.passes, chain, "{size:?}");
        assert_eq!(report.lr_psnr.is_some(), !chain.is_empty(), "{size:?}");
        let back = inlarge::image::resample::resize(&made, 97, 61, inlarge::image::resample::Kernel::Cubic).unwrap();
        let mean = make::bytes(&back).iter().zip(make::bytes(&picture)).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / (97.0 * 61.0 * 3.0);
        let bound = if size == Size::LongEdge(50) { 8.0 } else { 1.5 };
        assert!(mean < bound, "{size:?}: {mean}");
    }
}

/// What README.md promises of the lock with every model and at every scale, in dB of LR-PSNR, on photographs.
const LOCKED: f64 = 45.0;
/// What is left of it where the result would have to leave 0..=255: beside hard edges between black and white.
const LOCKED_AT_LIMITS: f64 = 33.0;

#[test]
fn the_lock_reaches_its_figures_at_every_scale() {
    let models: BTreeSet<(String, String)> = shipped::manifest().unwrap().models.into_iter().map(|entry| (entry.name, entry.variant)).collect();
    assert!(models.len() >= 4);
    let picture = example(80, 64);
    for (model, variant) in &models {
        for factor in [2.0, 3.0, 4.0, 8.0, 16.0] {
            let psnr = |fidelity| {
                let options = Order { fidelity: Some(fidelity), ..Order::default() };
                let (_, report) = enlarge_by(model, variant, &picture, Size::Factor(factor), &options);
                assert_eq!((report.fidelity, report.lr_kernel), (fidelity, "bicubic"));
                report.lr_psnr.unwrap()
            };
            let (locked, tone, free) = (psnr(Fidelity::Lock), psnr(Fidelity::Tone), psnr(Fidelity::Off));
            println!("{model} {variant} x{factor}: LR-PSNR {free:.1} dB, tone {tone:.1} dB, locked {locked:.1} dB");
            assert!(locked >= LOCKED, "{model} {variant} x{factor}: {locked}");
            assert!(free < locked && tone < locked, "{model} {variant} x{factor}: {free} {tone} {locked}");
        }
    }
}

/// The twin: what cannot be kept is not promised, and the report tells how much it is.
#[test]
fn the_lock_is_less_where_the_result_ends_at_black_and_white() {
    for factor in [2.0, 4.0, 8.0] {
        let order = Order { fidelity: Some(Fidelity::Lock), ..Order::default() };
        let (_, report) = enlarge(&contrasted(80, 64), Size::Factor(factor), &order);
        let locked = report.lr_psnr.unwrap();
        println!("hard edges x{factor}: locked {locked:.1} dB");
        assert!((LOCKED_AT_LIMITS..LOCKED).contains(&locked), "x{factor}: {locked}");
    }
}

#[test]
fn the_reported_lr_psnr_is_that_of_the_file() {
    let picture = contrasted(64, 48);
    // Without a lock: what is measured here is rounded to 8 bits, which would hide most of what a lock leaves.
    let (made, report) = enlarge(&picture, Size::Factor(4.0), &Order { fidelity: Some(Fidelity::Off), ..Order::default() });
    let psnr = |made: &Picture| {
        let back = inlarge::image::resample::resize(made, 64, 48, inlarge::image::resample::Kernel::Cubic).unwrap();
        let squares: f64 = make::bytes(&back).iter().zip(make::bytes(&picture)).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
        10.0 * (255.0 * 255.0 / (squares / (64.0 * 48.0 * 3.0))).log10()
    };
    let (reported, measured) = (report.lr_psnr.unwrap(), psnr(&made));
    assert!((reported - measured).abs() < 0.5, "reported {reported}, measured {measured}");
    let brighter = Samples::U8(make::bytes(&made).iter().map(|v| v.saturating_add(3)).collect());
    assert!(psnr(&Picture { samples: brighter, ..made }) < reported - 1.0);
}

#[test]
fn flat_colours_are_exact() {
    for (channels, colour) in [(Channels::Rgb, vec![13, 200, 99]), (Channels::Grey, vec![77]), (Channels::Rgba, vec![250, 3, 128, 40])] {
        let values = colour.repeat(30 * 20);
        let picture = Picture::new(30, 20, channels, Samples::U8(values)).unwrap();
        for factor in [2.0, 3.0, 4.0, 8.0] {
            let (made, _) = enlarge(&picture, Size::Factor(factor), &Order::default());
            let made = make::bytes(&made);
            assert!(made.chunks(colour.len()).all(|p| p == colour), "{channels:?} x{factor}: {:?}", &made[..colour.len()]);
        }
    }
}

#[test]
fn grey_stays_grey_through_every_finish() {
    let grey: Vec<u8> = make::bytes(&example(50, 40)).chunks(3).flat_map(|p| [p[1]; 3]).collect();
    let picture = Picture::new(50, 40, Channels::Rgb, Samples::U8(grey)).unwrap();
    let options = Order { denoise: Some(0.3), sharpen: 0.6, grain: 0.5, seed: 3, ..Order::default() };
    let (made, report) = enlarge(&picture, Size::Factor(3.0), &options.clone());
    assert!(make::bytes(&made).chunks(3).all(|p| p[0] == p[1] && p[1] == p[2]));
    // The lock is to the picture that was smoothed, and the report says so.
    assert_eq!(report.fidelity, Fidelity::Lock);
    assert!(report.lr_psnr.unwrap() > 45.0 && report.warnings.iter().any(|w| w.contains("denoised")), "{report:?}");
    let (plain, _) = enlarge(&picture, Size::Factor(3.0), &Order::default());
    assert!(difference(&made, &plain) > 8, "the finish shows");
    // Tiles leave no mark in it.
    let (tiled, _) = enlarge(&picture, Size::Factor(3.0), &Order { tile: Some(16), ..options });
    assert!(difference(&tiled, &made) <= 1);
}

/// A picture moved by half of its size, what leaves at one side entering at the other.
fn rolled(picture: &Picture) -> Picture {
    let (width, height, count) = (picture.width as usize, picture.height as usize, picture.channels.count());
    let bytes = make::bytes(picture);
    let pixels = (0..width * height).flat_map(|i| {
        let (x, y) = ((i % width + width / 2) % width, (i / width + height / 2) % height);
        bytes[(y * width + x) * count..][..count].to_vec()
    });
    Picture::new(picture.width, picture.height, picture.channels, Samples::U8(pixels.collect())).unwrap()
}

#[test]
fn a_texture_joins_at_its_edges() {
    let picture = example(48, 40);
    for size in [Size::Factor(2.0), Size::Factor(8.0), Size::Factor(3.0)] {
        // Grain lies on the result, not on the texture: that it joins is its own test.
        let options = Order { tile: Some(32), denoise: Some(0.4), sharpen: 0.7, ..Order::default() };
        let run = |picture: &Picture, wrap: bool| enlarge(picture, size, &Order { wrap, ..options.clone() }).0;
        let moved = difference(&rolled(&run(&picture, true)), &run(&rolled(&picture), true));
        assert!(moved <= 1, "{size:?}: {moved}");
        // The twin: without it the edges do not know of each other.
        assert!(difference(&rolled(&run(&picture, false)), &run(&rolled(&picture), false)) > 4, "{size:?}");
    }
}

#[test]
fn a_map_shows_where_the_network_strayed() {
    let picture = contrasted(64, 48);
    let chain = [network(4)];
    let refs: Vec<&Network> = chain.iter().collect();
    for (fidelity, wrap) in [(Fidelity::Lock, false), (Fidelity::Off, false), (Fidelity::Lock, true)] {
        let order = Order { map: true, fidelity: Some(fidelity), wrap, ..Order::default() };
        let mut job = Job::open(&png(&picture), &refs, &order, Setup::default(), Sink::default()).unwrap();
        let engine = Engine::choose(Preference::Only(BackendKind::Simd), &refs).unwrap();
        drive::run(&mut job, &refs, engine, &AtomicBool::new(false), &mut |_, _| {}).unwrap();
        let map = job.map().unwrap();
        assert_eq!((map.width, map.height), (64, 48));
        let (most, mean) = (map.values.iter().max().unwrap(), map.values.iter().map(|&v| f64::from(v)).sum::<f64>() / map.values.len() as f64);
        assert!(*most > 60 && mean < 30.0 && mean > 1.0, "{most} {mean}");
        let file = Sink::default();
        inlarge::pipeline::write_map(&map, file.clone()).unwrap();
        let drawn = decode(&file.bytes()).unwrap().picture;
        assert_eq!((drawn.width, drawn.height), (64, 48));
        let brightness: Vec<u32> = make::bytes(&drawn).chunks(3).map(|p| p.iter().map(|&v| u32::from(v)).sum()).collect();
        let brightest = map.values.iter().position(|value| value == most).unwrap();
        assert!(brightness[brightest] == *brightness.iter().max().unwrap() && brightness.iter().min() < brightness.iter().max());
    }
}

#[test]
fn soft_alpha_survives_an_exact_size() {
    let pixels = (0..60 * 60).flat_map(|i| {
        let distance = (((i % 60) as f32 - 29.5).powi(2) + ((i / 60) as f32 - 29.5).powi(2)).sqrt();
        let alpha = ((22.0 - distance) / 3.0).clamp(0.0, 1.0);
        if alpha == 0.0 { [0, 255, 0, 0] } else { [200, 30, 40, (alpha * 255.0).round() as u8] }
    });
    let picture = Picture::new(60, 60, Channels::Rgba, Samples::U8(pixels.collect())).unwrap();
    for size in [Size::Factor(3.0), Size::Factor(8.0), Size::Width(45)] {
        let (made, _) = enlarge(&picture, size, &Order::default());
        let bytes = make::bytes(&made);
        let fringe = bytes.chunks(4).filter(|p| p[3] > 8).map(|p| p[1].saturating_sub(30)).max().unwrap();
        assert!(fringe <= 8, "{size:?}: green shines through by {fringe}");
        assert!(bytes.chunks(4).filter(|p| (1..255).contains(&p[3])).count() > 100, "{size:?}: the edge is hard");
    }
}
