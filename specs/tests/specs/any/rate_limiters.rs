//! Rate limiters.

use std::time::Duration;

use mainstay_specs::{
    Algorithm, Backend, Inherit, KeyStrategy, OnFull, OnMissingKey, OnUnavailable, RateLimitConfig,
    RateLimitersSpec, RedisBackend, ServiceName, WindowStart,
};
use proptest::option;
use proptest::prelude::*;

pub(super) fn rate_limit() -> impl Strategy<Value = RateLimitConfig> {
    let algorithm = prop::sample::select(vec![
        Algorithm::TokenBucket,
        Algorithm::SlidingWindow,
        Algorithm::SlidingWindowApproximate,
        Algorithm::FixedWindow,
    ]);
    let key = prop::sample::select(vec![
        KeyStrategy::Global,
        KeyStrategy::ApiKey,
        KeyStrategy::Custom(ServiceName::new("tenant").expect("a name")),
    ]);
    let choices = (0..3_usize, key, any::<bool>(), option::of(redis()));
    // At most so many limits in one burst: a bucket has to fill within 100 years, and a window lasts one at most.
    let numbers = (1_u32..4096, option::of(1_u32..100), 1_u32..u32::MAX);
    let window = (1..31_622_400_000_000_000_u64).prop_map(Duration::from_nanos);
    (algorithm, numbers, window, choices).prop_map(|(algorithm, numbers, window, choices)| {
        let config = RateLimitConfig::new(algorithm, numbers.0, window).cost_max(1);
        let mut config = config.keys_max(numbers.2).bytes_max(1 << 40).key(choices.1);
        let burst = numbers.1.map(|times| times * numbers.0);
        config.burst_limit = burst.filter(|_| algorithm == Algorithm::TokenBucket);
        if let Some(redis) = choices.3 {
            config.window = Duration::from_micros(1 + config.window.as_secs());
            config.backend = Backend::redis(redis);
        }
        config
            .on_missing_key(
                [
                    OnMissingKey::Refuse,
                    OnMissingKey::Share,
                    OnMissingKey::Admit,
                ][choices.0],
            )
            .on_full([OnFull::Share, OnFull::Refuse, OnFull::Admit][choices.0])
            .on_change([Inherit::Keep, Inherit::Proportional, Inherit::Reset][choices.0])
            .window_start(
                [
                    WindowStart::PerKey,
                    WindowStart::Aligned,
                    WindowStart::FirstUse,
                ][choices.0],
            )
            .waiters_max(numbers.0)
            .shadow(choices.2)
    })
}

pub(super) fn redis() -> impl Strategy<Value = RedisBackend> {
    let what = prop::sample::select(vec![
        OnUnavailable::Open,
        OnUnavailable::Closed,
        OnUnavailable::Local { one_of: 1 },
    ]);
    (what, 1_u32..u32::MAX, 1_u64..10_000).prop_map(|(what, number, time)| {
        let time = Duration::from_millis(time);
        RedisBackend::new("redis://10.0.0.5:6379/1", "sixteen bytes and more")
            .prefix("shop")
            .on_unavailable(what)
            .time_limit(time)
            .failures_max(number)
            .in_flight_max(number)
            .pauses(time, time * 2)
    })
}

pub(super) fn rate_limiters() -> impl Strategy<Value = RateLimitersSpec> {
    (rate_limit(), 1_u32..1000).prop_map(|(config, max)| {
        let name = ServiceName::new("api").expect("a name");
        let spec = RateLimitersSpec::default().limiter(name, config);
        let every = Duration::from_millis(100 + u64::from(max));
        let spec = spec.limiters_max(max).sweep_every(every);
        spec.report_every(2 * every)
    })
}
