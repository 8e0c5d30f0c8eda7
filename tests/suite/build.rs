//! Puts every model file of `models/` into the suite.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=../../models");
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let models = Path::new(&root).join("../../models").canonicalize().expect("models/ is there");
    let listed = fs::read_dir(&models).expect("models/ can be listed").map(|entry| entry.expect("models/ can be listed").path());
    let mut files: Vec<PathBuf> = listed.filter(|path| path.extension().is_some_and(|ending| ending == "onnx")).collect();
    files.sort();
    let mut table = String::from("const SHIPPED: &[(&str, &[u8])] = &[\n");
    for path in files {
        let name = path.file_stem().expect("a file has a name").to_string_lossy();
        let path = path.to_string_lossy();
        writeln!(table, "    ({name:?}, include_bytes!({path:?})),").expect("a String takes text");
    }
    table.push_str("];\n");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("shipped.rs"), table).expect("OUT_DIR can be written");
}
