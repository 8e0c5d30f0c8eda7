//! Real files of every kind through every output format: what came with the pixels is read back by `ExifTool`, and the
//! pixels are what they were.
#![cfg(feature = "codec")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod alpha;
mod blocks;
mod check;
mod inputs;
#[path = "../codec/make.rs"]
#[allow(dead_code, reason = "shared with the codec's tests, which use all of it")]
mod make;

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

use image::ImageDecoder;
use inlarge::backend::BackendKind;
use inlarge::backend::select::Preference;
use inlarge::codec::encode::{MemoryFile, OutputFormat};
use inlarge::codec::{Density, MetadataPolicy, decode};
use inlarge::image::resample::{Kernel, resize};
use inlarge::image::{Channels, Depth, Picture};
use inlarge::model::Network;
use inlarge::model::manifest::shipped;
use inlarge::order::{Order, OutputOrder};
use inlarge::pipeline::drive::{self, Engine};
use inlarge::pipeline::{Job, Setup};
use serde_json::{Map, Value};

use check::{Expected, faults, has_location};
use inputs::{Icc, Input};

/// What `ExifTool` says of a file, by group and name.
type Tags = Map<String, Value>;

static NETWORK: LazyLock<Network> = LazyLock::new(|| shipped::load(shipped::manifest().unwrap().find("photo-fast", 2, "bicubic").unwrap()).unwrap());

/// Enlarges twice; the file and what the report warns of.
fn enlarge(file: &[u8], format: OutputFormat, metadata: MetadataPolicy, density: Option<Density>) -> (Vec<u8>, Vec<String>) {
    let sink = MemoryFile::default();
    let order = Order { tile: Some(64), output: OutputOrder { r#type: format, quality: 95, metadata }, ..Order::default() };
    let setup = Setup { density, ..Setup::default() };
    let mut job = Job::open(file, &[&*NETWORK], &order, setup, sink.clone()).unwrap();
    let engine = Engine::choose(Preference::Only(BackendKind::Simd), &[]).unwrap();
    drive::run(&mut job, &[&*NETWORK], engine, &AtomicBool::new(false), &mut |_, _| {}).unwrap();
    let file = sink.bytes().clone();
    (file, job.report("", 0.0).warnings)
}

/// Reads the tags of many files in one go: starting Perl takes longer than reading.
fn exiftool(files: &[(String, &[u8])]) -> HashMap<String, Tags> {
    let folder = tempfile::tempdir().unwrap();
    for (name, file) in files {
        fs::write(folder.path().join(name), file).unwrap();
    }
    let output = Command::new("exiftool").args(["-json", "-G1", "-n", "-q", "."]).current_dir(folder.path()).output().unwrap_or_else(|error| {
        panic!("exiftool cannot be started ({error}): `cargo xtask test native` installs it, as `apt-get install libimage-exiftool-perl` does")
    });
    let found: Vec<Tags> = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    let named = |tags: Tags| (tags["SourceFile"].as_str().unwrap().trim_start_matches("./").to_owned(), tags);
    found.into_iter().map(named).collect()
}

struct Outcome {
    input: Input,
    format: OutputFormat,
    file: Vec<u8>,
    warnings: Vec<String>,
    tags: Tags,
}

impl Outcome {
    fn name(&self) -> String {
        format!("{} as {}", self.input.name, self.format.name())
    }
}

static OUTCOMES: LazyLock<Vec<Outcome>> = LazyLock::new(|| run(&inputs::all(), MetadataPolicy::Keep));

fn run(inputs: &[Input], policy: MetadataPolicy) -> Vec<Outcome> {
    let mut made = Vec::new();
    for input in inputs {
        for format in OutputFormat::ALL {
            let (file, warnings) = enlarge(&input.file, format, policy, None);
            made.push((format!("{}.{}", input.name, format.extension()), input, format, file, warnings));
        }
    }
    let mut tags = exiftool(&made.iter().map(|m| (m.0.clone(), &m.3[..])).collect::<Vec<_>>());
    let outcome = |(name, input, format, file, warnings): (String, &Input, _, _, _)| {
        let tags = tags.remove(&name).unwrap_or_else(|| panic!("exiftool says nothing of {name}"));
        Outcome { input: input.clone(), format, file, warnings, tags }
    };
    made.into_iter().map(outcome).collect()
}

fn upright(input: &Input) -> Picture {
    input.upright.clone().unwrap_or_else(|| decode(&input.file).unwrap().picture)
}

fn expected(outcome: &Outcome) -> Expected {
    let source = upright(&outcome.input);
    let Input { exif, xmp, iptc, dpi, .. } = outcome.input;
    Expected { format: outcome.format, size: [source.width * 2, source.height * 2], exif, xmp, iptc, dpi, location: true }
}

#[test]
fn metadata_is_read_back_from_every_format() {
    let inputs = inputs::all();
    assert!(inputs.len() >= 60, "{} files", inputs.len());
    let mut all = Vec::new();
    for outcome in OUTCOMES.iter() {
        let found = faults(&expected(outcome), &outcome.tags);
        all.extend(found.into_iter().map(|fault| format!("{}: {fault}", outcome.name())));
        if outcome.input.exif && !outcome.file.windows(blocks::NOTE.len()).any(|w| w == blocks::NOTE) {
            all.push(format!("{}: the maker's note is gone", outcome.name()));
        }
        if outcome.input.iptc && outcome.format == OutputFormat::WebP && !outcome.warnings.iter().any(|w| w.contains("IPTC")) {
            all.push(format!("{}: that IPTC was left out is not said", outcome.name()));
        }
        if !outcome.warnings.iter().any(|w| w.contains(outcome.input.said)) && !outcome.input.said.is_empty() {
            all.push(format!("{}: no warning has {:?}: {:?}", outcome.name(), outcome.input.said, outcome.warnings));
        }
    }
    assert!(all.is_empty(), "{} faults:\n{}", all.len(), all.join("\n"));
}

#[test]
fn every_change_of_a_tag_is_noticed() {
    // The twin: each tag that is asked for, taken out or changed, is a fault.
    for outcome in OUTCOMES.iter().filter(|o| matches!(&*o.input.name, "full.jpg" | "full.png")) {
        let expected = expected(outcome);
        let asked = check::asked(&expected);
        assert!(asked.len() >= 15, "{asked:?}");
        for key in asked {
            let mut without = outcome.tags.clone();
            assert!(without.remove(&key).is_some(), "{}: {key} is not there", outcome.name());
            assert!(!faults(&expected, &without).is_empty(), "{}: {key} is not missed", outcome.name());
            let mut other = outcome.tags.clone();
            other.insert(key.clone(), Value::from(77_777));
            assert!(!faults(&expected, &other).is_empty(), "{}: a wrong {key} is not noticed", outcome.name());
        }
        let mut stale = outcome.tags.clone();
        stale.insert("IFD1:Compression".into(), Value::from(6));
        assert!(!faults(&expected, &stale).is_empty());
    }
}

/// The profile that another decoder finds.
fn profile_of(format: OutputFormat, file: &[u8]) -> Option<Vec<u8>> {
    use image::codecs::{jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder};
    let file = std::io::Cursor::new(file);
    let found = match format {
        OutputFormat::Png => PngDecoder::new(file).unwrap().icc_profile(),
        OutputFormat::Jpeg => JpegDecoder::new(file).unwrap().icc_profile(),
        OutputFormat::WebP => WebPDecoder::new(file).unwrap().icc_profile(),
        OutputFormat::Tiff => return tiff::decoder::Decoder::new(file).unwrap().get_tag_u8_vec(tiff::tags::Tag::IccProfile).ok(),
    };
    found.unwrap()
}

/// Whether a result's profile is the one that its input asks for.
fn profile_fits(icc: &Icc, grey: bool, format: OutputFormat, found: Option<&[u8]>) -> bool {
    let space: &[u8] = if grey && format != OutputFormat::WebP { b"GRAY" } else { b"RGB " };
    match (icc, found) {
        (Icc::None, None) => true,
        // WebP has no grey: equal colours need a profile of their own.
        (Icc::Same(_), Some(found)) if grey && format == OutputFormat::WebP => &found[16..20] == space,
        (Icc::Same(profile), Some(found)) => found == profile,
        (Icc::Made, Some(found)) => &found[16..20] == space,
        _ => false,
    }
}

#[test]
fn profiles_stay_byte_for_byte() {
    for outcome in OUTCOMES.iter() {
        let found = profile_of(outcome.format, &outcome.file);
        let grey = outcome.input.channels.colours() == 1;
        assert!(profile_fits(&outcome.input.icc, grey, outcome.format, found.as_deref()), "{}: {:?}", outcome.name(), found.map(|p| p.len()));
    }
    // The twin: one bit, none, and one too many.
    let profile = blocks::icc_v2();
    let mut other = profile.clone();
    other[200] ^= 1;
    let same = Icc::Same(profile.clone());
    assert!(profile_fits(&same, false, OutputFormat::Png, Some(&profile)));
    assert!(!profile_fits(&same, false, OutputFormat::Png, Some(&other)));
    assert!(!profile_fits(&same, false, OutputFormat::Png, None));
    assert!(!profile_fits(&Icc::None, false, OutputFormat::Png, Some(&profile)));
    assert!(!profile_fits(&Icc::Made, true, OutputFormat::Png, Some(&profile)));
}

/// Mean difference, 0..=1, of the result scaled back down and its input; equal channels are as good as one.
fn mean_difference(result: &Picture, source: &Picture) -> f32 {
    let back = resize(result, source.width, source.height, Kernel::Cubic).unwrap();
    let pixel = |p: &Picture, i: usize, c: usize| {
        let count = p.channels.count();
        let colours = p.channels.colours();
        let index = if c == 3 { if p.channels.has_alpha() { count - 1 } else { return 1.0 } } else { c.min(colours - 1) };
        p.samples.unit(i * count + index)
    };
    let pixels = (source.width * source.height) as usize;
    let sum: f32 = (0..pixels).flat_map(|i| (0..4).map(move |c| (i, c))).map(|(i, c)| (pixel(&back, i, c) - pixel(source, i, c)).abs()).sum();
    sum / (pixels * 4) as f32
}

/// Largest mean difference of a picture and its result scaled back down.
const ALIKE: f32 = 0.02;

#[test]
fn pixels_depth_and_layout_stay() {
    for outcome in OUTCOMES.iter() {
        let found = decode(&outcome.file).unwrap_or_else(|e| panic!("{}: {e}", outcome.name())).picture;
        let source = upright(&outcome.input);
        let (channels, lossless) = (outcome.input.channels, outcome.format != OutputFormat::Jpeg);
        let wide = outcome.input.sixteen && matches!(outcome.format, OutputFormat::Png | OutputFormat::Tiff);
        assert_eq!(found.samples.depth() == Depth::Sixteen, wide, "{}", outcome.name());
        let layout = match (outcome.format, channels) {
            (OutputFormat::Jpeg, channels) => channels.without_alpha(),
            (OutputFormat::WebP, Channels::Grey) => Channels::Rgb,
            (OutputFormat::WebP, Channels::GreyAlpha) => Channels::Rgba,
            (_, channels) => channels,
        };
        assert_eq!(found.channels, layout, "{}", outcome.name());
        // JPEG lays transparency on white; that has a test of its own.
        if lossless || !channels.has_alpha() {
            let difference = mean_difference(&found, &source);
            assert!(difference < ALIKE, "{}: {difference}", outcome.name());
        }
        if channels.colours() == 1 {
            assert!(is_grey(&found), "{}: not grey", outcome.name());
        }
    }
}

fn is_grey(picture: &Picture) -> bool {
    let count = picture.channels.count();
    let value = |i: usize, c: usize| picture.samples.unit(i * count + c);
    picture.channels.colours() == 1 || (0..picture.samples.len() / count).all(|i| value(i, 0) == value(i, 1) && value(i, 1) == value(i, 2))
}

#[test]
fn other_pixels_are_noticed() {
    // The twin: another orientation, another channel, and one pixel of colour in grey.
    let source = make::picture(24, 16, Channels::Rgb, Depth::Eight, false);
    let turned = inlarge::image::orientation::apply(source.clone(), inlarge::image::orientation::Orientation::Turn180).unwrap();
    assert!(mean_difference(&turned, &source) > ALIKE);
    let swapped = make::bytes(&source).chunks_exact(3).flat_map(|p| [p[2], p[1], p[0]]).collect();
    let swapped = Picture::new(24, 16, Channels::Rgb, inlarge::image::Samples::U8(swapped)).unwrap();
    assert!(mean_difference(&swapped, &source) > ALIKE);
    let mut grey = vec![77; 24 * 16 * 3];
    let picture = |v: &[u8]| Picture::new(24, 16, Channels::Rgb, inlarge::image::Samples::U8(v.to_vec())).unwrap();
    assert!(is_grey(&picture(&grey)));
    grey[100] = 78;
    assert!(!is_grey(&picture(&grey)));
}

#[test]
fn inks_go_through_their_profile() {
    let red = |name: &str| {
        let outcome = OUTCOMES.iter().find(|o| o.input.name == name && o.format == OutputFormat::Png).unwrap();
        let found = decode(&outcome.file).unwrap().picture;
        // Near the right edge, where cyan is strong: the profile makes that red.
        let at = (16 * found.width as usize + 44) * 3;
        let [r, g] = [0, 1].map(|c| found.samples.unit(at + c));
        println!("{name}: red {r}, green {g}");
        r > g + 0.3
    };
    assert!(red("cmyk-icc.jpg") && red("ycck-icc.jpg"));
    assert!(!red("cmyk.jpg") && !red("cmyk.tif"), "the twin: without the profile cyan is none");
}

#[test]
fn places_and_all_else_are_left_out_by_choice() {
    let inputs = inputs::full();
    for outcome in run(&inputs, MetadataPolicy::NoLocation) {
        let found = has_location(&outcome.tags, &outcome.file);
        assert!(found.is_empty(), "{}: {found:?}", outcome.name());
        let expected = Expected { location: false, ..expected(&outcome) };
        assert_eq!(faults(&expected, &outcome.tags), Vec::<String>::new(), "{}", outcome.name());
        assert_eq!(outcome.warnings.iter().filter(|w| w.contains("maker")).count(), 1, "{:?}", outcome.warnings);
    }
    for outcome in run(&inputs, MetadataPolicy::None) {
        let expected = Expected { exif: false, xmp: false, iptc: false, ..expected(&outcome) };
        assert_eq!(faults(&expected, &outcome.tags), Vec::<String>::new(), "{}", outcome.name());
        let left: Vec<_> = outcome.tags.keys().filter(|k| ["ExifIFD:", "GPS:", "XMP", "IPTC:"].iter().any(|group| k.starts_with(group))).collect();
        assert!(left.is_empty() && !outcome.tags.contains_key("IFD0:Make"), "{}: {left:?}", outcome.name());
        let profile = profile_of(outcome.format, &outcome.file);
        assert!(profile_fits(&outcome.input.icc, false, outcome.format, profile.as_deref()), "{}", outcome.name());
    }
    // The twin: what is kept has a place, in tags and in bytes.
    for outcome in OUTCOMES.iter().filter(|o| o.input.name.starts_with("full")) {
        assert!(has_location(&outcome.tags, &outcome.file).len() >= 4, "{}", outcome.name());
    }
}

#[test]
fn a_density_of_ones_own_replaces_the_files() {
    let inputs = inputs::full();
    let files: Vec<_> = OutputFormat::ALL
        .into_iter()
        .map(|format| {
            (format!("density.{}", format.extension()), format, enlarge(&inputs[0].file, format, MetadataPolicy::Keep, Density::dpi(600.0)).0)
        })
        .collect();
    let tags = exiftool(&files.iter().map(|f| (f.0.clone(), &f.2[..])).collect::<Vec<_>>());
    for (name, format, _) in &files {
        let iptc = *format != OutputFormat::WebP;
        let expected = Expected { format: *format, size: [48, 32], exif: true, xmp: true, iptc, dpi: Some(600.0), location: true };
        assert_eq!(faults(&expected, &tags[name]), Vec::<String>::new(), "{name}");
        assert!(!faults(&Expected { dpi: Some(240.0), ..expected }, &tags[name]).is_empty(), "the twin: another density is noticed");
    }
}
