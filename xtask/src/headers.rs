//! The response headers of `dist/_headers`, the file that static hosts read. `serve` obeys the
//! same file, so that what is tested here is what a host sends.

use std::path::Path;

use anyhow::{Context, Result, bail};
use hyper::header::{HeaderName, HeaderValue};

/// Rules in the order of the file; for one header the last rule that fits a path wins.
#[derive(Debug, Default)]
pub(crate) struct Headers(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    /// A path, or the start of one where the file writes a `*` at its end.
    path: String,
    open: bool,
    fields: Vec<(String, String)>,
}

impl Headers {
    /// Reads `_headers` of the site in `folder`.
    ///
    /// # Errors
    /// When it is not there or not understood.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let file = folder.join("_headers");
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("{} could not be read: without it no browser is told the page's content security policy", file.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not understood", file.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut rules: Vec<Rule> = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            if line.starts_with(char::is_whitespace) {
                let Some((name, value)) = line.split_once(':') else { bail!("{line:?} is not `Name: value`") };
                let Some(rule) = rules.last_mut() else { bail!("{line:?} stands before any path") };
                let (name, value) = (name.trim(), value.trim());
                if HeaderName::from_bytes(name.as_bytes()).is_err() || HeaderValue::from_str(value).is_err() {
                    bail!("{line:?} is not a header that HTTP allows");
                }
                rule.fields.push((name.to_owned(), value.to_owned()));
            } else {
                let pattern = line.trim();
                let path = pattern.trim_end_matches('*');
                if !path.starts_with('/') || path.contains('*') {
                    bail!("{pattern:?} is not a path with at most one `*` at its end");
                }
                rules.push(Rule { path: path.to_owned(), open: pattern.ends_with('*'), fields: Vec::new() });
            }
        }
        Ok(Self(rules))
    }

    /// The headers for a path such as `/index.html`.
    pub(crate) fn for_path(&self, path: &str) -> Vec<(&str, &str)> {
        let mut found: Vec<(&str, &str)> = Vec::new();
        for rule in self.0.iter().filter(|rule| if rule.open { path.starts_with(&rule.path) } else { path == rule.path }) {
            for (name, value) in &rule.fields {
                found.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
                found.push((name, value));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../www/public/_headers");

    #[test]
    fn later_rules_win() {
        let headers = Headers::parse("/*\n  A: 1\n  B: 2\n\n# note\n/x/*\n  b: 3\n").unwrap();
        assert_eq!(headers.for_path("/y"), [("A", "1"), ("B", "2")]);
        assert_eq!(headers.for_path("/x/y"), [("A", "1"), ("b", "3")]);
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for text in ["  A: 1\n", "/*\n  A 1\n", "*.js\n  A: 1\n", "/*\n  A b: 1\n", "/*\n  A: \u{1}1\n", "/a*b\n  A: 1\n"] {
            assert!(Headers::parse(text).is_err(), "{text:?}");
        }
    }

    /// The page, workers and the service worker alike; and the page's own `<meta>` says the same.
    #[test]
    fn one_policy_everywhere() {
        let headers = Headers::parse(SHIPPED).unwrap();
        let policy = |path| headers.for_path(path).into_iter().find(|(name, _)| *name == "Content-Security-Policy").unwrap().1;
        for path in ["/", "/index.html", "/sw.js", "/worker/compute.js", "/assets/x.js"] {
            assert_eq!(policy(path), policy("/"), "{path}");
        }
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../index.html")).unwrap();
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        // Browsers ignore frame-ancestors in a <meta>, and say so in the console.
        for directive in policy("/").split(';').map(str::trim).filter(|d| !d.is_empty() && !d.starts_with("frame-ancestors")) {
            assert!(page.contains(directive), "index.html's policy lacks {directive:?}");
        }
        for wide in ["http:", "https:", "*", "'unsafe-eval'", "data: 'unsafe"] {
            assert!(!policy("/").contains(wide), "the policy allows {wide}");
        }
    }
}
