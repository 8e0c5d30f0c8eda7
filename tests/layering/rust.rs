//! What the files of `src/` name.

use std::collections::{BTreeMap, BTreeSet};

use crate::circles::Imports;
use crate::support::{code_only, without_tests};
use crate::table::Table;

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
    ("clap", &["bin/", "order/"]),
    ("indicatif", &["bin/"]),
    ("fs4", &["bin/"]),
    ("tempfile", &["bin/"]),
];

/// A path in the code.
#[derive(Debug, Clone)]
struct Named {
    line: usize,
    parts: Vec<String>,
    /// Whether a `use` brings it into the file.
    used: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Colons,
    Sign(char),
}

fn tokens(code: &str) -> Vec<(usize, Token)> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut rest = code;
    while let Some(character) = rest.chars().next() {
        let word = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let length = if word > 0 {
            tokens.push((line, Token::Word(rest[..word].to_owned())));
            word
        } else if rest.starts_with("::") {
            tokens.push((line, Token::Colons));
            2
        } else {
            line += usize::from(character == '\n');
            if !character.is_whitespace() {
                tokens.push((line, Token::Sign(character)));
            }
            character.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// The paths of two parts or more, and those of every `use`, whose groups are taken apart.
fn named(code: &str) -> Vec<Named> {
    let tokens = tokens(code);
    let word = |at: usize| if let Some((_, Token::Word(word))) = tokens.get(at) { Some(word.as_str()) } else { None };
    let is = |at: usize, token: &Token| tokens.get(at).is_some_and(|(_, other)| other == token);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if word(at) == Some("use") && (word(at + 1).is_some() || is(at + 1, &Token::Sign('{'))) {
            at = group(&tokens, at + 1, &[], &mut found);
        } else if let Some(first) = word(at).filter(|_| at == 0 || !(is(at - 1, &Token::Colons) || is(at - 1, &Token::Sign('$')))) {
            let mut parts = vec![first.to_owned()];
            let line = tokens[at].0;
            while let Some(next) = word(at + 2).filter(|_| is(at + 1, &Token::Colons)) {
                parts.push(next.to_owned());
                at += 2;
            }
            if parts.len() > 1 {
                found.push(Named { line, parts, used: false });
            }
            at += 1;
        } else {
            at += 1;
        }
    }
    found
}

/// One branch of a `use`, from `at` on; gives the place behind it.
fn group(tokens: &[(usize, Token)], mut at: usize, before: &[String], found: &mut Vec<Named>) -> usize {
    let mut parts = before.to_vec();
    while let Some((line, token)) = tokens.get(at) {
        match token {
            Token::Word(word) if word == "as" => at += 2,
            Token::Word(word) => {
                parts.push(word.clone());
                at += 1;
            }
            Token::Colons => at += 1,
            Token::Sign('*') => {
                parts.push("*".into());
                at += 1;
            }
            Token::Sign('{') => {
                at += 1;
                while tokens.get(at).is_some_and(|(_, token)| *token != Token::Sign('}')) {
                    at = group(tokens, at, &parts, found);
                    at += usize::from(tokens.get(at).is_some_and(|(_, token)| *token == Token::Sign(',')));
                }
                return at + 1;
            }
            Token::Sign(_) => {
                // `a::{self}` is `a`.
                parts.truncate(parts.iter().rposition(|part| part != "self").map_or(1, |last| last + 1));
                if parts.len() > before.len() || !before.is_empty() {
                    found.push(Named { line: *line, parts, used: true });
                }
                return at;
            }
        }
    }
    at
}

/// The module that a file is: `codec/png.rs` and `codec/png/mod.rs` are `[codec, png]`.
fn module_of(file: &str) -> Vec<String> {
    let name = file.trim_end_matches(".rs");
    let own = ["/mod", "/main", "lib"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    own.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Where in `src/` a path of `file` leads, from its root; `None` out of the crate or within the file. `is_file` tells
/// whether a module is a file.
fn absolute(file: &str, parts: &[String], is_file: impl Fn(&[String]) -> bool) -> Option<Vec<String>> {
    let own = module_of(file);
    let in_program = own.first().is_some_and(|part| part == "bin");
    let climbs = parts.iter().take_while(|part| *part == "super").count();
    let (mut base, rest) = match parts.first().map(String::as_str) {
        Some("crate") => (own[..if in_program { 2 } else { 0 }].to_vec(), &parts[1..]),
        Some("inlarge") if in_program => (Vec::new(), &parts[1..]),
        Some("self") => (own, &parts[1..]),
        Some("super") => (own[..own.len().saturating_sub(climbs)].to_vec(), &parts[climbs..]),
        Some(child) => {
            let below: Vec<String> = own.iter().cloned().chain([child.to_owned()]).collect();
            return is_file(&below).then(|| own.iter().chain(parts).cloned().collect());
        }
        None => return None,
    };
    base.extend_from_slice(rest);
    Some(base)
}

/// What a source file names that it must not, as `line: what`.
pub(crate) fn violations(table: &Table, file: &str, source: &str) -> Vec<String> {
    let row = table.row_of(file);
    let allowed = row.map(|row| table.may_name(row));
    let mut found = BTreeSet::new();
    for Named { line, parts, .. } in named(&code_only(source)) {
        if let Some(path) = absolute(file, &parts, |_| false) {
            if let (Some(row), Some(allowed), Some(other)) = (row, &allowed, table.row_of(&path.join("/")))
                && !allowed.contains(other)
            {
                found.insert((line, format!("{row} may not name {other}")));
            }
            continue;
        }
        let fits = |krate: &str| krate.strip_suffix('*').map_or(parts[0] == krate, |start| parts[0].starts_with(start));
        if let Some((_, homes)) = ONLY_IN.iter().find(|(krate, homes)| fits(krate) && !homes.iter().any(|home| file.starts_with(home))) {
            found.insert((line, format!("{} may only be named in {homes:?}", parts[0])));
        }
    }
    found.into_iter().map(|(line, what)| format!("{line}: {what}")).collect()
}

/// The files with what each imports, tests aside. A name that a module hands on is that of the file it comes from; a
/// module and the files below it are one house, so what it takes from them is left out.
pub(crate) fn graph(files: &[(String, String)]) -> Imports {
    let modules: BTreeMap<Vec<String>, &str> = files.iter().map(|(file, _)| (module_of(file), file.as_str())).collect();
    let is_file = |module: &[String]| modules.contains_key(module);
    let code: BTreeMap<&str, Vec<Named>> = files.iter().map(|(file, text)| (file.as_str(), named(&without_tests(&code_only(text))))).collect();
    let home = |mut path: Vec<String>| {
        // Names that are handed on go from file to file, a few times at most.
        for _ in 0..4 {
            let depth = (0..=path.len()).rev().find(|&depth| is_file(&path[..depth]))?;
            let file = modules[&path[..depth]];
            let handed_on = path.get(depth).and_then(|name| {
                let uses = code[file].iter().filter(|other| other.used && other.parts.last() == Some(name));
                uses.filter_map(|other| absolute(file, &other.parts, is_file)).find(|other| *other != path)
            });
            match handed_on {
                Some(next) => path = next,
                None => return Some(file),
            }
        }
        None
    };
    let imports = |file: &str| {
        let own = module_of(file);
        let reached = code[file].iter().filter_map(|other| home(absolute(file, &other.parts, is_file)?));
        reached.filter(|other| !module_of(other).starts_with(&own)).map(str::to_owned).collect()
    };
    files.iter().map(|(file, _)| (file.clone(), imports(file))).collect()
}

/// The twin: each kind of forbidden name is found.
#[test]
fn a_forbidden_name_is_found() {
    let table = Table::read();
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
        ("bin/inlarge/main.rs", "use inlarge::web::Job;"),
    ] {
        assert_eq!(violations(&table, file, text).len(), 1, "{file}: {text}");
    }
    for (file, text) in [
        ("image/alpha.rs", "//! [`crate::codec`] reads it.\nlet s = \"crate::codec::x\"; // crate::web::y"),
        ("web/engine.rs", "use wasm_bindgen::prelude::*;\nuse crate::pipeline::Job;"),
        ("backend/tract.rs", "use super::Backend;\nuse tract_onnx::prelude::*;"),
        ("codec/decode/png.rs", "use super::super::sniff;\nlet d = png::Decoder::new(x);"),
        ("model/onnx/mod.rs", "use prost::Message;"),
        ("bin/inlarge/main.rs", "use inlarge::pipeline::Job;\nuse crate::args::Arguments;"),
    ] {
        assert_eq!(violations(&table, file, text), Vec::<String>::new(), "{file}: {text}");
    }
}

/// The twin: circles between files, by a name that a module hands on too.
#[test]
fn a_planted_circle_of_files_is_found() {
    let found = |files: &[(&str, &str)]| {
        let files: Vec<(String, String)> = files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
        crate::circles::circles(&graph(&files))
    };
    let [b, m] = ["pub struct B;\nfn f() { super::a::g() }", "mod a;\nmod b;\npub use b::B;\npub struct M;"];
    assert_eq!(found(&[("m/a.rs", "use super::b::B;"), ("m/b.rs", b), ("m/mod.rs", m)]), ["m/a.rs -> m/b.rs, m/b.rs -> m/a.rs"]);
    assert_eq!(found(&[("m/a.rs", "use crate::m::{\n    B,\n};"), ("m/b.rs", b), ("m/mod.rs", m)]).len(), 1);
    assert_eq!(found(&[("m/a.rs", "use crate::n::X;"), ("n.rs", "use crate::m::a::{self, Y as Z};"), ("m/mod.rs", "pub mod a;")]).len(), 1);
    // What only tests import, and what a module takes from the files below it, is none.
    let tested = "pub struct B;\n#[cfg(test)]\nmod tests {\n    use super::super::a::g;\n}";
    assert!(found(&[("m/a.rs", "use super::{B, M};"), ("m/b.rs", tested), ("m/mod.rs", m)]).is_empty());
}
