//! Tests of the books.

use std::time::Duration;

use mainstay_specs::Comparison;

use super::*;

struct Bed {
    board: Board,
    start: Instant,
    second: u64,
    muted: bool,
}

fn rule(name: &str, metric: &str) -> AlertRule {
    let metric = metric.parse().expect("a pattern");
    AlertRule::new(name, metric, Comparison::Gt, 1.0)
}

impl Bed {
    fn new(spec: AlertsSpec) -> Self {
        Self {
            board: Board::new(Arc::new(spec)),
            start: Instant::now(),
            second: 0,
            muted: false,
        }
    }

    fn moment(&self) -> Moment {
        Moment {
            now: self.start + Duration::from_secs(self.second),
            time: SystemTime::UNIX_EPOCH + Duration::from_secs(self.second),
            muted: self.muted,
        }
    }

    /// One second with these values for all rules, and what is told then.
    fn see(&mut self, values: &[(&str, f64)]) -> Vec<String> {
        self.second += 1;
        let moment = self.moment();
        let mut told = self.board.sweep(moment);
        for rule in self.board.rules().to_vec() {
            let seen = values
                .iter()
                .filter(|(metric, _)| rule.metric.matches(metric));
            let readings = seen.map(|(metric, value)| {
                (
                    (*metric).into(),
                    Some(Reading {
                        value: *value,
                        count: 1,
                    }),
                )
            });
            told.extend(self.board.judge(&rule, readings.collect(), moment));
        }
        told.iter()
            .map(|alert| format!("{}: {alert}", alert.number))
            .collect()
    }

    fn watched(&self) -> Vec<String> {
        let key = |watch: &Watch| format!("{}/{}", watch.rule.name, watch.metric);
        self.board.watches().map(key).collect()
    }
}

#[test]
fn each_metric_of_a_pattern_has_an_alert_of_its_own_which_is_told_once() {
    let mut bed = Bed::new(AlertsSpec::default().rule(rule("high", "a.*")));
    let told = bed.see(&[("a.x", 2.0), ("a.y", 0.0), ("b.x", 9.0)]);
    assert_eq!(told, ["1: high: firing, warning: avg of a.x is 2 > 1"]);
    let told = bed.see(&[("a.x", 3.0), ("a.y", 4.0)]);
    assert_eq!(told, ["2: high: firing, warning: avg of a.y is 4 > 1"]);
    assert_eq!(bed.watched(), ["high/a.x", "high/a.y"]);
    let told = bed.see(&[("a.x", 0.5), ("a.y", 4.0)]);
    assert_eq!(
        told,
        ["3: high: resolved, warning: avg of a.x is 0.5, good at 1"]
    );
    assert_eq!(bed.watched(), ["high/a.y"]);
    assert_eq!((bed.board.fired, bed.board.resolved), (2, 1));
}

#[test]
fn a_metric_without_samples_is_no_data_for_what_watched_it() {
    let keep = rule("keep", "a.*");
    let resolve = rule("resolve", "a.*").no_data(NoData::Resolve);
    let mut bed = Bed::new(AlertsSpec::default().rule(keep).rule(resolve));
    bed.see(&[("a.x", 2.0)]);
    assert_eq!(
        bed.see(&[("a.x", f64::NAN)]),
        ["3: resolve: resolved, warning: avg of a.x is not known"]
    );
    assert_eq!(bed.watched(), ["keep/a.x"]);
    assert_eq!(
        bed.see(&[("a.x", 0.0)]),
        ["4: keep: resolved, warning: avg of a.x is 0, good at 1"]
    );
}

#[test]
fn an_alert_whose_series_is_gone_is_resolved_and_leaves_its_place_to_another() {
    let slow = rule("slow", "b.*").lasting(Duration::from_secs(9));
    let spec = AlertsSpec::default().watches_max(2);
    let mut bed = Bed::new(spec.rule(rule("high", "a.*")).rule(slow));
    bed.see(&[("a.x", 2.0), ("b.x", 2.0)]);
    assert_eq!(bed.watched(), ["high/a.x", "slow/b.x"]);
    assert_eq!(
        bed.see(&[("a.w", 2.0)]),
        [
            "2: high: resolved, warning: avg of a.x is gone, as its series is",
            "3: high: firing, warning: avg of a.w is 2 > 1"
        ]
    );
    let history = bed.board.history();
    let reasons: Vec<AlertReason> = history.iter().map(|alert| alert.reason).collect();
    use AlertReason::{SeriesGone, Value};
    assert_eq!(reasons, [Value, SeriesGone, Value]);
    assert_eq!(bed.watched(), ["high/a.w"]);
    assert_eq!(bed.board.left_out, 0);
}

#[test]
fn a_metric_that_never_was_is_no_data_if_it_is_named_and_nothing_if_not() {
    let named = rule("named", "a.x").no_data(NoData::Fire);
    let pattern = rule("pattern", "a.*").no_data(NoData::Fire);
    let mut bed = Bed::new(AlertsSpec::default().rule(named).rule(pattern));
    assert_eq!(
        bed.see(&[]),
        ["1: named: firing, warning: avg of a.x is not known"]
    );
    assert_eq!(bed.watched(), ["named/a.x"]);
}

#[test]
fn a_rule_that_is_taken_away_resolves_what_fires_and_forgets_what_is_pending() {
    let slow = rule("slow", "a").lasting(Duration::from_secs(9));
    let mut bed = Bed::new(AlertsSpec::default().rule(rule("high", "a")).rule(slow));
    bed.see(&[("a", 2.0)]);
    assert_eq!(bed.watched(), ["high/a", "slow/a"]);
    assert!(bed.board.remove("high") && bed.board.remove("slow") && !bed.board.remove("high"));
    assert_eq!(
        bed.see(&[("a", 2.0)]),
        ["2: high: resolved, warning: avg of a is not known"]
    );
    assert_eq!(bed.watched(), [""; 0]);
}

#[test]
fn a_rule_that_is_replaced_begins_anew_unless_it_is_the_same() {
    let mut bed = Bed::new(AlertsSpec::default().rule(rule("high", "a")));
    bed.see(&[("a", 2.0)]);
    bed.board.put(rule("high", "a")).expect("a rule");
    assert_eq!(bed.see(&[("a", 2.0)]), [""; 0]);
    bed.board.put(rule("high", "a").clear(0.5)).expect("a rule");
    let told = bed.see(&[("a", 2.0)]);
    assert_eq!(
        told,
        [
            "2: high: resolved, warning: avg of a is not known",
            "3: high: firing, warning: avg of a is 2 > 1"
        ]
    );
    assert_eq!(bed.board.rules().len(), 1);
}

#[test]
fn rules_watches_and_history_are_bounded() {
    let spec = AlertsSpec::default()
        .rules_max(2)
        .watches_max(2)
        .history_max(3);
    let mut bed = Bed::new(spec.rule(rule("high", "*")));
    bed.board.put(rule("second", "z")).expect("room");
    let refused = bed.board.put(rule("third", "z"));
    assert_eq!(refused, Err(AlertError::TooManyRules { max: 2 }));
    let told = bed.see(&[("a", 2.0), ("b", 2.0), ("c", 2.0)]);
    assert_eq!(told.len(), 2);
    assert_eq!(bed.board.left_out, 1);
    assert_eq!(bed.watched(), ["high/a", "high/b"]);
    // There is room again, and what still is bad comes in.
    assert_eq!(bed.see(&[("a", 0.0), ("b", 2.0), ("c", 2.0)]).len(), 2);
    let numbers: Vec<u64> = bed
        .board
        .history()
        .iter()
        .map(|alert| alert.number)
        .collect();
    assert_eq!(numbers, [2, 3, 4]);
}

#[test]
fn a_wrong_rule_is_refused() {
    let mut bed = Bed::new(AlertsSpec::default());
    let refused = bed
        .board
        .put(rule("", "a"))
        .map_err(|error| error.to_string());
    assert_eq!(
        refused,
        Err("the rule is wrong: name: expected 1 to 128 bytes, found 0".to_owned())
    );
    assert!(bed.board.rules().is_empty());
}

#[test]
fn the_same_spec_keeps_rules_that_were_put_and_another_one_replaces_them() {
    let spec = Arc::new(AlertsSpec::default().rule(rule("high", "a")));
    let mut board = Board::new(Arc::clone(&spec));
    board.put(rule("put", "b")).expect("room");
    let names = |board: &Board| -> Vec<String> {
        board.rules().iter().map(|rule| rule.name.clone()).collect()
    };
    board.adopt(&spec);
    assert_eq!(names(&board), ["high", "put"]);
    board.adopt(&Arc::new(
        AlertsSpec::default()
            .rule(rule("high", "a"))
            .rule(rule("new", "b")),
    ));
    assert_eq!(names(&board), ["high", "new"]);
}

#[test]
fn what_was_left_as_it_was_by_another_spec_goes_on_firing() {
    let mut bed = Bed::new(AlertsSpec::default().rule(rule("high", "a")));
    bed.see(&[("a", 2.0)]);
    bed.board.adopt(&Arc::new(
        AlertsSpec::default().rule(rule("high", "a")).history_max(9),
    ));
    assert_eq!(bed.see(&[("a", 2.0)]), [""; 0]);
    assert_eq!(bed.watched(), ["high/a"]);
}

#[test]
fn alerts_tell_the_whole_story_in_json_and_as_telemetry() {
    use crate::telemetry::TelemetryEvent;

    let mut bed = Bed::new(AlertsSpec::default().rule(rule("high", "a").no_data(NoData::Fire)));
    bed.see(&[]);
    let alert = bed.board.history().remove(0);
    assert_eq!(alert.dedupe_key(), "high/a");
    assert_eq!(alert.measurements().to_string(), "count=1");
    assert_eq!(
        alert.metadata().to_string(),
        "rule=high metric=a severity=warning state=firing value=none threshold=1"
    );
    let json = serde_json::to_value(&alert).expect("JSON");
    assert_eq!(json["timestamp"], "1970-01-01T00:00:01.000Z");
    assert_eq!(
        (&json["state"], &json["rule"]["name"]),
        (&"firing".into(), &"high".into())
    );
}
