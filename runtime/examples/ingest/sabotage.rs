//! What goes wrong, and when: each of it once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mainstay::prelude::*;
use tokio::sync::watch;

use crate::ingest::Job;

/// An error of the ingest's own.
#[derive(Debug, thiserror::Error)]
#[error("the disk is loose (line {0})")]
pub(crate) struct Injected(u64);

/// At which lines the ingest fails by itself, and after which something is killed.
pub(crate) struct Sabotage {
    error: Once,
    panic: Once,
    kill_ingest: Once,
    kill_store: Once,
    /// How many lines are stored.
    done: watch::Sender<u64>,
}

struct Once {
    from: u64,
    done: AtomicBool,
}

impl Once {
    const fn from(line: u64) -> Self {
        let done = AtomicBool::new(false);
        Self { from: line, done }
    }

    fn is_due(&self, line: u64) -> bool {
        line >= self.from && !self.done.swap(true, Ordering::Relaxed)
    }
}

impl Sabotage {
    /// Spread over so many lines.
    pub(crate) fn of(total: u64) -> Self {
        Self {
            error: Once::from(total / 5),
            panic: Once::from(total * 2 / 5),
            kill_ingest: Once::from(total * 3 / 5),
            kill_store: Once::from(total * 4 / 5),
            done: watch::Sender::new(0),
        }
    }

    /// Before a batch that begins with this line is stored.
    pub(crate) fn strike(&self, line: u64) -> Result<(), Injected> {
        if self.error.is_due(line) {
            return Err(Injected(line));
        }
        if self.panic.is_due(line) {
            panic!("a line too many ({line})");
        }
        Ok(())
    }

    pub(crate) fn tell(&self, done: u64) {
        self.done.send_replace(done);
    }
}

/// Kills the ingest, and later the event store.
pub(crate) async fn run(job: Arc<Job>) {
    let sabotage = &job.sabotage;
    let mut done = sabotage.done.subscribe();
    let victims = [
        ("ingest", &sabotage.kill_ingest),
        ("event_store", &sabotage.kill_store),
    ];
    for (name, kill) in victims {
        // It is told of as long as the job is there, of which this has a part.
        let reached = done.wait_for(|&line| line >= kill.from).await;
        let line = reached.map_or(0, |line| *line);
        if kill.is_due(line)
            && let Some(app) = current().and_then(|saboteur| saboteur.namespace())
            && let Some(victim) = app.whereis(name)
        {
            victim.kill();
        }
    }
}
