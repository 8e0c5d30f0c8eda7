//! Dependencies point one way: `web, bin -> pipeline -> {backend, codec, finish} -> {model, tile} -> image ->
//! {error, limits, vector}`. Read from the sources, without comments and strings.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{code_only, without_tests};

/// Each module of the crate, and those that it may name.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("vector", &[]),
    ("limits", &["error"]),
    ("image", &["error", "limits", "vector"]),
    ("model", &["error", "limits", "image"]),
    ("tile", &["error", "limits", "image", "model"]),
    ("codec", &["error", "limits", "image", "model", "tile"]),
    ("finish", &["error", "limits", "vector", "image", "model", "tile"]),
    ("backend", &["error", "limits", "image", "model", "tile"]),
    ("pipeline", &["error", "limits", "vector", "image", "model", "tile", "codec", "finish", "backend"]),
    ("web", &["error", "limits", "image", "model", "tile", "codec", "finish", "backend", "pipeline"]),
];

/// Crates that only some files may name: the name or, with `*`, its start; and the files by how their path starts.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("wasm_bindgen*", &["web/"]),
    ("js_sys", &["web/"]),
    ("web_sys", &["web/"]),
    ("console_error_panic_hook", &["web/"]),
    ("wgpu", &["backend/gpu/"]),
    ("fearless_simd", &["backend/simd/", "vector.rs"]),
    ("tract_*", &["backend/tract.rs"]),
    ("prost", &["model/onnx"]),
    ("png", &["codec/"]),
    ("jpeg_encoder", &["codec/"]),
    ("quick_xml", &["codec/xmp.rs"]),
    ("md5", &["codec/xmp.rs"]),
    ("tiff", &["codec/"]),
    ("clap", &["bin/"]),
    ("indicatif", &["bin/"]),
    ("fs4", &["bin/"]),
    ("tempfile", &["bin/"]),
];

/// What a source file names that it must not, as `line: what`.
fn violations(file: &str, source: &str) -> Vec<String> {
    let modules: Vec<&str> = file.trim_end_matches(".rs").split('/').filter(|part| *part != "mod").collect();
    let allowed = MAY_NAME.iter().find(|(name, _)| *name == modules[0]).map(|(_, allowed)| *allowed);
    let mut found = Vec::new();
    for (index, line) in code_only(source).lines().enumerate() {
        if let Some(allowed) = allowed {
            for name in crate_modules(line, modules.len()) {
                let known = MAY_NAME.iter().any(|(module, _)| *module == name);
                if known && name != modules[0] && !allowed.contains(&name.as_str()) {
                    found.push(format!("{}: {} may not name {name}", index + 1, modules[0]));
                }
            }
        }
        for name in path_roots(line) {
            let rule = ONLY_IN.iter().find(|(krate, _)| krate.strip_suffix('*').map_or(name == *krate, |start| name.starts_with(start)));
            if let Some((_, homes)) = rule.filter(|(_, homes)| !homes.iter().any(|home| file.starts_with(home))) {
                found.push(format!("{}: {name} may only be named in {homes:?}", index + 1));
            }
        }
    }
    found
}

/// The modules of the crate that a line reaches: through `crate::`, or through as many `super::` as the file is deep.
fn crate_modules(line: &str, depth: usize) -> Vec<String> {
    let climb = "super::".repeat(depth);
    let mut names = Vec::new();
    for prefix in ["crate::", climb.as_str()] {
        for (at, _) in line.match_indices(prefix) {
            if line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
                continue;
            }
            let rest = &line[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(group) => names.extend(top_level_names(group)),
                None => names.push(identifier(rest)),
            }
        }
    }
    names
}

/// `a::{b, c}, d}` names `a` and `d`.
fn top_level_names(group: &str) -> Vec<String> {
    let mut names = vec![identifier(group.trim_start())];
    let mut depth = 0;
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(identifier(group[at + 1..].trim_start())),
            _ => {}
        }
    }
    names
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// First parts of the paths in a line: `a` of `a::b`, and of `use a;`.
fn path_roots(line: &str) -> Vec<String> {
    let mut roots = Vec::new();
    for (at, _) in line.match_indices("::") {
        let start = line[..at].rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |i| i + 1);
        if !line[..start].ends_with("::") && start < at {
            roots.push(line[start..at].to_owned());
        }
    }
    let statement = line.trim_start().trim_start_matches("pub ");
    if let Some(rest) = statement.strip_prefix("use ").or_else(|| statement.strip_prefix("extern crate ")) {
        roots.push(identifier(rest));
    }
    roots.sort();
    roots.dedup();
    roots
}

/// All files below a folder, sorted by path.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.expect("a folder can be listed").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read = |path: PathBuf| {
        let relative = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
        let joined = join_use_groups(&fs::read_to_string(&path).expect("a source file can be read"));
        (relative, joined)
    };
    files_below(&root).into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs")).map(read).collect()
}

/// Puts each `use` with a group over several lines on one line; the lines that it leaves stay, empty.
fn join_use_groups(source: &str) -> String {
    let mut joined = String::new();
    let mut pending = 0;
    let mut open = false;
    for line in source.lines() {
        let starts = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ").starts_with("use ");
        open = (open || starts) && !line.contains(';');
        joined.push_str(if open { line.trim() } else { line });
        if open {
            pending += 1;
        } else {
            joined.push_str(&"\n".repeat(pending + 1));
            pending = 0;
        }
    }
    joined
}

#[test]
fn dependencies_point_one_way() {
    let sources = sources();
    assert!(sources.len() >= 30, "{} source files were found", sources.len());
    for module in ["error", "limits", "image", "model", "tile", "codec", "backend", "pipeline", "web"] {
        let there = sources.iter().any(|(file, _)| file == &format!("{module}.rs") || file.starts_with(&format!("{module}/")));
        assert!(there, "the module {module} of the table is not in src");
    }
    let found: Vec<String> =
        sources.iter().flat_map(|(file, text)| violations(file, text).into_iter().map(move |v| format!("src/{file}:{v}"))).collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// The twin: each kind of forbidden name is found.
#[test]
fn a_forbidden_name_is_found() {
    for (file, text) in [
        ("image/alpha.rs", "use crate::codec::Picture;"),
        ("image/alpha.rs", "fn f() { crate::pipeline::run(); }"),
        ("model/mod.rs", "use crate::{error::Error, backend::{Backend, Session}};"),
        ("model/mod.rs", "use crate::{\n    error::Error,\n    backend::Backend,\n};"),
        ("codec/decode/png.rs", "use super::super::super::backend::Backend;"),
        ("codec/mod.rs", "use crate::backend::Backend;"),
        ("error.rs", "use crate::limits::try_vec;"),
        ("pipeline/job.rs", "use crate::web::Job;"),
        ("pipeline/job.rs", "use wasm_bindgen::JsValue;"),
        ("backend/gpu/mod.rs", "pub use web_sys::Gpu;"),
        ("backend/gpu/mod.rs", "fn f() { wasm_bindgen_futures::spawn_local(g()) }"),
        ("backend/select.rs", "let i = wgpu::Instance::default();"),
        ("web/engine.rs", "use tract_onnx::prelude::*;"),
        ("model/graph.rs", "use prost::Message;"),
        ("pipeline/job.rs", "use png;"),
    ] {
        assert_eq!(violations(file, &join_use_groups(text)).len(), 1, "{file}: {text}");
    }
    for (file, text) in [
        ("image/alpha.rs", "//! [`crate::codec`] reads it.\nlet s = \"crate::codec::x\"; // crate::web::y"),
        ("web/engine.rs", "use wasm_bindgen::prelude::*;\nuse crate::pipeline::Job;"),
        ("backend/tract.rs", "use super::Backend;\nuse tract_onnx::prelude::*;"),
        ("codec/decode/png.rs", "use super::super::sniff;\nlet d = png::Decoder::new(x);"),
        ("model/onnx/mod.rs", "use prost::Message;"),
    ] {
        assert_eq!(violations(file, text), Vec::<String>::new(), "{file}: {text}");
    }
}

/// Files of these folders meet what people feed in; a panic there is a crash for them.
const NO_PANIC: &[&str] = &["web/", "codec/", "pipeline/"];

fn panics(source: &str) -> Vec<String> {
    let code = without_tests(&code_only(source));
    let found = code.lines().enumerate().filter(|(_, line)| {
        [".unwrap()", ".expect(", "panic!(", "unreachable!(", "todo!(", "unimplemented!("].iter().any(|word| line.contains(word))
    });
    found.map(|(index, line)| format!("{}: {}", index + 1, line.trim())).collect()
}

#[test]
fn nothing_panics_where_input_reaches() {
    let found: Vec<String> = sources()
        .iter()
        .filter(|(file, _)| NO_PANIC.iter().any(|folder| file.starts_with(folder)) && !file.ends_with("tests.rs"))
        .flat_map(|(file, text)| panics(text).into_iter().map(move |v| format!("src/{file}:{v}")))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_panic_is_found() {
    assert_eq!(panics("fn f() {\n    x.unwrap();\n}\n"), ["2: x.unwrap();"]);
    assert_eq!(panics("fn f() { x.expect(\"reason\") }").len(), 1);
    assert_eq!(panics("fn f() {}\n#[cfg(test)]\nmod tests {\n    fn g() { x.unwrap() }\n}\nfn h() { y.unwrap() }"), ["6: fn h() { y.unwrap() }"]);
    assert!(panics("// x.unwrap()\nlet s = \"x.unwrap()\"; x.unwrap_or(0);").is_empty());
}
