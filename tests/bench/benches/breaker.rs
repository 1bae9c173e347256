//! Circuit breakers: what a call costs, and a refusal.

use std::process::ExitCode;

use mainstay_bench::{Options, breaker};

fn main() -> ExitCode {
    match Options::from_args() {
        Ok(options) => breaker::run(&options),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
