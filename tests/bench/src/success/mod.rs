//! The success metrics of the design, each beside what is measured: as a line that says both, and as a ratio to the limit.
//!
//! Where the design names a time, ours is the 99th percentile of single calls, two looks at the clock included. It names none for the operations of the
//! Foundation services and asks for baselines: `baseline <operation>` gives the median and the 99th percentile of each, and they are kept and compared, see
//! below. That cleanup prevents running out of
//! memory is no figure: `cargo test -p mainstay-tests --test memory_limit` has a process die without it, and live with it.
//!
//! `tests/bench/baselines/foundation.ron` is such a baseline, with what it was measured on at its head. Another is compared with it, and written:
//!
//! ```text
//! cargo bench -p mainstay-bench --bench success -- baseline --baseline tests/bench/baselines/foundation.ron
//! cargo bench -p mainstay-bench --bench success -- baseline --save-baseline tests/bench/baselines/foundation.ron
//! ```
//!
//! Paths are from the root of the workspace. What became of each operation is printed as a table if it is not the same; and one that got worse, or is
//! not measured any more, makes it end with 1. Worse is what takes more than twice as long and 2 µs more, beyond what chance explains: times mean
//! little on another machine, and not much on a busy one, so it is no part of the gate.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the limits |
//! | `guards.rs` | a breaker, a limiter, a pool |
//! | `costs.rs` | what each guard costs, as a table |
//! | `foundation/` | the operations of the Foundation services, and their baseline |
//! | `sample.rs` | times of single calls |

mod costs;
mod foundation;
mod guards;
mod sample;

use std::process::ExitCode;
use std::time::Duration;

use crate::{Comparison, Options, Outcome, health};
use sample::Sample;

/// What a circuit breaker may add to a call.
const BREAKER_MAX: Duration = Duration::from_millis(10);
/// What looking at the health of everything may take, though 5 of 100 services never answer.
const HEALTH_MAX: Duration = Duration::from_millis(100);
/// What asking a rate limiter may take, while another thread asks it of the same key.
const RATE_MAX: Duration = Duration::from_millis(1);
/// What a checkout may take, with eight borrowers for each connection.
const CHECKOUT_MAX: Duration = Duration::from_millis(50);
/// So many of a hundred checkouts are of connections that were there already, although one lease in fifty ends its connection.
const REUSED_MIN: f64 = 90.0;

const GROUP: &[Comparison] = &[
    (&["success.breaker"], |options| {
        let sample = guards::breaker(options)?;
        within(
            "success.breaker",
            "a call through a circuit breaker",
            &sample,
            BREAKER_MAX,
        );
        Ok(())
    }),
    (&["success.health"], |options| {
        health::measure(options, "success.health", "/health?sweep=true", HEALTH_MAX)
    }),
    (&["success.rate-check"], |options| {
        let sample = guards::limiter(options)?;
        within(
            "success.rate-check",
            "a look at a rate limit",
            &sample,
            RATE_MAX,
        );
        Ok(())
    }),
    (&["success.checkout", "success.reuse"], |options| {
        let (sample, reused) = guards::pool(options)?;
        within("success.checkout", "a checkout", &sample, CHECKOUT_MAX);
        println!("success.reuse: of 100 checkouts at least {REUSED_MIN:.0}, ours {reused:.1}");
        println!(
            "ratio success.new/limit {:.2} target 1.00",
            (100.0 - reused) / (100.0 - REUSED_MIN)
        );
        Ok(())
    }),
    (&["guards"], costs::table),
    (&["baseline"], foundation::baselines),
];

/// Runs the group.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    crate::run(options, GROUP)
}

fn within(name: &str, what: &str, sample: &Sample, limit: Duration) {
    let ours = sample.percentile(99);
    let calls = sample.len();
    println!(
        "{name}: {what} within {limit:?}, ours {ours:.2?} at the 99th percentile [{calls} calls]"
    );
    let ratio = ours.as_secs_f64() / limit.as_secs_f64();
    println!("ratio {name}/limit {ratio:.5} target 1.00");
}

/// How many calls are measured.
fn calls(options: &Options, calls: usize) -> usize {
    if options.budget().is_zero() {
        calls / 100
    } else {
        calls
    }
}

fn on_two_threads<T>(work: impl Future<Output = Outcome<T>> + Send + 'static) -> Outcome<T>
where
    T: Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let done = runtime.block_on(async { tokio::spawn(work).await? });
    runtime.shutdown_background();
    done
}
