//! Who is there, and as what.

use mainstay_actors::health::{HealthError, HealthStatus};
use mainstay_supervisors::specs::{HealthGroup, Importance};

use super::support::{Bed, Look, config, name, plain, settle};

#[tokio::test(start_paused = true)]
async fn a_name_is_taken_once_but_may_be_replaced_and_keeps_its_status() {
    let bed = Bed::new().await;
    bed.add("db", &Look::finds(HealthStatus::Degraded));
    bed.sweep().await;
    let refused = bed.health.register(name("db"), Look::healthy(), None);
    assert_eq!(
        refused.expect_err("it is taken").to_string(),
        "there is a health check `db` already"
    );
    let next = Look::hangs();
    bed.health
        .replace(name("db"), std::sync::Arc::clone(&next), config())
        .expect("it may");
    settle().await;
    assert_eq!(
        (bed.status("db"), next.begun()),
        (HealthStatus::Degraded, 1)
    );
    next.let_go();
    settle().await;
    assert_eq!(bed.status("db"), HealthStatus::Healthy);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn there_are_no_more_than_there_may_be() {
    let bed = Bed::with(plain().checks_max(2)).await;
    bed.add("a", &Look::healthy());
    bed.add("b", &Look::healthy());
    let refused = bed.health.register(name("c"), Look::healthy(), None);
    assert!(matches!(refused, Err(HealthError::TooMany { max: 2 })));
    assert!(bed.health.unregister("a"));
    assert!(!bed.health.unregister("a"));
    bed.add("c", &Look::healthy());
    assert_eq!(bed.sweep().await.total_services, 2);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_configuration_is_refused_with_its_place() {
    let bed = Bed::new().await;
    let refused = bed
        .health
        .register(name("db"), Look::healthy(), config().weight(-1.0));
    assert_eq!(
        refused.expect_err("it is wrong").to_string(),
        "weight: expected more than 0 to 1000, found -1"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_spec_says_of_a_name_wins_and_one_that_nobody_registers_is_unknown() {
    let spec = plain()
        .check(name("db"), config().importance(Importance::Optional))
        .check(name("ghost"), config().grace(std::time::Duration::ZERO));
    let bed = Bed::with(spec).await;
    bed.add_with("db", &Look::finds(HealthStatus::Unhealthy), config());
    let health = bed.sweep().await;
    assert_eq!(
        health.service("db").expect("it is there").importance,
        Importance::Optional
    );
    let ghost = health.service("ghost").expect("it is named");
    assert_eq!(ghost.status, HealthStatus::Unknown);
    assert_eq!(ghost.message, "nobody has registered this check");
    assert_eq!(health.status, HealthStatus::Degraded);
    bed.add("ghost", &Look::healthy());
    assert_eq!(bed.sweep().await.status, HealthStatus::Healthy);
    assert!(bed.health.unregister("ghost"));
    assert_eq!(
        bed.sweep()
            .await
            .service("ghost")
            .expect("it is named")
            .status,
        HealthStatus::Unknown
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn groups_are_asked_for_by_name() {
    let group = HealthGroup::new(name("storage"))
        .check(name("db"))
        .tag(name("disk"));
    let bed = Bed::with(plain().group(group)).await;
    bed.add("db", &Look::healthy());
    bed.add_with(
        "files",
        &Look::finds(HealthStatus::Degraded),
        config().tag(name("disk")),
    );
    bed.add("api", &Look::finds(HealthStatus::Unhealthy));
    assert_eq!(bed.sweep().await.status, HealthStatus::Unhealthy);
    let storage = bed.health.group("storage").expect("it is there");
    assert_eq!(
        (storage.status(), storage.health.total_services),
        (HealthStatus::Degraded, 2)
    );
    assert_eq!(storage.health.causes.len(), 1);
    let refused = bed.health.group("stroage");
    assert_eq!(
        refused.expect_err("misspelt").to_string(),
        "there is no health group `stroage`"
    );
    let refused = bed.health.service("dbb");
    assert_eq!(
        refused.expect_err("misspelt").to_string(),
        "there is no health check `dbb`"
    );
    bed.end().await;
}
