//! The cell, with all its ways around the lock, against the model.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{CircuitConfig, ServiceName};
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::breaker::event::CircuitEventKind;
use crate::breaker::handle::CircuitBreaker;
use crate::breaker::machine::model::{Model, Told};
use crate::breaker::machine::tests::{Step, config, step};
use crate::breaker::permit::OwnedPermit;
use crate::breaker::post::CircuitEvents;

struct Pair {
    breaker: CircuitBreaker,
    events: CircuitEvents,
    model: Model,
    slow_after: u64,
    permits: Vec<Option<OwnedPermit>>,
    rejected: u64,
}

impl Pair {
    fn new(config: &CircuitConfig) -> Self {
        let name = ServiceName::new("model").expect("a name");
        let post = Post::alone(1);
        let events = post.subscribe();
        let breaker = CircuitBreaker::born(name, None, &Arc::new(config.clone()), &post);
        let slow_after = nanos(config.slow_after);
        Self {
            breaker,
            events,
            model: Model::new(Rules::new(config)),
            slow_after,
            permits: Vec::new(),
            rejected: 0,
        }
    }

    async fn take(&mut self, step: &Step) {
        let now = self.breaker.cell().epoch.now();
        match *step {
            Step::Wait(time) => tokio::time::advance(Duration::from_nanos(time)).await,
            Step::Acquire => self.acquire(now),
            Step::Settle(back, outcome, _) => {
                let nth = self.permits.len().checked_sub(1 + back);
                let permit = nth.and_then(|nth| Some((nth, self.permits[nth].take()?)));
                if let Some((nth, permit)) = permit {
                    let slow = now - self.model.calls[nth].since >= self.slow_after;
                    self.model
                        .settle(nth, outcome, slow && !outcome.is_neutral(), now);
                    match outcome {
                        Outcome::Cancelled => drop(permit),
                        outcome => permit.settle(outcome),
                    }
                }
            }
            Step::Obey(order) => {
                self.breaker.cell().obey(order);
                self.model.obey(order, now);
            }
            Step::Restarted => {
                let restarted = |kept: &mut Kept, now| kept.machine.restarted(now);
                self.breaker.cell().with(restarted);
                self.model.restarted(now);
            }
            Step::Look => {
                self.model.advance(now);
                let stats = self.breaker.stats();
                assert_eq!(stats.state, self.model.state);
                assert_eq!(stats.totals.late, self.model.late);
                assert_eq!(stats.totals.would_open, self.model.would_open);
                assert_eq!(stats.rejected, self.rejected);
            }
        }
    }

    fn acquire(&mut self, now: u64) {
        let ours = self.breaker.try_acquire_owned();
        match (ours, self.model.acquire(now)) {
            (Ok(permit), Ok(_)) => self.permits.push(Some(permit)),
            (Err(ours), Err(theirs)) => {
                let until = theirs.until.map(|at| self.breaker.cell().epoch.instant(at));
                assert_eq!((ours.state(), ours.retry_at()), (theirs.state, until));
                self.rejected += 1;
            }
            (ours, theirs) => panic!("{ours:?} is not {theirs:?}"),
        }
    }

    fn told(&mut self) -> Vec<Told> {
        let mut told = Vec::new();
        while let Some(event) = self.events.try_next() {
            if let CircuitEventKind::Transition(step) = event.expect("no lag").kind {
                told.push((step.from, step.to, step.cause, step.at.as_nanos() as u64));
            }
        }
        told
    }
}

async fn agree(config: &CircuitConfig, steps: &[Step]) {
    let mut pair = Pair::new(config);
    for step in steps {
        pair.take(step).await;
    }
    pair.take(&Step::Look).await;
    assert_eq!(pair.told(), pair.model.transitions);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn the_cell_and_the_model_agree_on_any_sequence_of_events(
        config in config(),
        slow_after in option::of(1..30_u64),
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let mut config = config;
        config.slow_after = slow_after.map(Duration::from_nanos);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(agree(&config, &steps));
    }
}

#[tokio::test]
async fn while_somebody_minds_the_time_and_only_then_refusals_need_no_clock() {
    let config = Arc::new(CircuitConfig::default().failure_threshold(1));
    let name = ServiceName::new("minded").expect("a name");
    let post = Post::alone(1);
    let breaker = CircuitBreaker::born(name, None, &config, &post);
    assert_eq!(breaker.cell().tick(true), None);
    assert!(!breaker.cell().word().refuses(), "it is closed");
    breaker.try_acquire().expect("it is closed").failure();
    assert!(!breaker.cell().word().refuses());
    assert!(breaker.cell().tick(true).is_some());
    assert!(breaker.cell().word().refuses());
    breaker.cell().unmind();
    assert!(!breaker.cell().word().refuses());
    breaker.cell().tick(true);
    breaker.reset();
    assert!(!breaker.cell().word().refuses());
    breaker.force_open();
    assert!(breaker.cell().word().refuses(), "there is no time to mind");
}

/// Whoever only looks moves the window on and decides nothing: the next success has to, though it lowers the rate.
#[tokio::test(start_paused = true)]
async fn a_success_opens_if_old_successes_were_forgotten_while_somebody_looked() {
    let trip = mainstay_specs::TripRules::default().failure_rate(0.5, 5);
    let trip = trip.over_time(Duration::from_secs(100), 10);
    let config = CircuitConfig::default().trip(trip);
    let name = ServiceName::new("looked-at").expect("a name");
    let breaker = CircuitBreaker::new(name, config).expect("it is valid");
    let call = |outcome| breaker.try_acquire().expect("it is closed").settle(outcome);
    (0..10).for_each(|_| call(Outcome::Success));
    tokio::time::advance(Duration::from_secs(50)).await;
    (0..8).for_each(|_| call(Outcome::Failure));
    tokio::time::advance(Duration::from_secs(50)).await;
    let stats = breaker.stats();
    assert_eq!((stats.window.calls, stats.window.failed), (8, 8));
    assert_eq!(stats.state, crate::breaker::CircuitState::Closed);
    call(Outcome::Success);
    assert_eq!(breaker.state(), crate::breaker::CircuitState::Open);
}
