//! What a test cannot measure on this machine.

use std::io::Write;

/// Says that the test has nothing to measure with, past the capture of a passing test's output: `cargo xtask test` takes the
/// test out of those that passed, and names it at the end. Once a test.
pub(crate) fn not_measured(what: &str) {
    // To the handle itself: what the print macros write is kept back where a test passes.
    let _ = writeln!(std::io::stderr(), "NOT MEASURED: {what}");
}
