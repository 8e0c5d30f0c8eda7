//! Circles in a graph of imports.

use std::collections::{BTreeMap, BTreeSet};

/// Each file, and those that it imports from.
pub(crate) type Imports = BTreeMap<String, BTreeSet<String>>;

/// Groups of files that reach each other, each with the imports within it. Empty where there is none.
pub(crate) fn circles(imports: &Imports) -> Vec<String> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = imports.keys().map(|file| (file.as_str(), reach(imports, file))).collect();
    let mut found = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for file in imports.keys() {
        let mutual: BTreeSet<&str> =
            reached[file.as_str()].iter().copied().filter(|other| reached.get(other).is_some_and(|r| r.contains(file.as_str()))).collect();
        if mutual.is_empty() || seen.contains(file.as_str()) {
            continue;
        }
        let arrows =
            mutual.iter().flat_map(|from| imports[*from].iter().filter(|to| mutual.contains(to.as_str())).map(move |to| format!("{from} -> {to}")));
        found.push(arrows.collect::<Vec<_>>().join(", "));
        seen.extend(mutual);
    }
    found
}

/// All that a file reaches in one import or more.
fn reach<'a>(imports: &'a Imports, file: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = vec![file];
    while let Some(next) = open.pop() {
        for other in imports.get(next).into_iter().flatten() {
            if reached.insert(other.as_str()) {
                open.push(other);
            }
        }
    }
    reached
}

#[test]
fn a_planted_circle_is_found() {
    let graph = |arrows: &[[&str; 2]]| {
        let mut imports = Imports::new();
        for [from, to] in arrows {
            imports.entry((*from).to_owned()).or_default().insert((*to).to_owned());
            imports.entry((*to).to_owned()).or_default();
        }
        circles(&imports)
    };
    assert!(graph(&[["a", "b"], ["b", "c"], ["a", "c"], ["d", "a"]]).is_empty());
    assert_eq!(graph(&[["a", "b"], ["b", "c"], ["c", "a"], ["d", "a"]]), ["a -> b, b -> c, c -> a"]);
    assert_eq!(graph(&[["a", "b"], ["b", "a"], ["c", "d"], ["d", "c"]]).len(), 2);
}
