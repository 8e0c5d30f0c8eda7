//! `inlarge licences`: the notices of what others wrote and this program contains.

/// What `cargo xtask licences` gathers.
const NOTICES: &str = include_str!("../../../www/public/licences.txt");

pub(crate) fn run() {
    line!("{}", NOTICES.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notices_name_what_the_program_contains() {
        for words in ["\nclap ", "\nwgpu ", "\ntract-onnx ", "\njpeg-encoder ", "\nlit ", "Independent JPEG Group", "Permission is hereby granted"] {
            assert!(NOTICES.contains(words), "{words:?} is not in the notices: `cargo xtask licences` gathers them");
        }
    }
}
