//! A database that has outages, and events that are kept there.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use mainstay::testkit::{MockAct, MockConnection, MockConnections, MockOp};
use mainstay_actors::event_store::{
    ALERT_TYPE, Appended, BackendAnswer, BackendError, Event, EventBackend, EventGroup, EventId,
    EventPage, EventQuery, MemoryBackend, PageBounds, StoreBounds, Usage,
};
use mainstay_actors::pool::ConnectionPoolRegistry;
use mainstay_supervisors::WeakNamespace;
use tokio::time::{sleep, timeout};

use crate::book::Book;
use crate::node::name;

/// How the database fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fares {
    /// It answers.
    #[default]
    Well,
    /// It answers late, and of what it is to store not always.
    Slow,
    /// It is away: connections break, and none can be made.
    Away,
    /// It does not answer, and lets nobody know.
    Silent,
}

impl Fares {
    pub(crate) const ALL: [Self; 4] = [Self::Well, Self::Slow, Self::Away, Self::Silent];
}

/// The connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database is away")]
pub(crate) struct Away;

/// The database. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Database {
    fares: Arc<Mutex<Fares>>,
    pub(crate) connections: MockConnections,
}

/// How long an answer takes.
const QUICK: Duration = Duration::from_millis(2);
const SLOW: Duration = Duration::from_millis(700);

impl Database {
    pub(crate) fn fares(&self) -> Fares {
        *self.fares.lock().unwrap()
    }

    pub(crate) fn set(&self, fares: Fares) {
        *self.fares.lock().unwrap() = fares;
        let act = match fares {
            Fares::Well => MockAct::succeed().after(QUICK),
            Fares::Slow => MockAct::succeed().after(SLOW),
            Fares::Away => MockAct::fail("the database is away"),
            Fares::Silent => MockAct::hang(),
        };
        for op in [MockOp::Create, MockOp::Ping, MockOp::Reset] {
            self.connections.usually(op, act.clone());
        }
    }

    /// Does something with a connection.
    pub(crate) async fn execute(&self, connection: &MockConnection) -> Result<(), Away> {
        connection.soil();
        match self.fares() {
            Fares::Well => sleep(QUICK).await,
            Fares::Slow => sleep(SLOW).await,
            Fares::Silent => std::future::pending().await,
            Fares::Away => {}
        }
        // It may have gone away meanwhile.
        if self.fares() == Fares::Away || connection.is_severed() {
            connection.sever();
            return Err(Away);
        }
        Ok(())
    }
}

/// Events that are kept in the database, which are reached through the pool `db` of the namespace.
pub(crate) struct Events {
    database: Database,
    book: Book,
    disk: MemoryBackend,
    /// How many answers there were while the database was slow.
    slow: AtomicU64,
    pub(crate) namespace: OnceLock<WeakNamespace>,
}

/// How long the backend waits for the database: an answer is to come some time.
const PATIENCE: Duration = Duration::from_secs(3);

impl Events {
    pub(crate) fn new(database: Database, book: Book) -> Self {
        Self {
            database,
            book,
            disk: MemoryBackend::new(),
            slow: AtomicU64::new(0),
            namespace: OnceLock::new(),
        }
    }

    /// Does work in a transaction on a connection, unless the answer is too late. What is done before the commit is done, whatever becomes of the
    /// answer to it.
    async fn transaction<T>(
        &self,
        work: impl Future<Output = Result<T, BackendError>> + Send,
    ) -> Result<T, BackendError> {
        let namespace = self.namespace.get().and_then(WeakNamespace::upgrade);
        let namespace =
            namespace.ok_or_else(|| BackendError::failed("there is no namespace yet"))?;
        let pools = ConnectionPoolRegistry::of(&namespace);
        let connection = pools.get_connection::<MockConnections>(&name("db"));
        let connection = connection.await.map_err(BackendError::failed)?;
        let begin = timeout(PATIENCE, self.database.execute(&connection)).await;
        begin
            .map_err(BackendError::failed)?
            .map_err(BackendError::failed)?;
        let done = work.await?;
        let commit = timeout(PATIENCE, self.database.execute(&connection)).await;
        commit
            .map_err(BackendError::unknown)?
            .map_err(BackendError::unknown)?;
        Ok(done)
    }

    /// Whether an answer gets lost: each second one of a slow database does.
    fn loses(&self) -> bool {
        self.database.fares() == Fares::Slow
            && self.slow.fetch_add(1, Ordering::Relaxed).is_multiple_of(2)
    }

    /// Writes down that nobody knows what came of these.
    fn doubt(&self, groups: &[EventGroup]) {
        let events = groups.iter().flat_map(|group| &group.events);
        self.book.with(|pages| {
            for event in events {
                pages.doubtful += 1;
                if let Some(number) = alert_number(event) {
                    *pages.doubtful_alerts.entry(number).or_default() += 1;
                }
            }
        });
    }
}

/// Of an event that an alert is stored as.
pub(crate) fn alert_number(event: &Event) -> Option<u64> {
    let is_alert = event.event_type().as_str() == ALERT_TYPE;
    let number = event.data().step("number").filter(|_| is_alert)?;
    number.as_u64()
}

impl EventBackend for Events {
    fn kind(&self) -> &'static str {
        "chaos"
    }

    fn append(
        &self,
        groups: Arc<[EventGroup]>,
        bounds: StoreBounds,
    ) -> BackendAnswer<'_, Appended> {
        Box::pin(async move {
            let all = Arc::clone(&groups);
            let append = async move { self.disk.append(groups, bounds).await };
            let answer = self.transaction(append).await.and_then(|done| {
                if self.loses() {
                    return Err(BackendError::unknown("the answer to the commit was lost"));
                }
                Ok(done)
            });
            if matches!(answer, Err(BackendError::Unknown(_))) {
                self.doubt(&all);
            }
            answer
        })
    }

    fn get(&self, id: EventId) -> BackendAnswer<'_, Option<Event>> {
        Box::pin(self.transaction(async move { self.disk.get(id).await }))
    }

    fn query(&self, query: Arc<EventQuery>, bounds: PageBounds) -> BackendAnswer<'_, EventPage> {
        Box::pin(self.transaction(async move { self.disk.query(query, bounds).await }))
    }

    fn remove_before(&self, time: SystemTime, at_most: u32) -> BackendAnswer<'_, u64> {
        self.disk.remove_before(time, at_most)
    }

    fn usage(&self) -> BackendAnswer<'_, Usage> {
        self.disk.usage()
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}
