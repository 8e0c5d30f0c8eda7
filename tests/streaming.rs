//! Large results: memory that follows the band, parts that equal the whole, and nothing half-written under a final name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use inlarge::codec::decode;
use inlarge::codec::encode::{EncoderOptions, OutputFormat};
use inlarge::image::{Channels, Depth, Picture, Samples};
use tempfile::TempDir;

#[path = "codec/make.rs"]
#[allow(dead_code, reason = "shared with the codec's tests, which use all of it")]
mod make;
#[path = "support/measured.rs"]
mod measured;

const MIB: u64 = 1 << 20;

fn put(folder: &TempDir, name: &str, picture: &Picture) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, make::encode(picture, OutputFormat::Png, &EncoderOptions::default(), picture.height as usize)).unwrap();
    path
}

fn inlarge(folder: &TempDir, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_inlarge"))
        .args(arguments)
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits for the end and gives the peak of resident memory in bytes, where the system tells it.
fn peak(child: &mut Child) -> Option<u64> {
    let mut most = None;
    loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let found = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        most = found.map(|kib| kib * 1024).max(most);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return most;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn part(picture: &Picture, [left, top, width, height]: [usize; 4]) -> Picture {
    let bytes = make::bytes(picture);
    let row = picture.width as usize * 3;
    let pixels = (top..top + height).flat_map(|y| bytes[y * row + left * 3..][..width * 3].to_vec());
    Picture::new(width as u32, height as u32, Channels::Rgb, Samples::U8(pixels.collect())).unwrap()
}

fn read(path: &Path) -> Picture {
    decode(&fs::read(path).unwrap()).unwrap().picture
}

/// Pixels around a part of the input that its enlargement depends on, with room to spare.
const MARGIN: usize = 32;

#[test]
fn sixteen_times_in_two_passes_takes_little_memory_and_equals_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    let picture = make::picture(320, 300, Channels::Rgb, Depth::Eight, true);
    put(&folder, "in.png", &picture);
    let (x, y, side) = (150, 140, 40);
    put(&folder, "part.png", &part(&picture, [x - MARGIN, y - MARGIN, side + 2 * MARGIN, side + 2 * MARGIN]));
    let mut whole = inlarge(&folder, &["in.png", "-s", "16", "-o", "whole.png", "--backend", "simd"]);
    let most = peak(&mut whole);
    let raw = 320 * 300 * 3 * 256;
    if most.is_none() && !cfg!(target_os = "linux") {
        measured::not_measured("a process's peak memory: this system does not tell it through /proc");
    } else {
        let most = most.expect("/proc tells the peak of a process on Linux");
        println!("peak: {} MiB for {} MiB of pixels", most / MIB, raw / MIB);
        assert!(most < 170 * MIB, "{} MiB", most / MIB);
    }
    assert!(inlarge(&folder, &["part.png", "-s", "16", "-o", "alone.png", "--backend", "simd"]).wait().unwrap().success());
    let (whole, alone) = (read(&folder.path().join("whole.png")), read(&folder.path().join("alone.png")));
    assert_eq!((whole.width, whole.height), (5120, 4800));
    let worst = |dx: usize| {
        let inside = part(&whole, [16 * x + dx, 16 * y, 16 * side, 16 * side]);
        let alone = part(&alone, [16 * MARGIN, 16 * MARGIN, 16 * side, 16 * side]);
        make::bytes(&inside).iter().zip(make::bytes(&alone)).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
    };
    assert!(worst(0) <= 1, "{}", worst(0));
    // The twin: three pixels further it is another part.
    assert!(worst(3) > 1);
}

#[test]
fn a_killed_job_leaves_nothing_under_the_final_name() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder, "in.png", &make::picture(500, 500, Channels::Rgb, Depth::Eight, true));
    let mut child = inlarge(&folder, &["in.png", "-s", "16", "-o", "out.png", "--backend", "simd"]);
    let begun = Instant::now();
    let written = || fs::read_dir(folder.path()).unwrap().filter_map(|e| e.ok()?.metadata().ok()).filter(|m| m.len() > 0).count();
    // The input, and what is being written beside it.
    while written() < 2 {
        assert!(begun.elapsed() < Duration::from_mins(1) && child.try_wait().unwrap().is_none(), "nothing is written in parts");
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!folder.path().join("out.png").exists());
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_one_clear_error_and_finished_pictures_stay() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder, "small.png", &make::picture(20, 20, Channels::Rgb, Depth::Eight, false));
    put(&folder, "large.png", &make::picture(400, 400, Channels::Rgb, Depth::Eight, true));
    fs::copy(folder.path().join("small.png"), folder.path().join("third.png")).unwrap();
    // The shell limits the size of files as a full disk would, with an error instead of a signal.
    let command = format!(
        "trap '' XFSZ; ulimit -f 200; exec '{}' small.png large.png third.png -s 4 --out-dir out --backend simd --json",
        env!("CARGO_BIN_EXE_inlarge")
    );
    let output = Command::new("sh").args(["-c", &command]).current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let lines: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert_eq!((lines[0]["width"].as_u64(), lines[2]["width"].as_u64()), (Some(80), Some(80)), "{said}");
    assert_eq!(lines[1]["error"]["kind"], "encode", "{said}");
    assert!(lines[1]["error"]["message"].as_str().unwrap().contains("space"), "{said}");
    let mut names: Vec<String> = fs::read_dir(folder.path().join("out")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["small-4x.png", "third-4x.png"]);
    assert_eq!(read(&folder.path().join("out/third-4x.png")).width, 80);
}

#[test]
fn an_estimate_is_near_what_happens() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("in.jpg"), include_bytes!("../www/public/example.jpg")).unwrap();
    for format in ["png", "jpeg", "webp", "tiff"] {
        let arguments = ["in.jpg", "-s", "6", "--format", format, "--backend", "simd", "--json"];
        let said = inlarge(&folder, &[&arguments[..], &["--estimate"]].concat()).wait_with_output().unwrap();
        let estimate: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
        assert!(fs::read_dir(folder.path()).unwrap().all(|e| e.unwrap().file_name() == "in.jpg"), "an estimate writes nothing");
        let mut job = inlarge(&folder, &[&arguments[..], &["-o", "out"]].concat());
        let most = peak(&mut job);
        let file = fs::metadata(folder.path().join("out")).unwrap().len() as f64;
        fs::remove_file(folder.path().join("out")).unwrap();
        let of = |key: &str| estimate[key].as_f64().unwrap();
        println!("{format}: {estimate}, then {file} bytes and a peak of {most:?}");
        assert!((0.5..2.0).contains(&(of("file_bytes") / file)) && of("most_file_bytes") > file, "{format}: {estimate}, {file}");
        // The clock of a busy machine is no witness; memory is.
        assert!(of("seconds") > 0.0);
        if let Some(most) = most {
            assert!((0.5..2.5).contains(&(of("memory_bytes") / most as f64)), "{format}: {estimate}, {most}");
        }
    }
}
