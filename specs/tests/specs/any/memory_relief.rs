//! How memory is freed, and what is let in.

use std::time::Duration;

use mainstay_specs::{
    AdmissionAction, AdmissionRow, AdmissionSpec, CleanupClass, CleanupSpec, CleanupStrategySpec,
};
use proptest::prelude::*;

fn strategies() -> impl Strategy<Value = Vec<CleanupStrategySpec>> {
    (any::<[bool; 3]>(), 1..1_000_000_u64, 0.0..=1.0).prop_map(|(which, seconds, share)| {
        let retention = Duration::from_secs(seconds);
        let least =
            Duration::from_secs(1).max(Duration::from_secs((seconds as f64 * share) as u64));
        let all = [
            CleanupStrategySpec::Trim,
            CleanupStrategySpec::ConfigCache,
            CleanupStrategySpec::EventStore {
                retention,
                retention_min: least,
            },
        ];
        let chosen = all
            .into_iter()
            .zip(which)
            .filter(|(_, is_chosen)| *is_chosen);
        chosen.map(|(strategy, _)| strategy).collect()
    })
}

pub(super) fn cleanup() -> impl Strategy<Value = CleanupSpec> {
    let class = prop::sample::select(CleanupClass::ALL.to_vec());
    let times = (1..600_000_u64, 10..3_600_000_u64, 3_600_000..86_400_000_u64);
    (class, strategies(), times, 3..=4096_u32).prop_map(|(class, strategies, times, max)| {
        let ms = Duration::from_millis;
        CleanupSpec::default()
            .class_max(class)
            .strategies(strategies)
            .time_limit(ms(times.0))
            .min_interval(ms(times.1))
            .pause_max(ms(times.2))
            .strategies_max(max)
    })
}

fn row() -> impl Strategy<Value = AdmissionRow> {
    use AdmissionAction::{Allow, Delay, Refuse, Shed};
    let action = prop::sample::select(vec![Allow, Delay, Shed, Refuse]);
    prop::array::uniform4(action).prop_map(|mut actions| {
        actions.sort();
        let [low, medium, high, critical] = actions;
        AdmissionRow {
            low,
            medium,
            high,
            critical,
        }
    })
}

pub(super) fn admission() -> impl Strategy<Value = AdmissionSpec> {
    let times = (1..60_000_u64, 1..3_600_000_u64);
    (row(), row(), row(), times, 1..u64::from(u32::MAX)).prop_map(
        |(read, write, background, times, bytes)| {
            AdmissionSpec::default()
                .read(read)
                .write(write)
                .background(background)
                .delay_max(Duration::from_millis(times.0))
                .retry_after(Duration::from_millis(times.1))
                .reserve_from(bytes)
        },
    )
}
