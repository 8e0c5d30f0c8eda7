//! The GPU against the reference. Natively that is Vulkan, Metal or DirectX 12; lavapipe will do.
#![cfg(feature = "gpu")]

#[path = "support/gpu_nets.rs"]
mod nets;

use std::sync::Arc;

use inlarge::Error;
use inlarge::backend::gpu::{GpuBackend, Options, memory};
use inlarge::backend::reference::ReferenceBackend;
use inlarge::backend::{Backend, Session, Tensor};
use inlarge::model::Network;
use inlarge::model::graph::{Activation, BinaryOp, Conv, DepthOrder, Graph, Op, PadMode, ResizeMode, Shape, ValueId};
use nets::{Net, noise};

/// Largest difference of an element between the GPU and the reference, for values about 1.
const TOLERANCE: f32 = 1e-4;

/// Heights and widths: one pixel, one row, primes, whole blocks.
const SIZES: [[usize; 2]; 4] = [[1, 1], [1, 17], [31, 37], [64, 64]];

fn backend() -> GpuBackend {
    let options = Options { allow_software: true, adapter: std::env::var("INLARGE_TEST_ADAPTER").ok() };
    match pollster::block_on(GpuBackend::request(options)) {
        Ok(backend) => {
            println!("adapter: {}", backend.adapter());
            backend
        }
        Err(error) => panic!("{error} These tests need a GPU or a software one (Debian: apt install mesa-vulkan-drivers)."),
    }
}

fn prepare(backend: &dyn Backend, graph: &Graph, shape: Shape) -> Box<dyn Session> {
    pollster::block_on(backend.prepare(&Network::from_graph(graph.clone()), shape)).expect("prepares")
}

fn run(backend: &dyn Backend, graph: &Graph, tile: &Tensor) -> Tensor {
    pollster::block_on(prepare(backend, graph, tile.shape).run(tile)).expect("runs")
}

/// Largest difference of two results; infinite where one has a NaN or another shape.
fn difference(a: &Tensor, b: &Tensor) -> f32 {
    if a.shape != b.shape {
        return f32::INFINITY;
    }
    let worst = |worst: f32, (a, b): (&f32, &f32)| if (a - b).is_nan() { f32::INFINITY } else { worst.max((a - b).abs()) };
    a.data.iter().zip(&b.data).fold(0.0, worst)
}

fn compare(gpu: &GpuBackend, name: &str, graph: &Graph, sizes: &[[usize; 2]]) {
    let reference = ReferenceBackend::new(1);
    for &[height, width] in sizes {
        let tile = noise(Shape::new(graph.input_channels, height, width), 3);
        let worst = difference(&run(gpu, graph, &tile), &run(&reference, graph, &tile));
        println!("{name} {width}x{height}: {worst:.1e}");
        assert!(worst <= TOLERANCE, "{name} at {width} x {height} differs by {worst}\n{graph:#?}");
    }
}

/// Name, kernel, groups, output channels, and what else is special.
type Form = (&'static str, [usize; 2], usize, usize, fn(&mut Conv));

fn convolutions_of_every_form(gpu: &GpuBackend) {
    for (from, to) in [(1, 1), (3, 16), (16, 16), (5, 7), (64, 64), (130, 10)] {
        for side in [1, 3, 5] {
            let mut net = Net::new(3, 1);
            let x = if from == 3 { ValueId::INPUT } else { net.conv(ValueId::INPUT, from, 1) };
            let x = net.conv(x, to, side);
            // A second reader keeps the result in planes.
            let y = net.activation(x, Activation::Relu);
            net.binary(BinaryOp::Sub, x, y);
            compare(gpu, &format!("conv {from} -> {to}, {side} x {side}"), &net.graph, if from < 64 { &SIZES } else { &SIZES[1..3] });
        }
    }
    let forms: [Form; 10] = [
        ("7 x 7", [7, 7], 1, 18, |_| {}),
        ("1 x 3", [1, 3], 1, 18, |_| {}),
        ("even kernel", [2, 4], 1, 18, |_| {}),
        ("uneven padding", [3, 3], 1, 18, |c| c.pads = [2, 0, 1, 3]),
        ("stride 2", [3, 3], 1, 18, |c| c.stride = [2, 2]),
        ("stride 3 x 1", [5, 3], 1, 18, |c| c.stride = [3, 1]),
        ("dilation 2", [3, 3], 1, 18, |c| (c.dilation, c.pads) = ([2, 2], [2, 2, 2, 2])),
        ("2 groups", [3, 3], 2, 18, |_| {}),
        ("depthwise", [3, 3], 12, 24, |_| {}),
        ("3 groups, stride 2", [3, 3], 3, 18, |c| c.stride = [2, 2]),
    ];
    for (name, kernel, group, out, change) in forms {
        let mut net = Net::new(3, 2);
        let x = net.conv(ValueId::INPUT, 12, 1);
        let x = net.conv_with(x, out, kernel, group, change);
        net.prelu(x);
        compare(gpu, name, &net.graph, &SIZES);
    }
    // Without padding the picture must be as large as the kernel.
    let mut net = Net::new(3, 2);
    let x = net.conv_with(ValueId::INPUT, 9, [3, 3], 1, |c| c.pads = [0; 4]);
    net.conv_with(x, 9, [5, 5], 1, |c| c.pads = [0; 4]);
    compare(gpu, "no padding", &net.graph, &[[7, 7], [31, 37]]);
    // More weights than one uniform holds for a single block of channels.
    let mut net = Net::new(3, 2);
    let x = net.conv(ValueId::INPUT, 170, 1);
    net.conv(x, 6, 5);
    compare(gpu, "weights in storage", &net.graph, &[[5, 9]]);
}

fn every_operation_alone(gpu: &GpuBackend) {
    for channels in [1_usize, 3, 4, 6] {
        let mut graphs: Vec<(String, Graph)> = Vec::new();
        let mut add = |name: &str, build: &dyn Fn(&mut Net, ValueId)| {
            let mut net = Net::new(3, 4);
            // Not a convolution, so nothing is fused.
            let x = net.push(Op::Concat, &vec![ValueId::INPUT; channels.div_ceil(3)]);
            let x = net.conv(x, channels, 1);
            let x = net.constant(BinaryOp::Mul, x, false, false);
            let _second_reader = net.activation(x, Activation::Relu);
            build(&mut net, x);
            graphs.push((format!("{name}, {channels} channels"), net.graph));
        };
        for function in [Activation::Relu, Activation::LeakyRelu(0.2), Activation::Clip { low: -0.1, high: 0.3 }, Activation::Sigmoid] {
            add(&format!("{function:?}"), &|net, x| {
                let y = net.activation(x, function.clone());
                net.binary(BinaryOp::Sub, y, x);
            });
        }
        add("prelu", &|net, x| {
            net.prelu(x);
        });
        for op in [BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul] {
            for (per_channel, left) in [(false, false), (false, true), (true, false), (true, true)] {
                add(&format!("{op:?} constant"), &|net, x| {
                    let y = net.constant(op, x, per_channel, left);
                    net.activation(y, Activation::Relu);
                });
            }
            add(&format!("{op:?} itself"), &|net, x| {
                net.binary(op, x, x);
            });
        }
        add("concat", &|net, x| {
            let y = net.push(Op::Concat, &[x, ValueId::INPUT, x]);
            net.push(Op::Concat, &[y, y, ValueId::INPUT]);
        });
        for mode in [ResizeMode::Nearest, ResizeMode::Linear, ResizeMode::LinearAsymmetric] {
            for scale in [1, 2, 3] {
                add(&format!("resize {mode:?} {scale}"), &|net, x| {
                    net.resize(x, scale, mode);
                });
            }
        }
        for mode in [PadMode::Edge, PadMode::Constant(0.5)] {
            add(&format!("pad {mode:?}"), &|net, x| {
                net.pad(x, [2, 1, 0, 3], mode);
            });
        }
        for order in [DepthOrder::Crd, DepthOrder::Dcr] {
            add(&format!("shuffle {order:?}"), &|net, x| {
                let y = net.push(Op::Concat, &[x; 9]);
                let y = net.activation(y, Activation::Relu);
                net.shuffle(y, 3, order);
            });
        }
        for (name, graph) in graphs {
            compare(gpu, &name, &graph, &[[1, 1], [13, 7]]);
        }
    }
    let mut net = Net::new(3, 4);
    net.pad(ValueId::INPUT, [3, 5, 6, 2], PadMode::Reflect);
    compare(gpu, "pad reflect", &net.graph, &[[7, 6], [31, 37]]);
    let identity = Graph { input_channels: 3, nodes: Vec::new(), output: ValueId::INPUT };
    compare(gpu, "no operation", &identity, &SIZES);
}

fn whole_networks(gpu: &GpuBackend) {
    compare(gpu, "photo-fast x2", &nets::photo_fast(2), &SIZES);
    compare(gpu, "photo-fast x4", &nets::photo_fast(4), &SIZES);
    compare(gpu, "photo-fast x3", &nets::photo_fast(3), &SIZES);
    for mode in [ResizeMode::Nearest, ResizeMode::Linear, ResizeMode::LinearAsymmetric] {
        compare(gpu, &format!("anchor {mode:?}"), &nets::anchored(2, mode), &SIZES[..3]);
    }
    compare(gpu, "compact", &nets::compact(64, 3, 4), &SIZES[..3]);
    compare(gpu, "compact, odd channels", &nets::compact(21, 4, 2), &SIZES);
    compare(gpu, "dense", &nets::dense(16, 8), &SIZES[..3]);
    compare(gpu, "dense, odd channels", &nets::dense(10, 5), &SIZES[..3]);
    compare(gpu, "residual", &nets::residual(), &SIZES);
}

fn random_networks(gpu: &GpuBackend) {
    for seed in 0..40 {
        compare(gpu, &format!("random {seed}"), &nets::random_net(seed), &[[1, 1], [1, 17], [19, 23]]);
    }
}

/// One test for all, so that they share the device and its pipelines.
#[test]
fn every_network_agrees_with_the_reference() {
    let gpu = backend();
    convolutions_of_every_form(&gpu);
    every_operation_alone(&gpu);
    whole_networks(&gpu);
    random_networks(&gpu);
}

/// The twin of the comparisons above: they see one changed weight, and one changed pixel.
#[test]
fn a_changed_weight_or_pixel_is_seen() {
    let gpu = backend();
    let graph = nets::photo_fast(2);
    let tile = noise(Shape::new(1, 31, 37), 3);
    let expected = run(&ReferenceBackend::new(1), &graph, &tile);
    assert!(difference(&run(&gpu, &graph, &tile), &expected) <= TOLERANCE);

    let mut changed = graph.clone();
    let Some(Op::Conv(conv)) = changed.nodes.iter_mut().map(|n| &mut n.op).rfind(|op| matches!(op, Op::Conv(_))) else {
        panic!("the network has a convolution")
    };
    let mut weight = conv.weight.to_vec();
    weight[7] += 0.01;
    conv.weight = Arc::from(weight);
    assert!(difference(&run(&gpu, &changed, &tile), &expected) > TOLERANCE);

    let mut other = tile.clone();
    other.data[500] = 1.0 - other.data[500];
    assert!(difference(&run(&gpu, &graph, &other), &expected) > TOLERANCE);
}

#[test]
fn two_tiles_in_flight_do_not_mix() {
    let gpu = backend();
    let session = prepare(&gpu, &nets::compact(16, 2, 2), Shape::new(3, 40, 33));
    let tiles: Vec<_> = (0..3).map(|seed| noise(session.input_shape(), 100 + seed)).collect();
    let one_by_one: Vec<_> = tiles.iter().map(|tile| pollster::block_on(session.run(tile)).expect("runs")).collect();
    assert!(difference(&one_by_one[0], &one_by_one[1]) > TOLERANCE, "the tiles are different");
    let started: Vec<_> = tiles.iter().map(|tile| session.run(tile)).collect();
    // The last first: no order of waiting matters.
    for (future, expected) in started.into_iter().zip(&one_by_one).rev() {
        assert_eq!(&pollster::block_on(future).expect("runs"), expected);
    }
    drop(session.run(&tiles[0]));
    assert_eq!(&pollster::block_on(session.run(&tiles[1])).expect("runs"), &one_by_one[1], "after a dropped tile");
}

#[test]
fn sessions_share_a_device() {
    let gpu = backend();
    let graph = nets::photo_fast(2);
    let shapes = [Shape::new(1, 20, 24), Shape::new(1, 48, 16)];
    let sessions = shapes.map(|shape| prepare(&gpu, &graph, shape));
    for (session, shape) in sessions.iter().zip(shapes) {
        let tile = noise(shape, 9);
        let result = pollster::block_on(session.run(&tile)).expect("runs");
        assert!(difference(&result, &run(&ReferenceBackend::new(1), &graph, &tile)) <= TOLERANCE);
    }
}

#[test]
fn a_tile_of_another_shape_is_refused() {
    let gpu = backend();
    let session = prepare(&gpu, &nets::photo_fast(2), Shape::new(1, 8, 8));
    let result = pollster::block_on(session.run(&Tensor::zeros(Shape::new(1, 8, 9))));
    assert!(matches!(result, Err(Error::Parameter(_))), "{result:?}");
}

#[test]
fn a_tile_beyond_the_limits_is_refused_with_its_size() {
    let gpu = backend();
    let graph = nets::compact(64, 2, 4);
    let shape = Shape::new(3, 60_000, 60_000);
    let needed = memory::activation_bytes(&graph, shape).expect("has a size");
    let most = gpu.capabilities().max_buffer_bytes.expect("a device has a limit");
    assert!(needed > most);
    let result = pollster::block_on(gpu.prepare(&Network::from_graph(graph), shape));
    let Err(Error::Limits(fault)) = result.map(|_| ()) else { panic!("not refused") };
    assert!(fault.what.contains(&format!("{} MiB", needed >> 20)), "{fault}");
    assert!(fault.remedy.contains("smaller tile"), "{fault}");
}

#[test]
fn the_largest_tile_fits_and_the_next_does_not() {
    for graph in [nets::photo_fast(2), nets::compact(64, 2, 4), nets::dense(16, 8)] {
        let bytes = |side| memory::activation_bytes(&graph, Shape::new(graph.input_channels, side, side)).expect("has a size");
        let side = memory::max_tile(&graph, 128 << 20, 8192);
        println!("largest tile within 128 MiB: {side}");
        assert!(bytes(side) <= 128 << 20 && bytes(side + 1) > 128 << 20);
        assert_eq!(memory::max_tile(&graph, 128 << 20, 100), 100);
        assert_eq!(memory::max_tile(&graph, 0, 100), 0);
    }
}

#[test]
fn adapters_are_listed() {
    let adapters = pollster::block_on(GpuBackend::adapters());
    for adapter in &adapters {
        println!("{} ({}, {}, {})", adapter.name, adapter.backend, adapter.device_type, adapter.driver);
    }
    assert!(!adapters.is_empty(), "no adapter: install a driver (Debian: apt install mesa-vulkan-drivers)");
    let wanted = Options { allow_software: true, adapter: Some("no adapter has this name".into()) };
    let result = pollster::block_on(GpuBackend::request(wanted));
    let Err(Error::Device(fault)) = result.map(|_| ()) else { panic!("not refused") };
    assert!(fault.what.contains(&adapters[0].name), "{fault}");
}

#[test]
fn a_software_adapter_must_be_allowed() {
    let adapters = pollster::block_on(GpuBackend::adapters());
    let Some(software) = adapters.into_iter().find(|a| a.device_type == "software") else {
        let gpu = pollster::block_on(GpuBackend::request(Options::default())).expect("a real GPU needs no permission");
        assert!(!gpu.capabilities().software_adapter);
        return;
    };
    for allow_software in [false, true] {
        let options = Options { allow_software, adapter: Some(software.name.clone()) };
        let result = pollster::block_on(GpuBackend::request(options));
        match result {
            Ok(backend) => assert!(allow_software && backend.capabilities().software_adapter),
            Err(error) => assert!(!allow_software && error.kind() == "device", "{error}"),
        }
    }
}
