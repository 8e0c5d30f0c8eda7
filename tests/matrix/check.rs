//! What `ExifTool` has to say of a result.

use inlarge::codec::encode::OutputFormat;
use serde_json::Value;

use crate::Tags;
use crate::blocks::{CAPTION, CITY, LATITUDE, MAKE, TITLE};

/// What is known of a result.
#[expect(clippy::struct_excessive_bools, reason = "each kind of metadata is there or not, by itself")]
pub(crate) struct Expected {
    pub(crate) format: OutputFormat,
    pub(crate) size: [u32; 2],
    pub(crate) exif: bool,
    pub(crate) xmp: bool,
    pub(crate) iptc: bool,
    /// Pixels per inch.
    pub(crate) dpi: Option<f64>,
    /// Whether places are kept.
    pub(crate) location: bool,
}

enum Want {
    Is(Value),
    /// A number, and how far it may be off.
    Near(f64, f64),
}

/// The tags that are asked for, with their values.
fn wanted(expected: &Expected) -> Vec<(&'static str, Want)> {
    use OutputFormat::{Jpeg, Png, Tiff, WebP};
    let [width, height] = expected.size;
    let is = |value: Value| Want::Is(value);
    let (across, down) = match expected.format {
        Png => ("PNG:ImageWidth", "PNG:ImageHeight"),
        Jpeg => ("File:ImageWidth", "File:ImageHeight"),
        WebP => ("RIFF:ImageWidth", "RIFF:ImageHeight"),
        Tiff => ("IFD0:ImageWidth", "IFD0:ImageHeight"),
    };
    let mut wants = vec![(across, is(width.into())), (down, is(height.into()))];
    if expected.exif {
        wants.extend([
            ("IFD0:Make", is(MAKE.into())),
            ("IFD0:Artist", is("An artist".into())),
            ("IFD0:Copyright", is("A copyright".into())),
            ("IFD0:Orientation", is(1.into())),
            ("ExifIFD:ISO", is(200.into())),
            ("ExifIFD:ExposureTime", is(0.008.into())),
            ("ExifIFD:DateTimeOriginal", is("2024:05:06 07:08:09".into())),
            ("ExifIFD:LensModel", is("A lens".into())),
            ("ExifIFD:ExifImageWidth", is(width.into())),
            ("ExifIFD:ExifImageHeight", is(height.into())),
        ]);
        if expected.location {
            wants.extend([("GPS:GPSLatitude", Want::Near(LATITUDE, 1e-6)), ("GPS:GPSProcessingMethod", is(CITY.into()))]);
        }
    }
    if expected.xmp {
        wants.extend([
            ("XMP-dc:Title", is(TITLE.into())),
            ("XMP-xmp:Rating", is(4.into())),
            ("XMP-tiff:Orientation", is(1.into())),
            ("XMP-exif:ExifImageWidth", is(width.into())),
        ]);
        if expected.location {
            wants.extend([("XMP-photoshop:City", is(CITY.into())), ("XMP-exif:GPSLatitude", Want::Near(LATITUDE, 1e-4))]);
        }
    }
    if expected.iptc && expected.format != WebP {
        wants.extend([("IPTC:Caption-Abstract", is(CAPTION.into())), ("IPTC:Keywords", is(vec!["one", "two"].into()))]);
        if expected.location {
            wants.push(("IPTC:City", is(CITY.into())));
        }
    }
    match (expected.dpi, expected.format) {
        (Some(dpi), Png) => wants.extend([("PNG-pHYs:PixelsPerUnitX", Want::Near(dpi / 0.0254, 1.0)), ("PNG-pHYs:PixelUnits", is(1.into()))]),
        (Some(dpi), Jpeg) => {
            // Whole numbers only; centimetres stay centimetres.
            let cm = is_whole(dpi / 2.54);
            wants.extend([
                ("JFIF:XResolution", Want::Near(if cm { dpi / 2.54 } else { dpi }, 0.5)),
                ("JFIF:ResolutionUnit", is(if cm { 2 } else { 1 }.into())),
            ]);
        }
        (Some(dpi), Tiff | WebP) => {
            let cm = is_whole(dpi / 2.54);
            wants.extend([
                ("IFD0:XResolution", Want::Near(if cm { dpi / 2.54 } else { dpi }, 0.01)),
                ("IFD0:ResolutionUnit", is(if cm { 3 } else { 2 }.into())),
            ]);
        }
        (None, Jpeg) => wants.push(("JFIF:ResolutionUnit", is(0.into()))),
        (None, Tiff) => wants.push(("IFD0:ResolutionUnit", is(1.into()))),
        (None, _) => {}
    }
    wants
}

fn is_whole(value: f64) -> bool {
    (value - value.round()).abs() < 1e-9
}

/// The tags that are asked for.
pub(crate) fn asked(expected: &Expected) -> Vec<String> {
    wanted(expected).into_iter().map(|(key, _)| key.to_owned()).collect()
}

/// What is wrong with the tags, in words.
pub(crate) fn faults(expected: &Expected, tags: &Tags) -> Vec<String> {
    let mut faults = Vec::new();
    for (key, want) in wanted(expected) {
        let found = tags.get(key);
        let fits = match &want {
            Want::Is(value) => found.is_some_and(|found| found == value || found.as_f64().is_some_and(|f| value.as_f64() == Some(f))),
            Want::Near(value, far) => found.and_then(Value::as_f64).is_some_and(|f| (f - value).abs() <= *far),
        };
        if !fits {
            let want = match want {
                Want::Is(value) => value.to_string(),
                Want::Near(value, _) => format!("about {value}"),
            };
            faults.push(format!("{key} is {found:?}, not {want}"));
        }
    }
    let stale = tags.keys().filter(|key| key.starts_with("IFD1:") || key.contains("Thumbnail"));
    faults.extend(stale.map(|key| format!("{key} was to be left out")));
    if expected.dpi.is_none() && tags.contains_key("PNG-pHYs:PixelsPerUnitX") {
        faults.push("there is a density that nobody asked for".to_owned());
    }
    for key in ["ExifTool:Warning", "ExifTool:Error"] {
        // Nobody can read the note of these tests.
        if let Some(text) = tags.get(key).and_then(Value::as_str).filter(|text| !text.contains("MakerNote")) {
            faults.push(format!("{key}: {text}"));
        }
    }
    faults
}

/// What tells the place, in tags and in plain bytes.
pub(crate) fn has_location(tags: &Tags, file: &[u8]) -> Vec<String> {
    let names = ["GPS", "City", "Location", "Country", "State", "Sub-location"];
    let mut found: Vec<String> = tags.iter().filter(|(key, _)| names.iter().any(|name| key.contains(name))).map(|(key, _)| key.clone()).collect();
    found.extend(tags.iter().filter(|(_, value)| value.as_str().is_some_and(|text| text.contains(CITY))).map(|(key, _)| format!("{key} names it")));
    if file.windows(CITY.len()).any(|w| w == CITY.as_bytes()) {
        found.push("its name is among the bytes".to_owned());
    }
    found
}
