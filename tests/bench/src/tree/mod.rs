//! The group `tree`.
//!
//! | file | asks |
//! |---|---|
//! | `message.rs` | what a call and a cast through a `ServiceRef` cost, compared with a plain `ActorRef` |
//! | `restart.rs` | how long from a crash until the next incarnation answers, alone and among 10,000 |
//! | `one_for_all.rs` | the same with nine siblings that are restarted along |
//! | `start_stop.rs` | what starting and stopping 10,000 children costs |
//! | `incarnations.rs` | (the workers that crash, and their caller) |
//! | `memory.rs` | what an idle actor keeps resident |

mod incarnations;
mod memory;
mod message;
mod one_for_all;
mod restart;
mod start_stop;

use std::process::ExitCode;
use std::time::Duration;

use mainstay_supervisors::{Blueprint, Child, Runtime, Supervisor, SupervisorRef};

use crate::worker::{self, Births, Worker};
use crate::{Comparison, Options, Outcome};

const GROUP: &[Comparison] = &[
    (&["call.ct"], message::call_on_one_thread),
    (&["call.mt"], message::call_on_two_workers),
    (&["cast.ct"], message::cast_on_one_thread),
    (&["cast.mt"], message::cast_on_two_workers),
    (&["restart-error.ct"], restart::error_on_one_thread),
    (&["restart-error.mt"], restart::error_on_two_workers),
    (&["restart-panic.ct"], restart::panic_on_one_thread),
    (&["restart-error-10k.ct"], restart::error_among_siblings),
    (&["one-for-all-10.ct"], one_for_all::on_one_thread),
    (&["one-for-all-10.mt"], one_for_all::on_two_workers),
    (
        &["start-10k.static.ct", "stop-10k.static.ct"],
        start_stop::ordered_on_one_thread,
    ),
    (
        &["start-10k.dynamic.ct", "stop-10k.dynamic.ct"],
        start_stop::dynamic_on_one_thread,
    ),
    (
        &["start-10k.dynamic.mt", "stop-10k.dynamic.mt"],
        start_stop::dynamic_on_two_workers,
    ),
    (&["memory-idle"], memory::idle),
];

/// Runs the group.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    if let Some(side) = options.resident() {
        return memory::print_resident(side);
    }
    worker::silence_panics();
    crate::run(options, GROUP)
}

/// A child of ours that is a worker.
fn worker(id: &str, births: Births) -> Child {
    Child::actor(id, move || (Worker, births.clone()))
}

/// A supervisor of ours that restarts as often as need be.
fn tireless(supervisor: Supervisor) -> Supervisor {
    supervisor.intensity(u32::MAX, Duration::from_secs(1))
}

async fn start(runtime: &Runtime, supervisor: impl Into<Blueprint>) -> Outcome<SupervisorRef> {
    Ok(runtime.start("tree", supervisor).await?)
}
