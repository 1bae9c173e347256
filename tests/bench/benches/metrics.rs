//! Metrics: what a record costs.

use std::process::ExitCode;

use mainstay_bench::{Options, metrics};

fn main() -> ExitCode {
    match Options::from_args() {
        Ok(options) => metrics::run(&options),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
