//! Runs a test runner, shows what it says, and reads how many tests passed from its closing lines.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

/// What stands before the words of a test that could not measure anything; `tests/support/measured.rs` writes it.
const NOT_MEASURED: &str = "NOT MEASURED: ";

/// Tests that passed, failed, and had nothing to measure with.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    /// What each test of the last kind says that it lacks.
    pub(crate) not_measured: Vec<String>,
}

impl Count {
    pub(crate) fn new(passed: u32, failed: u32) -> Self {
        Self { passed, failed, not_measured: Vec::new() }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.not_measured.extend(other.not_measured);
    }

    /// Takes the tests that measured nothing out of those that a runner says passed.
    fn settled(mut self) -> Self {
        self.passed = self.passed.saturating_sub(self.not_measured.len() as u32);
        self
    }

    /// The closing line: tests that measured nothing are in it where there are any.
    pub(crate) fn sentence(&self) -> String {
        let skipped = self.not_measured.len();
        let rest = if skipped == 0 { String::new() } else { format!(", {skipped} skipped") };
        format!("{} passed, {} failed{rest}", self.passed, self.failed)
    }

    /// What was not measured, each once with the number of its tests.
    pub(crate) fn lacking(&self) -> Vec<String> {
        let mut what: Vec<&String> = self.not_measured.iter().collect();
        what.sort();
        what.chunk_by(|a, b| a == b).map(|same| format!("not measured: {} ({} of the tests)", same[0], same.len())).collect()
    }
}

/// Runs a test runner to its end. A runner that fails without naming a failed test counts as one
/// failure.
///
/// # Errors
/// When it cannot be started, or ran no test at all.
pub(crate) fn run_counted(command: &mut Command) -> Result<Count> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{program} could not be started"))?;
    let errors = child.stderr.take().map(|stream| thread::spawn(move || show(stream, |line| eprint!("{line}"))));
    let mut count = child.stdout.take().map(|stream| show(stream, |line| print!("{line}"))).unwrap_or_default();
    if let Some(errors) = errors {
        count.add(errors.join().unwrap_or_default());
    }
    let status = child.wait()?;
    if !status.success() && count.failed == 0 {
        count.failed = 1;
    }
    if count == Count::default() {
        bail!("{program} ran no test");
    }
    Ok(count.settled())
}

fn show(stream: impl Read, print: impl Fn(&str)) -> Count {
    let mut count = Count::default();
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line);
        print(&text);
        count.add(closing_line(&text));
        line.clear();
    }
    count
}

/// What the closing lines of a runner's output say.
pub(crate) fn count_lines(output: &str) -> Count {
    let sum = |mut sum: Count, count| {
        sum.add(count);
        sum
    };
    output.lines().map(closing_line).fold(Count::default(), sum).settled()
}

/// What a line says of the number of tests: cargo's, Playwright's or unittest's closing line, or that of a test which had
/// nothing to measure with.
fn closing_line(line: &str) -> Count {
    let line = line.trim();
    if let Some(what) = line.strip_prefix(NOT_MEASURED) {
        return Count { not_measured: vec![what.to_owned()], ..Count::default() };
    }
    // unittest, where it is told to name its tests: `test_x (module.Class.test_x) ... skipped 'what is lacking'`.
    if let Some((_, reason)) = line.split_once(" ... skipped ") {
        return Count { not_measured: vec![reason.trim_matches(['\'', '"']).to_owned()], ..Count::default() };
    }
    let number_before = |word: &str| {
        let mut words = line.split([' ', ';', ',']).filter(|w| !w.is_empty()).collect::<Vec<_>>().into_iter().rev();
        words.find(|w| *w == word)?;
        words.next()?.parse::<u32>().ok()
    };
    if line.starts_with("test result: ") {
        return Count::new(number_before("passed").unwrap_or(0), number_before("failed").unwrap_or(0));
    }
    // Playwright: `12 passed (1.2m)`, `1 failed`, `2 flaky`; alone on their lines.
    if let Some((number, rest)) = line.split_once(' ')
        && let Ok(number) = number.parse()
    {
        return match rest.split(' ').next() {
            Some("passed") if rest == "passed" || rest.starts_with("passed (") => Count::new(number, 0),
            Some("failed" | "flaky" | "interrupted") if !rest.contains(' ') => Count::new(0, number),
            _ => Count::default(),
        };
    }
    // unittest: `Ran 9 tests in 1.2s`, then `OK` or `FAILED (failures=1, errors=2)`.
    if let Some(ran) = line.strip_prefix("Ran ").filter(|rest| rest.contains(" test")) {
        return Count::new(ran.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0), 0);
    }
    if let Some(list) = line.strip_prefix("FAILED (").and_then(|rest| rest.strip_suffix(')')) {
        let failed = list.split(", ").filter_map(|part| part.split_once('=')).filter(|(kind, _)| matches!(*kind, "failures" | "errors"));
        return Count::new(0, failed.filter_map(|(_, n)| n.parse::<u32>().ok()).sum());
    }
    Count::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_read() {
        for (line, passed, failed) in [
            ("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.1s", 12, 0),
            ("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s", 1, 2),
            ("  7 passed (1.2m)\n", 7, 0),
            ("  2 failed\n", 0, 2),
            ("  1 flaky", 0, 1),
            ("Ran 9 tests in 0.003s", 9, 0),
            ("FAILED (failures=1, errors=2)", 0, 3),
            ("3 failed attempts were seen", 0, 0),
            ("test passed ... ok", 0, 0),
            ("7 passed tests of another kind", 0, 0),
        ] {
            assert_eq!(closing_line(line), Count::new(passed, failed), "{line}");
        }
    }

    #[test]
    fn what_was_not_measured_has_not_passed() {
        let cargo = "running 3 tests\nNOT MEASURED: PSNR on Set5\nNOT MEASURED: PSNR on Set5\n\
                     test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n";
        let count = count_lines(cargo);
        assert_eq!((count.passed, count.failed, count.sentence().as_str()), (1, 0, "1 passed, 0 failed, 2 skipped"));
        assert_eq!(count.lacking(), ["not measured: PSNR on Set5 (2 of the tests)"]);
        let unittest =
            "test_a (tests.A.test_a) ... ok\ntest_b (tests.B.test_b) ... skipped 'the sets are not here'\nRan 2 tests in 0.1s\nOK (skipped=1)\n";
        assert_eq!(count_lines(unittest), Count { passed: 1, failed: 0, not_measured: vec!["the sets are not here".into()] });
        // Where all is measured the line is as short as it was.
        assert_eq!(Count::new(479, 0).sentence(), "479 passed, 0 failed");
    }

    #[cfg(unix)]
    #[test]
    fn a_runner_that_ran_nothing_is_an_error() {
        let shell = |script: &str| run_counted(Command::new("sh").args(["-c", script]));
        assert!(shell("true").is_err());
        assert_eq!(shell("exit 3").unwrap(), Count::new(0, 1));
        assert_eq!(shell("echo '  2 passed (1s)'; exit 3").unwrap(), Count::new(2, 1));
    }
}
