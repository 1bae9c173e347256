//! None, one, many; and the beginning.

use mainstay_actors::health::HealthStatus;
use mainstay_supervisors::specs::{CheckKind, Importance};

use super::support::{Bed, Look, config, ms, settle};

#[tokio::test(start_paused = true)]
async fn nothing_to_check_is_unknown_and_not_ready() {
    let bed = Bed::new().await;
    let health = bed.sweep().await;
    assert_eq!(
        (health.status, health.overall_score),
        (HealthStatus::Unknown, 1.0)
    );
    assert_eq!((health.ready, health.total_services), (false, 0));
    assert!(!bed.health.current().is_ready());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_is_what_it_is() {
    let bed = Bed::new().await;
    let look = Look::healthy();
    bed.add("one", &look);
    for status in [
        HealthStatus::Healthy,
        HealthStatus::Degraded,
        HealthStatus::Unhealthy,
    ] {
        look.set_status(status);
        let health = bed.sweep().await;
        assert_eq!(
            (health.status, health.service("one").map(|one| one.status)),
            (status, Some(status))
        );
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_of_a_hundred_that_is_required_and_down_takes_all_down() {
    let bed = Bed::new().await;
    for nth in 0..99 {
        bed.add(&format!("s{nth}"), &Look::healthy());
    }
    bed.add("db", &Look::finds(HealthStatus::Unhealthy));
    let health = bed.sweep().await;
    assert_eq!(
        (health.status, health.overall_score),
        (HealthStatus::Unhealthy, 0.49)
    );
    assert_eq!((health.healthy_services, health.ready), (99, false));
    assert_eq!(health.causes[0].name.as_str(), "db");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn all_are_unknown_at_first_and_what_is_so_after_its_grace_degrades_the_whole() {
    let bed = Bed::new().await;
    for nth in 0..3 {
        let config = config().grace(ms(5000)).time_limit(ms(60_000));
        bed.add_with(&format!("s{nth}"), &Look::hangs(), config);
    }
    settle().await;
    let answer = bed.health.current();
    assert_eq!(
        (answer.status(), answer.health.total_services),
        (HealthStatus::Unknown, 3)
    );
    assert_eq!(answer.health.overall_score, 0.25);
    tokio::time::sleep(ms(4999)).await;
    assert_eq!(bed.health.current().status(), HealthStatus::Unknown);
    tokio::time::sleep(ms(2)).await;
    assert_eq!(bed.health.current().status(), HealthStatus::Degraded);
    let changes = bed.health.history();
    let last = changes.last().expect("a change");
    assert_eq!(
        (last.service.clone(), last.to),
        (None, HealthStatus::Degraded)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_has_to_come_up_is_asked_until_it_has_and_no_more() {
    let bed = Bed::new().await;
    let (work, start) = (Look::healthy(), Look::finds(HealthStatus::Unhealthy));
    bed.add_with("work", &work, config().interval(ms(1000)));
    let starting = config()
        .interval(ms(1000))
        .kind(CheckKind::Startup)
        .importance(Importance::Optional);
    bed.add_with("start", &start, starting);
    settle().await;
    assert!(!bed.health.current().is_ready());
    tokio::time::sleep(ms(2500)).await;
    assert_eq!(start.begun(), 3);
    start.set_status(HealthStatus::Healthy);
    tokio::time::sleep(ms(1000)).await;
    assert!(bed.health.current().is_ready());
    assert_eq!(
        bed.health.of_kind(CheckKind::Startup).status(),
        HealthStatus::Healthy
    );
    start.set_status(HealthStatus::Unhealthy);
    tokio::time::sleep(ms(60_000)).await;
    bed.sweep().await;
    assert_eq!(start.begun(), 4);
    assert!(bed.health.current().is_ready());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn each_is_looked_at_once_in_its_interval() {
    let bed = Bed::new().await;
    let (often, seldom) = (Look::healthy(), Look::healthy());
    bed.add_with("often", &often, config().interval(ms(1000)));
    bed.add_with("seldom", &seldom, config().interval(ms(60_000)));
    tokio::time::sleep(ms(59_500)).await;
    assert_eq!((often.begun(), seldom.begun()), (60, 1));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn jitter_makes_runs_come_earlier_and_never_later() {
    let bed = Bed::new().await;
    let look = Look::healthy();
    bed.add_with("one", &look, config().interval(ms(1000)).jitter(0.5));
    tokio::time::sleep(ms(100_000)).await;
    let begun = look.begun();
    assert!((101..=201).contains(&begun), "{begun}");
    bed.end().await;
}
