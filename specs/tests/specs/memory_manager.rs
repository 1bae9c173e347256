//! Memory managers in node files.

use std::time::Duration;

use mainstay_specs::{
    AnyKind, MemoryConfig, MemoryManagerSpec, NodeSpec, PressureLevel, Sustained,
};

use super::support::faults;

/// The faults of a memory manager of this content, which begins at 2:1.
fn memory_faults(content: &str) -> String {
    let text = format!("(namespaces: [(name: \"n\", services: (memory_manager: (\n{content})))])");
    faults(&text).replace("namespaces[0].services.memory_manager.", "")
}

fn memory(content: &str) -> MemoryManagerSpec {
    let text = format!("(namespaces: [(name: \"n\", services: (memory_manager: ({content})))])");
    let node = NodeSpec::from_ron(&text, &AnyKind).expect("a node");
    let memory = node.namespaces[0].services.memory_manager.clone();
    memory.expect("it is given")
}

#[test]
fn a_memory_manager_is_read_with_all_that_can_be_said() {
    let spec = memory(
        r#"check_interval: "100ms", adaptive: false, warning_threshold: 0.5, high_threshold: 0.6, critical_threshold: 0.9,
        hysteresis: 0.1, dwell: "1s", samples: 3, sustained: (above_for: "3s", falling: 0.5), headroom: 0.2, budget: 2097152,
        heap_budget: 1048576, psi: false, stale_after: 10, sources_max: 0, subscribers_max: 1, events_backlog: 16,
        pressure_relief_enabled: false, simulation: true"#,
    );
    let seconds = Duration::from_secs;
    let expected = MemoryManagerSpec::default()
        .check_interval(Duration::from_millis(100))
        .adaptive(false)
        .warning_threshold(0.5)
        .high_threshold(0.6)
        .critical_threshold(0.9)
        .hysteresis(0.1)
        .dwell(seconds(1))
        .samples(3)
        .sustained(Sustained::default().above_for(seconds(3)).falling(0.5))
        .headroom(0.2)
        .budget(2 << 20)
        .heap_budget(1 << 20)
        .psi(false)
        .stale_after(10)
        .sources_max(0)
        .subscribers_max(1)
        .events_backlog(16)
        .pressure_relief_enabled(false)
        .simulation(true);
    assert_eq!(spec, expected);
}

#[test]
fn one_that_says_nothing_goes_by_the_defaults() {
    assert_eq!(memory(""), MemoryConfig::default());
    let spec = MemoryConfig::default();
    let thresholds = PressureLevel::ALL.map(|level| spec.threshold(level));
    assert_eq!(thresholds, [0.0, 0.70, 0.825, 0.95]);
    assert_eq!(spec.check_interval, Duration::from_millis(250));
    assert_eq!(
        (spec.hysteresis, spec.samples, spec.stale_after),
        (0.05, 2, 5)
    );
    assert!(spec.pressure_relief_enabled && !spec.simulation);
}

#[test]
fn without_a_threshold_of_its_own_high_is_half_way_between_the_others() {
    let spec = memory("warning_threshold: 0.1, critical_threshold: 0.2");
    assert_eq!(spec.threshold(PressureLevel::High), f64::midpoint(0.1, 0.2));
    let own = memory("warning_threshold: 0.1, high_threshold: 0.11, critical_threshold: 0.2");
    assert_eq!(own.threshold(PressureLevel::High), 0.11);
}

#[test]
fn numbers_that_make_no_sense_are_all_told() {
    assert_eq!(
        memory_faults(
            "check_interval: \"1ms\",\ndwell: \"2h\",\nsamples: 0,\nstale_after: 1,\nsources_max: 257,\nsubscribers_max: 0,\n\
             events_backlog: 65537,\nheadroom: 0.95,\nbudget: 0,\nheap_budget: 1048575"
        ),
        "2:17: check_interval: expected 10ms to 1m, found 1ms\n\
         3:8: dwell: expected up to 1h, found 2h\n\
         4:10: samples: expected 1 to 1000, found 0\n\
         5:14: stale_after: expected 2 to 1000, found 1\n\
         6:14: sources_max: expected 0 to 256, found 257\n\
         7:18: subscribers_max: expected at least 1, found 0\n\
         8:17: events_backlog: expected 1 to 65536, found 65537\n\
         9:11: headroom: expected a share of 0 to 0.9, found 0.95\n\
         10:9: budget: expected at least 1048576 bytes, found 0\n\
         11:14: heap_budget: expected at least 1048576 bytes, found 1048575"
    );
}

#[test]
fn thresholds_are_shares_in_order() {
    assert_eq!(
        memory_faults("warning_threshold: 70,\nhigh_threshold: 0,\ncritical_threshold: 1.01"),
        "2:20: warning_threshold: expected a share over 0 and at most 1, found 70\n\
         3:17: high_threshold: expected a share over 0 and at most 1, found 0\n\
         4:21: critical_threshold: expected a share over 0 and at most 1, found 1.01"
    );
    assert_eq!(
        memory_faults("warning_threshold: 0.9,\nhigh_threshold: 0.8,\ncritical_threshold: 0.8"),
        "2:20: warning_threshold: expected less than high_threshold, which is 0.8, found 0.9\n\
         3:17: high_threshold: expected less than critical_threshold, which is 0.8, found 0.8"
    );
    assert_eq!(
        memory_faults("warning_threshold: 0.9,\ncritical_threshold: 0.9"),
        "2:20: warning_threshold: expected less than critical_threshold, which is 0.9, found 0.9"
    );
    assert_eq!(
        memory_faults("warning_threshold: 0.2,\nhysteresis: 0.2"),
        "3:13: hysteresis: expected less than warning_threshold, which is 0.2, found 0.2"
    );
    assert_eq!(
        memory_faults("hysteresis: -0.1"),
        "2:13: hysteresis: expected a share of 0 to 1, found -0.1"
    );
}

#[test]
fn the_rule_for_lasting_pressure_is_checked_too() {
    assert_eq!(
        memory_faults("sustained: (\nabove_for: \"11m\",\nfalling: 2)"),
        "3:12: sustained.above_for: expected up to 10m, found 11m\n\
         4:10: sustained.falling: expected a share of 0 to 1, found 2"
    );
}

#[test]
fn what_there_is_not_is_told_with_what_is_meant() {
    assert_eq!(
        memory_faults("warning_treshold: 0.5"),
        "2:1: warning_treshold: unknown field `warning_treshold`, did you mean `warning_threshold`?"
    );
}
