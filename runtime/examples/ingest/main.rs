//! A supervised ingest: reads the log of a web server line by line into the event store, shows how far it is, is made to fail in every way that
//! a process can, and has each line once at the end.
//!
//! ```text
//! cargo run --example ingest                            # the file beside this one
//! cargo run --example ingest -- access.log log.db       # a file of yours, into a database: go on where the last run ended
//! ```
//!
//! ```text
//!  access.log ──► ingest, a task that is restarted ──► event store: "access", "access.malformed"
//!                    ▲ killed, panics, returns errors        ▲ killed
//!                    └────────────── saboteur ───────────────┘
//! ```
//!
//! How far it is, is in the event store alone: a batch is stored whole or not at all, and the events of a batch say which lines they are. So whoever
//! takes over looks there. What its predecessor had asked to be stored and was not answered is stored before what it asks for itself, and so
//! it stores a note that it begins, and looks when that is acknowledged.
//!
//! A file is known by its name without its folder. One of the same name that is another, such as after a rotation of logs, belongs in another database:
//! of it, as many lines are passed over as were stored of the first.
//!
//! | file | holds |
//! |---|---|
//! | `main.rs` | the tree, its start and its end |
//! | `ingest.rs` | the process that reads |
//! | `account.rs` | from lines to events and back: what of a file is in the event store |
//! | `text.rs`, `line.rs` | lines of a file, whatever is in it; lines of the Common Log Format |
//! | `sabotage.rs` | what goes wrong, and when |
//! | `shown.rs` | what is shown |

mod account;
mod ingest;
mod line;
mod sabotage;
mod shown;
mod text;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mainstay::actors::EventStore;
use mainstay::prelude::*;
use mainstay::specs::{EventBackendSpec, EventStoreSpec, RestartLimit};

use account::Account;
use ingest::Job;
use sabotage::Sabotage;

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The one that is taken if none is named.
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ingest/access.log");

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let mut args = std::env::args().skip(1);
    let file = PathBuf::from(args.next().unwrap_or_else(|| SAMPLE.to_owned()));
    let spec = match args.next() {
        Some(path) => EventStoreSpec::default().backend(EventBackendSpec::sqlite(path)),
        None => EventStoreSpec::memory(),
    };
    let total = text::count_lines(&file)
        .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    // Another run goes on where this one has ended, up to a year later.
    let spec = spec.max_events(total.max(10_000) + 100).max_age(YEAR);

    let bar = shown::progress_bar(total);
    let (job, finished) = Job::new(file, Sabotage::of(total), bar.clone());
    let job = Arc::new(job);
    let (reads, spoils) = (Arc::clone(&job), Arc::clone(&job));
    let reader = Child::task("ingest", move |_| ingest::run(Arc::clone(&reads)));
    let saboteur = Child::task("saboteur", move |_| sabotage::run(Arc::clone(&spoils)));

    // As many restarts as there are failures below, and some more; one after another without a pause. What fails more often takes the tree with it.
    // What is in the plan comes after the services: when one of those is restarted, so are the children.
    let flags = SupervisorFlags::new(Strategy::OneForOne).intensity(10, Duration::from_secs(60));
    // Failures that are seconds apart have that supervisor give up again and again: after the third time so does the root.
    let often = RestartLimit::new(3, Duration::from_secs(3600));
    let plan = NamespacePlan::new()
        .service(EventStore::child(spec))
        .child(reader.name("ingest".parse()?).restart(Restart::Transient))
        .child(saboteur.restart(Restart::Temporary))
        .children_flags(flags)
        .root_limit(often);
    let runtime = Runtime::new();
    let witness = tokio::spawn(shown::tell_ends(runtime.events(), bar.clone()));
    let app = runtime.start_namespace("app".parse()?, plan).await?;

    let root = app.root().ok_or("it has just started")?.process().clone();
    let is_done = tokio::select! {
        told = finished => told.is_ok(),
        _ = root.monitor() => false,
    };
    bar.finish();
    if !is_done {
        return Err("the ingest has failed too often".into());
    }
    let store = EventStore::in_namespace(&app).ok_or("the plan has one")?;
    shown::report(&Account::of(&store, job.file_name()).await?, total);
    drop((job, store, app));
    runtime.stop(Duration::from_secs(5)).await;
    witness.abort();
    Ok(())
}
