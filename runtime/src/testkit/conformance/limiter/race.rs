//! Many callers at one moment.

use std::panic::resume_unwind;
use std::sync::Barrier;
use std::thread;

use super::trial::KEY;
use super::{LimiterSetup, Limits};
use crate::testkit::conformance::{Violation, same};

const RACE: &str =
    "of threads that call at one moment, exactly as much as the limit is let through";

/// How often they race.
const ROUNDS: usize = 10;

const THREADS: usize = 8;

pub(super) fn exactly_the_limit_wins<L: Limits>(
    setup: &LimiterSetup,
    make: impl Fn() -> L,
) -> Result<(), Violation> {
    // What can be had of a new key.
    let begins_with = setup.limit.min(setup.capacity());
    for round in 0..ROUNDS {
        let cost = if round % 2 == 0 || begins_with < 3 {
            1
        } else {
            3
        };
        let limits = make();
        let calls = 2 * (begins_with / cost) as usize / THREADS + 1;
        let won = at_once(&limits, calls, cost);
        same(RACE, &won, &(begins_with / cost))?;
        same(RACE, &limits.remaining(KEY), &(begins_with % cost))?;
    }
    Ok(())
}

/// How many calls are let through, of so many by each thread.
fn at_once<L: Limits>(limits: &L, calls: usize, cost: u32) -> u32 {
    let start = Barrier::new(THREADS);
    let ask = || {
        start.wait();
        let won = (0..calls).filter(|_| limits.take(KEY, cost).is_ok());
        won.count() as u32
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
        let won = threads.into_iter().map(|thread| thread.join());
        won.map(|won| won.unwrap_or_else(|payload| resume_unwind(payload)))
            .sum()
    })
}
