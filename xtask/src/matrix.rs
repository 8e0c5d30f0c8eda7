//! The build matrix of the browser package: the rows of `wasm-pack.toml`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

const FILE: &str = "wasm-pack.toml";

/// One wasm module to build.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Artefact {
    pub(crate) name: String,
    pub(crate) package: String,
    pub(crate) features: Vec<String>,
    pub(crate) profile: String,
    pub(crate) target_features: Vec<String>,
    pub(crate) out_dir: PathBuf,
    #[serde(default)]
    pub(crate) llvm_args: Vec<String>,
    pub(crate) wasm_opt: Vec<String>,
    pub(crate) max_brotli_bytes: Option<u64>,
    pub(crate) shipped: bool,
}

/// A part of every module that has a limit, and its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) paths: Vec<String>,
    pub(crate) max_brotli_bytes: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    artefact: Vec<Artefact>,
    part: Vec<Part>,
}

/// The rows of `wasm-pack.toml`, in its order.
///
/// # Errors
/// When the file is missing, has a key that is not known, or has two rows of one name or folder.
pub(crate) fn read() -> Result<Vec<Artefact>> {
    parse(&text()?)
}

/// The parts of `wasm-pack.toml`, in its order.
///
/// # Errors
/// When the file is missing, or has two parts of one name or with one path.
pub(crate) fn parts() -> Result<Vec<Part>> {
    parse_parts(&text()?)
}

fn text() -> Result<String> {
    std::fs::read_to_string(FILE).with_context(|| format!("{FILE} could not be read"))
}

fn matrix(text: &str) -> Result<Matrix> {
    toml::from_str(text).with_context(|| format!("{FILE} is not understood"))
}

fn parse_parts(text: &str) -> Result<Vec<Part>> {
    let parts = matrix(text)?.part;
    for (index, part) in parts.iter().enumerate() {
        if parts[..index].iter().any(|other| other.name == part.name || other.paths.iter().any(|path| part.paths.contains(path))) {
            bail!("{FILE}: the name or a path of the part {:?} stands twice", part.name);
        }
    }
    Ok(parts)
}

fn parse(text: &str) -> Result<Vec<Artefact>> {
    let matrix = matrix(text)?;
    for (index, row) in matrix.artefact.iter().enumerate() {
        if matrix.artefact[..index].iter().any(|other| other.name == row.name || other.out_dir == row.out_dir) {
            bail!("{FILE}: the name or folder of the row {:?} stands twice", row.name);
        }
    }
    Ok(matrix.artefact)
}

impl Artefact {
    /// The `-C target-feature` list for rustc.
    pub(crate) fn rustc_features(&self) -> String {
        self.target_features.iter().map(|feature| format!("+{feature}")).collect::<Vec<_>>().join(",")
    }

    /// The same features in the words of wasm-opt. `--all-features` is no way round this list: it
    /// writes import kinds that Chromium refuses.
    pub(crate) fn wasm_opt_features(&self) -> Vec<String> {
        self.target_features
            .iter()
            .flat_map(|feature| match feature.as_str() {
                "nontrapping-fptoint" => vec!["--enable-nontrapping-float-to-int".to_owned()],
                "simd128" => vec!["--enable-simd".to_owned()],
                "bulk-memory" => vec!["--enable-bulk-memory".to_owned(), "--enable-bulk-memory-opt".to_owned()],
                other => vec![format!("--enable-{other}")],
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

    fn rows() -> (String, Vec<Artefact>) {
        let text = fs::read_to_string(Path::new(REPOSITORY).join(FILE)).unwrap();
        let rows = parse(&text).unwrap();
        (text, rows)
    }

    #[test]
    fn the_file_says_who_reads_it() {
        let (text, rows) = rows();
        let first = text.lines().next().unwrap();
        assert!(first.starts_with('#') && first.contains("wasm-pack itself reads only Cargo.toml"), "{first}");
        assert!(!rows.is_empty());
    }

    #[test]
    fn a_key_or_row_that_is_not_known_fails() {
        let (text, _) = rows();
        assert!(parse(&text.replacen("profile =", "profil =", 1)).is_err());
        assert!(parse(&format!("{text}\n[settings]\nquick = true\n")).is_err());
        assert!(parse(&format!("{text}{text}")).is_err(), "two rows of one name");
        assert!(parse_parts(&text).is_ok());
        assert!(parse_parts(&format!("{text}\n[[part]]\nname = \"once more\"\npaths = [\"zune_jpeg\"]\nmax_brotli_bytes = 1\n")).is_err());
    }

    /// The page takes either, so they must not differ in what they can do.
    #[test]
    fn the_relaxed_row_is_the_other_one_with_relaxed_simd() {
        let (_, rows) = rows();
        let row = |name: &str| rows.iter().find(|row| row.name == name).unwrap().clone();
        let (plain, mut relaxed) = (row("app"), row("app-relaxed"));
        assert!(relaxed.wasm_opt_features().contains(&"--enable-relaxed-simd".to_owned()));
        assert!(!plain.wasm_opt_features().contains(&"--enable-relaxed-simd".to_owned()));
        relaxed.target_features.retain(|feature| feature != "relaxed-simd");
        relaxed.name.clone_from(&plain.name);
        relaxed.out_dir.clone_from(&plain.out_dir);
        assert_eq!(format!("{relaxed:?}"), format!("{plain:?}"));
    }

    /// Features and profiles are those of Cargo.toml, and `out_dir` of a shipped row is what its name says.
    #[test]
    fn every_row_can_be_built() {
        #[derive(Deserialize)]
        struct Manifest {
            package: Package,
            #[serde(default)]
            features: toml::Table,
        }
        #[derive(Deserialize)]
        struct Package {
            name: String,
        }
        #[derive(Deserialize)]
        struct Workspace {
            profile: toml::Table,
            workspace: Members,
        }
        #[derive(Deserialize)]
        struct Members {
            members: Vec<String>,
        }
        let manifest_of = |folder: &str| fs::read_to_string(Path::new(REPOSITORY).join(folder).join("Cargo.toml")).unwrap();
        let workspace: Workspace = toml::from_str(&manifest_of(".")).unwrap();
        let manifests: Vec<Manifest> = ["."]
            .into_iter()
            .chain(workspace.workspace.members.iter().map(String::as_str))
            .filter_map(|folder| toml::from_str(&manifest_of(folder)).ok())
            .collect();
        for row in rows().1 {
            let manifest = manifests.iter().find(|m| m.package.name == row.package).unwrap_or_else(|| panic!("{row:?}"));
            for feature in &row.features {
                assert!(manifest.features.contains_key(feature), "{}: no feature {feature:?} in Cargo.toml", row.name);
            }
            assert!(workspace.profile.contains_key(&row.profile), "{}: no profile {:?} in Cargo.toml", row.name, row.profile);
            if row.shipped {
                assert_eq!(row.out_dir, Path::new("www/wasm").join(&row.name));
            }
        }
    }
}
