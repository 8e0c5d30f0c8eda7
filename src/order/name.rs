//! What results are called.

use crate::codec::encode::OutputFormat;

/// Longest ending that is taken for that of a file, without the dot.
const MAX_ENDING: usize = 5;
/// The name of a picture that has none.
const NAMELESS: &str = "image";

/// The name without the ending that tells its format: `photo.jpeg` is `photo`, `Dr. No` stays as it is.
pub fn stem(source: &str) -> &str {
    let stem = match source.rsplit_once('.') {
        Some((stem, ending)) if (1..=MAX_ENDING).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric()) => stem,
        _ => source,
    };
    if stem.is_empty() { NAMELESS } else { stem }
}

/// What is put behind a picture's [`stem`]: `-4x.png` where it was enlarged by a whole factor, else `-3000x2000.png`.
pub fn suffix(input: [u32; 2], [width, height]: [u32; 2], format: OutputFormat) -> String {
    let scale = width.checked_div(input[0]).unwrap_or(0);
    let whole = scale > 0 && input.map(|side| side.checked_mul(scale)) == [Some(width), Some(height)];
    let size = if whole { format!("{scale}x") } else { format!("{width}x{height}") };
    format!("-{size}.{}", format.extension())
}

/// The name of a result: `photo.jpeg` enlarged 4 times as PNG is `photo-4x.png`.
pub fn result_name(source: &str, input: [u32; 2], size: [u32; 2], format: OutputFormat) -> String {
    [stem(source), &suffix(input, size, format)].concat()
}

/// The same for all names that a file system may take for one: some do not tell capitals from small letters.
pub fn folded(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_was_done() {
        for (source, size, format, name) in [
            ("photo.jpeg", [400, 200], OutputFormat::Png, "photo-4x.png"),
            ("photo.v2.final.png", [100, 50], OutputFormat::Jpeg, "photo.v2.final-1x.jpg"),
            ("photo", [150, 75], OutputFormat::WebP, "photo-150x75.webp"),
            ("Dr. No", [400, 201], OutputFormat::Tiff, "Dr. No-400x201.tif"),
            (".png", [200, 100], OutputFormat::Png, "image-2x.png"),
            ("", [50, 25], OutputFormat::Png, "image-50x25.png"),
        ] {
            assert_eq!(result_name(source, [100, 50], size, format), name);
        }
    }

    #[test]
    fn names_that_differ_by_case_alone_are_one() {
        assert_eq!(folded("Ärger-2x.PNG"), folded("ärger-2x.png"));
        assert_ne!(folded("a-2x.png"), folded("b-2x.png"));
    }
}
