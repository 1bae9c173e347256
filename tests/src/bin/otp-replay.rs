//! Replays Erlang/OTP's supervision traces on our supervisors: `otp-replay DIR...`.
//!
//! Exits with 0 if everything is as recorded, 1 if something is not, 2 if there is nothing to compare with.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use mainstay_tests::replay::load::{Found, load};
use mainstay_tests::replay::run::{Options, run};

/// Replays Erlang/OTP's supervision traces on our supervisors and compares event for event.
#[derive(Parser)]
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

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match select(&arguments) {
        Ok(found) => replay(found, &arguments),
        Err(message) => {
            eprintln!("otp-replay: {message}");
            ExitCode::from(2)
        }
    }
}

fn select(arguments: &Arguments) -> Result<Vec<Found>, String> {
    let mut found = load(&arguments.folders).map_err(|error| error.to_string())?;
    if let Some(only) = &arguments.only {
        found.retain(|found| found.scenario.name == *only);
        if found.is_empty() {
            return Err(format!("no scenario is called {only:?}"));
        }
    }
    Ok(found)
}

fn replay(found: Vec<Found>, arguments: &Arguments) -> ExitCode {
    let options = Options {
        jobs: arguments.jobs,
        verbose: arguments.verbose,
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("otp-replay: no runtime: {error}");
            return ExitCode::from(2);
        }
    };
    let tally = runtime.block_on(run(found, options));
    println!("{tally}");
    // What a scenario left running is not waited for: the verdict is out.
    runtime.shutdown_background();
    ExitCode::from(u8::from(tally.failed > 0))
}
