//! Memory follows the tile and the band: the command line's peak, and what a session plans for a tile.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use inlarge::backend::simd::SimdBackend;
use inlarge::codec::encode::{EncoderOptions, OutputFormat};
use inlarge::image::{Channels, Depth};
use inlarge::model::Network;
use inlarge::model::graph::Shape;
use inlarge_suite::graphs;

#[path = "codec/make.rs"]
#[allow(dead_code, reason = "shared with the codec's tests, which use all of it")]
mod make;
#[path = "support/measured.rs"]
mod measured;

const MIB: u64 = 1 << 20;

/// The most memory that a process has held so far, in bytes.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

/// Peak resident memory of `inlarge` on a picture of this size, in bytes.
fn peak_of_enlarging(width: u32, height: u32) -> Option<u64> {
    let folder = tempfile::tempdir().unwrap();
    let file = make::encode(
        &make::picture(width, height, Channels::Rgb, Depth::Eight, true),
        OutputFormat::Jpeg,
        &EncoderOptions::default(),
        height as usize,
    );
    fs::write(folder.path().join("in.jpg"), file).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_inlarge"))
        .args(["in.jpg", "-o", "out.png", "-s", "2", "--backend", "simd"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut most = None;
    let status = loop {
        most = peak(child.id()).max(most);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        thread::sleep(Duration::from_millis(2));
    };
    assert!(status.success());
    most
}

#[test]
fn three_megapixels_stay_under_300_mb() {
    let small = peak_of_enlarging(200, 150);
    if small.is_none() && !cfg!(target_os = "linux") {
        measured::not_measured("a process's peak memory: this system does not tell it through /proc");
        return;
    }
    let small = small.expect("/proc tells the peak of a process on Linux");
    let large = peak_of_enlarging(2000, 1500).unwrap();
    println!("peak: {} MiB for 200 x 150, {} MiB for 2000 x 1500", small / MIB, large / MIB);
    assert!(large < 300_000_000, "{} MiB", large / MIB);
    // The decoded picture alone is larger than the difference would be if the peak were not seen.
    assert!(large > small + 2000 * 1500 * 3, "the peak of the larger picture was missed");
}

#[test]
fn a_tile_of_128_of_a_large_network_stays_under_64_mb() {
    let network = Network::from_graph(graphs::photo(4));
    let bytes = SimdBackend::new(1).planned_bytes(&network, Shape::new(3, 128, 128)).unwrap();
    println!("48 channels, 20 convolutions, x4, tile of 128: {:.1} MiB", bytes as f64 / MIB as f64);
    assert!(bytes < 48_000_000, "{bytes} bytes leave too little of 64 MB for the tile's way in and out");
    // The twin: without shared buffers each value would have its own.
    let values: u64 = network.graph().unwrap().nodes.len() as u64 * 48 * 128 * 128 * 4;
    assert!(bytes < values, "nothing is shared: {bytes} of {values} bytes");
}
