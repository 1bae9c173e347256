//! Allocates and frees with the system's allocator by itself, when the bench `memory` says so.

use std::process::ExitCode;

fn main() -> ExitCode {
    mainstay_bench::memory::serve()
}
