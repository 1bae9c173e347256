//! Names: what a lookup costs.

use std::process::ExitCode;

use mainstay_bench::{Options, registry};

fn main() -> ExitCode {
    match Options::from_args() {
        Ok(options) => registry::run(&options),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
