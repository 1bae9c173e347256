//! The machine against the model, and what it does said outright.

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

fn machine(config: &CircuitConfig) -> Machine<()> {
    assert_eq!(config.validate(), Ok(()));
    Machine::new(Rules::new(config), 7)
}

fn call(machine: &mut Machine<()>, outcome: Outcome, now: u64) -> bool {
    let ticket = machine.acquire(now, || ());
    let admitted = ticket.is_ok();
    if let Ok(ticket) = ticket {
        machine.settle(ticket, outcome, false, now);
    }
    admitted
}

const SECOND: u64 = 1_000_000_000;

#[test]
fn it_opens_on_exactly_the_nth_failure_within_the_window() {
    let mut machine = machine(&CircuitConfig::default());
    for failure in 0..4 {
        call(&mut machine, Outcome::Failure, failure * SECOND);
    }
    // The first is exactly as old as the window is long.
    call(&mut machine, Outcome::Failure, 60 * SECOND);
    assert_eq!(machine.state(), CircuitState::Closed);
    call(&mut machine, Outcome::Success, 60 * SECOND);
    call(&mut machine, Outcome::Failure, 61 * SECOND - 1);
    assert_eq!(machine.state(), CircuitState::Open);
}

#[test]
fn failures_while_it_is_open_do_not_keep_it_open() {
    let mut machine = machine(&CircuitConfig::default().failure_threshold(1));
    let late: Vec<Ticket> = (0..5)
        .filter_map(|_| machine.acquire(0, || ()).ok())
        .collect();
    call(&mut machine, Outcome::Failure, 0);
    for (nth, ticket) in late.into_iter().enumerate() {
        machine.settle(ticket, Outcome::Failure, false, nth as u64 * SECOND);
    }
    let until = machine.check().expect_err("it is open").until;
    assert_eq!(until, Some(30 * SECOND));
    assert_eq!(machine.totals().late, 5);
}

#[test]
fn a_call_of_an_earlier_generation_decides_nothing() {
    for outcome in [Outcome::Success, Outcome::Failure] {
        let mut machine = machine(&CircuitConfig::default().failure_threshold(1));
        let slow = machine.acquire(0, || ()).expect("it is closed");
        call(&mut machine, Outcome::Failure, 0);
        let probe = machine.acquire(30 * SECOND, || ()).expect("time is up");
        machine.settle(slow, outcome, false, 30 * SECOND);
        assert_eq!(machine.state(), CircuitState::HalfOpen);
        assert_eq!(machine.probes().len(), 1);
        machine.settle(probe, Outcome::Success, false, 31 * SECOND);
        assert_eq!(machine.state(), CircuitState::Closed);
        assert_eq!(machine.totals().late, 1);
    }
}

#[test]
fn the_time_it_refuses_grows_to_its_maximum_and_begins_anew_once_it_has_closed() {
    let open = OpenTime::default()
        .multiplier(2.0)
        .max(Duration::from_secs(100));
    let mut machine = machine(&CircuitConfig::default().failure_threshold(1).open(open));
    let mut now = 0;
    let mut waits = Vec::new();
    call(&mut machine, Outcome::Failure, now);
    for outcome in [Outcome::Failure, Outcome::Failure, Outcome::Success] {
        let until = machine
            .check()
            .expect_err("it is open")
            .until
            .expect("a time");
        waits.push((until - now) / SECOND);
        now = until;
        assert!(call(&mut machine, outcome, now));
    }
    call(&mut machine, Outcome::Failure, now);
    let until = machine
        .check()
        .expect_err("it is open")
        .until
        .expect("a time");
    waits.push((until - now) / SECOND);
    assert_eq!(waits, [30, 60, 100, 30]);
}

#[test]
fn a_hundred_breakers_that_open_together_do_not_come_back_together() {
    let open = OpenTime::default().jitter(0.5);
    let config = CircuitConfig::default().failure_threshold(1).open(open);
    let mut times: Vec<u64> = (0..100)
        .map(|seed| {
            let mut machine = Machine::new(Rules::new(&config), seed);
            call(&mut machine, Outcome::Failure, 0);
            machine
                .check()
                .expect_err("it is open")
                .until
                .expect("a time")
        })
        .collect();
    times.sort_unstable();
    assert!(times[0] >= 15 * SECOND && times[99] <= 30 * SECOND);
    assert!(times[99] - times[0] > 13 * SECOND);
    times.dedup();
    assert_eq!(times.len(), 100);
}

#[test]
fn a_hung_probe_loses_its_permit_a_thousand_times_over_and_nothing_is_left_behind() {
    let half_open = HalfOpen::default().probe_deadline(Duration::from_secs(10));
    let config = CircuitConfig::default()
        .failure_threshold(1)
        .half_open(half_open);
    let mut machine = machine(&config);
    call(&mut machine, Outcome::Failure, 0);
    let mut now = 30 * SECOND;
    for _ in 0..1000 {
        machine.acquire(now, || ()).expect("a probe");
        let refused = machine.acquire(now, || ()).expect_err("one probe is out");
        assert_eq!(refused.until, Some(now + 10 * SECOND));
        machine.advance(now + 10 * SECOND - 1);
        assert_eq!(machine.state(), CircuitState::HalfOpen);
        machine.advance(now + 10 * SECOND);
        assert_eq!(machine.state(), CircuitState::Open);
        assert!(machine.probes().is_empty());
        now += 40 * SECOND;
    }
    assert_eq!(machine.totals().expired, 1000);
}

#[test]
fn a_time_that_was_up_is_told_with_the_moment_it_was_up() {
    let open = OpenTime::default().eager();
    let config = CircuitConfig::default().failure_threshold(1).open(open);
    let mut machine = machine(&config);
    call(&mut machine, Outcome::Failure, 0);
    machine.advance(500 * SECOND);
    let at: Vec<u64> = machine
        .history()
        .iter()
        .map(|step| step.at.as_secs())
        .collect();
    assert_eq!(at, [0, 30]);
}

#[test]
fn time_that_goes_backwards_neither_opens_nor_closes() {
    let mut machine = machine(&CircuitConfig::default().failure_threshold(1));
    call(&mut machine, Outcome::Failure, 100 * SECOND);
    assert_eq!(
        machine.acquire(0, || ()).expect_err("it is open").until,
        Some(130 * SECOND)
    );
    assert!(call(&mut machine, Outcome::Success, 130 * SECOND));
    call(&mut machine, Outcome::Failure, 3 * SECOND);
    let until = machine.check().expect_err("it is open").until;
    assert_eq!(until, Some(160 * SECOND));
}

#[test]
fn another_number_of_permits_holds_from_the_next_generation_on() {
    let half_open = |permits| HalfOpen::new(permits, permits);
    let config = |permits| {
        let config = CircuitConfig::default().failure_threshold(1);
        config.half_open(half_open(permits))
    };
    let mut machine = machine(&config(2));
    call(&mut machine, Outcome::Failure, 0);
    let first = machine.acquire(30 * SECOND, || ()).expect("a probe");
    machine.reconfigure(Rules::new(&config(5)), 30 * SECOND);
    machine.acquire(30 * SECOND, || ()).expect("a probe");
    machine
        .acquire(30 * SECOND, || ())
        .expect_err("two are out");
    machine.settle(first, Outcome::Failure, false, 30 * SECOND);
    let probes = (0..9).filter(|_| machine.acquire(60 * SECOND, || ()).is_ok());
    assert_eq!(probes.count(), 5);
    assert_eq!(machine.version(), 2);
}

#[test]
fn what_was_counted_is_kept_under_other_rules() {
    let rate = |calls| TripRules::default().failure_rate(0.5, 10).over_calls(calls);
    let config = |calls| CircuitConfig::default().trip(rate(calls));
    let mut machine = machine(&config(100));
    for nth in 0..8 {
        let outcome = [Outcome::Failure, Outcome::Success][nth % 2];
        call(&mut machine, outcome, 0);
    }
    machine.reconfigure(Rules::new(&config(10)), 0);
    assert_eq!(machine.window().total, 8);
    call(&mut machine, Outcome::Success, 0);
    assert_eq!(machine.state(), CircuitState::Closed);
    call(&mut machine, Outcome::Failure, 0);
    assert_eq!(machine.state(), CircuitState::Open);
}

#[test]
fn a_success_that_makes_the_calls_enough_opens_if_the_rate_says_so() {
    let trip = TripRules::default().failure_rate(0.9, 10);
    let mut machine = machine(&CircuitConfig::default().trip(trip));
    for _ in 0..9 {
        call(&mut machine, Outcome::Failure, 0);
    }
    assert_eq!(machine.state(), CircuitState::Closed);
    assert!(machine.face().attentive);
    call(&mut machine, Outcome::Success, 0);
    assert_eq!(machine.state(), CircuitState::Open);
}
