//! How long a client waits for health, over loopback, from a node that is busy: of 100 services, 5 never answer.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | what is measured, and against which limit |
//! | `busy.rs` | the node |
//! | `client.rs` | a client that needs no executor |
//!
//! There is no peer: what is compared with is a limit. `ratio health.sweep/limit 0.85 target 1.00` says that the slowest of a hundred answers took 85 %
//! of the time it may.

mod busy;
mod client;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use busy::Busy;
use client::Client;

use crate::{Comparison, Options, Outcome};

/// What a picture that is there already may take, at the 99th percentile.
const CACHED_MAX: Duration = Duration::from_millis(1);
/// What looking at everything anew may take, at the 99th percentile, though 5 of 100 never answer.
const SWEEP_MAX: Duration = Duration::from_millis(100);

const GROUP: [Comparison; 2] = [(&["health.cached"], cached), (&["health.sweep"], sweep)];

/// Runs the group.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    crate::run(options, &GROUP)
}

fn cached(options: &Options) -> Outcome<()> {
    let asked = if options.budget().is_zero() {
        200
    } else {
        10_000
    };
    measure_some("health.cached", "/health", asked, CACHED_MAX)
}

fn sweep(options: &Options) -> Outcome<()> {
    measure(options, "health.sweep", "/health?sweep=true", SWEEP_MAX)
}

/// How long a client waits for an answer that is made anew, against its limit.
pub(crate) fn measure(options: &Options, name: &str, path: &str, limit: Duration) -> Outcome<()> {
    let asked = if options.budget().is_zero() { 10 } else { 200 };
    measure_some(name, path, asked, limit)
}

fn measure_some(name: &str, path: &str, asked: usize, limit: Duration) -> Outcome<()> {
    let node = Busy::start()?;
    let mut client = Client::connect(node.address)?;
    let mut took = Vec::with_capacity(asked);
    let mut size = 0;
    for _ in 0..asked {
        let began = Instant::now();
        size = client.get(path)?;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    let at = |percent: usize| took[(took.len() * percent).div_ceil(100).max(1) - 1];
    let (half, most, all) = (at(50), at(99), at(100));
    println!(
        "{name}: p50 {half:.2?}, p99 {most:.2?}, max {all:.2?} [{asked} answers of {size} bytes]"
    );
    let ratio = most.as_secs_f64() / limit.as_secs_f64();
    println!("ratio {name}/limit {ratio:.2} target 1.00");
    node.stop()
}
