//! Whole jobs: what users see of colour, alpha, 16 bits, failing engines and cancelled work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use inlarge::backend::select::{Preference, open};
use inlarge::backend::{Backend, BackendKind, Capabilities, LocalFuture, Session, Tensor};
use inlarge::codec::decode;
use inlarge::codec::encode::{MemoryFile as Sink, OutputFormat};
use inlarge::finish::lock::Fidelity;
use inlarge::image::{Channels, Depth, Picture, Samples};
use inlarge::model::Network;
use inlarge::model::graph::Shape;
use inlarge::model::manifest::shipped;
use inlarge::order::{Order, OutputOrder};
use inlarge::pipeline::drive::{self, Engine};
use inlarge::pipeline::supervise::EngineMemory;
use inlarge::pipeline::{Job, Report, Setup};
use inlarge::{Error, Result};

#[path = "codec/make.rs"]
#[allow(dead_code, reason = "shared with the codec's tests, which use all of it")]
mod make;

fn network(scale: usize) -> Network {
    let manifest = shipped::manifest().unwrap();
    shipped::load(manifest.find("photo-fast", scale, "bicubic").unwrap()).unwrap()
}

fn order(format: OutputFormat) -> Order {
    Order { tile: Some(48), output: OutputOrder { r#type: format, ..OutputOrder::default() }, ..Order::default() }
}

fn setup() -> Setup {
    Setup { input: "in".into(), model: "photo-fast".into(), parallel: 2, ..Setup::default() }
}

fn png(picture: &Picture) -> Vec<u8> {
    make::encode(picture, OutputFormat::Png, &inlarge::codec::encode::EncoderOptions::default(), 1000)
}

fn simd() -> Engine {
    Engine::choose(Preference::Only(BackendKind::Simd), &[]).unwrap()
}

/// Enlarges on the CPU and reads the result back.
fn enlarge(file: &[u8], scale: usize, format: OutputFormat) -> (Picture, Report) {
    let sink = Sink::default();
    let network = network(scale);
    let mut job = Job::open(file, &[&network], &order(format), setup(), sink.clone()).unwrap();
    drive::run(&mut job, &[&network], simd(), &AtomicBool::new(false), &mut |_, _| {}).unwrap();
    let report = job.report("out", 1.0);
    let bytes = sink.bytes();
    (decode(&bytes).unwrap().picture, report)
}

fn values(picture: &Picture) -> Vec<u16> {
    match &picture.samples {
        Samples::U8(v) => v.iter().map(|&b| u16::from(b) * 257).collect(),
        Samples::U16(v) => v.clone(),
    }
}

#[test]
fn every_layout_keeps_its_layout() {
    for scale in [2, 4] {
        for channels in make::CHANNELS {
            for depth in [Depth::Eight, Depth::Sixteen] {
                let source = make::picture(61, 53, channels, depth, false);
                let (result, report) = enlarge(&png(&source), scale, OutputFormat::Png);
                assert_eq!((result.width, result.height), (61 * scale as u32, 53 * scale as u32));
                assert_eq!((result.channels, result.samples.depth()), (channels, depth));
                assert_eq!((report.width, report.scale, report.backend.as_str()), (result.width, scale as f64, "simd"));
                // The result scaled back down looks like the source: mean absolute difference per sample.
                let back = inlarge::image::resample::resize(&result, 61, 53, inlarge::image::resample::Kernel::Cubic).unwrap();
                let (a, b) = (values(&source), values(&back));
                let mean = a.iter().zip(&b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64 / 257.0;
                assert!(mean < 1.0, "{channels:?} {depth:?} x{scale}: {mean}");
            }
        }
    }
}

#[test]
fn grey_in_colour_stays_grey_and_the_ends_stay() {
    let ramp: Vec<u8> = (0..64 * 40)
        .flat_map(|i| {
            [if i % 64 < 20 {
                0
            } else if i % 64 > 44 {
                255
            } else {
                (i % 64 * 4) as u8
            }; 3]
        })
        .collect();
    let source = Picture::new(64, 40, Channels::Rgb, Samples::U8(ramp)).unwrap();
    let (result, _) = enlarge(&png(&source), 2, OutputFormat::Png);
    let pixels = make::bytes(&result);
    assert!(pixels.chunks(3).all(|p| p[0] == p[1] && p[1] == p[2]), "grey got a colour");
    for row in pixels.chunks(128 * 3) {
        assert!(row[..8 * 3].iter().all(|&v| v <= 1), "black: {:?}", &row[..24]);
        assert!(row[118 * 3..].iter().all(|&v| v >= 254), "white: {:?}", &row[118 * 3..]);
    }
}

/// A red disc with a soft edge; what lies under the transparency is bright green.
fn disc() -> Picture {
    let pixels = (0..80 * 80).flat_map(|i| {
        let distance = (((i % 80) as f32 - 39.5).powi(2) + ((i / 80) as f32 - 39.5).powi(2)).sqrt();
        let alpha = ((30.0 - distance) / 3.0).clamp(0.0, 1.0);
        if alpha == 0.0 { [0, 255, 0, 0] } else { [200, 30, 40, (alpha * 255.0).round() as u8] }
    });
    Picture::new(80, 80, Channels::Rgba, Samples::U8(pixels.collect())).unwrap()
}

/// The most that green shines through where the result is visible at all.
fn fringe(result: &Picture) -> u8 {
    make::bytes(result).chunks(4).filter(|p| p[3] > 0).map(|p| p[1].saturating_sub(30)).max().unwrap()
}

#[test]
fn transparent_edges_have_no_fringe() {
    let (result, _) = enlarge(&png(&disc()), 4, OutputFormat::Png);
    assert!(fringe(&result) <= 8, "green shines through by {}", fringe(&result));
    // The alpha itself is enlarged, not cut: a soft edge has values between.
    let soft = make::bytes(&result).chunks(4).filter(|p| (1..255).contains(&p[3])).count();
    assert!(soft > 1000, "{soft} soft pixels");
    // The twin: without the bleeding the same picture has a fringe.
    let network = network(4);
    let picture = disc();
    let channel: Vec<f32> = make::bytes(&picture).chunks(4).map(|p| f32::from(p[1]) / 255.0).collect();
    let tile = Tensor::new(Shape::new(1, 80, 80), channel).unwrap();
    let raw = pollster::block_on(async { simd().backend.prepare(&network, tile.shape).await.unwrap().run(&tile).await.unwrap() });
    let mixed = make::bytes(&result).chunks(4).zip(&raw.data).filter(|(p, _)| p[3] > 0).map(|(_, g)| (g * 255.0) as u8).max().unwrap();
    assert!(mixed > 60, "the unbled colour shows only {mixed}");
}

#[test]
fn jpeg_is_laid_on_white_and_says_so() {
    let (result, report) = enlarge(&png(&disc()), 2, OutputFormat::Jpeg);
    assert_eq!(result.channels, Channels::Rgb);
    assert!(make::bytes(&result)[..3].iter().all(|&v| v > 250));
    assert!(report.warnings.iter().any(|w| w.contains("transparency")), "{:?}", report.warnings);
}

#[test]
fn thin_and_tiny_pictures() {
    for (width, height) in [(1, 1), (2, 1), (1, 500), (500, 1), (3, 2)] {
        let source = make::picture(width, height, Channels::Rgb, Depth::Eight, false);
        let (result, _) = enlarge(&png(&source), 4, OutputFormat::Png);
        assert_eq!((result.width, result.height), (width * 4, height * 4));
        let mean = |p: &Picture| make::bytes(p).iter().map(|&v| f64::from(v)).sum::<f64>() / make::bytes(p).len() as f64;
        assert!((mean(&source) - mean(&result)).abs() < 3.0, "{width} x {height}");
    }
}

#[test]
fn cancelled_work_stops() {
    let network = network(2);
    let source = make::picture(200, 200, Channels::Grey, Depth::Eight, false);
    let mut job = Job::open(&png(&source), &[&network], &order(OutputFormat::Png), setup(), Sink::default()).unwrap();
    let cancel = AtomicBool::new(false);
    let mut seen = 0;
    let stopped = drive::run(&mut job, &[&network], simd(), &cancel, &mut |done, _| {
        seen = done;
        cancel.store(true, Ordering::Relaxed);
    });
    assert_eq!(stopped, Err(Error::Cancelled));
    assert!(seen < job.tiles(), "{seen} of {}", job.tiles());
}

/// What is wrong with an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It gives black tiles.
    Black,
    /// It gives none.
    Lost,
    /// It does not prepare the network.
    Lacking,
    /// Its worker's thread panics at a tile, so many times; then it is sound.
    Panics(usize),
}

/// An engine that looks fine.
struct Broken {
    kind: BackendKind,
    fault: Fault,
    capabilities: Capabilities,
    panics: Arc<AtomicUsize>,
    sound: Box<dyn Backend>,
}

impl Backend for Broken {
    fn kind(&self) -> BackendKind {
        self.kind
    }

    fn adapter(&self) -> &'static str {
        "a broken device"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn prepare<'a>(&'a self, network: &'a Network, shape: Shape) -> LocalFuture<'a, Result<Box<dyn Session>>> {
        Box::pin(async move {
            if self.fault == Fault::Lacking {
                return Err(Error::unsupported("This engine lacks the operation Erf", "Use another engine"));
            }
            let sound = self.sound.prepare(network, shape).await?;
            Ok(Box::new(BrokenSession { fault: self.fault, panics: self.panics.clone(), sound }) as Box<dyn Session>)
        })
    }
}

struct BrokenSession {
    fault: Fault,
    panics: Arc<AtomicUsize>,
    sound: Box<dyn Session>,
}

impl Session for BrokenSession {
    fn input_shape(&self) -> Shape {
        self.sound.input_shape()
    }

    fn output_shape(&self) -> Shape {
        self.sound.output_shape()
    }

    fn run<'a>(&'a self, tile: &'a Tensor) -> LocalFuture<'a, Result<Tensor>> {
        Box::pin(async move {
            match self.fault {
                Fault::Black => Ok(Tensor::zeros(self.output_shape())),
                Fault::Lost => Err(Error::device("The device was lost", "")),
                Fault::Panics(times) if self.panics.fetch_add(1, Ordering::Relaxed) < times => panic!("as the test wants it"),
                _ => self.sound.run(tile).await,
            }
        })
    }
}

/// The first of `kinds` is broken, the others are sound.
fn broken(fault: Fault, kinds: &'static [BackendKind], memory: &EngineMemory, network: &Network) -> Result<Engine> {
    let panics = Arc::new(AtomicUsize::new(0));
    let opener = move |kind, allow_software, threads| {
        let sound = pollster::block_on(open(BackendKind::Simd, allow_software, threads))?;
        let capabilities = Capabilities { tiles_in_flight: 2, ..sound.capabilities().clone() };
        if kind == kinds[0] {
            return Ok(Box::new(Broken { kind, fault, capabilities, panics: panics.clone(), sound }) as Box<dyn Backend>);
        }
        if kinds.contains(&kind) { Ok(sound) } else { Err(Error::device("It is not here", "")) }
    };
    let preference = if let [only] = kinds { Preference::Only(*only) } else { Preference::Auto };
    Engine::choose_with(preference, &[network], memory, Arc::new(opener))
}

const GPU: &[BackendKind] = &[BackendKind::Gpu];
const GPU_AND_SIMD: &[BackendKind] = &[BackendKind::Gpu, BackendKind::Simd];

/// Enlarges a picture of several tiles with a broken engine.
fn survive(fault: Fault, kinds: &'static [BackendKind]) -> (Result<()>, Report, Vec<u8>) {
    let network = network(2);
    let source = make::picture(120, 90, Channels::Rgb, Depth::Eight, true);
    let sink = Sink::default();
    let mut job = Job::open(&png(&source), &[&network], &order(OutputFormat::Png), setup(), sink.clone()).unwrap();
    let engine = broken(fault, kinds, &EngineMemory::default(), &network).unwrap();
    let outcome = drive::run(&mut job, &[&network], engine, &AtomicBool::new(false), &mut |_, _| {});
    assert!(outcome.is_ok() == (job.tiles_done() == job.tiles()));
    (outcome, job.report("", 0.0), sink.bytes())
}

#[test]
fn a_black_lost_or_lacking_device_is_replaced_and_named() {
    let source = make::picture(120, 90, Channels::Rgb, Depth::Eight, true);
    let (expected, _) = enlarge(&png(&source), 2, OutputFormat::Png);
    for (fault, said) in [
        (
            Fault::Black,
            "The engine \"gpu\" failed after 0 of 6 tiles and \"simd\" did the rest: A tile came back black, damaged or unlike the picture",
        ),
        (Fault::Lost, "The engine \"gpu\" failed after 0 of 6 tiles and \"simd\" did the rest: The device was lost"),
        (Fault::Lacking, "The engine \"gpu\" was not used: This engine lacks the operation Erf. Use another engine"),
    ] {
        let (outcome, report, file) = survive(fault, GPU_AND_SIMD);
        outcome.unwrap();
        assert!(decode(&file).unwrap().picture == expected, "the picture differs from one that the CPU made alone");
        assert_eq!((report.backend.as_str(), report.warnings), ("simd", vec![said.to_owned()]));
    }
}

#[test]
fn with_no_engine_left_there_is_an_error_and_no_picture() {
    for (fault, kind) in [(Fault::Black, "device"), (Fault::Lost, "device"), (Fault::Lacking, "unsupported")] {
        let error = survive(fault, GPU).0.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[test]
fn threads_that_end_early_are_survived() {
    let source = make::picture(120, 90, Channels::Rgb, Depth::Eight, true);
    let (expected, _) = enlarge(&png(&source), 2, OutputFormat::Png);
    let workers = std::thread::available_parallelism().unwrap().get().min(6);
    // One of the workers, all of them, and the new one too: then there is no other engine.
    for (deaths, said) in [
        (1, "A compute worker of simd stopped; the others went on"),
        (workers, "Every compute worker of simd stopped, perhaps for want of memory; one new worker went on"),
    ] {
        let (outcome, report, file) = survive(Fault::Panics(deaths), &[BackendKind::Simd]);
        outcome.unwrap();
        assert!(decode(&file).unwrap().picture == expected);
        assert!(workers == 1 || report.warnings.contains(&said.to_owned()), "{:?}", report.warnings);
    }
    let error = survive(Fault::Panics(workers + 1), &[BackendKind::Simd]).0.unwrap_err();
    assert!(error.kind() == "device" && error.to_string().contains("A worker thread ended early"), "{error}");
}

#[test]
fn an_engine_that_failed_is_not_tried_again_for_the_next_picture() {
    let network = network(2);
    let memory = EngineMemory::default();
    let source = make::picture(120, 90, Channels::Rgb, Depth::Eight, true);
    for first in [BackendKind::Gpu, BackendKind::Simd] {
        let mut job = Job::open(&png(&source), &[&network], &order(OutputFormat::Png), setup(), Sink::default()).unwrap();
        let engine = broken(Fault::Black, GPU_AND_SIMD, &memory, &network).unwrap();
        assert_eq!(engine.backend.kind(), first);
        drive::run(&mut job, &[&network], engine, &AtomicBool::new(false), &mut |_, _| {}).unwrap();
    }
}

#[test]
fn a_size_that_the_passes_do_not_reach_is_named() {
    let source = make::picture(20, 20, Channels::Rgb, Depth::Eight, false);
    let setup = Setup { size: Some([60, 60]), ..setup() };
    let error = Job::open(&png(&source), &[&network(2)], &order(OutputFormat::Png), setup, Sink::default()).err().unwrap();
    assert_eq!(error.kind(), "parameter");
    assert!(error.to_string().contains("40 x 40"), "{error}");
}

#[test]
fn a_network_denoises_in_the_place_of_the_filter() {
    let manifest = shipped::manifest().unwrap();
    let noisy = |i: u32| 100 + (i.wrapping_mul(2_654_435_761) >> 27) as u8;
    let file = png(&Picture::new(40, 30, Channels::Rgb, Samples::U8((0..3600).map(noisy).collect())).unwrap());
    let run = |model: &str, share: f32| {
        let network = shipped::load_with(manifest.find(model, 2, "web").unwrap(), Some(share)).unwrap();
        let sink = Sink::default();
        let mut job = Job::open(&file, &[&network], &Order { denoise: Some(share), ..order(OutputFormat::Png) }, setup(), sink.clone()).unwrap();
        drive::run(&mut job, &[&network], simd(), &AtomicBool::new(false), &mut |_, _| {}).unwrap();
        (values(&decode(&sink.bytes()).unwrap().picture), job.report("out", 1.0))
    };
    let filtered = |report: &Report| report.warnings.iter().any(|warning| warning.contains("denoised before"));
    let ((plain, off), (smooth, on)) = (run("art", 0.0), run("art", 1.0));
    assert!(plain != smooth && !filtered(&on) && !filtered(&off));
    // A full lock to the noisy input would bring the noise back.
    assert_eq!((off.fidelity, on.fidelity), (Fidelity::Lock, Fidelity::Tone));
    let (_, text) = run("text", 1.0);
    assert!(filtered(&text) && text.fidelity == Fidelity::Lock);
}
