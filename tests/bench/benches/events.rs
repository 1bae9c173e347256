//! The event store: what an event costs until it is acknowledged, by callers alone and together.

use std::process::ExitCode;

use mainstay_bench::{Options, events};

fn main() -> ExitCode {
    match Options::from_args() {
        Ok(options) => events::run(&options),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
