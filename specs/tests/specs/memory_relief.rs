//! How memory is freed, and what is let in, in node files.

use std::time::Duration;

use mainstay_specs::{
    AdmissionAction, AdmissionRow, AdmissionSpec, AnyKind, CleanupClass, CleanupSpec,
    CleanupStrategySpec, MemoryManagerSpec, NodeSpec, PressureLevel,
};

use super::support::faults;

/// The faults of a part of a memory manager, which begins at 2:1.
fn faults_of(part: &str, content: &str) -> String {
    let text = format!(
        "(namespaces: [(name: \"n\", services: (memory_manager: ({part}: (\n{content}))))])"
    );
    faults(&text).replace(
        &format!("namespaces[0].services.memory_manager.{part}."),
        "",
    )
}

fn memory(content: &str) -> MemoryManagerSpec {
    let text = format!("(namespaces: [(name: \"n\", services: (memory_manager: ({content})))])");
    let node = NodeSpec::from_ron(&text, &AnyKind).expect("a node");
    let memory = node.namespaces[0].services.memory_manager.clone();
    memory.expect("it is given")
}

const fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

#[test]
fn cleanups_are_read_with_all_that_can_be_said() {
    let spec = memory(
        r#"cleanup: (class_max: destructive, strategies: [trim, config_cache, event_store(retention: "12h", retention_min: "30m")],
            time_limit: "1s", min_interval: "30s", pause_max: "1h", strategies_max: 7)"#,
    );
    let expected = CleanupSpec::default()
        .class_max(CleanupClass::Destructive)
        .strategies([
            CleanupStrategySpec::Trim,
            CleanupStrategySpec::ConfigCache,
            CleanupStrategySpec::EventStore {
                retention: seconds(12 * 3600),
                retention_min: seconds(1800),
            },
        ])
        .time_limit(seconds(1))
        .min_interval(seconds(30))
        .pause_max(seconds(3600))
        .strategies_max(7);
    assert_eq!(spec.cleanup, expected);
}

#[test]
fn cleanups_of_which_nothing_is_said_delete_nothing_and_keep_events_for_a_day() {
    let spec = memory("").cleanup;
    assert_eq!(spec, CleanupSpec::default());
    assert_eq!(spec.class_max, CleanupClass::Rebuildable);
    let day = CleanupStrategySpec::EventStore {
        retention: seconds(24 * 3600),
        retention_min: seconds(3600),
    };
    assert_eq!(spec.strategies.last(), Some(&day));
    let said = memory("cleanup: (strategies: [event_store()])").cleanup;
    assert_eq!(said.strategies, [day]);
}

#[test]
fn faults_of_cleanups_are_all_told() {
    assert_eq!(
        faults_of(
            "cleanup",
            "time_limit: \"0s\",\nmin_interval: \"2h\",\npause_max: \"1s\",\nstrategies_max: 2,\nstrategies: [trim,\ntrim,\nevent_store(retention: \"1h\",\nretention_min: \"2h\")]"
        ),
        "2:13: time_limit: expected 1ms to 10m, found 0s\n\
         3:15: min_interval: expected 10ms to 1h, found 2h\n\
         4:12: pause_max: expected min_interval, which is 2h, to 1day, found 1s\n\
         6:13: strategies: expected at most strategies_max, which is 2, found 3\n\
         7:1: strategies[1]: duplicate strategy trim\n\
         9:16: strategies[2].retention_min: expected 1s to retention, which is 1h, found 2h"
    );
}

#[test]
fn numbers_of_strategies_and_retentions_that_make_no_sense_are_told() {
    assert_eq!(
        faults_of(
            "cleanup",
            "strategies_max: 5000,\nstrategies: [event_store(retention: \"0s\")]"
        ),
        "2:17: strategies_max: expected 1 to 4096, found 5000\n\
         3:37: strategies[0].retention: expected 1s to 100 years, found 0s"
    );
}

#[test]
fn admission_is_read_with_all_that_can_be_said() {
    use AdmissionAction::{Allow, Delay, Refuse, Shed};
    let spec = memory(
        r#"admission: (read: (low: allow, medium: allow, high: shed, critical: shed), delay_max: "1s", retry_after: "5s", reserve_from: 1024)"#,
    );
    let row = AdmissionRow {
        low: Allow,
        medium: Allow,
        high: Shed,
        critical: Shed,
    };
    let expected = AdmissionSpec::default()
        .read(row)
        .delay_max(seconds(1))
        .retry_after(seconds(5))
        .reserve_from(1024);
    assert_eq!(spec.admission, expected);
    let by_default = PressureLevel::ALL.map(|level| memory("").admission.background.at(level));
    assert_eq!(by_default, [Allow, Delay, Shed, Refuse]);
}

#[test]
fn faults_of_admission_are_all_told() {
    assert_eq!(
        faults_of(
            "admission",
            "delay_max: \"0s\",\nretry_after: \"2h\",\nreserve_from: 0,\nwrite: (low: allow, medium: refuse,\nhigh: delay, critical: refuse)"
        ),
        "2:12: delay_max: expected 1ms to 1m, found 0s\n\
         3:14: retry_after: expected 1ms to 1h, found 2h\n\
         4:15: reserve_from: expected at least 1, found 0\n\
         6:7: write.high: expected nothing milder than at medium, which is refuse, found delay"
    );
}
