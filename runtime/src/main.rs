//! The node as a program: boots a node file, checks one, or shows the tree of a running node.
//!
//! See `mainstay --help`.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
