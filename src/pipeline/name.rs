//! How results are called.

use crate::codec::encode::OutputFormat;

/// What follows the picture's own name: a picture enlarged 4 times as PNG ends in `-4x.png`, one of another size in
/// `-3000x2000.png`. Both sizes are width and height, of the picture and of its result.
pub fn ending(picture: [u32; 2], result: [u32; 2], format: OutputFormat) -> String {
    let scale = result[0].checked_div(picture[0]).unwrap_or(0);
    let whole = picture.map(|side| side.checked_mul(scale)) == result.map(Some);
    let size = if whole { format!("{scale}x") } else { format!("{}x{}", result[0], result[1]) };
    format!("-{size}.{}", format.extension())
}

/// The same for all names that a file system may take for one: some do not tell capitals from small letters.
pub fn folded(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_factors_are_told_by_the_factor_and_others_by_the_size() {
        let png = |result| ending([60, 40], result, OutputFormat::Png);
        assert_eq!(png([240, 160]), "-4x.png");
        assert_eq!(png([60, 40]), "-1x.png");
        assert_eq!(png([240, 161]), "-240x161.png");
        assert_eq!(png([30, 20]), "-30x20.png");
        assert_eq!(png([90, 60]), "-90x60.png");
        let of = |format| ending([1, 1], [2, 2], format);
        assert_eq!(OutputFormat::ALL.map(of), ["-2x.png", "-2x.jpg", "-2x.webp", "-2x.tif"]);
    }

    #[test]
    fn names_that_differ_by_case_alone_are_one() {
        assert_eq!(folded("Ärger-2x.PNG"), folded("ärger-2x.png"));
        assert_ne!(folded("a-2x.png"), folded("b-2x.png"));
    }
}
