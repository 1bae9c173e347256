//! Events in a real PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mainstay_actors::EventStore;
use mainstay_actors::event_store::{
    BackendError, EventBackend, EventGroup, EventQuery, PostgresBackend, StoreBounds, StoreError,
};
use mainstay_supervisors::specs::{EventBackendSpec, EventStoreSpec, NamespaceName};
use tokio::sync::Semaphore;

use super::home::Home;
use super::shared::give_no_number_twice;
use super::support::{Bed, event};
use crate::servers::Postgres;

/// Only what hangs takes so long.
const FOR_EVER: Duration = Duration::from_secs(60);

/// Without circuit breakers: what the server answers, and not what they would answer for it.
fn spec(server: &Postgres) -> EventStoreSpec {
    EventStoreSpec::memory()
        .backend(EventBackendSpec::postgres(server.url()))
        .time_limit(FOR_EVER)
        .breaker(None)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_machines_that_share_a_server_give_no_number_twice_and_see_each_others_events() {
    let Some(server) = Postgres::start() else {
        return;
    };
    give_no_number_twice(spec(&server), 200).await;
}

/// What came of the events of one who stores, by their types.
#[derive(Default)]
struct Told {
    stored: BTreeMap<String, u64>,
    unknown: BTreeSet<String>,
}

/// Stores until it is told to stop, and gives one permit for each event that was acknowledged.
async fn store_on(
    store: EventStore,
    name: usize,
    acknowledged: Arc<Semaphore>,
    stop: Arc<AtomicBool>,
) -> Told {
    let mut told = Told::default();
    for nth in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let kind = format!("{name}-{nth}");
        match store.store(event(&kind)).await {
            Ok(id) => {
                told.stored.insert(kind, id.get());
                acknowledged.add_permits(1);
            }
            Err(error) if error.may_be_stored() => drop(told.unknown.insert(kind)),
            Err(_) => {}
        }
    }
    told
}

/// All that is there, page by page.
async fn all(store: &EventStore) -> BTreeMap<String, u64> {
    let (mut found, mut query) = (BTreeMap::new(), EventQuery::new().limit(1000));
    loop {
        let page = store.query(query.clone()).await.expect("an answer");
        for event in &page.events {
            let id = event.id().expect("a number");
            query = query.after(id);
            let before = found.insert(event.event_type().to_string(), id.get());
            assert_eq!(before, None, "twice: {}", event.event_type());
        }
        if !page.more {
            return found;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_while_the_server_was_killed_is_there_and_what_was_refused_is_not() {
    let Some(mut server) = Postgres::start() else {
        return;
    };
    let bed = Bed::with(spec(&server)).await;
    let (acknowledged, stop) = (
        Arc::new(Semaphore::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let store = |name| {
        let (acknowledged, stop) = (Arc::clone(&acknowledged), Arc::clone(&stop));
        tokio::spawn(store_on(bed.store.clone(), name, acknowledged, stop))
    };
    let tasks: Vec<_> = (0..8).map(store).collect();
    for _ in 0..3 {
        acknowledged
            .acquire_many(40)
            .await
            .expect("it is open")
            .forget();
        server.kill();
        server.restart();
        // Those that were acknowledged before do not count.
        acknowledged.forget_permits(usize::MAX);
    }
    acknowledged
        .acquire_many(40)
        .await
        .expect("it is open")
        .forget();
    stop.store(true, Ordering::SeqCst);
    let (mut stored, mut unknown) = (BTreeMap::new(), BTreeSet::new());
    for task in tasks {
        let told = task.await.expect("no panic");
        stored.extend(told.stored);
        unknown.extend(told.unknown);
    }
    let mut found = all(&bed.store).await;
    found.retain(|kind, _| !unknown.contains(kind));
    assert_eq!(found, stored);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_starts_without_its_server_and_stores_once_that_is_there() {
    let Some(mut server) = Postgres::start() else {
        return;
    };
    server.kill();
    let bed = Bed::with(spec(&server).time_limit(Duration::from_secs(2))).await;
    let patient = bed.store.clone().with_limit(FOR_EVER);
    let refused = async || match patient.store(event("e")).await {
        Ok(id) => Some(id.get()),
        // Nothing was stored: that much is certain.
        Err(StoreError::Backend(BackendError::Failed(_))) => None,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(refused().await, None);
    server.restart();
    let began = Instant::now();
    let id = loop {
        if let Some(id) = refused().await {
            break id;
        }
        assert!(began.elapsed() < FOR_EVER);
    };
    assert_eq!((id, bed.types().await), (1, vec!["e".to_owned()]));
    bed.end().await;
}

// As of a machine that was cut off in the middle of a transaction.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_holds_the_namespace_keeps_storing_from_nobody_for_longer_than_the_limit() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let home = Home::new().await;
    let pool = home.postgres(&server.url()).await;
    let namespace = NamespaceName::new("n").expect("a name");
    let limit = Duration::from_secs(2);
    let backend = PostgresBackend::new(pool.clone(), namespace.clone(), limit);
    let store = async || {
        let event = event("e").in_namespace(namespace.clone());
        let groups = vec![EventGroup::new(vec![event])];
        backend
            .append(groups.into(), StoreBounds::new(10, 10_000))
            .await
    };
    store().await.expect("it is stored");
    let other = pool.checkout().await.expect("a connection");
    let hold = "BEGIN; SELECT * FROM mainstay_event_namespaces FOR UPDATE";
    other
        .batch_execute(hold)
        .await
        .expect("nobody else holds it");
    let error = store().await.expect_err("somebody holds it");
    // The server says so, before the limit: it is certain that nothing was done.
    assert!(matches!(error, BackendError::Failed(_)), "{error}");
    assert!(error.to_string().contains("statement timeout"), "{error}");
    other.batch_execute("ROLLBACK").await.expect("it ends");
    let usage = store().await.expect("it is stored").usage;
    assert_eq!((usage.events, usage.last_id), (2, 2));
    drop((other, backend, pool));
    home.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_make_no_tables_can_use_those_that_are_there() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let home = Home::new().await;
    let namespace = NamespaceName::new("n").expect("a name");
    let store = async |url: &str| {
        let pool = home.postgres(url).await;
        let backend = PostgresBackend::new(pool, namespace.clone(), FOR_EVER);
        let event = event("e").in_namespace(namespace.clone());
        let groups = vec![EventGroup::new(vec![event])];
        backend
            .append(groups.into(), StoreBounds::new(10, 10_000))
            .await
    };
    store(&server.url()).await.expect("it is stored");
    let owner = home.postgres(&server.url()).await;
    let lease = owner.checkout().await.expect("a connection");
    let role = "CREATE ROLE guest; REVOKE CREATE ON SCHEMA public FROM PUBLIC; \
                GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO guest; \
                ALTER DATABASE postgres SET role TO guest";
    lease.batch_execute(role).await.expect("it is made");
    drop((lease, owner));
    let usage = store(&server.url()).await.expect("it is stored").usage;
    assert_eq!((usage.events, usage.last_id), (2, 2));
    home.end().await;
}
