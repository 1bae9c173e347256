//! Sweeps that were asked for.

use std::time::Duration;

use mainstay_actors::HealthAggregator;
use mainstay_actors::health::{HealthError, HealthStatus};
use mainstay_supervisors::specs::NamespaceName;
use mainstay_supervisors::{NamespacePlan, Runtime};
use tokio::time::Instant;

use super::support::{Bed, Look, config, ms, settle};

#[tokio::test(start_paused = true)]
async fn of_a_hundred_of_which_five_hang_the_rest_is_there_after_80_ms() {
    let bed = Bed::new().await;
    let looks: Vec<_> = (0..100)
        .map(|nth| {
            if nth % 20 == 7 {
                Look::hangs()
            } else {
                Look::healthy()
            }
        })
        .collect();
    for (nth, look) in looks.iter().enumerate() {
        bed.add(&format!("s{nth:02}"), look);
    }
    let begun = Instant::now();
    let health = bed.sweep().await;
    assert_eq!(begun.elapsed(), ms(80));
    assert_eq!((health.healthy_services, health.total_services), (95, 100));
    let stuck = health.service("s07").expect("it is there");
    assert_eq!(stuck.status, HealthStatus::Unknown);
    assert_eq!(
        stuck.message,
        "no answer within 80ms; there was none before"
    );
    assert_eq!(health.overall_score, 0.9625);
    assert_eq!(
        (health.status, health.ready),
        (HealthStatus::Unknown, false)
    );

    // Nothing is begun again that has not ended.
    tokio::time::advance(ms(500)).await;
    let begun = Instant::now();
    let again = bed.sweep().await;
    assert_eq!(begun.elapsed(), ms(80));
    assert_eq!(again.healthy_services, 95);
    let stuck = looks.iter().filter(|look| look.under_way() == 1);
    assert_eq!(stuck.count(), 5);
    assert!(looks.iter().all(|look| look.most() == 1));
    assert_eq!((looks[7].begun(), looks[8].begun() >= 2), (1, true));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_waited_for_is_unknown_and_its_last_result_is_told() {
    let bed = Bed::new().await;
    let look = Look::healthy();
    bed.add("db", &look);
    assert_eq!(bed.sweep().await.status, HealthStatus::Healthy);
    look.set(super::support::Act::Wait);
    tokio::time::advance(ms(3000)).await;
    let health = bed.sweep().await;
    let service = health.service("db").expect("it is there");
    assert_eq!(service.status, HealthStatus::Unknown);
    let told = &service.message;
    assert!(
        told.starts_with("no answer within 80ms; the last result was healthy, "),
        "{told}"
    );
    // Its status is what it was, until its own time is up.
    assert_eq!(bed.status("db"), HealthStatus::Healthy);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_waits_for_nobody_takes_no_time() {
    let bed = Bed::new().await;
    for nth in 0..1000 {
        bed.add(&format!("s{nth}"), &Look::healthy());
    }
    let begun = Instant::now();
    let health = bed.sweep().await;
    assert_eq!(
        (begun.elapsed(), health.healthy_services),
        (Duration::ZERO, 1000)
    );
    assert_eq!(
        (health.status, health.overall_score),
        (HealthStatus::Healthy, 1.0)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_who_ask_at_once_cause_one_sweep() {
    let bed = Bed::new().await;
    let (quick, slow) = (Look::healthy(), Look::hangs());
    bed.add("quick", &quick);
    bed.add("slow", &slow);
    settle().await;
    let before = (quick.begun(), slow.begun(), bed.health.stats().sweeps);
    let askers: Vec<_> = (0..100)
        .map(|_| {
            let health = bed.health.clone();
            tokio::spawn(async move { health.sweep().await.expect("an answer").sequence })
        })
        .collect();
    let mut sequences = Vec::new();
    for asker in askers {
        sequences.push(asker.await.expect("no panic"));
    }
    sequences.dedup();
    assert_eq!(sequences.len(), 1);
    let stats = bed.health.stats();
    assert_eq!(
        (quick.begun(), slow.begun(), stats.sweeps),
        (before.0 + 1, 1, before.2 + 1)
    );
    assert_eq!(stats.sweeps_joined, 99);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_who_goes_away_stops_no_sweep() {
    let bed = Bed::new().await;
    let slow = Look::hangs();
    bed.add("slow", &slow);
    let asker = {
        let health = bed.health.clone();
        tokio::spawn(async move { health.sweep().await.map(drop) })
    };
    settle().await;
    asker.abort();
    let other = {
        let health = bed.health.clone();
        tokio::spawn(async move { health.sweep().await.expect("an answer") })
    };
    settle().await;
    assert_eq!(bed.health.stats().sweeps_joined, 1);
    slow.let_go();
    let health = other.await.expect("no panic");
    assert_eq!(health.status, HealthStatus::Healthy);
    assert_eq!(bed.health.stats().sweeps, 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_sweep_ends_with_the_last_answer() {
    let bed = Bed::new().await;
    let slow = Look::hangs();
    bed.add_with("slow", &slow, config());
    let begun = Instant::now();
    let asker = {
        let health = bed.health.clone();
        tokio::spawn(async move { health.sweep().await.expect("an answer") })
    };
    tokio::time::sleep(ms(30)).await;
    slow.let_go();
    let health = asker.await.expect("no panic");
    assert_eq!(
        (begun.elapsed(), health.status),
        (ms(30), HealthStatus::Healthy)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_check_that_is_unregistered_during_a_sweep_is_not_waited_for() {
    let bed = Bed::new().await;
    bed.add("quick", &Look::healthy());
    bed.add("slow", &Look::hangs());
    let asker = {
        let health = bed.health.clone();
        tokio::spawn(async move { health.sweep().await.expect("an answer") })
    };
    settle().await;
    let begun = Instant::now();
    assert!(bed.health.unregister("slow"));
    let health = asker.await.expect("no panic");
    assert_eq!(
        (begun.elapsed(), health.total_services),
        (Duration::ZERO, 1)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_sweep_when_the_namespace_ends_is_told() {
    let bed = Bed::new().await;
    bed.add("slow", &Look::hangs());
    let health = bed.health.clone();
    let asker =
        tokio::spawn(async move { health.sweep().await.map(|health| health.total_services) });
    settle().await;
    let health = bed.health.clone();
    bed.end().await;
    assert!(matches!(
        asker.await.expect("no panic"),
        Ok(0) | Err(HealthError::Stopped)
    ));
    assert!(matches!(health.sweep().await, Err(HealthError::Stopped)));
    assert_eq!(health.current().status(), HealthStatus::Unknown);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_looks_after_health_that_is_an_error() {
    let runtime = Runtime::new();
    let name = NamespaceName::new("bare").expect("a name");
    let namespace = runtime.start_namespace(name, NamespacePlan::new()).await;
    let namespace = namespace.expect("it starts");
    let refused = HealthAggregator::system_health(&namespace).await;
    let told = refused.expect_err("there is none").to_string();
    assert_eq!(told, "the namespace `bare` has no health aggregator");
    assert!(HealthAggregator::in_namespace(&namespace).is_none());
    // Checks may be registered before it comes.
    let early = HealthAggregator::of(&namespace);
    early
        .register(super::support::name("early"), Look::healthy(), None)
        .expect("it is");
    assert!(HealthAggregator::in_namespace(&namespace).is_none());
    assert!(early.current().stale);
    let child = HealthAggregator::child(super::support::plain());
    namespace.start_child(child).await.expect("it starts");
    let health = HealthAggregator::system_health(&namespace).await;
    assert_eq!(health.expect("an answer").healthy_services, 1);
    runtime.stop(ms(1000)).await;
}
