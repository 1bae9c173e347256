//! Connection pools: what it costs to borrow a connection and to give it back, alone and among others.

use std::process::ExitCode;

use mainstay_bench::{Options, pool};

fn main() -> ExitCode {
    match Options::from_args() {
        Ok(options) => pool::run(&options),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
