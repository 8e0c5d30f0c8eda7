//! What each part of a wasm module weighs, from the name section of a module that still has its names.
//!
//! A part weighs what its functions are in brotli by themselves; the sum is a little more than the module, which is compressed as
//! a whole. A function is where the compiler left it: what was inlined weighs with its caller, and code that is generic over
//! types of ours with the library that wrote it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use wasmparser::{BinaryReader, KnownCustom, Name, Parser, Payload, TypeRef};

use crate::matrix::Part;
use crate::process::read;

/// The part of the data segments: tables, texts, shaders.
pub(crate) const DATA: &str = "data";
/// The part of what no part names, and of the module's lists of types, imports and exports.
pub(crate) const REST: &str = "rest";
/// What the functions that JavaScript calls are named by in the paths of a part: their names have no crate.
const EXPORTED: &str = "exported";

/// The parts of a module and their bytes.
pub(crate) fn split(module: &[u8], parts: &[Part]) -> Result<Vec<(String, Vec<u8>)>> {
    let mut split: Vec<(String, Vec<u8>)> = parts.iter().map(|part| (part.name.clone(), Vec::new())).collect();
    let place = |name: &str| parts.iter().position(|part| part.name == name).ok_or_else(|| anyhow!("wasm-pack.toml has no part {name:?}"));
    let (data, rest) = (place(DATA)?, place(REST)?);
    let mut imported = 0;
    let mut bodies = Vec::new();
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                split[rest].1.extend(&module[section.range()]);
                for import in section.into_imports() {
                    imported += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range()),
            Payload::DataSection(section) => split[data].1.extend(&module[section.range()]),
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(section) = section.as_known() {
                    for name in section {
                        if let Name::Function(map) = name? {
                            for naming in map {
                                let naming = naming?;
                                names.push((naming.index as usize, naming.name));
                            }
                        }
                    }
                }
            }
            other => {
                if let Some((_, range)) = other.as_section()
                    && !matches!(other, Payload::CodeSectionStart { .. })
                {
                    split[rest].1.extend(&module[range]);
                }
            }
        }
    }
    if names.len() < bodies.len() {
        bail!("{} of {} functions have a name: the module was stripped", names.len(), bodies.len());
    }
    for (index, name) in names {
        if let Some(body) = index.checked_sub(imported).and_then(|at| bodies.get(at)) {
            split[part_of(&home(name), parts).unwrap_or(rest)].1.extend(&module[body.clone()]);
        }
    }
    Ok(split)
}

/// The path that a function belongs to: the first one in its name that is not of the standard library, else the first.
fn home(name: &str) -> String {
    // The standard library's crates are named with their hash: `core[0123456789abcdef]::fmt`.
    let plain: String =
        name.split('[').map(|piece| piece.split_once(']').filter(|(hash, _)| is_hash(hash)).map_or(piece, |(_, rest)| rest)).collect();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut paths = plain.split(|c| !word(c)).map(|path| path.trim_end_matches(':')).filter(|path| path.contains("::") && !path.starts_with(':'));
    let first = paths.clone().next().unwrap_or(EXPORTED);
    paths.find(|path| !["core::", "alloc::", "std::"].iter().any(|library| path.starts_with(library))).unwrap_or(first).to_owned()
}

fn is_hash(text: &str) -> bool {
    text.len() >= 12 && text.chars().all(|c| c.is_ascii_hexdigit())
}

/// The part with the longest path that `home` lies below.
fn part_of(home: &str, parts: &[Part]) -> Option<usize> {
    let below = |path: &str| home.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    let longest = |part: &Part| part.paths.iter().filter(|path| below(path)).map(String::len).max();
    let found = parts.iter().enumerate().filter_map(|(index, part)| Some((longest(part)?, index)));
    found.max().map(|(_, index)| index)
}

/// The module without its custom sections: names, and what compilers say of themselves.
pub(crate) fn strip(module: &[u8]) -> Result<Vec<u8>> {
    let mut stripped = module.get(..8).context("the module has no header")?.to_vec();
    let mut reader = BinaryReader::new(&module[8..], 8);
    while !reader.eof() {
        let start = reader.original_position();
        let (kind, length) = (reader.read_u8()?, reader.read_var_u32()?);
        reader.read_bytes(length as usize)?;
        // 0 is a custom section.
        if kind != 0 {
            stripped.extend(&module[start..reader.original_position()]);
        }
    }
    Ok(stripped)
}

/// Bytes of each file in brotli at its best quality.
pub(crate) fn brotli(folder: &Path, pieces: &[(String, Vec<u8>)]) -> Result<Vec<(String, u64)>> {
    const SCRIPT: &str = "const[,f,n]=process.argv,z=require('zlib'),fs=require('fs');\
        for(let i=0;i<n;i++)console.log(z.brotliCompressSync(fs.readFileSync(`${f}/${i}`)).length)";
    fs::create_dir_all(folder)?;
    for (index, (_, bytes)) in pieces.iter().enumerate() {
        fs::write(folder.join(index.to_string()), bytes)?;
    }
    let lengths = read(Command::new("node").args(["-e", SCRIPT]).arg(folder).arg(pieces.len().to_string()))?;
    fs::remove_dir_all(folder)?;
    let lengths = lengths.lines().map(|line| line.parse().context("node gave no length"));
    pieces.iter().zip(lengths).map(|((name, _), length)| Ok((name.clone(), length?))).collect()
}

/// # Errors
/// Names each part that is over its limit.
pub(crate) fn check(weights: &[(String, u64)], parts: &[Part]) -> Result<()> {
    let limit = |name: &str| parts.iter().find(|part| part.name == name).map_or(0, |part| part.max_brotli_bytes);
    let over: Vec<String> = weights
        .iter()
        .filter(|(name, weight)| *weight > limit(name))
        .map(|(name, weight)| format!("{name} is {weight} bytes in brotli, over the {} that wasm-pack.toml allows it", limit(name)))
        .collect();
    if over.is_empty() {
        return Ok(());
    }
    bail!("{}: people wait for it on every first visit", over.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, paths: &[&str], max_brotli_bytes: u64) -> Part {
        Part { name: name.to_owned(), paths: paths.iter().map(|&path| path.to_owned()).collect(), max_brotli_bytes }
    }

    fn parts() -> Vec<Part> {
        vec![
            part("TIFF", &["tiff", "inlarge::codec::decode::tiff"], 40),
            part("files", &["inlarge::codec", EXPORTED], 40),
            part("std", &["core", "std"], 40),
            part(DATA, &[], 40),
            part(REST, &[], 60),
        ]
    }

    #[test]
    fn a_function_belongs_to_the_longest_path_that_it_lies_below() {
        let parts = parts();
        for (name, part) in [
            ("inlarge::codec::decode::tiff::read::h0123", Some("TIFF")),
            ("inlarge::codec::decode::tiffany::h0123", Some("files")),
            ("<tiff::decoder::Decoder<R> as core::fmt::Debug>::fmt", Some("TIFF")),
            ("core::ptr::drop_in_place<alloc::vec::Vec<inlarge::codec::Metadata>>", Some("files")),
            ("<&mut dyn std::io::Read as core::fmt::Debug>::fmt", Some("std")),
            ("<core[c5930c85a12de822]::fmt::Formatter>::pad", Some("std")),
            ("<&T as core::fmt::Display>::fmt::ha733bbe3ba362f63", Some("std")),
            ("job_report", Some("files")),
            ("inlarge::web::job::Job::open", None),
            ("tiffs::read", None),
        ] {
            assert_eq!(part_of(&home(name), &parts).map(|index| parts[index].name.as_str()), part, "{name}");
        }
    }

    /// A module of one imported function and two of its own, as text: `i32.const` twice and four times, and data.
    fn module(with_names: bool) -> Vec<u8> {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        let mut section = |kind: u8, content: &[u8]| {
            module.extend([kind, content.len() as u8]);
            module.extend(content);
        };
        section(1, &[1, 0x60, 0, 0]);
        section(2, b"\x01\x01a\x01b\0\0");
        section(3, &[2, 0, 0]);
        section(5, &[1, 0, 1]);
        section(10, &[2, 5, 0, 0x41, 1, 0x1A, 0x0B, 8, 0, 0x41, 2, 0x1A, 0x41, 3, 0x1A, 0x0B]);
        section(11, b"\x01\0\x41\0\x0B\x04text");
        if with_names {
            let names = b"\x03\0\x01b\x01\x0ctiff::decode\x02\x10core::fmt::write";
            let mut content = b"\x04name\x01".to_vec();
            content.push(names.len() as u8);
            content.extend(names);
            section(0, &content);
        }
        module
    }

    #[test]
    fn every_byte_is_weighed_with_its_part() {
        let split = split(&module(true), &parts()).unwrap();
        let bytes = |name: &str| split.iter().find(|(part, _)| part == name).unwrap().1.clone();
        assert_eq!(bytes("TIFF"), [0, 0x41, 1, 0x1A, 0x0B]);
        assert_eq!(bytes("std"), [0, 0x41, 2, 0x1A, 0x41, 3, 0x1A, 0x0B]);
        assert!(bytes(DATA).ends_with(b"text"));
        assert!(bytes("files").is_empty());
        let whole: usize = split.iter().map(|(_, bytes)| bytes.len()).sum();
        // Sections' kinds and lengths, and functions' lengths, are the rest of the file.
        assert_eq!(whole, strip(&module(true)).unwrap().len() - 8 - 2 * 6 - 3);
    }

    #[test]
    fn a_module_without_names_is_not_weighed() {
        assert!(split(&module(false), &parts()).unwrap_err().to_string().contains("stripped"));
        assert_eq!(strip(&module(true)).unwrap(), module(false));
    }

    #[test]
    fn a_part_over_its_limit_fails() {
        let weights = |tiff: u64| [("TIFF".to_owned(), tiff), ("std".to_owned(), 40)];
        assert!(check(&weights(40), &parts()).is_ok());
        let refusal = check(&weights(41), &parts()).unwrap_err().to_string();
        assert!(refusal.contains("TIFF is 41 bytes in brotli, over the 40") && !refusal.contains("std"), "{refusal}");
        assert!(check(&[("new".to_owned(), 1)], &parts()).is_err(), "a part without a limit");
    }
}
