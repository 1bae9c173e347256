//! The write-ahead log of SQLite is cut while nobody else is at it; nobody who stores waits for long for that.

use std::pin::Pin;
use std::time::{Duration, UNIX_EPOCH};

use mainstay_actors::event_store::{
    Event, EventBackend, EventGroup, EventQuery, PageBounds, SqliteBackend, StoreBounds,
};
use mainstay_actors::pool::PoolManager;
use mainstay_actors::pool::managers::sqlite::{Sqlite, SqliteOptions};
use mainstay_supervisors::specs::NamespaceName;
use tokio::time::timeout;

use crate::folder::Folder;
use crate::home::Home;
use crate::support::poll_once;

/// Far more than it takes, and far less than whoever reads does.
const SOON: Duration = Duration::from_secs(60);

/// A database whose log is too long, as nothing is copied back by SQLite itself.
struct Bench {
    home: Home,
    folder: Folder,
    pool: PoolManager<Sqlite>,
    backend: SqliteBackend,
}

impl Bench {
    async fn new() -> Self {
        let (folder, home) = (Folder::new("mainstay-event-log"), Home::new().await);
        let options = SqliteOptions::file(folder.file("events.db"));
        let options = options.busy_timeout(Duration::from_secs(600));
        let options = options.setup("PRAGMA wal_autocheckpoint = 0");
        let pool = home.sqlite_of(options, 2).await;
        let namespace = NamespaceName::new("n").expect("a name");
        let limit = Duration::from_secs(600);
        let backend = SqliteBackend::new(pool.clone(), namespace.clone(), limit);
        let data = "x".repeat(1_000_000);
        let event = Event::builder("large").data(data.as_str()).build();
        let event = event.expect("an event").in_namespace(namespace);
        let group = EventGroup::new(vec![event; 20]);
        let bounds = StoreBounds::new(1000, 1 << 30);
        let stored = backend.append(vec![group].into(), bounds).await;
        assert_eq!(stored.expect("it is stored").usage.events, 20);
        Self {
            home,
            folder,
            pool,
            backend,
        }
    }

    /// Looks for old events, of which there are none. How long the log is then.
    async fn look(&self) -> u64 {
        let looked = timeout(SOON, self.backend.remove_before(UNIX_EPOCH, 1000)).await;
        assert_eq!(looked.expect("nobody is waited for").expect("an answer"), 0);
        let log = self.folder.file("events.db-wal");
        log.metadata().expect("a file").len()
    }

    async fn end(self) {
        drop((self.backend, self.pool));
        self.home.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_takes_long_is_not_waited_for_to_cut_the_log() {
    let bench = Bench::new().await;
    let page = PageBounds::new(1, 10_000_000);
    let mut question = bench.backend.query(EventQuery::new().into(), page);
    // It has its place for as long as nobody looks at it again.
    assert!(poll_once(Pin::new(&mut question)).is_none());
    assert!(bench.look().await > 20_000_000);
    question.await.expect("an answer");
    assert_eq!(bench.look().await, 0);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_who_reads_for_long_is_not_waited_for_to_cut_the_log() {
    let bench = Bench::new().await;
    let other = rusqlite::Connection::open(bench.folder.file("events.db")).expect("it opens");
    let read = "BEGIN; SELECT count(*) FROM mainstay_events;";
    other.execute_batch(read).expect("it is read");
    assert!(bench.look().await > 20_000_000);
    other.execute_batch("ROLLBACK").expect("it ends");
    assert_eq!(bench.look().await, 0);
    // Whoever borrows the connection afterwards waits as long as before.
    let mut lease = bench.pool.checkout().await.expect("a connection");
    let waits = lease
        .call(|c| c.pragma_query_value(None, "busy_timeout", |row| row.get::<_, i64>(0)))
        .await;
    assert_eq!(waits.expect("a time"), 600_000);
    drop((other, lease));
    bench.end().await;
}
