//! Allocates and frees with an allocator that charges processes, when the bench `memory` says so.

use std::process::ExitCode;

use mainstay::alloc::Attributed;

#[global_allocator]
static HEAP: Attributed = Attributed::system();

fn main() -> ExitCode {
    mainstay_bench::memory::serve()
}
