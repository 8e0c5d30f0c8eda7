//! The published test protocol through our own engine: PSNR-Y of the shipped bicubic models on Set5 and BSD100.
//!
//! Protocol: HR cropped to a multiple of the scale; LR by cubic convolution with antialiasing, rounded to 8 bits between the
//! passes (MATLAB's `imresize`); `scale` pixels shaved; luma in studio range. The sets are for research and lie beside
//! the project, never in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use inlarge::backend::BackendKind;
use inlarge::backend::select::Preference;
use inlarge::codec::encode::MemoryFile as Sink;
use inlarge::codec::{Decoded, Metadata, decode};
use inlarge::finish::lock::Fidelity;
use inlarge::image::metrics::{luma_plane, psnr};
use inlarge::image::resample::{Kernel, resize};
use inlarge::image::{Picture, Samples};
use inlarge::model::Network;
use inlarge::model::manifest::shipped;
use inlarge::order::Order;
use inlarge::pipeline::drive::{self, Engine};
use inlarge::pipeline::{Job, Report, Setup};

#[path = "support/measured.rs"]
mod measured;

fn pictures(set: &str) -> Option<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/testsets").join(set);
    let Ok(entries) = fs::read_dir(&folder) else {
        measured::not_measured(&format!("PSNR on {set}, which is not in ../shared/data/testsets"));
        return None;
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.sort();
    Some(paths)
}

fn cropped(picture: &Picture, scale: usize) -> Picture {
    let Samples::U8(values) = &picture.samples else { panic!("the test sets have 8 bits") };
    let count = picture.channels.count();
    let [width, height] = [picture.width, picture.height].map(|side| side as usize / scale * scale);
    let row = picture.width as usize * count;
    let kept = (0..height).flat_map(|y| values[y * row..][..width * count].to_vec()).collect();
    Picture::new(width as u32, height as u32, picture.channels, Samples::U8(kept)).unwrap()
}

fn enlarge(low: &Picture, network: &Network, fidelity: Fidelity) -> (Picture, Report) {
    let sink = Sink::default();
    let order = Order { fidelity: Some(fidelity), ..Order::default() };
    let setup = Setup { parallel: 2, ..Setup::default() };
    let decoded = Decoded {
        picture: low.clone(),
        format: inlarge::codec::Format::Png,
        bits: 8,
        colour: "",
        metadata: Metadata::default(),
        lossy: false,
        warnings: Vec::new(),
    };
    let mut job = Job::new(decoded, &[network], &order, setup, sink.clone()).unwrap();
    let engine = Engine::choose(Preference::Only(BackendKind::Simd), &[]).unwrap();
    drive::run(&mut job, &[network], engine, &AtomicBool::new(false), &mut |_, _| {}).unwrap();
    let report = job.report("", 0.0);
    (decode(&sink.bytes()).unwrap().picture, report)
}

/// PSNR on luma, `shave` pixels left out at each side.
fn psnr_y(reference: &Picture, result: &Picture, shave: usize) -> f64 {
    assert_eq!((reference.width, reference.height), (result.width, result.height));
    let (width, height) = (reference.width as usize, reference.height as usize);
    let inner = |picture: &Picture| -> Vec<f64> {
        luma_plane(picture).chunks(width).take(height - shave).skip(shave).flat_map(|row| row[shave..width - shave].to_vec()).collect()
    };
    psnr(&inner(reference), &inner(result))
}

/// Shows that photo-fast reaches `bar` on `set`, whose bicubic PSNR is `published`, and what the lock does there.
fn reaches(scale: usize, set: &str, published: f64, bar: f64) {
    let Some(paths) = pictures(set) else { return };
    let manifest = shipped::manifest().unwrap();
    let entry = manifest.find("photo-fast", scale, "bicubic").unwrap();
    let network = shipped::load(entry).unwrap();
    let (mut free, mut locked, mut bicubic) = (0.0, 0.0, 0.0);
    let (mut least_free, mut least_locked) = (f64::MAX, f64::MAX);
    for path in &paths {
        let high = cropped(&decode(&fs::read(path).unwrap()).unwrap().picture, scale);
        let low = resize(&high, high.width / scale as u32, high.height / scale as u32, Kernel::Cubic).unwrap();
        for (fidelity, sum, least) in [(Fidelity::Off, &mut free, &mut least_free), (Fidelity::Lock, &mut locked, &mut least_locked)] {
            let (made, report) = enlarge(&low, &network, fidelity);
            *sum += psnr_y(&high, &made, scale) / paths.len() as f64;
            *least = report.lr_psnr.unwrap().min(*least);
        }
        bicubic += psnr_y(&high, &resize(&low, high.width, high.height, Kernel::Cubic).unwrap(), scale) / paths.len() as f64;
    }
    println!(
        "{set} x{scale}: {} {free:.3} dB, locked {locked:.3} dB, bicubic {bicubic:.3} dB, {} pictures; worst LR-PSNR {least_free:.1} dB, locked {least_locked:.1} dB",
        entry.id,
        paths.len()
    );
    // The twin of the bar: the protocol itself gives the published figure, which the model's bar is far above.
    assert!((bicubic - published).abs() < 0.03, "{set} x{scale}: bicubic {bicubic}, published {published}");
    assert!(bicubic < bar, "the bar of {bar} would not notice plain bicubic");
    assert!(free >= bar, "{set} x{scale}: {free} dB, must reach {bar}");
    assert!(locked >= free - 0.05, "{set} x{scale}: the lock costs {} dB", free - locked);
    assert!(least_locked >= 45.0 && least_free < least_locked, "{set} x{scale}: LR-PSNR {least_free} dB, locked {least_locked} dB");
}

#[test]
fn twice_on_set5() {
    reaches(2, "Set5", 33.66, 37.1);
}

#[test]
fn four_times_on_set5() {
    reaches(4, "Set5", 28.42, 30.75);
}

#[test]
fn twice_on_bsd100() {
    reaches(2, "BSD100", 29.56, 31.5);
}

#[test]
fn four_times_on_bsd100() {
    reaches(4, "BSD100", 25.96, 26.95);
}
