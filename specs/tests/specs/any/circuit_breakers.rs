//! Circuit breakers.

use std::time::Duration;

use mainstay_specs::{
    CircuitBreakersSpec, CircuitConfig, HalfOpen, OpenTime, ProbeExpiry, ServiceName, TripRules,
};
use proptest::option;
use proptest::prelude::*;

/// What a circuit breaker takes as a time.
pub(super) fn time() -> impl Strategy<Value = Duration> {
    (1_000_000..u64::MAX / 1000).prop_map(Duration::from_nanos)
}

fn trip() -> impl Strategy<Value = TripRules> {
    let share = 0.01..=1.0_f64;
    let window = (1_u32..1000, time(), any::<bool>());
    (share, 1_u32..10_000, time(), window).prop_map(|(share, count, time, window)| {
        let rules = TripRules::default().failures(count, time);
        let rules = rules.consecutive_failures(count).failure_rate(share, 1);
        let rules = rules.combined_rate(share, 1).slow_rate(share, 1);
        let rules = rules.in_flight(count, time);
        match window {
            (calls, _, true) => rules.over_calls(calls),
            (_, length, false) => rules.over_time(length, 1),
        }
    })
}

pub(super) fn circuit() -> impl Strategy<Value = CircuitConfig> {
    let simple = (1_u32..10_000, time(), option::of(time()), time());
    let half_open = (1_u32..1000, time(), any::<bool>());
    let open = (1.0..1e3_f64, 0.0..=1.0_f64, any::<bool>());
    (simple, option::of(trip()), half_open, open).prop_map(|(simple, trip, half, open)| {
        let mut config = CircuitConfig::default().failure_threshold(simple.0);
        config.reset_timeout = simple.1;
        config.call_timeout = simple.2;
        config.monitor_window = simple.3;
        config.slow_after = Some(half.1);
        config.trip = trip;
        let expiry = [ProbeExpiry::Failure, ProbeExpiry::Neutral][usize::from(half.2)];
        let half_open = HalfOpen::new(1, half.0).probe_deadline(half.1);
        config.half_open = half_open.expiry(expiry).inconclusive_max(half.0);
        let max = simple.1 * 2;
        config.open = OpenTime::default()
            .multiplier(open.0)
            .jitter(open.1)
            .max(max);
        config.open.eager = open.2;
        config
    })
}

pub(super) fn circuit_breakers() -> impl Strategy<Value = CircuitBreakersSpec> {
    (option::of(circuit()), circuit(), 1_u32..1000).prop_map(|(config, default, max)| {
        let spec = CircuitBreakersSpec::default()
            .breakers_max(max)
            .keys_max(max);
        let spec = spec.default_config(default);
        let name = |text| ServiceName::new(text).expect("a name");
        match config {
            Some(config) => spec.breaker_with(name("db"), config),
            None => spec.breaker(name("cache")),
        }
    })
}
