//! The process that reads.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::ProgressBar;
use mainstay::actors::EventStore;
use mainstay::actors::event_store::{Event, EventError, StoreError, TextError};
use mainstay::prelude::*;
use tokio::sync::oneshot;

use crate::account::{event, last_line};
use crate::sabotage::{Injected, Sabotage};
use crate::text::{Lines, Text};

/// So many lines are stored at a time.
const BATCH: usize = 16;

/// What there is to do. It outlives the process that does it; how far that is, it does not know.
pub(crate) struct Job {
    file: PathBuf,
    pub(crate) sabotage: Sabotage,
    pub(crate) bar: ProgressBar,
    finished: Mutex<Option<oneshot::Sender<()>>>,
}

/// Why it ends before the end of the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    #[error("cannot read {}: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("there is no event store here")]
    Homeless,
    #[error(transparent)]
    Event(#[from] EventError),
    #[error("the name of the file: {0}")]
    Name(#[from] TextError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Injected(#[from] Injected),
}

impl Job {
    /// A job, and what is told when it is done.
    pub(crate) fn new(
        file: PathBuf,
        sabotage: Sabotage,
        bar: ProgressBar,
    ) -> (Self, oneshot::Receiver<()>) {
        let (finished, told) = oneshot::channel();
        let job = Self {
            file,
            sabotage,
            bar,
            finished: Mutex::new(Some(finished)),
        };
        (job, told)
    }

    /// By which the events of this file are told from others.
    pub(crate) fn file_name(&self) -> String {
        let name = self.file.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    fn read_error(&self, error: io::Error) -> IngestError {
        let path = self.file.clone();
        IngestError::Read { path, error }
    }
}

/// Stores what of the file is not stored yet.
pub(crate) async fn run(job: Arc<Job>) -> Result<(), IngestError> {
    let name = job.file_name();
    let begins = Event::builder("ingest.begins").data(name.as_str());
    let store = store_here().ok_or(IngestError::Homeless)?;
    store.store(begins.build()?).await?;
    let mut done = last_line(&store, &name).await?;
    job.bar.set_position(done);

    // It blocks this thread for as long as a few lines of a file of this machine take; what takes longer belongs in `spawn_blocking`.
    let lines = Lines::open(&job.file).map_err(|error| job.read_error(error))?;
    let mut lines = lines.skip(done as usize);
    loop {
        let batch: io::Result<Vec<Text>> = lines.by_ref().take(BATCH).collect();
        let batch = batch.map_err(|error| job.read_error(error))?;
        if batch.is_empty() {
            break;
        }
        let events = (done + 1..).zip(&batch);
        let events: Result<Vec<Event>, EventError> =
            events.map(|(nth, line)| event(&name, nth, line)).collect();
        job.sabotage.strike(done + 1)?;
        store.store_batch(events?).await?;
        done += batch.len() as u64;
        job.bar.set_position(done);
        job.sabotage.tell(done);
    }
    let finished = job.finished.lock();
    let finished = finished.unwrap_or_else(PoisonError::into_inner).take();
    if let Some(finished) = finished {
        // Whoever waits for it may have gone.
        _ = finished.send(());
    }
    Ok(())
}

/// The event store of the namespace that this process lives in.
fn store_here() -> Option<EventStore> {
    EventStore::in_namespace(&current()?.namespace()?)
}
