//! The process that reads.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::ProgressBar;
use mainstay::actors::EventStore;
use mainstay::actors::config::ConfigValue;
use mainstay::actors::event_store::{
    CorrelationId, Direction, Event, EventError, EventQuery, OrderBy, StoreError, TextError,
};
use mainstay::prelude::*;
use tokio::sync::oneshot;

use crate::line::Line;
use crate::sabotage::{Injected, Sabotage};

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

pub(crate) fn count_lines(file: &Path) -> io::Result<u64> {
    let lines = BufReader::new(File::open(file)?).lines();
    lines.map(|line| line.map(|_| 1)).sum()
}

/// Stores what of the file is not stored yet.
pub(crate) async fn run(job: Arc<Job>) -> Result<(), IngestError> {
    let begins = Event::builder("ingest.begins").data(job.file_name());
    let store = store_here().ok_or(IngestError::Homeless)?;
    store.store(begins.build()?).await?;
    let mut done = last_line(&store, &job.file_name()).await?;
    job.bar.set_position(done);

    let file = File::open(&job.file).map_err(|error| job.read_error(error))?;
    let mut lines = BufReader::new(file).lines().skip(done as usize);
    loop {
        let batch: io::Result<Vec<String>> = lines.by_ref().take(BATCH).collect();
        let batch = batch.map_err(|error| job.read_error(error))?;
        if batch.is_empty() {
            break;
        }
        let events = (done + 1..).zip(&batch);
        let events: Result<Vec<Event>, EventError> =
            events.map(|(nth, text)| event(&job, nth, text)).collect();
        job.sabotage.strike(done + 1)?;
        store.store_batch(events?).await?;
        done += batch.len() as u64;
        job.bar.set_position(done);
        job.sabotage.tell(done);
    }
    let finished = job
        .finished
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
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

/// A line that is none is kept, with what is wrong with it.
fn event(job: &Job, nth: u64, text: &str) -> Result<Event, EventError> {
    let (kind, data) = match Line::parse(text) {
        Ok(line) => ("access", line.data(nth)),
        Err(error) => {
            let (text, error) = (text.into(), error.to_string().into());
            let fields = [("line", nth.into()), ("text", text), ("error", error)];
            (
                "access.malformed",
                ConfigValue::map::<_, ConfigValue>(fields),
            )
        }
    };
    Event::builder(kind)
        .correlation_id(job.file_name())
        .data(data)
        .build()
}

/// The last line of a file that is stored; 0 if none is.
async fn last_line(store: &EventStore, file: &str) -> Result<u64, IngestError> {
    let last = of_file(file)?
        .order(OrderBy::Id, Direction::Descending)
        .limit(1);
    let page = store.query(last).await?;
    Ok(page.events.first().map_or(0, line_of))
}

fn of_file(file: &str) -> Result<EventQuery, IngestError> {
    Ok(EventQuery::new().correlation_id(CorrelationId::new(file)?))
}

fn line_of(event: &Event) -> u64 {
    let line = field(event, "line").and_then(ConfigValue::as_u64);
    line.unwrap_or(0)
}

fn field<'a>(event: &'a Event, name: &str) -> Option<&'a ConfigValue> {
    event.data().as_map()?.get(name)
}

/// What of a file is in the event store.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) access: u64,
    /// The lines, and what is wrong with them.
    pub(crate) malformed: Vec<(u64, String)>,
    pub(crate) twice: u64,
    lines: BTreeSet<u64>,
}

impl Account {
    pub(crate) async fn of(store: &EventStore, file: String) -> Result<Self, IngestError> {
        let mut account = Self::default();
        let mut offset = 0;
        loop {
            let page = store.query(of_file(&file)?.offset(offset)).await?;
            offset += page.events.len() as u64;
            page.events.iter().for_each(|event| account.add(event));
            if !page.more {
                return Ok(account);
            }
        }
    }

    fn add(&mut self, event: &Event) {
        let line = line_of(event);
        if !self.lines.insert(line) {
            self.twice += 1;
        }
        match field(event, "error") {
            Some(error) => self
                .malformed
                .push((line, error.as_str().unwrap_or_default().to_owned())),
            None => self.access += 1,
        }
    }

    /// How many of so many lines are not there.
    pub(crate) fn missing(&self, total: u64) -> usize {
        (1..=total)
            .filter(|line| !self.lines.contains(line))
            .count()
    }
}
