//! Instrumentation: what it costs that every message is measured.

use std::process::ExitCode;

use mainstay_bench::{Options, instrument};

fn main() -> ExitCode {
    match Options::from_args() {
        Ok(options) => instrument::run(&options),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
