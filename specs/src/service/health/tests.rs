use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("a name")
}

fn faults(spec: &HealthAggregatorSpec) -> Vec<String> {
    let wrong = spec.validate().expect_err("it is wrong");
    wrong.iter().map(ToString::to_string).collect()
}

fn on(names: &[&str]) -> HealthCheckConfig {
    let config = HealthCheckConfig::default();
    names
        .iter()
        .fold(config, |config, on| config.depends_on(name(on)))
}

#[test]
fn the_default_is_valid() {
    assert_eq!(HealthAggregatorSpec::default().validate(), Ok(()));
    assert_eq!(HealthCheckConfig::default().validate(), Ok(()));
}

#[test]
fn all_that_is_wrong_is_told_at_once_with_its_place() {
    let config = HealthCheckConfig::default()
        .weight(0.0)
        .jitter(1.5)
        .interval(Duration::ZERO)
        .time_limit(Duration::ZERO)
        .rise(0)
        .fall(1001)
        .hold(Duration::from_secs(7200));
    let spec = HealthAggregatorSpec::default()
        .check(name("db"), config)
        .check(name("db"), on(&[]))
        .group(HealthGroup::new(name("empty")))
        .thresholds(HealthThresholds::new(0.5, 0.8))
        .sweep_deadline(Duration::ZERO)
        .stale_after(Duration::ZERO)
        .checks_max(1)
        .parts_max(0)
        .text_max(1)
        .history_max(0)
        .subscribers_max(0)
        .backlog_max(0);
    assert_eq!(
        faults(&spec),
        [
            "sweep_deadline: expected 1ms to 10m, found 0s",
            "stale_after: expected 1s to 1h, found 0s",
            "parts_max: expected 1 to 10000, found 0",
            "text_max: expected 16 to 65536, found 1",
            "history_max: expected 1 to 65536, found 0",
            "subscribers_max: expected at least 1, found 0",
            "backlog_max: expected 1 to 65536, found 0",
            "thresholds.degraded: expected at most healthy, which is 0.5, found 0.8",
            "checks: expected at most checks_max, which is 1, found 2",
            "checks[1].name: duplicate check name \"db\", first given at checks[0].name",
            "checks[0].config.weight: expected more than 0 to 1000, found 0",
            "checks[0].config.jitter: expected a share from 0 to 1, found 1.5",
            "checks[0].config.interval: expected 10ms to 1h, found 0s",
            "checks[0].config.time_limit: expected 1ms to 10m, found 0s",
            "checks[0].config.hold: expected up to 1h, found 2h",
            "checks[0].config.rise: expected 1 to 1000, found 0",
            "checks[0].config.fall: expected 1 to 1000, found 1001",
            "groups[0]: expected names of checks or tags, found neither",
        ]
    );
}

#[test]
fn a_cycle_is_told_with_its_way() {
    let spec = HealthAggregatorSpec::default()
        .check(name("web"), on(&["api"]))
        .check(name("api"), on(&["cache", "db"]))
        .check(name("db"), on(&["disk"]))
        .check(name("disk"), on(&["api"]));
    assert_eq!(
        faults(&spec),
        [
            "checks[1].config.depends_on: expected nothing that depends on itself, found api -> db -> disk -> api"
        ]
    );
}

#[test]
fn what_is_asked_whether_it_lives_depends_on_nothing() {
    let alive = on(&["db", "disk"]).kind(CheckKind::Liveness);
    let wrong = alive.validate().expect_err("it is wrong").to_string();
    let expected = "depends_on: expected none, as the kind is liveness, found 2";
    assert!(wrong.contains(expected), "{wrong}");
    assert_eq!(
        HealthCheckConfig::default()
            .kind(CheckKind::Liveness)
            .validate(),
        Ok(())
    );
}

#[test]
fn a_group_has_those_it_names_and_those_with_its_tags_but_for_exceptions() {
    let group = HealthGroup::new(name("storage"))
        .check(name("db"))
        .tag(name("disk"))
        .except(name("scratch"));
    let tagged = [name("disk")];
    assert!(group.holds(&name("db"), &[]));
    assert!(group.holds(&name("files"), &tagged));
    assert!(!group.holds(&name("scratch"), &tagged));
    assert!(!group.holds(&name("api"), &[]));
}

/// Whether something can be reached from itself, found by trying all.
fn has_cycle(edges: &[Vec<usize>]) -> bool {
    let count = edges.len();
    let mut reach = vec![vec![false; count]; count];
    for (from, on) in edges.iter().enumerate() {
        on.iter().for_each(|to| reach[from][*to] = true);
    }
    for by in 0..count {
        for from in 0..count {
            for to in 0..count {
                reach[from][to] |= reach[from][by] && reach[by][to];
            }
        }
    }
    (0..count).any(|nth| reach[nth][nth])
}

proptest! {
    #[test]
    fn a_cycle_is_found_if_there_is_one_and_its_way_is_real(
        edges in prop::collection::vec(prop::collection::vec(0_usize..7, 0..3), 7),
    ) {
        let names: Vec<ServiceName> = (0..7).map(|nth| name(&format!("n{nth}"))).collect();
        let on: Vec<Vec<ServiceName>> = edges
            .iter()
            .map(|on| on.iter().map(|nth| names[*nth].clone()).collect())
            .collect();
        let given = names.iter().zip(on.iter().map(Vec::as_slice));
        let found = dependency_cycle(given);
        prop_assert_eq!(found.is_some(), has_cycle(&edges));
        if let Some(way) = found {
            prop_assert_eq!(way.first(), way.last());
            for pair in way.windows(2) {
                let nth = names.iter().position(|name| *name == pair[0]).expect("one of them");
                prop_assert!(on[nth].contains(&pair[1]));
            }
        }
    }
}
