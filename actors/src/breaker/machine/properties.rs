//! The machine against the model, over any sequence of events.

use std::time::Duration;

use mainstay_specs::{CircuitConfig, CircuitWindow, HalfOpen, OpenTime, ProbeExpiry, TripRules};
use proptest::option;
use proptest::prelude::*;

use super::model::{Model, Told, compare, is_probe};
use super::*;
use crate::breaker::event::CircuitEventKind;

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Acquire,
    /// One of the calls there ever were, also one that is over.
    Settle(usize, Outcome, bool),
    Wait(u64),
    Obey(Order),
    Restarted,
    /// Goes by another configuration.
    Reconfigure(Box<CircuitConfig>),
    /// A keeper comes, and minds the time from now on; or it goes.
    Mind(bool),
    Look,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let outcome = prop::sample::select(vec![
        Outcome::Success,
        Outcome::Success,
        Outcome::Success,
        Outcome::Failure,
        Outcome::Failure,
        Outcome::Slow,
        Outcome::Ignored,
        Outcome::TimedOut,
        Outcome::Cancelled,
        Outcome::Panicked,
        Outcome::Refused,
    ]);
    let wait = prop::sample::select(vec![0, 1, 1, 2, 5, 9, 10, 11, 19, 20, 49, 50, 51, 1 << 20]);
    let order = prop::sample::select(vec![
        Order::ForceOpen { until: None },
        Order::ForceOpen { until: Some(40) },
        Order::ForceOpen { until: Some(4000) },
        Order::ForceClosed,
        Order::Disable,
        Order::MetricsOnly,
        Order::Reset,
    ]);
    prop_oneof![
        12 => Just(Step::Acquire),
        12 => (0..6_usize, outcome, prop::bool::weighted(0.1)).prop_map(|(back, outcome, slow)| {
            Step::Settle(back, outcome, slow)
        }),
        8 => wait.prop_map(Step::Wait),
        1 => order.prop_map(Step::Obey),
        1 => Just(Step::Restarted),
        1 => config().prop_map(|config| Step::Reconfigure(Box::new(config))),
        1 => any::<bool>().prop_map(Step::Mind),
        2 => Just(Step::Look),
    ]
}

pub(crate) fn config() -> impl Strategy<Value = CircuitConfig> {
    let share = || prop::sample::select(vec![0.1, 0.3, 0.5, 0.7, 1.0]);
    let rate = move || option::of((share(), 1..8_u32));
    let window = prop_oneof![
        (1..12_u32).prop_map(CircuitWindow::Calls),
        (1..5_u32).prop_map(|buckets| CircuitWindow::Time {
            length: Duration::from_nanos(10) * buckets,
            buckets,
        }),
    ];
    let counts = (
        option::of((1..5_u32, 1..60_u64)),
        option::of(1..5_u32),
        option::of((1..4_u32, 1..30_u64)),
    );
    let rules = (counts, rate(), rate(), rate(), window).prop_map(
        |((failures, consecutive, in_flight), failed, slow, either, window)| {
            let mut trip = TripRules::default();
            if let Some((count, within)) = failures {
                trip = trip.failures(count, Duration::from_nanos(within));
            }
            if let Some((calls, longer)) = in_flight {
                trip = trip.in_flight(calls, Duration::from_nanos(longer));
            }
            trip.consecutive_failures = consecutive;
            if let Some((share, minimum)) = failed {
                trip = trip.failure_rate(share, minimum);
            }
            if let Some((share, minimum)) = slow {
                trip = trip.slow_rate(share, minimum);
            }
            if let Some((share, minimum)) = either {
                trip = trip.combined_rate(share, minimum);
            }
            trip.window = window;
            trip
        },
    );
    let half_open = (1..4_u32, 1..4_u32, 1..40_u64, any::<bool>(), 1..3_u32);
    (rules, half_open, 1..60_u64, any::<bool>()).prop_map(|(trip, half, reset, eager)| {
        let (a, b, deadline, neutral, inconclusive) = half;
        let half_open = HalfOpen::new(a.min(b), a.max(b))
            .probe_deadline(Duration::from_nanos(deadline))
            .expiry(if neutral {
                ProbeExpiry::Neutral
            } else {
                ProbeExpiry::Failure
            })
            .inconclusive_max(inconclusive);
        let mut open = OpenTime::default().multiplier(2.0);
        open.max = Some(Duration::from_nanos(300));
        open.eager = eager;
        CircuitConfig::default()
            .reset_timeout(Duration::from_nanos(reset))
            .trip(trip)
            .half_open(half_open)
            .open(open)
    })
}

/// Both, and the tickets of the calls by number.
struct Pair {
    machine: Machine<()>,
    model: Model,
    tickets: Vec<Ticket>,
    now: u64,
}

impl Pair {
    fn new(config: &CircuitConfig) -> Self {
        let rules = Rules::new(config);
        Self {
            machine: Machine::new(rules.clone(), 1),
            model: Model::new(rules),
            tickets: Vec::new(),
            now: 0,
        }
    }

    fn take(&mut self, step: &Step) {
        let now = self.now;
        match *step {
            Step::Wait(time) => self.now += time,
            Step::Acquire => {
                let (ours, theirs) = (self.machine.acquire(now, || ()), self.model.acquire(now));
                assert_eq!(ours.as_ref().err(), theirs.as_ref().err());
                if let Ok(ticket) = ours {
                    let probe = self.machine.state() == CircuitState::HalfOpen;
                    assert_eq!(is_probe(ticket.lease), probe);
                    self.tickets.push(ticket);
                }
            }
            Step::Settle(back, outcome, slow) => {
                let Some(nth) = self.tickets.len().checked_sub(1 + back) else {
                    return;
                };
                // A permit settles once; one whose permit was taken does not know.
                let over = self.model.calls[nth].over && !is_probe(self.tickets[nth].lease);
                if !over {
                    self.machine.settle(self.tickets[nth], outcome, slow, now);
                    self.model.settle(nth, outcome, slow, now);
                }
            }
            Step::Obey(order) => {
                self.machine.obey(order, now);
                self.model.obey(order, now);
            }
            Step::Restarted => {
                self.machine.restarted(now);
                self.model.restarted(now);
            }
            Step::Reconfigure(ref config) => {
                self.machine.reconfigure(Rules::new(config), now);
                self.model.reconfigure(Rules::new(config), now);
            }
            Step::Mind(false) => {}
            Step::Look | Step::Mind(true) => {
                self.machine.advance(now);
                self.model.advance(now);
            }
        }
        compare(&mut self.machine, &self.model);
    }

    fn told(&mut self) -> (Vec<Told>, Vec<u64>) {
        let (mut transitions, mut inconclusive) = (Vec::new(), Vec::new());
        let mut versions = 0;
        for (nth, kind) in self.machine.take_told().into_iter().enumerate() {
            assert_eq!(kind.sequence(), nth as u64 + 1);
            match kind {
                CircuitEventKind::Transition(told) => {
                    let at = told.at.as_nanos() as u64;
                    transitions.push((told.from, told.to, told.cause, at));
                }
                CircuitEventKind::ProbesInconclusive { probes, .. } => inconclusive.push(probes),
                CircuitEventKind::Reconfigured { version, .. } => {
                    versions += 1;
                    assert_eq!(version, 1 + versions);
                }
            }
        }
        (transitions, inconclusive)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn the_machine_and_the_model_agree_on_any_sequence_of_events(
        config in config(),
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let mut pair = Pair::new(&config);
        for step in &steps {
            pair.take(step);
        }
        let (transitions, inconclusive) = pair.told();
        prop_assert_eq!(transitions, pair.model.transitions);
        prop_assert_eq!(inconclusive, pair.model.inconclusive);
    }
}
