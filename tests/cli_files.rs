//! Where the command line puts results: nothing of the user's is lost, whatever happens on the way.

use std::fs;
use std::path::Path;

use inlarge::codec::decode;
use inlarge::codec::encode::{EncoderOptions, OutputFormat};
use inlarge::image::{Channels, Depth};

#[path = "codec/make.rs"]
#[allow(dead_code, reason = "shared with the codec's tests, which use all of it")]
mod make;

#[path = "support/desk.rs"]
#[allow(dead_code, reason = "shared with the other tests of the command line")]
mod desk;

use desk::{Desk, read, text};
use make::{Png, encode, exif, picture, with};

/// A small PNG; no two widths give the same.
fn small(width: u32, height: u32) -> Vec<u8> {
    encode(&picture(width, height, Channels::Rgb, Depth::Eight, false), OutputFormat::Png, &EncoderOptions::default(), 40)
}

fn desk(files: &[(&str, Vec<u8>)]) -> Desk {
    let desk = Desk::new();
    for (name, file) in files {
        fs::create_dir_all(desk.path(name).parent().unwrap()).unwrap();
        desk.put(name, file);
    }
    desk
}

/// Every file below the folder, with its content.
fn everything(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { everything(&path) } else { vec![(path.display().to_string(), fs::read(&path).unwrap())] }
        })
        .collect();
    found.sort();
    found
}

/// Refused with status 2 and one sentence with `words` before anything is written.
fn refused(desk: &Desk, arguments: &[&str], words: &[&str]) {
    let before = everything(desk.folder.path());
    let output = desk.run(&[arguments, &["--backend", "simd"]].concat());
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(said.starts_with("inlarge: ") && said.trim_end().ends_with('.') && said.lines().count() == 1, "{arguments:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?}: {said}");
    }
    assert!(everything(desk.folder.path()) == before, "{arguments:?} wrote something");
    assert!(!desk.path("out").exists(), "{arguments:?} made the folder");
}

/// Done, and these files are there afterwards.
fn done(desk: &Desk, arguments: &[&str], names: &[&str]) {
    let output = desk.run(&[arguments, &["--backend", "simd"]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    for name in names {
        assert!(decode(&fs::read(desk.path(name)).unwrap()).is_ok(), "{arguments:?}: {name}");
    }
}

#[test]
fn results_of_one_name_are_refused_before_the_work() {
    let desk =
        desk(&[("x/I.png", small(8, 6)), ("y/I.png", small(9, 6)), ("y/i.png", small(10, 6)), ("I.jpg", small(11, 6)), ("I.png", small(12, 6))]);
    refused(&desk, &["x/I.png", "y/I.png", "--out-dir", "out", "-s", "2"], &["x/I.png and y/I.png", "out/I-2x.png", "another folder"]);
    refused(&desk, &["I.jpg", "I.png", "-s", "2"], &["I.jpg and I.png", "both become I-2x.png", "--out-dir"]);
    refused(&desk, &["I.jpg", "x/I.png", "I.png", "-s", "2", "--format", "jpg"], &["I.jpg and I.png", "I-2x.jpg"]);
    // File systems that ignore case would keep one of them.
    refused(
        &desk,
        &["x/I.png", "y/i.png", "--out-dir", "out", "-s", "2"],
        &["x/I.png and y/i.png", "I-2x.png and ", "i-2x.png, which can be one file"],
    );
    refused(&desk, &["I.png", "./I.png", "-s", "2"], &["named twice"]);
    let json = desk.run(&["I.jpg", "I.png", "-s", "2", "--json"]);
    let line: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&line["error"]["kind"], json.status.code()), (&"parameter".into(), Some(2)));
    // The twins: other folders, other names.
    done(&desk, &["x/I.png", "y/I.png", "-s", "2"], &["x/I-2x.png", "y/I-2x.png"]);
    done(&desk, &["I.png", "x/I.png", "-s", "2"], &["I-2x.png"]);
}

#[test]
fn names_that_tell_the_size_are_compared_by_the_headers() {
    let turned = encode(&picture(6, 8, Channels::Rgb, Depth::Eight, false), OutputFormat::Jpeg, &with_orientation(6), 40);
    let desk = desk(&[("a.png", small(8, 6)), ("a.jpg", turned), ("a.webp", small(8, 5)), ("a-20x15.png", small(4, 4))]);
    // Turned by its orientation the JPEG has the PNG's sides.
    refused(&desk, &["a.png", "a.jpg", "-s", "1.5"], &["a.png and a.jpg", "a-12x9.png"]);
    refused(&desk, &["a.png", "a-20x15.png", "--width", "20"], &["result of a.png", "a-20x15.png"]);
    done(&desk, &["a.png", "a.webp", "-s", "1.5"], &["a-12x9.png", "a-12x8.png"]);
}

fn with_orientation(orientation: u16) -> EncoderOptions {
    with(inlarge::codec::Metadata { exif: Some(exif(true, orientation)), ..Default::default() })
}

#[test]
fn a_result_takes_no_pictures_place() {
    let desk = desk(&[("a.png", small(8, 6)), ("a-2x.png", small(9, 6)), ("b.png", small(10, 6))]);
    for order in [["a.png", "a-2x.png"], ["a-2x.png", "a.png"]] {
        refused(&desk, &[order[0], order[1], "-s", "2"], &["result of a.png", "replace the picture a-2x.png", "--out-dir"]);
    }
    refused(&desk, &["a.png", "-o", "a.png"], &["replace its own input a.png"]);
    done(&desk, &["a.png", "a-2x.png", "-s", "2", "--out-dir", "out"], &["out/a-2x.png", "out/a-2x-2x.png"]);
    assert!(fs::read(desk.path("a-2x.png")).unwrap() == small(9, 6));
}

#[cfg(unix)]
#[test]
fn links_do_not_hide_that_names_are_one() {
    use std::os::unix::fs::symlink;
    let desk = desk(&[("a.png", small(8, 6)), ("b.png", small(9, 6)), ("x/a.png", small(10, 6))]);
    symlink("x", desk.path("y")).unwrap();
    refused(&desk, &["x/a.png", "y/a.png", "-s", "2"], &["named twice"]);
    // The link leads to the other's result, which is not there yet.
    symlink("a-2x.png", desk.path("b-2x.png")).unwrap();
    let output = desk.run(&["a.png", "b.png", "-s", "2", "--backend", "simd"]);
    assert!(output.status.code() == Some(2) && text(&output).contains("a-2x.png and b-2x.png, which can be one file"), "{}", text(&output));
    fs::remove_file(desk.path("b-2x.png")).unwrap();
    symlink("a.png", desk.path("b-2x.png")).unwrap();
    refused(&desk, &["a.png", "b.png", "-s", "2"], &["result of b.png", "replace the picture a.png"]);
    // A link that leads elsewhere stays, and what it leads to is replaced.
    fs::remove_file(desk.path("b-2x.png")).unwrap();
    symlink("x/elsewhere.png", desk.path("b-2x.png")).unwrap();
    for _ in 0..2 {
        done(&desk, &["b.png", "-s", "2"], &["x/elsewhere.png"]);
        assert!(fs::symlink_metadata(desk.path("b-2x.png")).unwrap().is_symlink());
    }
    assert_eq!(read(&desk.path("x/elsewhere.png")).width, 18);
}

#[cfg(unix)]
#[test]
fn devices_and_pipes_stay_what_they_are() {
    use std::os::unix::fs::FileTypeExt;
    let desk = desk(&[("a.png", small(8, 6))]);
    let made = std::process::Command::new("mkfifo").arg(desk.path("pipe")).status().unwrap();
    assert!(made.success());
    let reader = {
        let pipe = desk.path("pipe");
        std::thread::spawn(move || fs::read(pipe).unwrap())
    };
    let output = desk.run(&["a.png", "-s", "2", "--backend", "simd", "-o", "pipe", "--format", "png"]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(decode(&reader.join().unwrap()).unwrap().picture.width, 16);
    assert!(fs::symlink_metadata(desk.path("pipe")).unwrap().file_type().is_fifo());
    let output = desk.run(&["a.png", "-s", "2", "-o", "pipe", "--format", "tiff", "--backend", "simd"]);
    assert!(!output.status.success() && text(&output).contains("is a pipe"), "{}", text(&output));
    for format in ["png", "tiff"] {
        let output = desk.run(&["a.png", "-s", "2", "--backend", "simd", "-o", "/dev/null", "--format", format]);
        assert!(output.status.success(), "{}", text(&output));
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    }
    fs::create_dir(desk.path("folder.png")).unwrap();
    let output = desk.run(&["a.png", "-o", "folder.png", "--backend", "simd"]);
    assert!(!output.status.success() && text(&output).contains("folder.png is a folder"), "{}", text(&output));
    assert_eq!(desk.names(), ["a.png", "folder.png", "pipe"]);
}

#[cfg(unix)]
#[test]
fn temporary_files_can_not_be_guessed_and_results_are_as_private_as_their_pictures() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    let desk = desk(&[("a.png", small(8, 6)), ("private.png", small(9, 6)), ("victim", b"precious".to_vec())]);
    // The name that a process of one of the next numbers could have taken before.
    for id in std::process::id()..std::process::id() + 3000 {
        symlink("victim", desk.path(&format!(".a-2x.png.{id}.part"))).unwrap();
    }
    done(&desk, &["a.png", "-s", "2"], &["a-2x.png"]);
    assert_eq!(fs::read(desk.path("victim")).unwrap(), b"precious");
    assert!(!fs::symlink_metadata(desk.path("a-2x.png")).unwrap().is_symlink());
    // A fresh file's permissions, whatever the umask is.
    let mode = |name: &str| fs::metadata(desk.path(name)).unwrap().mode() & 0o777;
    desk.put("fresh", b"");
    assert_eq!(mode("a-2x.png"), mode("fresh"));
    fs::set_permissions(desk.path("private.png"), fs::Permissions::from_mode(0o400)).unwrap();
    done(&desk, &["private.png", "-s", "2", "--map", "map.png"], &["private-2x.png", "map.png"]);
    assert_eq!((mode("private-2x.png"), mode("map.png")), (0o600, 0o600));
}

#[test]
fn the_longest_names_work_and_longer_ones_are_told_before_the_work() {
    let (long, longer) = (format!("{}.png", "n".repeat(241)), format!("{}.png", "m".repeat(250)));
    let desk = desk(&[(&long, small(8, 6)), (&longer, small(9, 6))]);
    let result = format!("{}-2x.png", "n".repeat(241));
    done(&desk, &[&long, "-s", "2"], &[&result]);
    let output = desk.run(&[&longer, "-s", "2", "--backend", "simd"]);
    assert!(output.status.code() == Some(1) && text(&output).contains("cannot be written"), "{}", text(&output));
    assert_eq!(desk.names().len(), 3);
}

#[test]
fn an_estimate_leaves_nothing_behind_and_jpg_is_a_format() {
    let desk = desk(&[("a.png", small(8, 6))]);
    let output = desk.run(&["a.png", "--estimate", "--out-dir", "new", "--map", "map.png", "--backend", "simd", "--json"]);
    assert!(output.status.success(), "{}", text(&output));
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["width"], 32);
    assert_eq!(desk.names(), ["a.png"]);
    done(&desk, &["a.png", "--format", "jpg"], &["a-4x.jpg"]);
}

#[test]
fn what_made_decoders_panic_ends_one_picture_and_not_the_batch() {
    // The palette is no multiple of three bytes.
    let palette = Png::new(4, 2, 8, 3).chunk(*b"PLTE", &[1, 2, 3, 4]).of_values(&[0; 8]);
    let desk = desk(&[("a.png", small(8, 6)), ("palette.png", palette), ("z.png", small(9, 6))]);
    let output = desk.run(&["a.png", "palette.png", "z.png", "-s", "2", "--backend", "simd", "--json"]);
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(1), ""));
    let lines: Vec<serde_json::Value> = String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["error"]["kind"].as_str()).collect::<Vec<_>>(), [None, Some("decode"), None]);
    assert_eq!(desk.names(), ["a-2x.png", "a.png", "palette.png", "z-2x.png", "z.png"]);
}
