//! Telemetry.

use std::time::Duration;

use mainstay_specs::{
    AlertRule, AlertsSpec, Aspect, Comparison, EventsSpec, NoData, Severity, TelemetrySpec,
    TimeWindow,
};
use proptest::prelude::*;

pub(super) fn telemetry() -> impl Strategy<Value = TelemetrySpec> {
    let events = (1..u32::MAX, 1..=1_048_576_u32, 0..=3_600_000_u64).prop_map(
        |(listeners, queue, drain)| {
            EventsSpec::default()
                .handlers_max(listeners)
                .subscribers_max(listeners)
                .emitters_max(listeners)
                .backlog_max(queue)
                .queue_max(queue)
                .drain_max(Duration::from_millis(drain))
        },
    );
    let alerts =
        (prop::collection::vec(rule(), 0..4), 100..=3_600_000_u64).prop_map(|(rules, every)| {
            let mut alerts = AlertsSpec::default().every(Duration::from_millis(every));
            for (nth, mut rule) in rules.into_iter().enumerate() {
                rule.name = format!("{nth} {}", rule.name);
                alerts = alerts.rule(rule);
            }
            alerts
        });
    (events, alerts)
        .prop_map(|(events, alerts)| TelemetrySpec::default().events(events).alerts(alerts))
}

fn rule() -> impl Strategy<Value = AlertRule> {
    let aspect = prop_oneof![
        Just(Aspect::Avg),
        Just(Aspect::Rate),
        (0.0..=1.0).prop_map(Aspect::Quantile),
        Just(Aspect::RatioTo("a.b".parse().expect("a path"))),
    ];
    let threshold = any::<f64>().prop_filter("finite", |n| n.is_finite());
    (".{0,8}", aspect, threshold, any::<bool>(), 0..1_000_000_u64).prop_map(
        |(name, aspect, threshold, flag, ms)| {
            let comparison = if flag { Comparison::Gt } else { Comparison::Lt };
            let metric = "foundation.x".parse().expect("a pattern");
            let mut rule = AlertRule::new(name, metric, comparison, threshold)
                .aspect(aspect)
                .window(if flag {
                    TimeWindow::Minute
                } else {
                    TimeWindow::Day
                })
                .lasting(Duration::from_millis(ms))
                .severity(if flag {
                    Severity::Warning
                } else {
                    Severity::Critical
                })
                .no_data(if flag { NoData::Fire } else { NoData::Keep })
                .min_count(ms)
                .mute_while_draining(flag);
            rule.clear = flag.then_some(threshold);
            rule
        },
    )
}
