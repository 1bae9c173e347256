//! Processes and their supervision: what a message, a restart, a start, a stop and an idle actor cost.

use std::process::ExitCode;

use mainstay_bench::{Options, tree};

fn main() -> ExitCode {
    match Options::from_args() {
        Ok(options) => tree::run(&options),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
