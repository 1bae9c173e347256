//! Load on the Foundation API of a node whose actors are killed all the time: does it bear it?
//!
//! ```text
//! cargo run --release -p mainstay-bench --bin long_load
//! cargo run --release -p mainstay-bench --bin long_load -- --seconds 20 --connections 64 --kill-ms 200 --seed 7
//! ```
//!
//! Boots the default node in this process, with HTTP on a free port of the loopback interface and its events in a folder of its own, and has
//! `wrk` (of Debian's package of that name, on `PATH`) ask it over 256 connections for 60 s: each in turn to read a value of the configuration
//! and to change it, to read events and to store one. Meanwhile a process of the namespace is killed every 200 ms, whichever it may be by chance, but for
//! the supervisors that stand for the root of the services and of the application's children, and connections on their way: as in the
//! chaos of the tests.
//!
//! The node is the default one but for this: the restart limits of its supervisors admit so many kills, which would be more than three
//! in five seconds, and so the services stand below a supervisor among the children that has such a limit, in their order and with their
//! strategy; and the configuration may be changed without a limit, so that changing it is a load.
//!
//! What is printed: requests, refused and broken connections, answers by status and guard, kills by process, restarts and what went wrong with
//! them, and each five seconds the resident memory and the live bytes of the heap, with their slopes over the second half. It ends with 1 and
//! says why, if
//!
//! * a connection was refused or broke off, or a request was not answered in 10 s,
//! * an answer of 500 or more was not explained by a guard,
//! * resident memory grew by more than 4 MiB over the second half: ten bytes for each of the half a million requests there are in 30 s would be
//!   more, and the histories of metrics, which fill during the first hour, are less,
//! * the node was not ready at the end, or did not stop in order.
//!
//! Supervisors within a service have limits of their own: that one of them gives up, and is started again by the one above it, is told and is no fault.

use std::process::ExitCode;

use mainstay::alloc::Counted;

#[global_allocator]
static HEAP: Counted = Counted::system();

fn main() -> ExitCode {
    mainstay_bench::long_load::main()
}
