//! The group `breaker`: what a call through a circuit breaker costs whose operation does nothing, and what a refusal costs,
//! compared with the breakers of recloser, failsafe and tower-resilience.
//!
//! All sides take calls of the same breaker on plain threads, one or two at a time. tower-resilience's is a service whose futures
//! are polled on the spot; each thread has a clone of it, as a server would.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the comparisons of calls that do not wait |
//! | `futures.rs` | those of futures, and of services |
//! | `peers.rs` | the breakers of others, closed and open |
//! | `threads.rs` | calls on one thread and on two at the same time |

mod futures;
mod peers;
mod threads;

use std::process::ExitCode;
use std::time::Duration;

use mainstay_actors::CircuitBreakerRegistry;
use mainstay_actors::breaker::{CircuitBreaker, CircuitState};
use mainstay_specs::{CircuitBreakersSpec, CircuitConfig, OpenTime, TripRules};
use mainstay_supervisors::{Namespace, NamespacePlan, Runtime};

use crate::flavour::Stage;
use crate::{Comparison, Contest, Flavour, Options, Outcome};
use threads::on_threads;

/// How much of the time of the fastest peer a call may take.
const CALL_1T: f64 = 0.8;
const CALL_2T: f64 = 0.4;
/// And a refusal.
const REFUSAL: f64 = 0.1;
/// Nothing was promised of these: no slower.
const NO_SLOWER: f64 = 1.0;

const GROUP: &[Comparison] = &[
    (&["closed.1t"], |options| {
        closed("closed.1t", 1, CALL_1T, &simple(), options)
    }),
    (&["closed.2t"], |options| {
        closed("closed.2t", 2, CALL_2T, &simple(), options)
    }),
    (&["closed-rate.1t"], |options| {
        closed("closed-rate.1t", 1, CALL_1T, &rate(), options)
    }),
    (&["closed-rate.2t"], |options| {
        closed("closed-rate.2t", 2, CALL_2T, &rate(), options)
    }),
    (&["refusal.1t"], |options| refusal("refusal.1t", 1, options)),
    (&["refusal.2t"], |options| refusal("refusal.2t", 2, options)),
    (&["refusal-alone.1t"], refusal_alone),
    (&["execute.1t"], |options| {
        futures::execute("execute.1t", false, options)
    }),
    (&["execute-timeout.1t"], |options| {
        futures::execute("execute-timeout.1t", true, options)
    }),
    (&["refusal-layer.1t"], futures::refusal),
];

/// How long all sides stay open: longer than any run.
const OPEN: Duration = Duration::from_secs(3600);

/// Runs the group.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    crate::run(options, GROUP)
}

/// Opens on the fifth failure within a minute.
fn simple() -> CircuitConfig {
    CircuitConfig::default().reset_timeout(OPEN)
}

/// Opens when half of the last hundred calls have failed.
fn rate() -> CircuitConfig {
    simple().trip(TripRules::default().failure_rate(0.5, 100))
}

fn closed(
    name: &'static str,
    threads: usize,
    target: f64,
    config: &CircuitConfig,
    options: &Options,
) -> Outcome<()> {
    let ours = CircuitBreaker::new("bench".parse()?, config.clone())?;
    let stage = Flavour::CurrentThread.build()?;
    let recloser = peers::recloser();
    let failsafe = peers::failsafe();
    let tower = peers::tower()?;
    Contest::new([name], "ns", || {
        on_threads(threads, true, || {
            || ours.execute_sync(|| Ok::<(), ()>(())).is_ok()
        })
    })
    .peer("recloser", [target], || {
        on_threads(threads, true, || || peers::call_recloser(&recloser, Ok(())))
    })
    .peer("failsafe", [target], || {
        on_threads(threads, true, || || peers::call_failsafe(&failsafe, Ok(())))
    })
    .peer("tower-resilience", [target], || {
        on_threads(threads, true, || {
            peers::caller_of_tower(&tower, &stage, Ok(()))
        })
    })
    .run(options)
}

fn refusal(name: &'static str, threads: usize, options: &Options) -> Outcome<()> {
    let stage = Flavour::TwoWorkers.build()?;
    let (_namespace, ours) = opened(&stage)?;
    let recloser = peers::opened_recloser();
    let failsafe = peers::opened_failsafe();
    let tower = peers::opened_tower(&stage)?;
    Contest::new([name], "ns", || {
        on_threads(threads, false, || {
            || ours.execute_sync(|| Ok::<(), ()>(())).is_ok()
        })
    })
    .peer("recloser", [REFUSAL], || {
        on_threads(threads, false, || {
            || peers::call_recloser(&recloser, Ok(()))
        })
    })
    .peer("failsafe", [REFUSAL], || {
        on_threads(threads, false, || {
            || peers::call_failsafe(&failsafe, Ok(()))
        })
    })
    .peer("tower-resilience", [REFUSAL], || {
        on_threads(threads, false, || {
            peers::caller_of_tower(&tower, &stage, Ok(()))
        })
    })
    .run(options)
}

/// A refusal of a breaker that no keeper minds: it looks at the clock.
fn refusal_alone(options: &Options) -> Outcome<()> {
    let ours = opened_alone()?;
    let recloser = peers::opened_recloser();
    let failsafe = peers::opened_failsafe();
    Contest::new(["refusal-alone.1t"], "ns", || {
        on_threads(1, false, || {
            || ours.execute_sync(|| Ok::<(), ()>(())).is_ok()
        })
    })
    .peer("recloser", [NO_SLOWER], || {
        on_threads(1, false, || || peers::call_recloser(&recloser, Ok(())))
    })
    .peer("failsafe", [NO_SLOWER], || {
        on_threads(1, false, || || peers::call_failsafe(&failsafe, Ok(())))
    })
    .run(options)
}

/// A breaker that stands alone, open.
fn opened_alone() -> Outcome<CircuitBreaker> {
    let breaker = CircuitBreaker::new("bench".parse()?, simple().failure_threshold(1))?;
    breaker.try_acquire()?.failure();
    Ok(breaker)
}

/// A breaker of a namespace, open, and its keeper at work.
fn opened(stage: &Stage) -> Outcome<((Runtime, Namespace), CircuitBreaker)> {
    stage.run(async {
        let runtime = Runtime::new();
        let keeper = CircuitBreakerRegistry::child(CircuitBreakersSpec::default());
        let plan = NamespacePlan::new().service(keeper);
        let namespace = runtime.start_namespace("bench".parse()?, plan).await?;
        let breakers = CircuitBreakerRegistry::of(&namespace);
        let breaker = breakers.register_circuit("bench".parse()?, simple().failure_threshold(1))?;
        breaker.try_acquire()?.failure();
        minded(&breakers).await?;
        Ok(((runtime, namespace), breaker))
    })
}

/// Waits until the keeper minds the times of all that has opened so far: it looks at breakers in the order in which they call it, and
/// one that is eager becomes half open by the keeper only, as nobody else asks it.
async fn minded(breakers: &CircuitBreakerRegistry) -> Outcome<()> {
    let soon = CircuitConfig::default()
        .failure_threshold(1)
        .reset_timeout(Duration::from_millis(1))
        .open(OpenTime::default().eager());
    let last = breakers.register_circuit("last".parse()?, soon)?;
    let mut events = last.subscribe();
    last.try_acquire()?.failure();
    while let Some(event) = events.next().await {
        let step = event?.transition().map(|step| step.to);
        if step == Some(CircuitState::HalfOpen) {
            return Ok(());
        }
    }
    Err("the breakers have ended".into())
}
