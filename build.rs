//! Puts the model files that `models/manifest.json` names into the binary.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=models");
    if env::var_os("CARGO_FEATURE_MODELS").is_none() {
        return;
    }
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let models = Path::new(&root).join("models");
    let text = fs::read_to_string(models.join("manifest.json")).expect("models/manifest.json can be read");
    let manifest: serde_json::Value = serde_json::from_str(&text).expect("models/manifest.json is JSON");
    let mut table = String::from("static FILES: &[(&str, &[u8])] = &[\n");
    for model in manifest["models"].as_array().expect("models/manifest.json lists models") {
        let file = model["file"].as_str().expect("every model names its file");
        let path = models.join(file);
        let path = path.to_string_lossy();
        writeln!(table, "    ({file:?}, include_bytes!({path:?})),").expect("a String takes text");
    }
    table.push_str("];\n");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("models.rs"), table).expect("OUT_DIR can be written");
}
