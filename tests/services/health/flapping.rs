//! What goes to and fro.

use mainstay_actors::health::HealthStatus::{Degraded, Healthy, Unhealthy};
use mainstay_supervisors::specs::HealthCheckConfig;

use super::support::{Bed, Look, config, ms, settle};

/// How often it changes in a minute, if each of these is what is found for so long (in milliseconds).
async fn changes(config: HealthCheckConfig, period: u64) -> usize {
    let bed = Bed::new().await;
    let look = Look::healthy();
    bed.add_with("flaps", &look, config.interval(ms(100)));
    settle().await;
    let mut changes = bed.health.subscribe().expect("a stream");
    let mut good = true;
    for _ in 0..60_000 / period {
        good = !good;
        look.set_status(if good { Healthy } else { Unhealthy });
        tokio::time::sleep(ms(period)).await;
    }
    let mut count = 0;
    while let Some(change) = changes.try_next() {
        count += usize::from(change.expect("no lag").service.is_some());
    }
    drop(changes);
    bed.end().await;
    count
}

#[tokio::test(start_paused = true)]
async fn at_1_hz_the_answer_changes_once_in_the_hold_time_at_most() {
    assert_eq!(changes(config(), 1000).await, 60);
    assert_eq!(changes(config().hold(ms(10_000)), 1000).await, 6);
    assert_eq!(changes(config().hold(ms(30_000)), 1000).await, 2);
}

#[tokio::test(start_paused = true)]
async fn slow_flapping_is_no_flapping() {
    assert_eq!(changes(config().hold(ms(10_000)), 15_000).await, 4);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_last_for_as_many_looks_as_it_should_changes_nothing() {
    // Ten looks in each period, as good as.
    assert_eq!(changes(config().fall(9), 1000).await, 60);
    assert_eq!(changes(config().fall(12), 1000).await, 0);
    assert_eq!(changes(config().rise(9), 1000).await, 60);
    assert_eq!(changes(config().rise(12), 1000).await, 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_last_look_alone_says_is_shown_beside_the_status() {
    let bed = Bed::new().await;
    let look = Look::healthy();
    bed.add_with("db", &look, config().fall(2));
    bed.sweep().await;
    look.set_status(Degraded);
    bed.sweep().await;
    let entry = bed.health.service("db").expect("it is there");
    assert_eq!((entry.status, entry.pending), (Healthy, Some(Degraded)));
    bed.sweep().await;
    let entry = bed.health.service("db").expect("it is there");
    assert_eq!((entry.status, entry.pending), (Degraded, None));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn it_changes_with_the_last_look_that_it_takes_and_not_the_one_before() {
    let bed = Bed::new().await;
    let look = Look::healthy();
    bed.add_with("db", &look, config().fall(3).rise(2));
    bed.sweep().await;
    look.set_status(Unhealthy);
    let mut found = Vec::new();
    for nth in 0..6 {
        if nth == 3 {
            look.set_status(Healthy);
        }
        found.push(bed.sweep().await.status);
    }
    assert_eq!(
        found,
        [Healthy, Healthy, Unhealthy, Unhealthy, Healthy, Healthy]
    );
    bed.end().await;
}
