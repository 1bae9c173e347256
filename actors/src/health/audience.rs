//! Who is told of what changes.

use std::sync::{Arc, Mutex};

use mainstay_supervisors::Hold;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{broadcast, watch};

use super::cell::lock;
use super::error::HealthError;
use super::snapshot::{HealthChange, SystemHealth};
use crate::config::Lagged;

/// Subscribers and watchers. There is none any more once the namespace has ended.
#[derive(Debug)]
pub(crate) struct Audience(Mutex<Option<Senders>>);

#[derive(Debug)]
struct Senders {
    changes: broadcast::Sender<HealthChange>,
    backlog: u32,
    pictures: watch::Sender<Arc<SystemHealth>>,
}

impl Senders {
    fn len(&self) -> usize {
        self.changes.receiver_count() + self.pictures.receiver_count()
    }
}

impl Audience {
    pub(crate) fn new(backlog: u32, picture: Arc<SystemHealth>) -> Self {
        let senders = Senders {
            changes: broadcast::Sender::new(backlog as usize),
            backlog,
            pictures: watch::Sender::new(picture),
        };
        Self(Mutex::new(Some(senders)))
    }

    /// Those who come from now on may be so far behind, unless others are there already.
    pub(crate) fn resize(&self, backlog: u32) {
        if let Some(senders) = &mut *lock(&self.0)
            && senders.backlog != backlog
            && senders.changes.receiver_count() == 0
        {
            senders.changes = broadcast::Sender::new(backlog as usize);
            senders.backlog = backlog;
        }
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.0).as_ref().map_or(0, Senders::len)
    }

    pub(crate) fn subscribe(&self, max: u32, hold: Hold) -> Result<HealthChanges, HealthError> {
        let events = self.join(max, |senders| senders.changes.subscribe())?;
        Ok(HealthChanges {
            events,
            _hold: hold,
        })
    }

    pub(crate) fn watch(&self, max: u32, hold: Hold) -> Result<HealthWatch, HealthError> {
        let pictures = self.join(max, |senders| senders.pictures.subscribe())?;
        Ok(HealthWatch {
            pictures,
            _hold: hold,
        })
    }

    fn join<T>(&self, max: u32, join: impl FnOnce(&Senders) -> T) -> Result<T, HealthError> {
        let senders = lock(&self.0);
        let senders = senders.as_ref().ok_or(HealthError::Stopped)?;
        if senders.len() >= max as usize {
            return Err(HealthError::TooManySubscribers { max });
        }
        Ok(join(senders))
    }

    pub(crate) fn tell(&self, changes: &[HealthChange]) {
        if let Some(senders) = &*lock(&self.0)
            && senders.changes.receiver_count() > 0
        {
            for change in changes {
                // Nobody receives it when the last subscriber is just about to leave.
                senders.changes.send(change.clone()).ok();
            }
        }
    }

    pub(crate) fn show(&self, picture: &Arc<SystemHealth>) {
        if let Some(senders) = &*lock(&self.0) {
            senders.pictures.send_replace(Arc::clone(picture));
        }
    }

    pub(crate) fn close(&self) {
        lock(&self.0).take();
    }
}

/// All changes from a certain moment on, of services and of the whole, in order: a stream with a bounded queue.
///
/// It goes on over crashes and restarts of the keeper, and ends with the namespace. Dropping it ends the subscription. While it is there
/// it is noted in the namespace's [`Ledger`](mainstay_supervisors::Ledger).
#[derive(Debug)]
pub struct HealthChanges {
    events: broadcast::Receiver<HealthChange>,
    _hold: Hold,
}

impl HealthChanges {
    /// The next change; `None` once the namespace has ended and all was read.
    ///
    /// # Errors
    ///
    /// [`Lagged`] with the number of changes that were lost, if more than `backlog_max` of the spec were waiting. The stream goes on with
    /// the oldest that is left.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn next(&mut self) -> Option<Result<HealthChange, Lagged>> {
        match self.events.recv().await {
            Ok(change) => Some(Ok(change)),
            Err(RecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
            Err(RecvError::Closed) => None,
        }
    }

    /// The next change, if there is one already.
    ///
    /// # Errors
    ///
    /// [`Lagged`], as of [`next`](Self::next).
    pub fn try_next(&mut self) -> Option<Result<HealthChange, Lagged>> {
        match self.events.try_recv() {
            Ok(change) => Some(Ok(change)),
            Err(TryRecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

/// The present picture of a namespace's health, and when there is another: for those who want to know how things are, and not how they
/// came to be so. While it is there it is noted in the namespace's [`Ledger`](mainstay_supervisors::Ledger).
#[derive(Debug)]
pub struct HealthWatch {
    pictures: watch::Receiver<Arc<SystemHealth>>,
    _hold: Hold,
}

impl HealthWatch {
    /// The last picture in which the status of anything had changed, or that had other checks than the one before.
    #[must_use]
    pub fn current(&mut self) -> Arc<SystemHealth> {
        Arc::clone(&self.pictures.borrow_and_update())
    }

    /// Waits for another one than [`current`](Self::current) gave last, and gives it; what came in between is skipped. `None` once the
    /// namespace has ended.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn changed(&mut self) -> Option<Arc<SystemHealth>> {
        self.pictures.changed().await.ok()?;
        Some(self.current())
    }
}
