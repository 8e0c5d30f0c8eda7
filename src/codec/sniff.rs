//! What a file is, by its content. Its name is never asked.

use crate::error::Error;

/// An image format that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// PNG, APNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    WebP,
    /// GIF.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF, `BigTIFF`.
    Tiff,
}

impl Format {
    /// Every format that can be read.
    pub const ALL: [Self; 6] = [Self::Png, Self::Jpeg, Self::WebP, Self::Gif, Self::Bmp, Self::Tiff];

    /// The name that people know.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
        }
    }

    /// Whether the feature `formats` reads it: in browsers a module of its own, fetched when the first such file comes.
    pub const fn is_apart(self) -> bool {
        matches!(self, Self::WebP | Self::Gif | Self::Bmp | Self::Tiff)
    }
}

/// The format of `bytes`, or `None` where it is none that can be read.
pub fn sniff(bytes: &[u8]) -> Option<Format> {
    let riff = |kind: &[u8]| bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(kind);
    // A bitmap's signature is two letters, so that a text may begin with it: the header size has to
    // be one that exists.
    let bitmap = || bytes.starts_with(b"BM") && matches!(bytes.get(14..18), Some(&[12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]));
    if bytes.starts_with(b"\x89PNG\r\n\x1A\n") {
        Some(Format::Png)
    } else if bytes.starts_with(b"\xFF\xD8\xFF") {
        Some(Format::Jpeg)
    } else if riff(b"WEBP") {
        Some(Format::WebP)
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        Some(Format::Gif)
    } else if bitmap() {
        Some(Format::Bmp)
    } else if [&b"II*\0"[..], b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|magic| bytes.starts_with(magic)) {
        Some(Format::Tiff)
    } else {
        None
    }
}

const CONVERT: &str = "Convert it to PNG, JPEG, WebP or TIFF first";
const CHOOSE: &str = "Choose a PNG, JPEG, WebP, GIF, BMP or TIFF file";

/// The error for a file that [`sniff`] does not know: what it is instead, and what to do.
pub fn refusal(bytes: &[u8]) -> Error {
    if bytes.is_empty() {
        return Error::decode("The file is empty", "Download or copy it again");
    }
    if bytes.iter().all(|&b| b == 0) {
        return Error::decode("The file holds nothing but zeros", "Download or copy it again");
    }
    if let Some(format) = beginning_of(bytes) {
        return Error::decode(format!("The {format} file is cut short: only its first {} bytes are there", bytes.len()), "Download or copy it again");
    }
    if let Some(what) = other_image(bytes) {
        return Error::unsupported(format!("This is {what}, which cannot be read"), CONVERT);
    }
    if let Some(what) = not_an_image(bytes) {
        return Error::decode(format!("This is {what}, not an image"), CHOOSE);
    }
    Error::decode("This is not an image of a known format", CHOOSE)
}

/// A file of a few bytes that begins like an image.
fn beginning_of(bytes: &[u8]) -> Option<&'static str> {
    let cut = |magic: &[u8]| bytes.len() < magic.len() && magic.starts_with(bytes) && bytes.len() >= 2;
    if cut(b"\x89PNG\r\n\x1A\n") {
        Some("PNG")
    } else if cut(b"\xFF\xD8\xFF") {
        Some("JPEG")
    } else if cut(b"GIF89a") || cut(b"GIF87a") {
        Some("GIF")
    } else if bytes.starts_with(b"RIFF") && bytes.len() < 12 {
        Some("WebP")
    } else if bytes.starts_with(b"BM") && bytes.len() < 18 && bytes.get(6..).is_none_or(|b| b.iter().take(4).all(|&b| b == 0)) {
        Some("BMP")
    } else if cut(b"II*\0") || cut(b"MM\0*") {
        Some("TIFF")
    } else {
        None
    }
}

fn other_image(bytes: &[u8]) -> Option<&'static str> {
    // ISO base media: the brand stands after `ftyp`.
    if bytes.get(4..8) == Some(b"ftyp") {
        return Some(match bytes.get(8..12)? {
            b"avif" | b"avis" => "an AVIF image",
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => "a HEIC image",
            b"crx " => "a camera raw file",
            _ => "a video",
        });
    }
    let table: [(&[u8], &str); 14] = [
        (b"\xFF\x0A", "a JPEG XL image"),
        (b"\0\0\0\x0CJXL \r\n\x87\n", "a JPEG XL image"),
        (b"\0\0\0\x0CjP  \r\n\x87\n", "a JPEG 2000 image"),
        (b"\xFF\x4F\xFF\x51", "a JPEG 2000 image"),
        (b"8BPS", "a Photoshop file"),
        (b"gimp xcf", "a GIMP file"),
        (b"\x76\x2F\x31\x01", "an OpenEXR image"),
        (b"#?RADIANCE", "a Radiance HDR image"),
        (b"qoif", "a QOI image"),
        (b"DDS ", "a DDS texture"),
        (b"\0\0\x01\0", "an icon file"),
        (b"FUJIFILMCCD-RAW", "a camera raw file"),
        (b"II\xBC\x01", "a JPEG XR image"),
        (b"%!PS", "a PostScript drawing"),
    ];
    // Its pixels may be text or not.
    if matches!(bytes, [b'P', b'1'..=b'7', space, ..] if space.is_ascii_whitespace()) {
        return Some("a Netpbm image");
    }
    table.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|&(_, what)| what).or_else(|| {
        let text = text_start(bytes)?;
        let is_svg = text.starts_with("<svg") || (text.starts_with("<?xml") && text.contains("<svg"));
        is_svg.then_some("an SVG drawing")
    })
}

fn not_an_image(bytes: &[u8]) -> Option<&'static str> {
    let table: [(&[u8], &str); 13] = [
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive or an office document"),
        (b"PK\x05\x06", "an empty ZIP archive"),
        (b"\x1F\x8B", "a gzip archive"),
        (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive"),
        (b"Rar!", "a RAR archive"),
        (b"\x1A\x45\xDF\xA3", "a video"),
        (b"ID3", "a sound file"),
        (b"OggS", "a sound or video file"),
        (b"\0asm", "a WebAssembly module"),
        (b"\x7FELF", "a program"),
        (b"MZ", "a program"),
        (b"RIFF", "a sound or video file"),
    ];
    table.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|&(_, what)| what).or_else(|| {
        let text = text_start(bytes)?;
        Some(if text.starts_with("<!doctype html") || text.starts_with("<html") || text.contains("<html") || text.contains("<body") {
            "an HTML page"
        } else if text.starts_with("<?xml") {
            "an XML document"
        } else if text.starts_with('{') || text.starts_with('[') {
            "a JSON or text file"
        } else {
            "a text file"
        })
    })
}

/// The first kilobyte in lower case without leading space, where all of it is text.
fn text_start(bytes: &[u8]) -> Option<String> {
    let start = &bytes[..bytes.len().min(1024)];
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // The kilobyte may end within a character.
        Err(e) if e.error_len().is_none() => std::str::from_utf8(&start[..e.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let printable = text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace());
    printable.then(|| text.trim_start().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_it_is_instead() {
        let cases: [(&[u8], &str, &str); 18] = [
            (b"", "decode", "is empty"),
            (&[0; 40], "decode", "zeros"),
            (b"<!DOCTYPE html><title>x</title>", "decode", "HTML page"),
            (b"\xEF\xBB\xBF\n <html><body>404", "decode", "HTML page"),
            (b"<?xml version='1.0'?><svg/>", "unsupported", "SVG"),
            (b"%PDF-1.7", "decode", "PDF"),
            (b"\0\0\0\x1Cftypavif....", "unsupported", "AVIF"),
            (b"\0\0\0\x18ftypheic....", "unsupported", "HEIC"),
            (b"\xFF\x0A....", "unsupported", "JPEG XL"),
            (b"P3\n1 1 255\n0 0 0", "unsupported", "Netpbm"),
            (b"P6\n1 1\n255\n\xFF\x80\x00", "unsupported", "Netpbm"),
            (b"PK\x03\x04....", "decode", "ZIP"),
            (b"hello world", "decode", "text file"),
            ("gr\u{fc}\u{df}e".as_bytes(), "decode", "text file"),
            (b"\x89PNG", "decode", "cut short"),
            (b"\xFF\xD8", "decode", "cut short"),
            (b"\x01\x02\x03\x04\xFE\xFF", "decode", "not an image"),
            (b"BMW is a car maker from Bavaria", "decode", "text file"),
        ];
        for (bytes, kind, words) in cases {
            assert_eq!(sniff(bytes), None, "{words}");
            let error = refusal(bytes);
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(words), "{error} lacks {words}");
            let text = error.to_string();
            assert!(text.matches(". ").count() >= 1, "fault and remedy: {text}");
        }
    }

    #[test]
    fn knows_the_six() {
        let cases: [(&[u8], Format); 8] = [
            (b"\x89PNG\r\n\x1A\n", Format::Png),
            (b"\xFF\xD8\xFF\xE0", Format::Jpeg),
            (b"RIFF\0\0\0\0WEBPVP8 ", Format::WebP),
            (b"GIF89a", Format::Gif),
            (b"BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0", Format::Bmp),
            (b"II*\0", Format::Tiff),
            (b"MM\0*", Format::Tiff),
            (b"II+\0", Format::Tiff),
        ];
        for (bytes, format) in cases {
            assert_eq!(sniff(bytes), Some(format));
        }
    }
}
