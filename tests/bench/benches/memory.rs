//! Memory: what a look at the pressure costs, and what it costs that an allocator counts, or knows of whom a block is.

use std::process::ExitCode;

use mainstay_bench::{Options, memory};

fn main() -> ExitCode {
    match Options::from_args() {
        Ok(options) => memory::run(&options),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
