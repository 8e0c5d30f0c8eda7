//! The command line: `inlarge photo.jpg -s 4`.

/// Prints a line. Where nobody reads any more (`inlarge models | head -1`) it is lost, and the work goes on.
macro_rules! line {
    ($($arguments:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($arguments)*);
    }};
}

mod args;
mod devices;
mod enlarge;
mod files;
mod guard;
mod kind;
mod licences;
mod models;
mod names;
mod networks;
mod planned;
mod report;
mod score;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

fn main() -> ExitCode {
    guard::install();
    let cli = Cli::parse();
    match cli.command {
        Some(Command::Models(args)) => finish(models::run(&args)),
        Some(Command::Kind(args)) => finish(kind::run(&args)),
        Some(Command::Score(args)) => finish(score::run(&args)),
        Some(Command::Devices(args)) => finish(devices::run(&args)),
        Some(Command::Plan) => finish(planned::run()),
        Some(Command::Licences) => {
            licences::run();
            ExitCode::SUCCESS
        }
        None => enlarge::run(&cli.enlarge),
    }
}

/// Exit status of a command that does one thing: 0, 2 for wrong usage, 1 otherwise.
fn finish(result: inlarge::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("inlarge: {error}");
            ExitCode::from(status(&error))
        }
    }
}

fn status(error: &inlarge::Error) -> u8 {
    if matches!(error, inlarge::Error::Parameter(_)) { 2 } else { 1 }
}
