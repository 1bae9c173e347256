use std::sync::Arc;
use std::time::Duration;

use super::{FAMILIES_MAX, OVERFLOW, Table};
use crate::metrics::error::MetricsError;
use crate::metrics::key::SeriesKey;
use crate::metrics::live::LiveCounter;
use crate::metrics::name::MetricName;
use crate::metrics::series::{AnySeries, Moment, Series};
use crate::metrics::tags::Tags;
use crate::metrics::unit::{MetricKind, Unit};
use crate::metrics::windows::Timeline;

fn key(name: &str, tags: impl Into<Tags>) -> SeriesKey {
    SeriesKey {
        name: MetricName::new(name).unwrap(),
        tags: tags.into(),
        kind: MetricKind::Counter,
        unit: Unit::Count,
    }
}

fn make(key: SeriesKey) -> AnySeries {
    let moment = Moment {
        timeline: &Timeline::default(),
        now: Duration::ZERO,
    };
    AnySeries::Counter(Arc::new(Series::new(key, LiveCounter::default(), moment)))
}

#[test]
fn a_series_is_made_once() {
    let mut table = Table::default();
    let mut ask = || {
        table
            .get_or_make(key("a", [("k", "v")]), true, make)
            .unwrap()
            .series
    };
    let (AnySeries::Counter(one), AnySeries::Counter(other)) = (ask(), ask()) else {
        panic!("counters were made");
    };
    assert!(Arc::ptr_eq(&one, &other));
    assert_eq!(table.len(), 1);
}

#[test]
fn what_there_is_no_room_for_shares_one_series_of_its_family() {
    let mut table = Table::default();
    table
        .get_or_make(key("a", [("k", "1")]), true, make)
        .unwrap();
    for nth in 2..100 {
        let tags = [("k", nth.to_string())];
        let found = table.get_or_make(key("a", tags), false, make).unwrap();
        assert!(found.overflowed);
        assert_eq!(found.series.key().tags.get(OVERFLOW), Some("true"));
    }
    assert_eq!(table.len(), 2);
    let there = table
        .get_or_make(key("a", [("k", "1")]), false, make)
        .unwrap();
    assert!(!there.overflowed, "what is there needs no room");
}

#[test]
fn what_there_is_no_room_for_keeps_its_status_if_it_is_an_outcome() {
    let mut table = Table::default();
    let mut overflow = |status: &str| {
        let tags = [("status", status), ("user", "7")];
        let found = table.get_or_make(key("a", tags), false, make).unwrap();
        found.series.key().tags.to_string()
    };
    assert_eq!(overflow("error"), r#"{overflow="true", status="error"}"#);
    assert_eq!(
        overflow("success"),
        r#"{overflow="true", status="success"}"#
    );
    assert_eq!(overflow("404"), r#"{overflow="true"}"#);
    assert_eq!(table.len(), 3);
}

#[test]
fn a_family_has_one_kind_and_one_unit() {
    let mut table = Table::default();
    table
        .get_or_make(key("a.b", Tags::new()), true, make)
        .unwrap();
    let mut other = key("a.b", [("k", "v")]);
    other.kind = MetricKind::Gauge;
    other.unit = Unit::Bytes;
    let refused = table.get_or_make(other, true, make).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "expected a.b to be a counter in count, as it is already, found a gauge in bytes"
    );
}

#[test]
fn two_families_are_never_exported_under_one_name() {
    let mut table = Table::default();
    table
        .get_or_make(key("a.b", Tags::new()), true, make)
        .unwrap();
    for other in ["a_b", "a.b_total", "a-b"] {
        let refused = table.get_or_make(key(other, Tags::new()), true, make);
        assert!(
            matches!(refused, Err(MetricsError::ExportClash { .. })),
            "{other}"
        );
    }
    let refused = table
        .get_or_make(key("a-b", Tags::new()), true, make)
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a-b would be exported as `a_b`, as a.b is already"
    );
    assert_eq!(table.len(), 1);
}

#[test]
fn there_are_so_many_families_and_no_more() {
    let mut table = Table::default();
    for nth in 0..FAMILIES_MAX {
        table
            .get_or_make(key(&format!("f{nth}"), Tags::new()), true, make)
            .unwrap();
    }
    let refused = table
        .get_or_make(key("more", Tags::new()), true, make)
        .unwrap_err();
    let (max, name) = (FAMILIES_MAX, MetricName::new("more").unwrap());
    assert_eq!(refused, MetricsError::TooManyFamilies { max, name });
}

#[test]
fn a_series_that_nobody_holds_and_nothing_is_recorded_to_expires_with_its_family() {
    let mut table = Table::default();
    let held = table
        .get_or_make(key("held", Tags::new()), true, make)
        .unwrap();
    table
        .get_or_make(key("gone", Tags::new()), true, make)
        .unwrap();
    let busy = table
        .get_or_make(key("busy", Tags::new()), true, make)
        .unwrap();
    if let AnySeries::Counter(busy) = &busy.series {
        busy.live.add(1);
    }
    drop(busy);
    assert_eq!(table.expire(Duration::ZERO), 1);
    let series = table.iter().map(|series| series.key().name.as_str());
    let mut names: Vec<&str> = series.collect();
    names.sort_unstable();
    assert_eq!(names, ["busy", "held"]);
    // Its name is free again, also where it is exported.
    table
        .get_or_make(key("gone_total", Tags::new()), true, make)
        .unwrap();
    drop(held);
}

#[test]
fn families_are_asked_for_by_name_once_however_many_series_they_have() {
    let mut table = Table::default();
    for nth in 0..50 {
        for name in ["a", "b"] {
            let tags = [("nth", nth.to_string())];
            table.get_or_make(key(name, tags), true, make).unwrap();
        }
    }
    let asked = std::cell::Cell::new(0);
    let found = table.of_families(|name| {
        asked.set(asked.get() + 1);
        name.as_str() == "a"
    });
    assert_eq!((found.len(), asked.get()), (50, 2));
}
