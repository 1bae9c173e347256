//! What the machine does, said outright.

use std::time::Duration;

use mainstay_specs::{CircuitConfig, HalfOpen, OpenTime, TripRules};

use super::*;

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
