//! Who is the cause, and who is impaired.

use mainstay_actors::health::{HealthError, HealthStatus};
use mainstay_supervisors::specs::{HealthAggregatorSpec, HealthCheckConfig, ServiceName};

use super::support::{Bed, Look, config, name, plain};

fn on(names: &[&str]) -> HealthCheckConfig {
    names
        .iter()
        .fold(config(), |config, on| config.depends_on(name(on)))
}

fn texts(names: &[ServiceName]) -> Vec<&str> {
    names.iter().map(ServiceName::as_str).collect()
}

#[tokio::test(start_paused = true)]
async fn whoever_would_depend_on_itself_is_refused_with_the_way() {
    let bed = Bed::new().await;
    bed.add_with("api", &Look::healthy(), on(&["cache"]));
    bed.add_with("cache", &Look::healthy(), on(&["disk"]));
    let refused = bed
        .health
        .register(name("disk"), Look::healthy(), on(&["api"]));
    let Err(HealthError::Cycle(way)) = refused else {
        panic!("it depends on itself")
    };
    assert_eq!(texts(&way), ["api", "cache", "disk", "api"]);
    let refused = bed
        .health
        .register(name("self"), Look::healthy(), on(&["self"]));
    assert_eq!(
        refused.expect_err("it depends on itself").to_string(),
        "expected nothing that depends on itself, found self -> self"
    );
    let refused = bed
        .health
        .replace(name("cache"), Look::healthy(), on(&["api"]));
    assert!(matches!(refused, Err(HealthError::Cycle(_))));
    assert_eq!(bed.sweep().await.total_services, 2);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_spec_that_makes_a_circle_with_what_is_registered_does_not_start() {
    let bed = Bed::new().await;
    bed.add_with("api", &Look::healthy(), on(&["db"]));
    let spec = plain().check(name("db"), on(&["api"]));
    assert_eq!(spec.validate(), Ok(()));
    let id = mainstay_supervisors::specs::ChildId::new("health_aggregator").expect("an id");
    bed.namespace.stop_child(&id).await.expect("it stops");
    let child = mainstay_actors::HealthAggregator::child(spec);
    let refused = bed.namespace.start_child(child).await;
    let told = refused.expect_err("it does not fit").to_string();
    assert!(
        told.contains("expected nothing that depends on itself, found api -> db -> api"),
        "{told}"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_diamond_has_one_cause_and_counts_once() {
    let bed = Bed::new().await;
    bed.add_with("top", &Look::healthy(), on(&["left", "right"]));
    bed.add_with("left", &Look::healthy(), on(&["db"]));
    bed.add_with("right", &Look::healthy(), on(&["db"]));
    let db = Look::finds(HealthStatus::Degraded);
    bed.add("db", &db);
    let begun = db.begun();
    let health = bed.sweep().await;
    assert!(db.begun() <= begun + 1);
    assert_eq!(health.overall_score, 0.875);
    assert_eq!(health.causes.len(), 1);
    assert_eq!(texts(&health.causes[0].impairs), ["left", "right", "top"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_five_is_told_from_end_to_end() {
    let bed = Bed::new().await;
    for pair in ["e", "d", "c", "b", "a"].windows(2) {
        bed.add_with(
            pair[1],
            &Look::finds(HealthStatus::Unhealthy),
            on(&[pair[0]]),
        );
    }
    let root = Look::finds(HealthStatus::Unhealthy);
    bed.add("e", &root);
    let health = bed.sweep().await;
    let first = health.service("a").expect("it is there");
    assert_eq!(texts(&first.cause_chain), ["b", "c", "d", "e"]);
    assert_eq!(texts(&first.impaired_by), ["e"]);
    assert_eq!(health.causes.len(), 1);
    let whole = bed.health.history().pop().expect("a change");
    assert_eq!(whole.message, "e is unhealthy: found unhealthy");
    root.set_status(HealthStatus::Healthy);
    let health = bed.sweep().await;
    assert_eq!(health.causes[0].name.as_str(), "d");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_told_of_whoever_depends_on_it() {
    let bed = Bed::with(
        HealthAggregatorSpec::default()
            .foundation(false)
            .tree(false),
    )
    .await;
    bed.add_with("api", &Look::healthy(), on(&["dbb"]));
    let health = bed.sweep().await;
    let api = health.service("api").expect("it is there");
    assert_eq!(texts(&api.depends_on_unknown), ["dbb"]);
    bed.add("dbb", &Look::healthy());
    let health = bed.sweep().await;
    let api = health.service("api").expect("it is there");
    assert!(api.depends_on_unknown.is_empty());
    bed.end().await;
}
