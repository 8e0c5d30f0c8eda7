//! The shipped models are what the manifest says, and model files from elsewhere load or are refused in words.

use std::fs;
use std::path::{Path, PathBuf};

use inlarge::backend::probe::{largest_difference, noise};
use inlarge::backend::reference::ReferenceBackend;
use inlarge::backend::simd::SimdBackend;
use inlarge::backend::tract::TractBackend;
use inlarge::backend::{Backend, Tensor};
use inlarge::codec::decode;
use inlarge::model::Network;
use inlarge::model::choice::{Kind, guess};
use inlarge::model::graph::{Op, Shape};
use inlarge::model::manifest::shipped;
use inlarge::model::receptive_field::Geometry;
use inlarge_suite::ENGINE_TOLERANCE;
use sha2::{Digest, Sha256};

#[path = "support/measured.rs"]
mod measured;
use measured::not_measured;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_manifest_tells_the_truth() {
    let manifest = shipped::manifest().unwrap();
    for kind in Kind::ALL {
        // `auto` never takes what invents or restores.
        assert!(["photo-fast", "art", "text"].contains(&manifest.auto(kind).unwrap()), "{}", kind.name());
        let name = manifest.auto(kind).unwrap();
        assert!(manifest.models.iter().any(|entry| entry.name == name && entry.variant == "web"));
    }
    for entry in &manifest.models {
        let bytes = fs::read(root().join("models").join(&entry.file)).unwrap();
        assert_eq!(bytes.len() as u64, entry.bytes, "{}", entry.id);
        let digest = Sha256::digest(&bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        assert_eq!(digest, entry.sha256, "{}", entry.id);
        let network = Network::from_onnx(&bytes).unwrap();
        let graph = network.graph().unwrap();
        let geometry = Geometry::of(graph).unwrap();
        assert_eq!((geometry.scale, geometry.halo, geometry.crop), (entry.scale, entry.halo, 0), "{}", entry.id);
        assert_eq!(network.input_channels(), if entry.colour == "luma" { 1 } else { 3 }, "{}", entry.id);
        assert!(root().join("models").join(&entry.card).is_file(), "{} has no card", entry.id);
        let parameters: usize = graph.nodes.iter().map(|n| parameters(&n.op)).sum();
        assert_eq!(parameters as u64, entry.parameters, "{}", entry.id);
    }
}

fn parameters(op: &Op) -> usize {
    match op {
        Op::Conv(conv) => conv.weight.len() + conv.bias.len(),
        Op::Activation(inlarge::model::graph::Activation::PRelu(slopes)) => slopes.len(),
        _ => 0,
    }
}

#[test]
fn auto_tells_photographs_drawings_and_text_apart() {
    for (file, wanted) in [
        ("www/public/example.jpg", Kind::Photo),
        ("docs/images/models-photo-fast-x4.webp", Kind::Photo),
        ("docs/images/models-photo-x2.webp", Kind::Photo),
        ("docs/images/models-art-x2.webp", Kind::Art),
        ("docs/images/models-text-x2.webp", Kind::Text),
    ] {
        assert_eq!(kind(&root().join(file)), wanted, "{file}");
    }
}

fn kind(path: &Path) -> Kind {
    guess(&decode(&fs::read(path).unwrap()).unwrap().picture).unwrap().kind
}

#[test]
fn auto_takes_the_photographs_of_a_test_set_for_photographs() {
    let folder = root().join("../shared/data/testsets/BSD100");
    let Ok(files) = fs::read_dir(&folder) else {
        not_measured("auto on BSD100, which is not in ../shared/data/testsets");
        return;
    };
    let kinds: Vec<Kind> = files.map(|file| kind(&file.unwrap().path())).collect();
    let right = kinds.iter().filter(|kind| **kind == Kind::Photo).count();
    println!("{right} of {} photographs are taken for photographs", kinds.len());
    assert!(kinds.len() >= 60 && right * 10 >= kinds.len() * 9);
}

#[test]
fn a_graph_survives_export_and_import() {
    for entry in shipped::manifest().unwrap().models {
        let graph = shipped::load(&entry).unwrap().graph().unwrap().clone();
        let exported = Network::from_graph(graph.clone());
        let again = Network::from_onnx(exported.onnx()).unwrap();
        let strip = |g: &inlarge::model::graph::Graph| g.nodes.iter().map(|n| (n.op.clone(), n.inputs.clone())).collect::<Vec<_>>();
        assert_eq!(strip(again.graph().unwrap()), strip(&graph));
    }
}

#[test]
fn a_cut_or_flipped_file_is_refused_in_words() {
    let entry = &shipped::manifest().unwrap().models[0];
    let bytes = fs::read(root().join("models").join(&entry.file)).unwrap();
    for end in (0..bytes.len()).step_by(997) {
        let error = match Network::from_onnx(&bytes[..end]) {
            Err(error) => error,
            Ok(network) => match network.graph() {
                Err(error) => error,
                Ok(_) => panic!("{end} of {} bytes were taken for a whole model", bytes.len()),
            },
        };
        assert!(matches!(error.kind(), "model" | "unsupported"), "{end}: {error}");
    }
    let positions = noise(77, 400);
    for (round, position) in positions.iter().enumerate() {
        let mut damaged = bytes.clone();
        let at = ((position + 1.0) / 2.0 * (bytes.len() - 1) as f32) as usize;
        damaged[at] ^= 1 << (round % 8);
        // Most flips change a weight; none may panic, here or in the checks that follow.
        if let Ok(network) = Network::from_onnx(&damaged)
            && let Ok(graph) = network.graph()
        {
            let _ = Geometry::of(graph);
        }
    }
}

#[test]
fn what_is_no_model_is_named() {
    for (bytes, word) in [
        (&b""[..], "empty"),
        (&b"<!doctype html><html><body>404</body></html>"[..], "web page"),
        (&b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n"[..], "text"),
        (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "not an ONNX model"),
    ] {
        let error = Network::from_onnx(bytes).unwrap_err();
        assert_eq!(error.kind(), "model");
        assert!(error.to_string().contains(word), "{error}");
    }
}

/// Third-party model files beside the project; they are never part of it.
fn third_party(what: &str) -> Option<PathBuf> {
    let folder = root().join("../shared/models/onnx");
    if folder.is_dir() {
        Some(folder)
    } else {
        not_measured(&format!("{what}, which are not in ../shared/models/onnx"));
        None
    }
}

#[test]
fn third_party_models_run_alike_on_every_engine() {
    let Some(folder) = third_party("agreement of engines on models of third parties") else { return };
    for (file, scale, channels) in
        [("pytorch_tutorial_super_resolution.onnx", 3, 1), ("realesr-animevideov3.onnx", 4, 3), ("4xLSDIRCompactN3_fp32.onnx", 4, 3)]
    {
        let network = Network::from_onnx(&fs::read(folder.join(file)).unwrap()).unwrap();
        let geometry = Geometry::of(network.graph().unwrap()).unwrap();
        assert_eq!((geometry.scale, network.input_channels()), (scale, channels), "{file}");
        let shape = Shape::new(channels, 12, 9);
        let tile = noise_tile(shape);
        let (reference, tract) = (answer(&ReferenceBackend::new(1), &network, &tile), answer(&TractBackend::new(1), &network, &tile));
        assert_eq!(reference.shape, Shape::new(channels, 12 * scale, 9 * scale));
        let difference = largest_difference(&reference, &tract);
        println!("{file}: largest difference {difference:e} of tract");
        assert!(difference <= ENGINE_TOLERANCE, "{file}: {difference}");
        simd_agrees(file, &network);
    }
}

#[test]
fn shipped_models_run_alike_on_simd() {
    for entry in &shipped::manifest().unwrap().models {
        simd_agrees(&entry.id, &shipped::load(entry).unwrap());
    }
}

#[test]
fn a_network_that_denoises_does_it_as_it_is_told() {
    let manifest = shipped::manifest().unwrap();
    let entry = manifest.find("art", 2, "web").unwrap();
    assert_eq!(entry.denoise, Some(3.0));
    let tile = noise_tile(Shape::new(3, 24, 24));
    let made = [0.0, 0.5, 1.0].map(|share| {
        let network = shipped::load_with(entry, Some(share)).unwrap();
        assert_eq!(network.denoise(), Some(3.0 * share));
        simd_agrees("art", &network);
        // What is given to other engines is the file with its setting.
        let again = Network::from_onnx(network.onnx()).unwrap();
        let tract = answer(&TractBackend::new(1), &again, &tile);
        assert!(largest_difference(&tract, &answer(&SimdBackend::new(1), &network, &tile)) < ENGINE_TOLERANCE);
        tract
    });
    assert!(largest_difference(&made[0], &made[1]) > 0.01 && largest_difference(&made[1], &made[2]) > 0.01);
    // A network without the setting is as it was.
    let plain = shipped::load_with(manifest.find("text", 2, "web").unwrap(), Some(1.0)).unwrap();
    assert_eq!(plain.denoise(), None);
}

fn noise_tile(shape: Shape) -> Tensor {
    Tensor::new(shape, noise(3, shape.len()).iter().map(|v| 0.5 + 0.5 * v).collect()).unwrap()
}

fn answer(backend: &dyn Backend, network: &Network, tile: &Tensor) -> Tensor {
    pollster::block_on(async { backend.prepare(network, tile.shape).await.unwrap().run(tile).await.unwrap() })
}

/// Largest difference of our own kernels from the reference, on values of about 0..=1: a fifth of what engines may differ by.
const SIMD_TOLERANCE: f32 = ENGINE_TOLERANCE / 5.0;

/// At odd sizes: below a Winograd tile, one more than whole ones, and some that leave a rest in both directions; so many times as large
/// as the network's alignment. What a changed weight does to such a comparison is in `tests/suite`.
fn simd_agrees(name: &str, network: &Network) {
    let unit = Geometry::of(network.graph().unwrap()).unwrap().alignment;
    for (height, width) in [(1, 1), (3, 7), (12, 9), (5, 61), (37, 23)].map(|(height, width)| (height * unit, width * unit)) {
        let tile = noise_tile(Shape::new(network.input_channels(), height, width));
        let difference = largest_difference(&answer(&ReferenceBackend::new(1), network, &tile), &answer(&SimdBackend::new(1), network, &tile));
        println!("{name}, {height} x {width}: largest difference {difference:e} of simd");
        assert!(difference <= SIMD_TOLERANCE, "{name}, {height} x {width}: {difference}");
    }
}

#[test]
fn a_model_with_an_operation_that_nobody_has_is_refused_by_name() {
    let Some(folder) = third_party("the refusal of models of third parties") else { return };
    let bytes = fs::read(folder.join("ort_pytorch_superresolution_with_pre_post_op18.onnx")).unwrap();
    let error = Network::from_onnx(&bytes).unwrap_err();
    assert_eq!(error.kind(), "unsupported");
    assert!(error.to_string().contains("com.microsoft.extensions.DecodeImage"), "{error}");
}
