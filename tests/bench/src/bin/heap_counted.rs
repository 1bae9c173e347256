//! Allocates and frees with an allocator that counts, when the bench `memory` says so.

use std::process::ExitCode;

use mainstay::alloc::Counted;

#[global_allocator]
static HEAP: Counted = Counted::system();

fn main() -> ExitCode {
    mainstay_bench::memory::serve()
}
