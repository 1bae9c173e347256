//! Health: how long an answer takes, over loopback, while the node has other things to do.

use std::process::ExitCode;

use mainstay_bench::{Options, health};

fn main() -> ExitCode {
    match Options::from_args() {
        Ok(options) => health::run(&options),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
