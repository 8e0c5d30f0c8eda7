//! The table of modules in docs/ARCHITECTURE.md.

use std::collections::BTreeSet;

/// What stands at the head of the table.
const HEAD: &str = "| module | purpose | depends on |";
/// In the last column: every row above.
const ALL_ABOVE: &str = "all above";

/// Modules, and those that each depends on.
pub(crate) struct Table(Vec<(String, Vec<String>)>);

impl Table {
    /// The table of the project.
    pub(crate) fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ARCHITECTURE.md");
        Self::parse(&std::fs::read_to_string(path).expect("docs/ARCHITECTURE.md can be read"))
    }

    /// The rows under [`HEAD`]. Names stand in backticks; words beside them are for people.
    pub(crate) fn parse(text: &str) -> Self {
        let mut rows: Vec<(String, Vec<String>)> = Vec::new();
        let lines = text.lines().skip_while(|line| line.trim() != HEAD).skip(2).take_while(|line| line.starts_with('|'));
        for line in lines {
            let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
            let [modules, _, depends] = cells[..] else { panic!("not a row of three cells: {line}") };
            let mut needed = names(depends);
            if depends.contains(ALL_ABOVE) {
                needed.extend(rows.iter().map(|(name, _)| name.clone()));
            }
            rows.extend(names(modules).into_iter().map(|name| (name, needed.clone())).collect::<Vec<_>>());
        }
        assert!(!rows.is_empty(), "there is no table under {HEAD:?}");
        for (name, needed) in &rows {
            assert_eq!(rows.iter().filter(|(other, _)| other == name).count(), 1, "{name} has two rows");
            let unknown: Vec<_> = needed.iter().filter(|other| !rows.iter().any(|(row, _)| row == *other)).collect();
            assert!(unknown.is_empty(), "{name} depends on what has no row: {unknown:?}");
        }
        Self(rows)
    }

    /// The modules that have a row.
    pub(crate) fn modules(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The row of a file, whose path is given without `src/`: the longest name that its path starts with.
    pub(crate) fn row_of(&self, path: &str) -> Option<&str> {
        let path = path.rsplit_once('.').map_or(path, |(name, _)| name);
        let covers = |name: &&str| path == *name || path.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
        self.modules().filter(covers).max_by_key(|name| name.len())
    }

    /// What a module may name: itself, what its row says, and what those depend on.
    pub(crate) fn may_name(&self, module: &str) -> BTreeSet<&str> {
        let mut reached = BTreeSet::new();
        let mut open = vec![module];
        while let Some(next) = open.pop() {
            if let Some((name, needed)) = self.0.iter().find(|(name, _)| name == next)
                && reached.insert(name.as_str())
            {
                open.extend(needed.iter().map(String::as_str));
            }
        }
        reached
    }
}

fn names(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
