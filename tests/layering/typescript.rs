//! What the files of `www/` import.

use std::collections::BTreeSet;

use crate::circles::Imports;
use crate::table::Table;

/// Code that a build makes and the repository does not hold.
const GENERATED: &str = "www/wasm/";

/// The files that `file` imports, types too, by their paths in the repository; packages are none.
pub(crate) fn imports(file: &str, source: &str) -> BTreeSet<String> {
    let code: String =
        source.lines().filter(|line| !["//", "*", "/*"].iter().any(|start| line.trim_start().starts_with(start))).collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for word in ["from", "import"] {
        for (at, _) in code.match_indices(word) {
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.') {
                continue;
            }
            let rest = code[at + word.len()..].trim_start().trim_start_matches('(').trim_start();
            let Some(quote) = rest.chars().next().filter(|c| ['\'', '"'].contains(c)) else { continue };
            let path = rest[1..].split(quote).next().unwrap_or_default();
            if path.starts_with('.') {
                found.insert(joined(file, path));
            }
        }
    }
    found
}

/// The file that `path` names, seen from `file`; a `.js` in an import is a `.ts` on the disk.
fn joined(file: &str, path: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.split('?').next().unwrap_or_default().split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    let joined = parts.join("/");
    joined.strip_suffix(".js").filter(|_| !joined.starts_with(GENERATED)).map_or(joined.clone(), |stem| format!("{stem}.ts"))
}

/// The files of `www/` with what each imports. Folders without a row, and files without a folder, are an error.
pub(crate) fn graph(files: &[(String, String)]) -> Imports {
    files.iter().map(|(file, text)| (file.clone(), imports(file, text))).collect()
}

/// Imports that the table does not allow.
pub(crate) fn violations(table: &Table, file: &str, source: &str) -> Vec<String> {
    let Some(row) = table.row_of(file) else { return vec![format!("{file}: its folder has no row in the table")] };
    let allowed = table.may_name(row);
    let outside = imports(file, source).into_iter().filter(|path| path.starts_with("www/") && !path.starts_with(GENERATED));
    outside
        .filter(|path| table.row_of(path).is_none_or(|other| !allowed.contains(other)))
        .map(|path| format!("{file}: {row} may not import {path}"))
        .collect()
}

#[test]
fn a_forbidden_import_is_found() {
    let table = Table::parse(
        "| module | purpose | depends on |\n|---|---|---|\n| `www/shared` | x | - |\n| `www/lib`, `www/elements` | x | `www/shared` |\n| `www/ui` | x | `www/lib` |\n",
    );
    for (file, text) in [
        ("www/shared/a.ts", "import { b } from '../lib/b.js';"),
        ("www/lib/a.ts", "import type { B } from '../ui/b.js';"),
        ("www/lib/a.ts", "export * from \"../elements/b.js\";"),
        ("www/lib/a.ts", "import {\n  b,\n  c,\n} from '../ui/b.js';"),
        ("www/lib/a.ts", "import '../ui/b.js';"),
        ("www/lib/a.ts", "void import('../ui/b.js');"),
        ("www/new/a.ts", "const a = 1;"),
    ] {
        assert_eq!(violations(&table, file, text).len(), 1, "{file}: {text}");
    }
    for (file, text) in [
        ("www/ui/a.ts", "import { b } from '../lib/b.js';\nimport { c } from '../shared/c.js';\nimport { html } from 'lit';"),
        ("www/lib/a.ts", "// import { b } from '../ui/b.js';\nconst from = '../ui/b.js';\nimport type { M } from '../wasm/app/inlarge.js';"),
    ] {
        assert_eq!(violations(&table, file, text), Vec::<String>::new(), "{file}: {text}");
    }
    assert_eq!(imports("www/ui/a.ts", "import '../elements/define.js';"), BTreeSet::from(["www/elements/define.ts".to_owned()]));
}
