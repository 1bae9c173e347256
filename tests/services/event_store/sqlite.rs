//! Events in files.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mainstay_actors::event_store::{
    BackendError, Event, EventBackend, EventGroup, SqliteBackend, StoreBounds,
};
use mainstay_actors::pool::managers::sqlite::{SqliteOptions, SqliteSync};
use mainstay_actors::{ConnectionPoolRegistry, EventStore};
use mainstay_supervisors::specs::{
    ChildId, ConnectionPoolsSpec, EventBackendSpec, EventStoreSpec, NamedPool, NamespaceName,
    PoolSource, ServiceName,
};

use super::home::Home;
use super::shared::give_no_number_twice;
use super::support::{Bed, event, id};

/// A folder that is gone after the test.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let nth = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("mainstay-events-{}-{nth}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn spec(path: &Path) -> EventStoreSpec {
    EventStoreSpec::memory().backend(EventBackendSpec::sqlite(path))
}

#[tokio::test(start_paused = true)]
async fn events_in_a_file_are_there_for_the_next_node_which_counts_on() {
    let folder = Folder::new();
    let spec = spec(&folder.file("events.db"));
    for round in 0..3_u64 {
        let bed = Bed::with(spec.clone()).await;
        assert_eq!(bed.store.stats().events, 2 * round);
        let ids = bed.store.store_batch(["a", "b"].map(event)).await;
        assert_eq!(
            ids.expect("they are stored"),
            [id(2 * round + 1), id(2 * round + 2)]
        );
        bed.end().await;
    }
    let bed = Bed::with(spec).await;
    assert_eq!(bed.types().await, ["a", "b", "a", "b", "a", "b"]);
    bed.store.health().await.expect("it is well");
    let stats = bed.store.stats();
    assert_eq!(
        (stats.backend, stats.events, stats.last_id),
        ("sqlite", 6, 6)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_of_the_keeper_does_not_open_the_file_anew() {
    let folder = Folder::new();
    let bed = Bed::with(spec(&folder.file("events.db"))).await;
    let opened = || {
        let pools = ConnectionPoolRegistry::of(&bed.namespace).stats();
        let [pool] = &pools[..] else {
            panic!("{pools:?}")
        };
        pool.totals.opened
    };
    bed.store.store(event("a")).await.expect("it is stored");
    let (before, keeper) = (opened(), bed.keeper());
    keeper.kill();
    bed.store.store(event("b")).await.expect("it is stored");
    assert_ne!(bed.keeper(), keeper);
    assert_eq!(bed.types().await, ["a", "b"]);
    assert_eq!((before, opened()), (1, 1));
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stores_of_one_namespace_in_one_file_give_no_number_twice() {
    let folder = Folder::new();
    let spec = spec(&folder.file("events.db")).time_limit(Duration::from_secs(60));
    give_no_number_twice(spec, 60).await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_no_database_or_of_a_later_version_is_told_with_its_name() {
    let folder = Folder::new();
    let path = folder.file("text.db");
    std::fs::write(
        &path,
        "a text that is long enough to be no database ".repeat(50),
    )
    .expect("a file");
    let error = Bed::try_with(EventStore::child(spec(&path)))
        .await
        .err()
        .expect("it is refused");
    assert!(
        error.contains("text.db cannot be opened: file is not a database"),
        "{error}"
    );

    let missing = folder.file("no/such/folder/events.db");
    let error = Bed::try_with(EventStore::child(spec(&missing)))
        .await
        .err()
        .expect("it is refused");
    assert!(
        error.contains("no/such/folder/events.db cannot be opened: unable to open database file"),
        "{error}"
    );

    let path = folder.file("events.db");
    Bed::with(spec(&path)).await.end().await;
    let later = rusqlite::Connection::open(&path).expect("it opens");
    later
        .execute("UPDATE mainstay_event_schema SET version = 2", [])
        .expect("it is there");
    drop(later);
    let error = Bed::try_with(EventStore::child(spec(&path)))
        .await
        .err()
        .expect("it is refused");
    assert!(
        error.contains("expected tables of version 1, found version 2"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_commit_waits_for_the_disk_also_on_connections_that_would_not() {
    let (folder, home) = (Folder::new(), Home::new().await);
    let hasty = SqliteOptions::file(folder.file("events.db")).synchronous(SqliteSync::Normal);
    let pool = home.sqlite_of(hasty, 1).await;
    let synced = async || {
        let mut lease = pool.checkout().await.expect("a connection");
        let level = lease.call(|c| c.pragma_query_value(None, "synchronous", |row| row.get(0)));
        level.await.expect("a level")
    };
    let before: i64 = synced().await;
    let namespace = NamespaceName::new("n").expect("a name");
    let backend = SqliteBackend::new(pool.clone(), namespace.clone(), Duration::from_secs(60));
    let group = EventGroup::new(vec![event("e").in_namespace(namespace)]);
    let bounds = StoreBounds::new(10, 10_000);
    backend
        .append(vec![group].into(), bounds)
        .await
        .expect("it is stored");
    let after: i64 = synced().await;
    assert_eq!((before, after), (1, 2));
    drop((backend, pool));
    home.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_was_removed_can_be_put_again_with_the_same_file_and_with_another() {
    let folder = Folder::new();
    let (one, other) = (folder.file("one.db"), folder.file("other.db"));
    let bed = Bed::with(spec(&one)).await;
    bed.store
        .store(event("in one"))
        .await
        .expect("it is stored");
    // What is stopped is gone from the tree.
    let store = ChildId::new("event_store").expect("a name");
    for (path, expected) in [
        (&one, vec!["in one"]),
        (&other, vec![]),
        (&one, vec!["in one"]),
    ] {
        bed.namespace.stop_child(&store).await.expect("it stops");
        let child = EventStore::child(spec(path));
        bed.namespace.start_child(child).await.expect("it starts");
        assert_eq!(bed.types().await, expected);
    }
    assert_eq!(
        bed.store
            .store(event("again"))
            .await
            .expect("it is stored")
            .get(),
        2
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_pool_of_the_store_is_none_of_those_that_the_application_may_have() {
    let main = NamedPool::new(
        ServiceName::new("main").expect("a name"),
        PoolSource::sqlite(":memory:"),
    );
    let pools = ConnectionPoolsSpec::default().pools_max(1).pool(main);
    let child =
        EventStore::child(EventStoreSpec::default().backend(EventBackendSpec::sqlite_in_memory()));
    let bed = Bed::with_services("bed", [ConnectionPoolRegistry::child(pools)], child)
        .await
        .expect("it starts");
    bed.store.store(event("e")).await.expect("it is stored");
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_all_of_a_group_and_storing_goes_on_when_there_is_room() {
    let (folder, home) = (Folder::new(), Home::new().await);
    let pool = home
        .sqlite_of(SqliteOptions::file(folder.file("events.db")), 1)
        .await;
    let namespace = NamespaceName::new("n").expect("a name");
    let backend = SqliteBackend::new(pool.clone(), namespace.clone(), Duration::from_secs(60));
    let group = |bytes: usize| {
        let large = "x".repeat(bytes);
        let events = ["a", "b"].map(|kind| {
            let event = Event::builder(kind).data(large.as_str()).build();
            event.expect("an event").in_namespace(namespace.clone())
        });
        EventGroup::new(events.to_vec())
    };
    let bounds = StoreBounds::new(1000, 1 << 30);
    let first = backend.append(vec![group(10)].into(), bounds).await;
    let first = first.expect("it is stored").usage;
    let set_pages = async |sql: &'static str| {
        let mut lease = pool.checkout().await.expect("a connection");
        let set = lease.call(move |c| c.query_row(sql, [], |row| row.get::<_, i64>(0)));
        set.await.expect("it is set")
    };
    // No page more than there is.
    set_pages("PRAGMA max_page_count = 1").await;
    let groups = vec![group(10), group(100_000)];
    let error = backend.append(groups.clone().into(), bounds).await;
    let error = error.expect_err("the disk is full");
    assert!(matches!(error, BackendError::Failed(_)), "{error}");
    assert!(
        error.to_string().contains("database or disk is full"),
        "{error}"
    );
    assert_eq!(backend.usage().await.expect("an answer"), first);
    set_pages("PRAGMA max_page_count = 1000000").await;
    let appended = backend
        .append(groups.into(), bounds)
        .await
        .expect("it is stored");
    assert_eq!(
        (
            appended.groups.len(),
            appended.usage.events,
            appended.usage.last_id
        ),
        (2, 6, 6)
    );
    drop((backend, pool));
    home.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_cut_when_it_is_looked_for_old_events_and_it_is_too_long() {
    let (folder, home) = (Folder::new(), Home::new().await);
    let file = folder.file("events.db");
    // Nothing is copied back by SQLite itself, as if somebody were always reading.
    let options = SqliteOptions::file(&file).setup("PRAGMA wal_autocheckpoint = 0");
    let pool = home.sqlite_of(options, 2).await;
    let namespace = NamespaceName::new("n").expect("a name");
    let backend = SqliteBackend::new(pool.clone(), namespace.clone(), Duration::from_secs(60));
    let data = "x".repeat(1_000_000);
    let log = || {
        let log = folder.file("events.db-wal");
        log.metadata().expect("a file").len()
    };
    let store = async |count: usize| {
        let event = Event::builder("large").data(data.as_str()).build();
        let event = event.expect("an event").in_namespace(namespace.clone());
        let group = EventGroup::new(vec![event; count]);
        let bounds = StoreBounds::new(1000, 1 << 30);
        let stored = backend.append(vec![group].into(), bounds).await;
        stored.expect("it is stored").usage.events
    };
    let look = async || backend.remove_before(UNIX_EPOCH, 1000).await;
    assert_eq!(store(5).await, 5);
    assert_eq!(look().await.expect("an answer"), 0);
    assert!(log() > 5_000_000, "{}", log());
    // All is copied back, so that it is written from the beginning.
    assert_eq!(store(20).await, 25);
    assert!(log() > 20_000_000, "{}", log());
    assert_eq!(look().await.expect("an answer"), 0);
    assert_eq!(log(), 0);
    assert_eq!(backend.usage().await.expect("an answer").events, 25);
    drop((backend, pool));
    home.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_somebody_else_writes_to_for_too_long_refuses_and_storing_goes_on_afterwards() {
    let (folder, home) = (Folder::new(), Home::new().await);
    let file = folder.file("events.db");
    let options = SqliteOptions::file(&file).busy_timeout(Duration::from_millis(20));
    let pool = home.sqlite_of(options, 2).await;
    let namespace = NamespaceName::new("n").expect("a name");
    let backend = SqliteBackend::new(pool.clone(), namespace.clone(), Duration::from_secs(60));
    let store = async |kind: &str| {
        let event = event(kind).in_namespace(namespace.clone());
        let bounds = StoreBounds::new(1000, 1 << 30);
        let groups = vec![EventGroup::new(vec![event])];
        backend.append(groups.into(), bounds).await
    };
    store("before").await.expect("it is stored");
    let other = rusqlite::Connection::open(&file).expect("it opens");
    other
        .execute_batch("BEGIN IMMEDIATE")
        .expect("nobody else writes");
    let error = store("refused").await.expect_err("somebody else writes");
    assert!(matches!(error, BackendError::Failed(_)), "{error}");
    assert!(error.to_string().contains("database is locked"), "{error}");
    // Questions go on.
    assert_eq!(backend.usage().await.expect("an answer").events, 1);
    other.execute_batch("ROLLBACK").expect("it ends");
    let usage = store("after").await.expect("it is stored").usage;
    assert_eq!((usage.events, usage.last_id), (2, 2));
    drop((other, backend, pool));
    home.end().await;
}

#[tokio::test(start_paused = true)]
async fn stores_of_two_namespaces_in_one_file_do_not_see_each_other() {
    let folder = Folder::new();
    let spec = spec(&folder.file("events.db"));
    let bed = async |name| {
        let child = EventStore::child(spec.clone());
        let bed = Bed::with_services(name, [], child).await;
        bed.expect("it starts")
    };
    let (one, other) = (bed("one").await, bed("other").await);
    for (bed, kind) in [(&one, "a"), (&other, "b"), (&one, "c")] {
        bed.store.store(event(kind)).await.expect("it is stored");
    }
    assert_eq!(
        (one.types().await, other.types().await),
        (vec!["a".into(), "c".into()], vec!["b".into()])
    );
    let later = SystemTime::now() + Duration::from_secs(60);
    assert_eq!(
        one.store
            .cleanup_events_before(later)
            .await
            .expect("an answer"),
        2
    );
    assert_eq!(
        (one.store.stats().events, other.types().await),
        (0, vec!["b".to_owned()])
    );
    other.end().await;
    one.end().await;
}
