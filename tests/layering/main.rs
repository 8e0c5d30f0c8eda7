//! Dependencies point one way, as the table of docs/ARCHITECTURE.md says, and no files import each other in a circle. Read from
//! the sources, without comments and strings.

mod circles;
mod rust;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod typescript;

use std::fs;
use std::path::{Path, PathBuf};

use circles::circles;
use support::{code_only, without_tests};
use table::Table;

/// The files below a folder of the project that end so: path from `base`, and content.
fn files(folder: &str, ending: &str, base: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: PathBuf| {
        let relative = path.strip_prefix(root.join(base)).expect("below the folder").to_string_lossy().replace('\\', "/");
        (relative, fs::read_to_string(&path).expect("a source file can be read"))
    };
    let found: Vec<_> = files_below(&root.join(folder)).into_iter().filter(|path| path.extension().is_some_and(|e| e == ending)).map(read).collect();
    assert!(found.len() >= 30, "{} files were found in {folder}", found.len());
    found
}

/// By their paths in `src/`.
fn rust_files() -> Vec<(String, String)> {
    files("src", "rs", "src")
}

/// By their paths in the project.
fn typescript_files() -> Vec<(String, String)> {
    files("www", "ts", ".").into_iter().filter(|(file, _)| !file.starts_with("www/wasm/")).collect()
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

#[test]
fn dependencies_point_one_way() {
    let table = Table::read();
    let (rust, typescript) = (rust_files(), typescript_files());
    for module in table.modules() {
        let there = rust.iter().chain(&typescript).any(|(file, _)| table.row_of(file) == Some(module));
        assert!(there, "the table has a row for {module}, of which there is no file");
    }
    let without_row: Vec<_> = rust.iter().map(|(file, _)| file).filter(|file| *file != "lib.rs" && table.row_of(file).is_none()).collect();
    assert!(without_row.is_empty(), "files whose module has no row in the table: {without_row:?}");
    let in_rust = rust.iter().flat_map(|(file, text)| rust::violations(&table, file, text).into_iter().map(move |v| format!("src/{file}:{v}")));
    let found: Vec<String> = in_rust.chain(typescript.iter().flat_map(|(file, text)| typescript::violations(&table, file, text))).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let (rust, typescript) = (rust::graph(&rust_files()), typescript::graph(&typescript_files()));
    for graph in [&rust, &typescript] {
        let arrows: usize = graph.values().map(std::collections::BTreeSet::len).sum();
        assert!(arrows > 100, "only {arrows} imports were found");
    }
    let lost: Vec<_> = typescript.values().flatten().filter(|path| !path.starts_with("www/wasm/") && !typescript.contains_key(*path)).collect();
    assert!(lost.is_empty(), "imports that lead to no file: {lost:?}");
    let found: Vec<String> = circles(&rust).into_iter().chain(circles(&typescript)).collect();
    assert!(found.is_empty(), "{found:#?}");
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
    let found: Vec<String> = rust_files()
        .iter()
        .filter(|(file, _)| NO_PANIC.iter().any(|folder| file.starts_with(folder)) && !file.ends_with("tests.rs") && !file.contains("/tests/"))
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
