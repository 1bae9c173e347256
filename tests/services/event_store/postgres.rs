//! Events in a real PostgreSQL.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mainstay::testkit::conformance::event_backend;
use mainstay_actors::event_store::{EventBackend, EventQuery, PostgresBackend, StoreError};
use mainstay_supervisors::specs::{EventBackendSpec, EventStoreSpec};

use super::home::Home;
use super::support::{Bed, event};
use crate::servers::Postgres;

/// Only what hangs takes so long.
const FOR_EVER: Duration = Duration::from_secs(60);

fn spec(server: &Postgres) -> EventStoreSpec {
    EventStoreSpec::memory()
        .backend(EventBackendSpec::postgres(server.url()))
        .time_limit(FOR_EVER)
}

#[tokio::test(flavor = "multi_thread")]
async fn events_in_postgresql_are_as_they_should_be() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let home = Home::new().await;
    let pool = home.postgres(&server.url()).await;
    let make = |namespace| {
        let backend = PostgresBackend::new(pool.clone(), namespace, FOR_EVER);
        async { Arc::new(backend) as Arc<dyn EventBackend> }
    };
    assert_eq!(event_backend(make).await, Ok(()));
    drop(pool);
    home.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_machines_that_share_a_server_give_no_number_twice_and_see_each_others_events() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let (one, other) = (
        Bed::with(spec(&server)).await,
        Bed::with(spec(&server)).await,
    );
    let tasks: Vec<_> = (0..200)
        .map(|nth| {
            let store = if nth % 2 == 0 {
                one.store.clone()
            } else {
                other.store.clone()
            };
            tokio::spawn(async move { store.store(event("e")).await.expect("it is stored").get() })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.expect("no panic"));
    }
    ids.sort_unstable();
    assert_eq!(ids, (1..=200).collect::<Vec<_>>());
    for bed in [&one, &other] {
        let page = bed
            .store
            .query(EventQuery::new().limit(1000))
            .await
            .expect("an answer");
        assert_eq!(page.events.len(), 200);
    }
    other.end().await;
    one.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_the_server_was_killed_and_the_store_goes_on() {
    let Some(mut server) = Postgres::start() else {
        return;
    };
    let bed = Bed::with(spec(&server)).await;
    let mut acknowledged = 0;
    for _ in 0..3 {
        for _ in 0..20 {
            bed.store.store(event("e")).await.expect("it is stored");
            acknowledged += 1;
        }
        server.kill();
        server.restart();
        // The pool finds out that its connections are gone, and makes new ones.
        let began = Instant::now();
        while let Err(error) = bed.store.health().await {
            assert!(began.elapsed() < FOR_EVER, "{error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(bed.types().await.len(), acknowledged);
    }
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_starts_without_its_server_and_stores_once_that_is_there() {
    let Some(mut server) = Postgres::start() else {
        return;
    };
    server.kill();
    let short = spec(&server).time_limit(Duration::from_secs(2));
    let bed = Bed::with(short).await;
    let error = bed
        .store
        .store(event("e"))
        .await
        .expect_err("there is no server");
    assert!(
        matches!(error, StoreError::Backend(_) | StoreError::Timeout(_)),
        "{error}"
    );
    server.restart();
    let began = Instant::now();
    while let Err(error) = bed.store.store(event("e")).await {
        assert!(began.elapsed() < FOR_EVER, "{error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!bed.types().await.is_empty());
    bed.end().await;
}
