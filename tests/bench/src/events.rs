//! The group `events`: what an event costs until it is acknowledged, by 1, 16 and 256 callers at a time.
//!
//! `events.file.*` is SQLite in a file: a write-ahead log, `synchronous = FULL`, so that each commit waits for the disk. Beside it are the
//! same rows, written by hand into a table with the same indexes, each in a transaction of its own, one after the other by a thread that
//! does nothing else: faster than any number of callers could share one database that way, as it has one writer. `events.memory.*` is the
//! same with nothing on a disk: events in memory, and a database in memory.
//!
//! Ratios are of the time an event takes; events a second are their inverse. With one caller there is nothing to store together: what is
//! above 1 there is what the store itself costs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use mainstay_actors::EventStore;
use mainstay_actors::event_store::Event;
use mainstay_specs::{EventBackendSpec, EventStoreSpec, NamespaceName};
use mainstay_supervisors::{Namespace, NamespacePlan, Runtime};
use rusqlite::{Connection, params};
use tokio::task::JoinSet;

use crate::flavour::Stage;
use crate::{Comparison, Contest, Flavour, Options, Outcome};

/// The part of the time by hand that an event may take: of 1, 16 and 256 callers.
const FILE: [f64; 3] = [2.0, 0.5, 0.2];
const MEMORY: [f64; 3] = [2.0, 1.0, 1.0];

/// How many events a round stores, if that is as many as there are callers.
const ROUND: u32 = 64;

/// More than all rounds store: nothing goes for want of room on either side.
const EVENTS_MAX: u64 = 1_000_000;

const GROUP: &[Comparison] = &[
    (&["events.file.1"], |options| {
        compare("events.file.1", options, true, 1, FILE[0])
    }),
    (&["events.file.16"], |options| {
        compare("events.file.16", options, true, 16, FILE[1])
    }),
    (&["events.file.256"], |options| {
        compare("events.file.256", options, true, 256, FILE[2])
    }),
    (&["events.memory.1"], |options| {
        compare("events.memory.1", options, false, 1, MEMORY[0])
    }),
    (&["events.memory.16"], |options| {
        compare("events.memory.16", options, false, 16, MEMORY[1])
    }),
    (&["events.memory.256"], |options| {
        compare("events.memory.256", options, false, 256, MEMORY[2])
    }),
];

/// Runs the group.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    crate::run(options, GROUP)
}

fn compare(
    name: &'static str,
    options: &Options,
    in_file: bool,
    callers: u32,
    target: f64,
) -> Outcome<()> {
    let folder = Folder::new()?;
    let place = in_file.then_some(folder.0.as_path());
    let stage = Flavour::TwoWorkers.build()?;
    let backend = match place {
        Some(folder) => EventBackendSpec::sqlite(folder.join("ours.db")),
        None => EventBackendSpec::Memory,
    };
    let store = stage.run(Store::start(backend))?;
    let mut by_hand = by_hand(place)?;
    Contest::new([name], "us", || store.round(&stage, callers))
        .peer("by-hand", [target], || write(&mut by_hand, callers))
        .run(options)
}

/// Gone after the bench, with all that is in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Outcome<Self> {
        let name = format!("mainstay-bench-events-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        std::fs::create_dir(&folder.0)?;
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Ours.
struct Store {
    events: EventStore,
    /// In which it lives.
    _namespace: Namespace,
    _runtime: Runtime,
}

impl Store {
    async fn start(backend: EventBackendSpec) -> Outcome<Self> {
        let spec = EventStoreSpec::memory()
            .backend(backend)
            .max_events(EVENTS_MAX);
        let plan = NamespacePlan::new().service(EventStore::child(spec));
        let runtime = Runtime::new();
        let namespace = runtime.start_namespace(NamespaceName::new("bench")?, plan);
        let namespace = namespace.await?;
        let events = EventStore::in_namespace(&namespace).ok_or("it was started")?;
        Ok(Self {
            events,
            _namespace: namespace,
            _runtime: runtime,
        })
    }

    /// Microseconds an event, of callers of whom each stores one after the other.
    fn round(&self, stage: &Stage, callers: u32) -> Outcome<[f64; 1]> {
        let events = self.events.clone();
        let each = each(callers);
        stage.run(async move {
            let began = Instant::now();
            let mut running = JoinSet::new();
            for _ in 0..callers {
                let events = events.clone();
                running.spawn(async move {
                    for _ in 0..each {
                        events.store(event()?).await?;
                    }
                    Outcome::Ok(())
                });
            }
            while let Some(ended) = running.join_next().await {
                ended??;
            }
            Ok(per_event(began, callers * each))
        })
    }
}

/// How many each caller stores in a round.
fn each(callers: u32) -> u32 {
    ROUND.div_ceil(callers)
}

fn event() -> Outcome<Event> {
    Ok(Event::builder("order").correlation_id("cart-7").build()?)
}

fn per_event(began: Instant, events: u32) -> [f64; 1] {
    [began.elapsed().as_secs_f64() * 1e6 / f64::from(events)]
}

/// A database with what one needs to find events again, as fast as the store does.
fn by_hand(folder: Option<&Path>) -> Outcome<Connection> {
    let connection = match folder {
        Some(folder) => Connection::open(folder.join("by-hand.db"))?,
        None => Connection::open_in_memory()?,
    };
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         CREATE TABLE events (id INTEGER PRIMARY KEY, event_type TEXT NOT NULL, wall_us INTEGER NOT NULL, correlation_id TEXT, parent_id INTEGER, data TEXT NOT NULL);
         CREATE INDEX by_time ON events (wall_us, id);
         CREATE INDEX by_type ON events (event_type, id);
         CREATE INDEX by_correlation ON events (correlation_id, id) WHERE correlation_id IS NOT NULL;
         CREATE INDEX by_parent ON events (parent_id, id) WHERE parent_id IS NOT NULL;",
    )?;
    Ok(connection)
}

/// Microseconds an event, each in a transaction of its own.
fn write(connection: &mut Connection, callers: u32) -> Outcome<[f64; 1]> {
    let events = callers * each(callers);
    let epoch = std::time::UNIX_EPOCH;
    let began = Instant::now();
    for _ in 0..events {
        let now = i64::try_from(epoch.elapsed()?.as_micros())?;
        let transaction = connection.transaction()?;
        transaction
            .prepare_cached("INSERT INTO events (event_type, wall_us, correlation_id, data) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params!["order", now, "cart-7", "{}"])?;
        transaction.commit()?;
    }
    Ok(per_event(began, events))
}
