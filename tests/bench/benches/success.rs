//! The figures that the design set out to reach, each beside ours.

use std::process::ExitCode;

use mainstay_bench::{Options, success};

fn main() -> ExitCode {
    match Options::from_args() {
        Ok(options) => success::run(&options),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
