//! The telemetry service in node files.

use mainstay_specs::{
    AlertRule, AnyKind, Aspect, Comparison, NoData, NodeSpec, Severity, TimeWindow,
};
use std::time::Duration;

use crate::support::faults;

/// What is wrong with the telemetry service, which begins at line 1, column 1; paths are shortened by what is around it.
fn telemetry_faults(telemetry: &str) -> String {
    let told = faults(&format!(
        "(namespaces:[(name:\"n\",services:(telemetry:(\n{telemetry}\n)))])"
    ));
    let lines = told.lines().map(|line| {
        let (at, rest) = line.split_once(':').unwrap_or_default();
        let at: usize = at.parse().unwrap_or_default();
        let rest = rest.replacen("namespaces[0].services.telemetry.", "", 1);
        format!("{}:{rest}", at.saturating_sub(1))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn rule_faults(rule: &str) -> String {
    telemetry_faults(&format!("alerts:(rules:[(\n{rule}\n)])")).replace("alerts.rules[0].", "")
}

#[test]
fn a_rule_is_read_with_all_that_can_be_said() {
    let text = r#"(namespaces: [(name: "n", services: (telemetry: (alerts: (rules: [
        (
            name: "failing reads", metric: "foundation.config_server.errors",
            aspect: ratio_to("foundation.config_server.calls"), comparison: gt, threshold: 0.05, clear: 0.01,
            each: metric, window: hour, for: "2m", severity: critical, no_data: resolve, min_count: 50, mute_while_draining: false,
        ),
        (name: "slow", metric: "foundation.*.get", aspect: quantile(0.999), comparison: gt, threshold: 5000),
        (name: "silent", metric: "foundation.**", aspect: rate, comparison: lt, threshold: 1),
    ]))))])"#;
    let node = NodeSpec::from_ron(text, &AnyKind).expect("a node");
    let telemetry = node.namespaces[0]
        .services
        .telemetry
        .as_ref()
        .expect("it is given");
    let failing = AlertRule::new(
        "failing reads",
        "foundation.config_server.errors"
            .parse()
            .expect("a pattern"),
        Comparison::Gt,
        0.05,
    )
    .aspect(Aspect::RatioTo(
        "foundation.config_server.calls".parse().expect("a path"),
    ))
    .clear(0.01)
    .window(TimeWindow::Hour)
    .lasting(Duration::from_secs(120))
    .severity(Severity::Critical)
    .no_data(NoData::Resolve)
    .min_count(50)
    .mute_while_draining(false);
    assert_eq!(telemetry.alerts.rules[0], failing);
    assert_eq!(telemetry.alerts.rules[1].aspect, Aspect::Quantile(0.999));
    assert_eq!(telemetry.alerts.rules[2].aspect, Aspect::Rate);
}

#[test]
fn limits_of_events_and_alerts_are_checked() {
    let text = "events:(handlers_max:0,\nsubscribers_max:0,\nemitters_max:0,\nbacklog_max:0,\nqueue_max:1048577,\n\
                backoff:(min:\"2s\",max:\"1s\"),\ndrain_max:\"2h\"),\n\
                alerts:(every:\"99ms\",\nwatches_max:0,\nsubscribers_max:0,\nhistory_max:0,\nrules_max:0)";
    assert_eq!(
        telemetry_faults(text),
        "1:22: events.handlers_max: expected at least 1, found 0\n\
         2:17: events.subscribers_max: expected at least 1, found 0\n\
         3:14: events.emitters_max: expected at least 1, found 0\n\
         4:13: events.backlog_max: expected 1 to 1048576, found 0\n\
         5:11: events.queue_max: expected 1 to 1048576, found 1048577\n\
         6:9: events.backoff: expected min not above max, a finite factor of at least 1, and a jitter from 0 to 1\n\
         7:11: events.drain_max: expected at most 1h, found 2h\n\
         8:15: alerts.every: expected 100ms to 1h, found 99ms\n\
         9:13: alerts.watches_max: expected at least 1, found 0\n\
         10:17: alerts.subscribers_max: expected at least 1, found 0\n\
         11:13: alerts.history_max: expected 1 to 1048576, found 0\n\
         12:11: alerts.rules_max: expected at least 1 and the 0 rules that are given, found 0"
    );
}

#[test]
fn the_parts_of_a_rule_have_to_fit_each_other() {
    let with = |rest: &str| rule_faults(&format!("name:\"r\",metric:\"a.b\",\n{rest}"));
    assert_eq!(with("comparison:gt,threshold:1,clear:1"), "");
    assert_eq!(with("comparison:lt,threshold:1,clear:2"), "");
    assert_eq!(with("comparison:eq,threshold:1,aspect:count"), "");
    assert_eq!(with("comparison:eq,threshold:1,aspect:last"), "");
    assert_eq!(
        with("comparison:gt,threshold:1,clear:2"),
        "3:33: clear: expected at most the threshold 1, and finite, found 2"
    );
    assert_eq!(
        with("comparison:lt,threshold:1,clear:0.5"),
        "3:33: clear: expected at least the threshold 1, and finite, found 0.5"
    );
    assert_eq!(
        with("comparison:gt,threshold:1,clear:NaN"),
        "3:33: clear: expected at most the threshold 1, and finite, found NaN"
    );
    assert_eq!(
        with("comparison:gt,threshold:1,clear:-inf"),
        "3:33: clear: expected at most the threshold 1, and finite, found -inf"
    );
    assert_eq!(with("comparison:gt,threshold:1,min_coverage:0.5"), "");
    assert_eq!(
        with("comparison:gt,threshold:1,min_coverage:1.5"),
        "3:40: min_coverage: expected a part from 0 to 1, found 1.5"
    );
    assert_eq!(
        with("comparison:eq,threshold:1,clear:1,aspect:count"),
        "3:33: clear: expected none beside the comparison eq"
    );
    assert_eq!(
        with("comparison:gt,threshold:inf"),
        "3:25: threshold: expected a finite number, found inf"
    );
    assert_eq!(
        with("comparison:eq,threshold:1,aspect:p99"),
        "3:12: comparison: expected gt or lt for p99, found eq"
    );
    assert_eq!(
        with("comparison:gt,threshold:1,aspect:quantile(99)"),
        "3:34: aspect: expected a quantile from 0 to 1, found 99"
    );
}

#[test]
fn the_metric_of_a_rule_has_to_be_one_it_can_judge() {
    let about = |metric: &str, aspect: &str| {
        rule_faults(&format!(
            "name:\"r\",metric:\"{metric}\",comparison:gt,threshold:1,aspect:{aspect}"
        ))
    };
    assert_eq!(
        about("a.*", "ratio_to(\"a.b\")"),
        "2:17: metric: expected one metric for a ratio, found `a.*`"
    );
    assert_eq!(about("a.b", "p99,each:series"), "");
    for (aspect, name) in [
        ("error_rate", "error rate"),
        ("ratio_to(\"a.c\")", "ratio to a.c"),
    ] {
        let told = about("a.b", &format!("{aspect},each:series"));
        assert!(
            told.ends_with(&format!("each: expected metric for {name}, found series")),
            "{told}"
        );
    }
    assert_eq!(
        about("foundation.performance.alert", "count"),
        "2:17: metric: expected a metric that no alert makes, found `foundation.performance.alert`"
    );
    assert_eq!(about("foundation.performance.alerts", "count"), "");
    assert_eq!(about("foundation.**", "count"), "");
    assert_eq!(
        about("a..b", "count"),
        "2:17: metric: expected something between, before and after the dots, found \"a..b\""
    );
}

#[test]
fn rules_have_names_of_their_own() {
    let rule = |name: &str| format!("(name:\"{name}\",metric:\"a\",comparison:gt,threshold:1)");
    let rules = format!(
        "alerts:(rules_max:1,rules:[\n{},\n{},\n{},\n])",
        rule("a"),
        rule(""),
        rule("a")
    );
    assert_eq!(
        telemetry_faults(&rules),
        "1:19: alerts.rules_max: expected at least 1 and the 3 rules that are given, found 1\n\
         3:7: alerts.rules[1].name: expected 1 to 128 bytes, found 0\n\
         4:7: alerts.rules[2].name: duplicate rule name \"a\", first given at line 3"
    );
}
