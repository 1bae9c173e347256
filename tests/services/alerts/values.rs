//! What can be looked at.

use std::time::Duration;

use mainstay_actors::metrics::{Tags, Unit};
use mainstay_supervisors::specs::{AlertRule, Aspect, Comparison, Each};

use super::support::{Bed, rule};

fn high(name: &str, metric: &str, aspect: Aspect, threshold: f64) -> AlertRule {
    let mut rule = rule(metric, Comparison::Gt, threshold).aspect(aspect);
    rule.name = name.to_owned();
    rule
}

/// What the rules named so say, in the order of their names.
async fn fired(bed: &mut Bed) -> Vec<String> {
    let told = bed.seconds(1).await.into_iter();
    let names = told.filter_map(|line| line.split_once(':').map(|(name, _)| name.to_owned()));
    names.collect()
}

#[tokio::test(start_paused = true)]
async fn durations_are_microseconds_whatever_they_were_recorded_in() {
    let rules = [
        high("over", "app.*", Aspect::Max, 4900.0),
        high("under", "app.*", Aspect::Max, 5100.0),
    ];
    let mut bed = Bed::with(rules).await;
    for (name, unit) in [
        ("app.nanos", Unit::Nanoseconds),
        ("app.millis", Unit::Milliseconds),
    ] {
        let histogram = bed
            .metrics
            .histogram(name, unit, Tags::new())
            .expect("a histogram");
        histogram.record_duration(Duration::from_millis(5));
    }
    assert_eq!(fired(&mut bed).await, ["over", "over"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn counts_rates_and_quantiles_are_those_of_the_window() {
    let rules = [
        high("count 1001", "app.latency", Aspect::Count, 1000.0),
        high("count 1000", "app.latency", Aspect::Count, 999.0),
        high("p50", "app.latency", Aspect::P50, 490.0),
        high("p50 not", "app.latency", Aspect::P50, 510.0),
        high("p99", "app.latency", Aspect::P99, 970.0),
        high("quantile", "app.latency", Aspect::Quantile(0.1), 97.0),
        high("avg", "app.latency", Aspect::Avg, 500.0),
        high("min", "app.latency", Aspect::Min, 0.9),
        high("rate", "app.latency", Aspect::Rate, 10.0),
    ];
    let mut bed = Bed::with(rules).await;
    let latency = bed
        .metrics
        .histogram("app.latency", Unit::Microseconds, Tags::new())
        .expect("a histogram");
    (1..=1000).for_each(|n| latency.record(n));
    assert_eq!(
        fired(&mut bed).await,
        ["count 1000", "p50", "p99", "quantile", "avg", "min"]
    );
    // A rate is one after ten seconds.
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_eq!(fired(&mut bed).await, ["rate"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_metric_is_judged_over_all_its_tags_and_a_series_by_itself() {
    let rules = [
        high("together", "app.calls", Aspect::Count, 5.0),
        high("alone", "app.calls", Aspect::Count, 5.0).each(Each::Series),
        high("depth", "app.depth", Aspect::Last, 5.0).each(Each::Series),
    ];
    let mut bed = Bed::with(rules).await;
    for (path, calls, depth) in [("a", 4, 3.0), ("b", 2, 9.0)] {
        let tags = [("path", path)];
        bed.metrics
            .counter("app.calls", tags)
            .expect("a counter")
            .increment(calls);
        bed.metrics
            .gauge("app.depth", Unit::Count, tags)
            .expect("a gauge")
            .set(depth);
    }
    assert_eq!(
        bed.seconds(1).await,
        [
            "together: firing, warning: count of app.calls is 6 > 5",
            "depth: firing, warning: last of app.depth{path=\"b\"} is 9 > 5"
        ]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn ratios_are_of_two_metrics_and_error_rates_of_how_calls_ended() {
    let whole = "app.calls".parse().expect("a path");
    let rules = [
        high("ratio", "app.errors", Aspect::RatioTo(whole), 0.1).min_count(10),
        high("rate", "app.latency", Aspect::ErrorRate, 0.39),
        high("rate not", "app.latency", Aspect::ErrorRate, 0.41),
    ];
    let mut bed = Bed::with(rules).await;
    let calls = bed
        .metrics
        .counter("app.calls", Tags::new())
        .expect("a counter");
    bed.metrics
        .counter("app.errors", Tags::new())
        .expect("a counter")
        .increment(5);
    for (status, count) in [
        ("success", 3),
        ("error", 1),
        ("timeout", 1),
        ("cancelled", 9),
    ] {
        let series = bed
            .metrics
            .histogram("app.latency", Unit::Nanoseconds, [("status", status)]);
        let series = series.expect("a histogram");
        (0..count).for_each(|_| series.record(1));
    }
    assert_eq!(
        bed.seconds(1).await,
        ["rate: firing, warning: error rate of app.latency is 0.4 > 0.39"]
    );
    calls.increment(9);
    assert_eq!(bed.seconds(10).await, [""; 0], "too few calls");
    calls.increment(1);
    assert_eq!(
        bed.seconds(1).await,
        ["ratio: firing, warning: ratio to app.calls of app.errors is 0.5 > 0.1"]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_count_is_too_low_only_when_the_whole_window_was_counted() {
    let low = |name: &str, coverage: Option<f64>| {
        let mut rule = rule("app.beats", Comparison::Lt, 5.0).aspect(Aspect::Count);
        (rule.name, rule.min_coverage) = (name.to_owned(), coverage);
        rule
    };
    let mut bed = Bed::with([low("whole", None), low("any", Some(0.0))]).await;
    let beats = bed
        .metrics
        .counter("app.beats", Tags::new())
        .expect("a counter");
    assert_eq!(fired(&mut bed).await, ["any"]);
    for _ in 0..90 {
        beats.increment(1);
        let told = bed.seconds(1).await;
        assert!(!told.iter().any(|line| line.starts_with("whole")));
    }
    let told = bed.seconds(70).await;
    assert_eq!(
        told,
        [
            "whole: firing, warning: count of app.beats is 1 < 5",
            "any: firing, warning: count of app.beats is 1 < 5"
        ]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn series_whose_tags_look_alike_have_alerts_of_their_own() {
    let high = high("high", "app.depth", Aspect::Last, 5.0).each(Each::Series);
    let mut bed = Bed::with([high]).await;
    for tags in [
        Tags::from([("a", "1,b=2")]),
        Tags::from([("a", "1"), ("b", "2")]),
    ] {
        let depth = bed.metrics.gauge("app.depth", Unit::Count, tags);
        depth.expect("a gauge").set(9.0);
    }
    assert_eq!(
        bed.seconds(1).await,
        [
            "high: firing, warning: last of app.depth{a=\"1\",b=\"2\"} is 9 > 5",
            "high: firing, warning: last of app.depth{a=\"1,b=2\"} is 9 > 5"
        ]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn equality_is_exact() {
    let rule = rule("app.replicas", Comparison::Eq, 0.0).aspect(Aspect::Last);
    let mut bed = Bed::with([rule]).await;
    let replicas = bed
        .metrics
        .gauge("app.replicas", Unit::Count, Tags::new())
        .expect("a gauge");
    replicas.set(1e-300);
    assert_eq!(bed.seconds(1).await, [""; 0]);
    replicas.set(0.0);
    assert_eq!(
        bed.seconds(1).await,
        ["r: firing, warning: last of app.replicas is 0 = 0"]
    );
    replicas.set(3.0);
    assert_eq!(
        bed.seconds(1).await,
        ["r: resolved, warning: last of app.replicas is 3, not 0"]
    );
    bed.end().await;
}
