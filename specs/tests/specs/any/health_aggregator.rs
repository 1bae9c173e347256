//! The health aggregator.

use std::time::Duration;

use mainstay_specs::{
    CheckKind, HealthAggregatorSpec, HealthCheckConfig, HealthGroup, HealthThresholds, Importance,
    ServiceName, TreeLimits,
};
use proptest::prelude::*;
use proptest::sample::select;

use super::name;

fn service(text: &str) -> ServiceName {
    ServiceName::new(text).expect("a name")
}

fn check() -> impl Strategy<Value = HealthCheckConfig> {
    let importance = select(vec![
        Importance::Required,
        Importance::Important,
        Importance::Optional,
    ]);
    let kind = select(vec![
        CheckKind::Readiness,
        CheckKind::Liveness,
        CheckKind::Startup,
        CheckKind::Diagnostic,
    ]);
    let times = (10_u64..3_600_000, 1_u64..600_000, 0_u64..3_600_000);
    let numbers = (1_u32..1001, 1_u32..1001, 0.001..1000.0_f64, 0.0..=1.0_f64);
    (importance, kind, times, numbers, name()).prop_map(
        |(importance, kind, times, (rise, fall, weight, jitter), tag)| {
            HealthCheckConfig::default()
                .importance(importance)
                .kind(kind)
                .interval(Duration::from_millis(times.0))
                .time_limit(Duration::from_millis(times.1))
                .hold(Duration::from_millis(times.2))
                .grace(Duration::from_millis(times.2))
                .rise(rise)
                .fall(fall)
                .weight(weight)
                .jitter(jitter)
                .tag(service(&tag))
        },
    )
}

pub(super) fn health_aggregator() -> impl Strategy<Value = HealthAggregatorSpec> {
    let checks = prop::collection::vec((name(), check()), 0..4);
    let groups = prop::collection::vec(name(), 0..3);
    let scores = (0.0..=1.0_f64, 0.0..=1.0_f64);
    let numbers = (4_u32..100_000, 1_u32..10_000, 16_u32..65_536, 1_u32..65_536);
    let times = (1_u64..600_000, 1_000_u64..3_600_000, 100_u64..3_600_000);
    let is_on = (any::<bool>(), any::<bool>());
    (checks, groups, scores, numbers, times, is_on, check()).prop_map(
        |(checks, groups, scores, numbers, times, is_on, defaults)| {
            let ms = Duration::from_millis;
            let limits = TreeLimits::default().poll(ms(times.2)).message(ms(times.2));
            let spec = HealthAggregatorSpec::default()
                .defaults(defaults)
                .foundation(is_on.0)
                .tree(is_on.1)
                .tree_limits(limits)
                .sweep_deadline(ms(times.0))
                .stale_after(ms(times.1))
                .thresholds(HealthThresholds::new(
                    scores.0.max(scores.1),
                    scores.0.min(scores.1),
                ))
                .checks_max(numbers.0)
                .parts_max(numbers.1)
                .text_max(numbers.2)
                .history_max(numbers.3)
                .backlog_max(numbers.3)
                .subscribers_max(numbers.0);
            let mut before: Option<ServiceName> = None;
            let checks = checks.into_iter().enumerate();
            let spec = checks.fold(spec, |spec, (nth, (name, mut config))| {
                let name = service(&format!("{nth}{name}"));
                // Each on the one before: a chain, and no circle. What lives does so by itself.
                let before = before.replace(name.clone());
                let may = config.kind != CheckKind::Liveness;
                config.depends_on.extend(before.filter(|_| may));
                spec.check(name, config)
            });
            groups.iter().enumerate().fold(spec, |spec, (nth, name)| {
                let group = HealthGroup::new(service(&format!("{nth}{name}")));
                let group = group.check(service("db"));
                spec.group(group.tag(service("disk")).except(service("scratch")))
            })
        },
    )
}
