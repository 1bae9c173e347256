//! The group `events`: what an event costs until it is acknowledged, in a file of SQLite whose commits are synced.
//!
//! Ours are callers that store at the same time, whom one transaction serves together; what it is compared with is the same store with
//! one caller, each of whose events has a transaction of its own. So the ratio is what the transactions in common are worth, on whatever
//! disk. In `durable` it is one of 64 callers, in `batch` one event of a batch of 64 of one caller.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use mainstay_actors::EventStore;
use mainstay_actors::event_store::Event;
use mainstay_specs::{EventBackendSpec, EventStoreSpec, NamespaceName};
use mainstay_supervisors::{Namespace, NamespacePlan, Runtime};
use tokio::task::JoinSet;

use crate::flavour::Stage;
use crate::{Comparison, Contest, Flavour, Options, Outcome};

/// How much of the time of one that is stored alone an event may take.
const TOGETHER: f64 = 0.25;

/// How many callers, or how many events in a batch.
const MANY: u32 = 64;

/// How many events one caller stores in a round, each after the one before.
const ALONE: u32 = 64;

/// How many each of the callers stores in a round.
const EACH: u32 = 16;

const GROUP: &[Comparison] = &[
    (&["durable"], |options| {
        compare("durable", options, Store::together)
    }),
    (&["batch"], |options| {
        compare("batch", options, Store::in_batches)
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
    ours: fn(&Store, &Stage) -> Outcome<[f64; 1]>,
) -> Outcome<()> {
    let stage = Flavour::TwoWorkers.build()?;
    let store = stage.run(Store::start())?;
    Contest::new([name], "us", || ours(&store, &stage))
        .peer("one-by-one", [TOGETHER], || store.one_by_one(&stage))
        .run(options)
}

/// A store in a file that is gone after the bench.
struct Store {
    events: EventStore,
    _folder: Folder,
    /// In which it lives.
    _namespace: Namespace,
    _runtime: Runtime,
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

impl Store {
    async fn start() -> Outcome<Self> {
        let name = format!("mainstay-bench-events-{}", std::process::id());
        // Beside what is built: where temporary files are there may be no disk.
        let folder = Folder(std::env::current_dir()?.join(name));
        std::fs::create_dir_all(&folder.0)?;
        let backend = EventBackendSpec::sqlite(folder.0.join("events.db"));
        let spec = EventStoreSpec::memory().backend(backend);
        let plan = NamespacePlan::new().service(EventStore::child(spec));
        let runtime = Runtime::new();
        let namespace = runtime.start_namespace(NamespaceName::new("bench")?, plan);
        let namespace = namespace.await?;
        let events = EventStore::in_namespace(&namespace).ok_or("it was started")?;
        Ok(Self {
            events,
            _folder: folder,
            _namespace: namespace,
            _runtime: runtime,
        })
    }

    /// Microseconds an event, where there is one caller.
    fn one_by_one(&self, stage: &Stage) -> Outcome<[f64; 1]> {
        let events = self.events.clone();
        stage.run(async move {
            let began = Instant::now();
            for _ in 0..ALONE {
                events.store(event()?).await?;
            }
            Ok(per_event(began, ALONE))
        })
    }

    /// Microseconds an event, of so many callers who do the same at the same time.
    fn together(&self, stage: &Stage) -> Outcome<[f64; 1]> {
        let events = self.events.clone();
        stage.run(async move {
            let began = Instant::now();
            let mut running = JoinSet::new();
            for _ in 0..MANY {
                let events = events.clone();
                running.spawn(async move {
                    for _ in 0..EACH {
                        events.store(event()?).await?;
                    }
                    Outcome::Ok(())
                });
            }
            while let Some(ended) = running.join_next().await {
                ended??;
            }
            Ok(per_event(began, MANY * EACH))
        })
    }

    /// Microseconds an event, in batches of one caller.
    fn in_batches(&self, stage: &Stage) -> Outcome<[f64; 1]> {
        let events = self.events.clone();
        stage.run(async move {
            let began = Instant::now();
            for _ in 0..EACH {
                let batch: Outcome<Vec<Event>> = (0..MANY).map(|_| event()).collect();
                events.store_batch(batch?).await?;
            }
            Ok(per_event(began, MANY * EACH))
        })
    }
}

fn event() -> Outcome<Event> {
    Ok(Event::builder("order").correlation_id("cart-7").build()?)
}

fn per_event(began: Instant, events: u32) -> [f64; 1] {
    [began.elapsed().as_secs_f64() * 1e6 / f64::from(events)]
}
