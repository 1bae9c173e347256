//! The command `otp-replay DIR...`: what it is told, what it tells, and its exit code.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Parser;

use super::load::{Found, LoadError, load};
use super::run::{Options, run as replay};
use super::verdict::Tally;

/// Everything is as recorded.
pub const AS_RECORDED: u8 = 0;
/// Something is not.
pub const DIFFERENT: u8 = 1;
/// There is nothing to compare with, or nobody to tell.
pub const NOT_REPLAYED: u8 = 2;

/// Replays Erlang/OTP's supervision traces on our supervisors and compares event for event.
#[derive(Parser)]
#[command(name = "otp-replay")]
struct Arguments {
    /// Folders with *.jsonl files of scenarios.
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// Replays only the scenario of this name.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// How many scenarios are replayed at once.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = at_least_one)]
    jobs: usize,
    /// Tells every step.
    #[arg(long)]
    verbose: bool,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("expected a number from 1, found {text:?}")),
    }
}

/// Why nothing was replayed to the end.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("no scenario is called {0:?}")]
    Unknown(String),
    #[error("no runtime: {0}")]
    Runtime(io::Error),
    #[error("the outcome cannot be written: {0}")]
    Unwritable(io::Error),
}

/// Does what the command line says, the name of the program first; gives the exit code.
///
/// What is not as recorded is told in `out`, and as its last line how many scenarios came to what. Why nothing was
/// replayed is told in `err`. With `--verbose` every step is printed as well.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    out: &mut impl Write,
    err: &mut impl Write,
) -> u8 {
    // Who cannot be told why there is no outcome is left with the exit code, so writing to `err` may fail.
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(usage) if usage.use_stderr() => {
            let _ = write!(err, "{usage}");
            return NOT_REPLAYED;
        }
        Err(help) => {
            return match write!(out, "{help}") {
                Ok(()) => AS_RECORDED,
                Err(_) => NOT_REPLAYED,
            };
        }
    };
    match outcome(arguments, out) {
        Ok(Tally { failed: 0, .. }) => AS_RECORDED,
        Ok(_) => DIFFERENT,
        Err(error) => {
            let _ = writeln!(err, "otp-replay: {error}");
            NOT_REPLAYED
        }
    }
}

fn outcome(arguments: Arguments, out: &mut impl Write) -> Result<Tally, CommandError> {
    let options = Options {
        jobs: arguments.jobs,
        verbose: arguments.verbose,
    };
    let found = select(&arguments.folders, arguments.only)?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime
        .enable_all()
        .build()
        .map_err(CommandError::Runtime)?;
    let tally = runtime.block_on(replay(found, options, out));
    // What a scenario left running is not waited for: the verdict is out.
    runtime.shutdown_background();
    let tally = tally.map_err(CommandError::Unwritable)?;
    writeln!(out, "{tally}").map_err(CommandError::Unwritable)?;
    Ok(tally)
}

fn select(folders: &[PathBuf], only: Option<String>) -> Result<Vec<Found>, CommandError> {
    let mut found = load(folders)?;
    if let Some(only) = only {
        found.retain(|found| found.scenario.name == only);
        if found.is_empty() {
            return Err(CommandError::Unknown(only));
        }
    }
    Ok(found)
}
