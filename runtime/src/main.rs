//! The node as a program: boots a node file, or checks one; of a running node, shows the tree, says how it fares, and puts it under load.
//!
//! See `mainstay --help`.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
