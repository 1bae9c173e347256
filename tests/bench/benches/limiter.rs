//! Rate limiters: what a call costs, and a key.

use std::process::ExitCode;

use mainstay_bench::{Options, limiter};

fn main() -> ExitCode {
    match Options::from_args() {
        Ok(options) => limiter::run(&options),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
