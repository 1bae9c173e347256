//! Looking worse than one is.

use mainstay_actors::health::{HealthError, HealthStatus};

use super::support::{Bed, Look, config, ms, name, settle};

#[tokio::test(start_paused = true)]
async fn it_is_seen_at_once_says_that_it_is_simulated_and_ends_with_its_guard() {
    let bed = Bed::new().await;
    bed.add_with("db", &Look::healthy(), config().interval(ms(60_000)));
    settle().await;
    let drill = bed.health.simulate(
        &name("db"),
        "disk",
        HealthStatus::Unhealthy,
        "a drill",
        ms(10_000),
    );
    let drill = drill.expect("it may");
    settle().await;
    let entry = bed.health.service("db").expect("it is there");
    assert_eq!(
        (entry.status, entry.simulated),
        (HealthStatus::Unhealthy, true)
    );
    assert_eq!((entry.message.as_str(), entry.checks.len()), ("a drill", 2));
    drill.end();
    settle().await;
    let entry = bed.health.service("db").expect("it is there");
    assert_eq!(
        (entry.status, entry.simulated),
        (HealthStatus::Healthy, false)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_its_time_is_up_whoever_holds_the_guard() {
    let bed = Bed::new().await;
    bed.add_with("db", &Look::healthy(), config().interval(ms(60_000)));
    let drill = bed.health.simulate(
        &name("db"),
        "look",
        HealthStatus::Degraded,
        "a drill",
        ms(10_000),
    );
    let _drill = drill.expect("it may");
    tokio::time::sleep(ms(9_999)).await;
    assert_eq!(bed.status("db"), HealthStatus::Degraded);
    tokio::time::sleep(ms(2)).await;
    assert_eq!(bed.status("db"), HealthStatus::Healthy);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn there_has_to_be_something_to_look_worse() {
    let bed = Bed::new().await;
    let refused = bed
        .health
        .simulate(&name("db"), "x", HealthStatus::Degraded, "a drill", ms(1));
    assert!(matches!(refused, Err(HealthError::NoCheck(name)) if name == "db"));
    bed.end().await;
}
