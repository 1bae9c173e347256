//! Health from a file.

use mainstay_actors::health::HealthStatus;
use mainstay_supervisors::specs::{AnyKind, Importance, NodeSpec};

use super::support::{Bed, Look, name};

#[tokio::test(start_paused = true)]
async fn what_a_file_says_of_checks_is_what_they_go_by() {
    let text = r#"(namespaces: [(name: "app", services: (health_aggregator: (
        foundation: false,
        tree: false,
        sweep_deadline: "50ms",
        checks: [
            (name: "search", config: (importance: optional, time_limit: "2s", depends_on: ["db"])),
            (name: "db"),
        ],
        groups: [(name: "storage", checks: ["db"])],
    )))])"#;
    let node = NodeSpec::from_ron(text, &AnyKind).expect("a node");
    let spec = node.namespaces[0].services.health_aggregator.clone();
    let bed = Bed::with(spec.expect("it is given")).await;
    let registered =
        bed.health
            .register(name("search"), Look::finds(HealthStatus::Unhealthy), None);
    registered.expect("it is registered");
    bed.health
        .register(name("db"), Look::healthy(), None)
        .expect("it is registered");
    let health = bed.sweep().await;
    assert_eq!(health.status, HealthStatus::Healthy);
    let search = health.service("search").expect("it is there");
    assert_eq!(
        (search.importance, search.depends_on.len()),
        (Importance::Optional, 1)
    );
    assert_eq!(
        bed.health
            .group("storage")
            .expect("it is there")
            .health
            .total_services,
        1
    );
    bed.end().await;
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_line_and_column() {
    let text = r#"(namespaces: [(name: "app", services: (health_aggregator: (
        sweep_deadline: "80",
        checks: [
            (name: "a", config: (depends_on: ["b"], importance: vital)),
            (name: "b", config: (depends_on: ["a"], weight: 0)),
        ],
        interval: "1s",
    )))])"#;
    let faults = NodeSpec::from_ron(text, &AnyKind).expect_err("it is wrong");
    each_has(
        &faults.to_string(),
        &[
            "2:25: namespaces[0].services.health_aggregator.sweep_deadline: ",
            "checks[0].config.depends_on: expected nothing that depends on itself, found a -> b -> a",
            "importance: ",
            "5:61: namespaces[0].services.health_aggregator.checks[1].config.weight: expected more than 0 to 1000, found 0",
            "interval",
        ],
    );
    let text = r#"(namespaces: [(name: "app", services: (health_aggregator: (checks: [
        (name: "a", config: (depends_on: ["b"])),
        (name: "b", config: (depends_on: ["a"])),
    ])))])"#;
    let faults = NodeSpec::from_ron(text, &AnyKind).expect_err("it is wrong");
    assert_eq!(
        faults.to_string(),
        "2:42: namespaces[0].services.health_aggregator.checks[0].config.depends_on: expected nothing that depends on itself, found a -> b -> a"
    );
}

/// Each of these is in a line of its own, in this order.
fn each_has(found: &str, expected: &[&str]) {
    let lines: Vec<&str> = found.lines().collect();
    assert_eq!(lines.len(), expected.len(), "{found}");
    for (line, part) in lines.iter().zip(expected) {
        assert!(line.contains(part), "{line:?} has no {part:?}");
    }
}
