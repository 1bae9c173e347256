//! Many callers at one moment.

use std::panic::resume_unwind;
use std::sync::Barrier;
use std::thread;

use tokio::runtime::Handle;

use super::Breaker;
use super::trial::Trial;
use crate::testkit::conformance::{Violation, same};

const RACE: &str =
    "of threads that call when the time is up, as many as there are probes are let through";

/// How often they race.
const ROUNDS: usize = 50;

/// How many threads there are beside those for whom there are probes.
const BESIDE: usize = 4;

pub(super) async fn exactly_the_probes_win<'a, B: Breaker + 'a>(
    trial: impl Fn() -> Trial<'a, B>,
) -> Result<(), Violation> {
    for _ in 0..ROUNDS {
        let trial = trial();
        trial.half_open(RACE).await?;
        let probes = trial.setup.probes as usize;
        let won = at_once(&trial.breaker, probes + BESIDE);
        same(RACE, &won.len(), &probes)?;
    }
    Ok(())
}

/// The permits that so many threads get that ask at once.
fn at_once<B: Breaker>(breaker: &B, threads: usize) -> Vec<B::Permit> {
    let (tokio, start) = (Handle::current(), Barrier::new(threads));
    let ask = || {
        // For its clock.
        let _tokio = tokio.enter();
        start.wait();
        breaker.try_acquire().ok()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(ask)).collect();
        let asked = threads.into_iter().map(|thread| thread.join());
        asked
            .filter_map(|permit| permit.unwrap_or_else(|payload| resume_unwind(payload)))
            .collect()
    })
}
