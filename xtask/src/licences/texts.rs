//! The texts that a licence asks to go along.

use std::fs;

use anyhow::{Context, Result, bail};

use super::Component;

/// How the names of files with notices begin.
const NAMES: [&str; 6] = ["licen", "copying", "unlicense", "notice", "copyright", "third"];
/// In every text of the MIT licence.
const MIT_WORDS: &str = "Permission is hereby granted, free of charge";
/// The text of Apache-2.0, which names nobody.
const APACHE: &str = "LICENSE-APACHE";

/// The texts that go along with a component. Where it may be had under MIT that text is enough, with notices beside it;
/// otherwise all that its sources bring.
///
/// # Errors
/// When its sources bring none and its licence is not known well enough to say it.
pub(super) fn of(component: &Component) -> Result<Vec<String>> {
    let mut files: Vec<(String, String)> = Vec::new();
    let listed = fs::read_dir(&component.folder).with_context(|| format!("{} could not be listed", component.folder.display()))?;
    for entry in listed {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if path.is_file() && NAMES.iter().any(|start| name.starts_with(start)) {
            let bytes = fs::read(&path).with_context(|| format!("{} could not be read", path.display()))?;
            files.push((name, tidy(&String::from_utf8_lossy(&bytes))));
        }
    }
    files.sort();
    chosen(component, files)
}

fn chosen(component: &Component, files: Vec<(String, String)>) -> Result<Vec<String>> {
    let licence = component.licence.as_str();
    let alternatives = !licence.contains(" AND ") && licence.split([' ', '/']).any(|word| word == "MIT");
    if alternatives && files.iter().any(|(_, text)| text.contains(MIT_WORDS)) {
        let kept = files.into_iter().filter(|(name, text)| text.contains(MIT_WORDS) || name.starts_with("notice"));
        return Ok(kept.map(|(_, text)| text).collect());
    }
    if !files.is_empty() {
        return Ok(files.into_iter().map(|(_, text)| text).collect());
    }
    if licence.split([' ', '/']).any(|word| word == "Apache-2.0") {
        return Ok(vec![tidy(&fs::read_to_string(APACHE).with_context(|| format!("{APACHE} could not be read"))?)]);
    }
    if licence == "MIT" {
        return Ok(vec![mit_of(&component.authors)]);
    }
    bail!("{} brings no text of its licence; put it into xtask/src/licences/texts.rs", component.line())
}

/// The MIT licence, for sources that name it and leave its text out.
fn mit_of(authors: &[String]) -> String {
    let ours = include_str!("../../../LICENSE-MIT");
    let rest = ours.find(MIT_WORDS).map_or(ours, |at| &ours[at..]);
    tidy(&format!("Copyright (c) {}\n\n{rest}", authors.join(", ")))
}

/// Without what editors differ in, and without what a tool says of its own dependencies, which stay with the tool.
fn tidy(text: &str) -> String {
    let text = text.split("# Licenses of bundled dependencies").next().unwrap_or_default();
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(licence: &str, files: &[(&str, &str)]) -> Result<Vec<String>> {
        let component = Component {
            name: "a".into(),
            version: "1.0.0".into(),
            licence: licence.into(),
            authors: vec!["Ada".into()],
            folder: std::path::PathBuf::new(),
        };
        chosen(&component, files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    }

    #[test]
    fn one_licence_is_enough_where_there_is_a_choice_and_all_are_given_where_there_is_none() {
        let (mit, apache, ijg) = (("license-mit", MIT_WORDS), ("license-apache", "Apache"), ("license-ijg", "IJG"));
        let notice = ("notice", "Somebody asks for this");
        assert_eq!(texts("MIT OR Apache-2.0", &[apache, mit]).unwrap(), [MIT_WORDS]);
        assert_eq!(texts("MIT/Apache-2.0", &[apache, mit, notice]).unwrap(), [MIT_WORDS, notice.1]);
        assert_eq!(texts("(MIT OR Apache-2.0) AND IJG", &[apache, ijg, mit]).unwrap(), ["Apache", "IJG", MIT_WORDS]);
        assert_eq!(texts("Apache-2.0", &[apache]).unwrap(), ["Apache"]);
        assert!(texts("MIT", &[]).unwrap()[0].starts_with("Copyright (c) Ada\n\nPermission is hereby granted"));
        assert!(texts("Zlib", &[]).is_err());
    }
}
