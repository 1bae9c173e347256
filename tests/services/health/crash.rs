//! What survives the end of the keeper: everything.

use mainstay_actors::HealthAggregator;
use mainstay_actors::health::{HealthError, HealthStatus, NAME};
use mainstay_supervisors::specs::ChildId;

use super::support::{Act, Bed, Look, config, ms, name, plain, settle};

#[tokio::test(start_paused = true)]
async fn statuses_streaks_runs_and_streams_survive_the_end_of_the_keeper() {
    let bed = Bed::new().await;
    let (steady, slow) = (Look::healthy(), Look::hangs());
    bed.add_with("steady", &steady, config().fall(2).interval(ms(60_000)));
    bed.add("slow", &slow);
    settle().await;
    let mut changes = bed.health.subscribe().expect("a stream");
    steady.set_status(HealthStatus::Unhealthy);
    bed.sweep().await;
    let keeper = bed.keeper();
    keeper.kill();
    keeper.ended().await;
    // Nobody who asks needs it.
    assert_eq!(bed.status("steady"), HealthStatus::Healthy);
    bed.sweep().await;
    assert_eq!(bed.status("steady"), HealthStatus::Unhealthy);
    let next = bed.namespace.registry().wait_for(&name(NAME)).await;
    assert_ne!(next, keeper);
    slow.let_go();
    settle().await;
    assert_eq!(
        (bed.status("slow"), slow.begun()),
        (HealthStatus::Healthy, 1)
    );
    let mut told = Vec::new();
    while let Some(change) = changes.try_next() {
        let change = change.expect("no lag");
        told.push((change.service.map(|name| name.to_string()), change.to));
    }
    assert_eq!(
        told,
        [
            (Some("steady".to_owned()), HealthStatus::Unhealthy),
            (None, HealthStatus::Unhealthy),
            (Some("slow".to_owned()), HealthStatus::Healthy),
        ]
    );
    drop(changes);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_confirms_is_unknown_after_a_while() {
    let bed = Bed::with(plain().stale_after(ms(5000))).await;
    bed.add("db", &Look::healthy());
    bed.sweep().await;
    settle().await;
    let id = ChildId::new(NAME).expect("an id");
    bed.namespace.stop_child(&id).await.expect("it stops");
    let answer = bed.health.current();
    assert_eq!(
        (answer.status(), answer.stale),
        (HealthStatus::Healthy, false)
    );
    tokio::time::advance(ms(5001)).await;
    let answer = bed.health.current();
    assert_eq!(
        (answer.status(), answer.stale),
        (HealthStatus::Unknown, true)
    );
    assert!(!answer.is_ready());
    assert!(answer.age >= ms(5001));
    assert!(!bed.health.stats().available);
    let child = HealthAggregator::child(plain());
    bed.namespace.start_child(child).await.expect("it starts");
    assert_eq!(bed.health.current().status(), HealthStatus::Healthy);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_confirmed_each_second() {
    let bed = Bed::new().await;
    bed.add_with("db", &Look::healthy(), config().interval(ms(3_600_000)));
    for _ in 0..100 {
        tokio::time::sleep(ms(777)).await;
        assert!(bed.health.current().age <= ms(1001));
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn crashes_at_any_time_begin_no_run_twice() {
    let bed = Bed::new().await;
    let looks: Vec<_> = (0..20).map(|_| Look::that(Act::Wait)).collect();
    for (nth, look) in looks.iter().enumerate() {
        bed.add_with(&format!("s{nth}"), look, config().interval(ms(10)));
    }
    for round in 0..50_usize {
        looks[round % 20].let_go();
        for _ in 0..round % 7 {
            tokio::task::yield_now().await;
        }
        bed.keeper().kill();
        let next = bed.namespace.registry().wait_for(&name(NAME)).await;
        drop(next);
        tokio::time::sleep(ms(5)).await;
    }
    assert!(looks.iter().all(|look| look.most() == 1));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_never_stale_while_the_keeper_runs_however_soon_it_would_be() {
    let bed = Bed::with(plain().stale_after(ms(1000))).await;
    bed.add_with("db", &Look::healthy(), config().interval(ms(3_600_000)));
    for _ in 0..10_000 {
        tokio::time::sleep(ms(1)).await;
        assert!(!bed.health.current().stale);
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_registered_when_the_namespace_has_ended() {
    let bed = Bed::new().await;
    let (health, look) = (bed.health.clone(), Look::healthy());
    bed.end().await;
    for refused in [
        health.register(name("db"), std::sync::Arc::clone(&look), None),
        health.replace(name("db"), std::sync::Arc::clone(&look), None),
    ] {
        assert!(matches!(refused, Err(HealthError::Stopped)));
    }
    assert_eq!(std::sync::Arc::strong_count(&look), 1);
}
