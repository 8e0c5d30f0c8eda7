//! The command line as a person meets it: files in, files or one clear sentence out.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use inlarge::codec::encode::{EncoderOptions, OutputFormat};
use inlarge::codec::{Density, Format, Metadata, decode};
use inlarge::image::{Channels, Depth, Picture, Samples};
use jpeg_encoder::ColorType;

#[path = "codec/make.rs"]
#[allow(dead_code, reason = "shared with the codec's tests, which use all of it")]
mod make;

#[path = "support/desk.rs"]
mod desk;

use desk::{Desk, assert_clear, read, text};
use make::{Png, bytes, encode, exif, jpeg, picture};

#[test]
fn damaged_files_give_one_clear_sentence_and_nothing_else() {
    let desk = Desk::new();
    let rgb = picture(60, 40, Channels::Rgb, Depth::Eight, true);
    let options = EncoderOptions::default();
    let cut = |file: Vec<u8>| file[..file.len() * 2 / 3].to_vec();
    let mut huge = encode(&rgb, OutputFormat::Png, &options, 40);
    huge.splice(16..24, [0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
    let cases = [
        ("empty.png", Vec::new(), "empty"),
        ("cut.png", cut(encode(&rgb, OutputFormat::Png, &options, 40)), "cut"),
        ("cut.jpg", cut(encode(&rgb, OutputFormat::Jpeg, &options, 40)), "cut"),
        ("cut.webp", cut(encode(&rgb, OutputFormat::WebP, &options, 40)), "cut"),
        ("page.png", b"<!doctype html><html><body>Not found</body></html>".to_vec(), "HTML"),
        ("huge.png", huge, "100000 x 100000"),
    ];
    for (name, file, word) in cases {
        desk.put(name, &file);
        let output = desk.run(&[name, "--backend", "simd", "-s", "2"]);
        assert_clear(name, &output);
        let said = text(&output);
        assert!(said.contains(word) && said.contains(name), "{name}: {said}");
        let error = desk.run(&[name, "--backend", "simd", "-s", "2", "--json"]);
        let json: serde_json::Value = serde_json::from_slice(&error.stdout).unwrap();
        assert!(json["error"]["kind"].is_string() && json["input"] == name, "{json}");
    }
    assert_eq!(desk.names().len(), 6, "a failed picture left something behind: {:?}", desk.names());
}

#[test]
fn every_kind_of_file_is_enlarged() {
    let desk = Desk::new();
    let rgb = picture(24, 18, Channels::Rgb, Depth::Eight, false);
    let plain = EncoderOptions::default();
    let png = |p: &Picture| encode(p, OutputFormat::Png, &plain, 1000);
    let palette: Vec<u8> = (0..48).map(|i| i * 5).collect();
    let indices: Vec<u16> = (0..24 * 18).map(|i| i / 24 % 16).collect();
    let inks = picture(24, 18, Channels::Rgba, Depth::Eight, false);
    let mut cases = vec![
        ("one.png", png(&picture(1, 1, Channels::Rgb, Depth::Eight, false)), (1, 1), Channels::Rgb),
        ("tall.png", png(&picture(1, 5000, Channels::Rgb, Depth::Eight, false)), (1, 5000), Channels::Rgb),
        ("wide.png", png(&picture(5000, 1, Channels::Rgb, Depth::Eight, false)), (5000, 1), Channels::Rgb),
        ("grey.png", png(&picture(24, 18, Channels::Grey, Depth::Eight, false)), (24, 18), Channels::Grey),
        ("grey-alpha.png", png(&picture(24, 18, Channels::GreyAlpha, Depth::Eight, false)), (24, 18), Channels::GreyAlpha),
        ("palette.png", Png::new(24, 18, 4, 3).chunk(*b"PLTE", &palette).chunk(*b"tRNS", &[1, 2, 3]).of_values(&indices), (24, 18), Channels::Rgba),
        ("sixteen.png", png(&picture(24, 18, Channels::Rgb, Depth::Sixteen, false)), (24, 18), Channels::Rgb),
        ("cmyk.jpg", jpeg(bytes(&inks), 24, 18, ColorType::Cmyk, |_| ()), (24, 18), Channels::Rgb),
        ("progressive.jpg", jpeg(bytes(&rgb), 24, 18, ColorType::Rgb, |e| e.set_progressive(true)), (24, 18), Channels::Rgb),
    ];
    for orientation in 1..=8 {
        let options = make::with(Metadata { exif: Some(exif(true, orientation)), ..Metadata::default() });
        let size = if orientation > 4 { (18, 24) } else { (24, 18) };
        let name = ["", "o1.jpg", "o2.jpg", "o3.jpg", "o4.jpg", "o5.jpg", "o6.jpg", "o7.jpg", "o8.jpg"][usize::from(orientation)];
        cases.push((name, encode(&rgb, OutputFormat::Jpeg, &options, 18), size, Channels::Rgb));
    }
    for (name, file, (width, height), channels) in cases {
        let input = desk.put(name, &file);
        let output = desk.run(&[name, "-s", "2", "--backend", "simd", "-o", "out.png", "--json"]);
        assert!(output.status.success(), "{name}: {}", text(&output));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let result = read(&desk.path("out.png"));
        assert_eq!((result.width, result.height, result.channels), (width * 2, height * 2, channels), "{name}");
        assert_eq!((report["width"].as_u64(), report["backend"].as_str()), (Some(u64::from(width) * 2), Some("simd")), "{name}");
        // Same picture: scaled back down, it is the input to a few steps.
        let back = inlarge::image::resample::resize(&result, width, height, inlarge::image::resample::Kernel::Cubic).unwrap();
        let (a, b) = (units(&read(&input)), units(&back));
        let mean = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32;
        assert!(mean < 0.012, "{name}: mean difference {mean}");
    }
    assert_ne!(read(&desk.path("o1.jpg")), read(&desk.path("o3.jpg")), "orientations look alike: the check above would not see a wrong one");
}

fn units(picture: &Picture) -> Vec<f32> {
    (0..picture.samples.len()).map(|i| picture.samples.unit(i)).collect()
}

#[test]
fn model_files_that_are_none_are_refused_before_any_work() {
    let desk = Desk::new();
    desk.put("in.png", &encode(&picture(8, 8, Channels::Rgb, Depth::Eight, false), OutputFormat::Png, &EncoderOptions::default(), 8));
    let model = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("models/photo-fast-x2-bicubic.onnx")).unwrap();
    desk.put("page.onnx", b"<html><body>Sign in to download</body></html>");
    desk.put("cut.onnx", &model[..model.len() / 2]);
    // An operation that nobody has, by overwriting the name of one that is there.
    let mut strange = model.clone();
    let at = strange.windows(12).position(|w| w == b"DepthToSpace").unwrap();
    strange[at..at + 12].copy_from_slice(b"DeepToSpaces");
    desk.put("strange.onnx", &strange);
    for (name, word) in [("page.onnx", "web page"), ("cut.onnx", "cut off"), ("strange.onnx", "DeepToSpaces")] {
        let output = desk.run(&["in.png", "--model-file", name]);
        assert_clear(name, &output);
        assert!(text(&output).contains(word), "{name}: {}", text(&output));
    }
    assert_eq!(desk.names(), ["cut.onnx", "in.png", "page.onnx", "strange.onnx"]);
    // The twin: the sound file works, and gives its own scale whatever was asked.
    desk.put("sound.onnx", &model);
    let output = desk.run(&["in.png", "--model-file", "sound.onnx", "--backend", "tract", "--json"]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(read(&desk.path("in-2x.png")).width, 16);
}

#[test]
fn a_broken_picture_does_not_stop_the_others() {
    let desk = Desk::new();
    let good = encode(&picture(20, 10, Channels::Rgb, Depth::Eight, false), OutputFormat::Png, &EncoderOptions::default(), 10);
    desk.put("a.png", &good);
    desk.put("b.png", &good[..good.len() / 2]);
    desk.put("c.png", &good);
    let output = desk.run(&["a.png", "b.png", "c.png", "--out-dir", "out", "-s", "2", "--backend", "reference", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<serde_json::Value> = String::from_utf8(output.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.iter().map(|l| l["error"].is_object()).collect::<Vec<_>>(), [false, true, false]);
    let mut results: Vec<String> = fs::read_dir(desk.path("out")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    results.sort();
    assert_eq!(results, ["a-2x.png", "c-2x.png"]);
}

#[test]
fn engines_and_formats_give_the_same_picture() {
    let desk = Desk::new();
    desk.put("in.png", &encode(&picture(70, 50, Channels::Rgb, Depth::Eight, true), OutputFormat::Png, &EncoderOptions::default(), 50));
    let mut results: Vec<(String, Picture)> = Vec::new();
    for backend in ["reference", "simd", "tract", "gpu"] {
        let name = format!("{backend}.png");
        let output = desk.run(&["in.png", "-o", &name, "-s", "4", "--backend", backend, "--tile", "32"]);
        assert!(output.status.success(), "{}", text(&output));
        results.push((name.clone(), read(&desk.path(&name))));
    }
    let output = desk.run(&["in.png", "-o", "simd.webp", "-s", "4", "--backend", "simd", "--tile", "32"]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(read(&desk.path("simd.webp")), results[1].1, "WebP is lossless");
    for (name, result) in &results[1..] {
        let worst = largest_step(&results[0].1, result);
        assert!(worst <= 1, "{name} differs from the reference by {worst}/255");
    }
    // The twin: one changed pixel is seen.
    let mut changed = results[0].1.clone();
    if let Samples::U8(values) = &mut changed.samples {
        values[1234] ^= 2;
    }
    assert!(largest_step(&results[0].1, &changed) > 1);
}

#[test]
fn tiff_is_written_and_metadata_is_chosen() {
    let desk = Desk::new();
    let metadata = Metadata { exif: Some(exif(true, 1)), density: Density::dpi(200.0), ..Metadata::default() };
    desk.put("in.png", &encode(&picture(20, 10, Channels::Rgb, Depth::Sixteen, false), OutputFormat::Png, &make::with(metadata), 10));
    for (arguments, name, kept) in [
        (&["-o", "a.tif"][..], "a.tif", true),
        (&["-o", "b.TIFF", "--metadata", "none"], "b.TIFF", false),
        (&["--format", "tiff", "--metadata", "no-location"], "in-2x.tif", true),
        (&["-o", "c.png", "--metadata", "none"], "c.png", false),
    ] {
        let output = desk.run(&[&["in.png", "-s", "2", "--backend", "simd"], arguments].concat());
        assert!(output.status.success(), "{name}: {}", text(&output));
        let found = decode(&fs::read(desk.path(name)).unwrap()).unwrap();
        let format = if name.ends_with("png") { Format::Png } else { Format::Tiff };
        assert_eq!((found.format, found.bits, found.picture.width), (format, 16, 40), "{name}");
        assert_eq!((found.metadata.exif.is_some(), found.metadata.density), (kept, Density::dpi(200.0)), "{name}");
    }
    assert_eq!(desk.run(&["in.png", "--metadata", "some"]).status.code(), Some(2));
}

fn largest_step(a: &Picture, b: &Picture) -> u8 {
    bytes(a).iter().zip(bytes(b)).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

#[test]
fn wrong_usage_is_status_2_and_names_the_remedy() {
    let desk = Desk::new();
    desk.put("in.png", &encode(&picture(8, 8, Channels::Rgb, Depth::Eight, false), OutputFormat::Png, &EncoderOptions::default(), 8));
    for (arguments, word) in [
        (&["in.png", "-m", "nothing"][..], "photo-fast"),
        (&["in.png", "-s", "17"], "16"),
        (&["in.png", "-s", "2", "--width", "20"], "--width"),
        (&["in.png", "--print", "30x20@300"], "30x20cm@300"),
        (&["in.png", "--fit", "5k"], "4k, 8k or 16k"),
        (&["in.png", "--sharpen", "2"], "0 to 1"),
        (&["in.png", "in.png", "--map", "x.png"], "--map"),
        (&["in.png", "--backend", "abacus"], "auto, gpu, simd, tract, reference"),
        (&["in.png", "in.png", "-o", "x.png"], "--out-dir"),
        (&["in.png", "--quality", "0"], "1"),
    ] {
        let output = desk.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(word), "{arguments:?}: {}", text(&output));
    }
    let output = desk.run(&["in.png", "-o", "in.png", "-s", "2"]);
    assert!(!output.status.success() && text(&output).contains("replace its own input"), "{}", text(&output));
}

#[test]
fn kind_says_what_auto_would_take() {
    let desk = Desk::new();
    let sheet = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images").join(name).display().to_string();
    let (words, drawings) = (sheet("models-text-x2.webp"), sheet("models-art-x2.webp"));
    let output = desk.run(&["kind", &words, &drawings]);
    assert!(output.status.success(), "{}", text(&output));
    let said = text(&output);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines.len() == 2 && lines[0].ends_with("model text") && lines[1].ends_with("model art"), "{said}");
    let json: serde_json::Value = serde_json::from_slice(&desk.run(&["kind", "--json", &words]).stdout).unwrap();
    assert_eq!((&json["kind"], &json["model"]), (&"text".into(), &"text".into()));
    let total: f64 = json["likelihood"].as_object().unwrap().values().filter_map(serde_json::Value::as_f64).sum();
    assert!((total - 1.0).abs() < 1e-3 && json["statistics"].as_object().unwrap().len() > 10);
    let output = desk.run(&["kind", "nowhere.png"]);
    assert!(!output.status.success());
    assert_clear("nowhere.png", &output);
}

#[test]
fn a_map_takes_no_other_files_place() {
    let desk = Desk::new();
    desk.put("in.png", &encode(&picture(8, 8, Channels::Rgb, Depth::Eight, false), OutputFormat::Png, &EncoderOptions::default(), 8));
    let before = fs::read(desk.path("in.png")).unwrap();
    for (map, words) in [("in.png", "replace its own input"), ("./out.png", "replace its own result"), ("missing/map.png", "cannot be written")] {
        let output = desk.run(&["in.png", "-s", "2", "-o", "out.png", "--map", map]);
        assert!(!output.status.success() && text(&output).contains(words), "{map}: {}", text(&output));
        assert_eq!(desk.names(), ["in.png"], "{map}");
        assert!(fs::read(desk.path("in.png")).unwrap() == before);
    }
    assert!(desk.run(&["in.png", "-s", "2", "-o", "out.png", "--map", "map.png"]).status.success());
    assert_eq!(desk.names(), ["in.png", "map.png", "out.png"]);
}

#[test]
fn sizes_prints_and_maps() {
    let desk = Desk::new();
    desk.put("in.png", &encode(&picture(60, 40, Channels::Rgb, Depth::Eight, false), OutputFormat::Png, &EncoderOptions::default(), 40));
    for (arguments, name, size) in [
        (&["-s", "3"][..], "in-3x.png", (180, 120)),
        (&["--width", "100"], "in-100x67.png", (100, 67)),
        (&["--print", "3x2cm@127"], "in-150x100.png", (150, 100)),
        (&["--long-edge", "30"], "in-30x20.png", (30, 20)),
    ] {
        let output = desk.run(&[&["in.png", "--json", "--map", "map.png"], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let made = read(&desk.path(name));
        assert_eq!(((made.width, made.height), report["width"].as_u64()), (size, Some(u64::from(size.0))), "{arguments:?}");
        let passes = report["passes"].as_array().unwrap();
        assert_eq!(report["lr_psnr"].is_f64(), !passes.is_empty(), "{report}");
        assert_eq!(read(&desk.path("map.png")).width, 60);
    }
    // What the report says of the input is what `score` finds.
    let report: serde_json::Value = serde_json::from_slice(&desk.run(&["in.png", "--json", "-s", "2", "-o", "two.png"]).stdout).unwrap();
    let score: serde_json::Value = serde_json::from_slice(&desk.run(&["score", "two.png", "two.png", "--input", "in.png", "--json"]).stdout).unwrap();
    let [reported, found] = [&report["lr_psnr"], &score["lr_psnr"]].map(|v| v.as_f64().unwrap());
    assert!((reported - found).abs() < 1e-3 && found > 45.0, "{reported} {found}");
    assert_eq!(desk.run(&["score", "two.png", "two.png", "--input", "in.png", "--scale", "3"]).status.code(), Some(2));
    // A print says its size.
    let file = fs::read(desk.path("in-150x100.png")).unwrap();
    let density = decode(&file).unwrap().metadata.density.unwrap();
    assert!((density.per_inch()[0] - 127.0).abs() < 0.1, "{density:?}");
}

#[test]
fn models_devices_and_score() {
    let desk = Desk::new();
    let models: serde_json::Value = serde_json::from_slice(&desk.run(&["models", "--json"]).stdout).unwrap();
    assert!(models["models"].as_array().unwrap().iter().any(|m| m["name"] == "photo-fast"));
    let devices: serde_json::Value = serde_json::from_slice(&desk.run(&["devices", "--json"]).stdout).unwrap();
    println!("devices: {devices}");
    assert!(devices["backend"].is_string() && devices["adapters"].is_array());
    let a = picture(40, 40, Channels::Rgb, Depth::Eight, false);
    let mut b = a.clone();
    if let Samples::U8(values) = &mut b.samples {
        for value in values {
            *value = value.saturating_add(10);
        }
    }
    let plain = EncoderOptions::default();
    desk.put("a.png", &encode(&a, OutputFormat::Png, &plain, 40));
    desk.put("b.png", &encode(&b, OutputFormat::Png, &plain, 40));
    let score: serde_json::Value = serde_json::from_slice(&desk.run(&["score", "a.png", "b.png", "--json"]).stdout).unwrap();
    // A shift of 10 is 10 * 219 / 255 on studio-range luma.
    let expected = 20.0 * (255.0f64 / (10.0 * 219.0 / 255.0)).log10();
    assert!((score["psnr_y"].as_f64().unwrap() - expected).abs() < 0.3, "{score}, expected {expected}");
    assert!(!desk.run(&["score", "a.png", "missing.png"]).status.success());
}

#[test]
fn a_reader_that_leaves_early_is_no_fault() {
    let desk = Desk::new();
    desk.put("in.png", &encode(&picture(20, 20, Channels::Rgb, Depth::Eight, false), OutputFormat::Png, &EncoderOptions::default(), 20));
    for arguments in [&["models"][..], &["in.png", "-s", "2", "--backend", "simd", "--json"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_inlarge"))
            .args(arguments)
            .current_dir(desk.folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}: {}", text(&output));
    }
    assert!(desk.path("in-2x.png").exists());
}

#[test]
fn restore_takes_compression_away_at_the_same_size() {
    let desk = Desk::new();
    // The last column of the sheet is held-out photographs as they were.
    let sheet = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images/models-photo-x2.webp"));
    let (left, side, width) = (sheet.width as usize - 196, 191, sheet.width as usize);
    let rows = bytes(&sheet).chunks(3 * width).take(side);
    let original: Vec<u8> = rows.flat_map(|row| row[3 * left..][..3 * side].to_vec()).collect();
    let original = Picture::new(side as u32, side as u32, Channels::Rgb, Samples::U8(original)).unwrap();
    desk.put("worn.jpg", &encode(&original, OutputFormat::Jpeg, &EncoderOptions { quality: 12, ..EncoderOptions::default() }, 64));
    let distance = |name: &str| {
        let made = read(&desk.path(name));
        assert_eq!([made.width, made.height], [191; 2], "{name}: an odd size stays as it is");
        bytes(&made).iter().zip(bytes(&original)).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum::<f64>()
    };
    for (name, more) in [("all.png", &[][..]), ("half.png", &["--denoise", "0.5"]), ("none.png", &["--denoise", "0"])] {
        let mut words = vec!["worn.jpg", "-o", name, "-m", "restore", "-s", "1", "--backend", "simd"];
        words.extend(more);
        let output = desk.run(&words);
        assert!(output.status.success(), "{}", text(&output));
    }
    assert_eq!(bytes(&read(&desk.path("none.png"))), bytes(&read(&desk.path("worn.jpg"))));
    let [all, half, none] = ["all.png", "half.png", "none.png"].map(distance);
    assert!(all < 0.9 * none && all < half && half < none, "{all} {half} {none}");
}
