//! The keeper: stores what waits, takes away what is too old, and makes events of alerts.
//!
//! A supervised task and not an actor: whoever wants something of it leaves it in the cell.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mainstay_supervisors::{Namespace, Ready, StopToken, current};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

use super::alerts::AlertFeed;
use super::ask::remove_part;
use super::backend::Usage;
use super::cell::{Cell, read};
use super::commit::{Pending, commit};
use super::error::EventStoreStartError;
use super::handle::service_name;
use super::terms::Terms;

/// After how long alerts that could not be stored are tried again.
const ALERTS_AGAIN: Duration = Duration::from_secs(1);

/// How many alerts are stored in one transaction.
const ALERTS_MAX: usize = 100;

/// What an incarnation of the keeper works with.
pub(crate) struct Keeper {
    pub(crate) namespace: Namespace,
    pub(crate) cell: Arc<Cell>,
    /// What to go by, if it is not what the cell has already.
    pub(crate) terms: Option<Terms>,
    pub(crate) usage: Usage,
}

impl Keeper {
    /// One incarnation of the keeper, until it is told to stop.
    pub(crate) async fn keep(
        self,
        stop: StopToken,
        ready: Ready,
    ) -> Result<(), EventStoreStartError> {
        if let Some(myself) = current() {
            let registered = self.namespace.register(service_name(), &myself);
            registered.map_err(EventStoreStartError::Register)?;
        }
        // From here on nobody else keeps this cell, until this process has ended.
        self.cell.adopt(self.terms, self.usage);
        ready.signal();
        let work = Work {
            cell: self.cell,
            stop,
        };
        work.go_on(AlertFeed::of(&self.namespace)).await;
        Ok(())
    }
}

struct Work {
    cell: Arc<Cell>,
    stop: StopToken,
}

impl Work {
    async fn go_on(&self, mut feed: Option<AlertFeed>) {
        let every = self.cell.terms().spec().prune_interval;
        let mut ticks = interval_at(Instant::now() + every, every);
        // After a pause it is looked once, and not for each time that was missed.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = read(&self.cell.counts.refused);
        loop {
            let again = self.store_alerts(feed.as_ref()).await;
            self.store_what_waits().await;
            self.tell_refused(&mut told);
            tokio::select! {
                biased;
                () = self.stop.stopped() => break,
                _ = ticks.tick() => self.prune().await,
                () = AlertFeed::more(&mut feed) => {}
                () = sleep_until(again.unwrap_or_else(Instant::now)), if again.is_some() => {}
                () = self.cell.work.notified() => {}
            }
        }
        // Who has been promised nothing yet is not left alone.
        self.store_alerts(feed.as_ref()).await;
        self.store_what_waits().await;
        self.tell_refused(&mut told);
    }

    /// Stores what waits now; what comes to wait meanwhile has its turn later.
    async fn store_what_waits(&self) {
        let mut left = self.cell.waiting().events;
        while left > 0 {
            let batch = self.cell.next_batch();
            if batch.is_empty() {
                return;
            }
            left = left.saturating_sub(batch.iter().map(Pending::len).sum());
            self.store(batch).await;
        }
    }

    /// Stores a batch, and says whether it has. A panic of the backend is the keeper's own, once all who wait have been told.
    async fn store(&self, batch: Vec<Pending>) -> bool {
        // A predecessor that has crashed may have left one that is being stored.
        let turn = Arc::clone(&self.cell.turn).lock_owned().await;
        let (cell, terms) = (Arc::clone(&self.cell), self.cell.terms());
        let task = self.cell.runtime.spawn(commit(cell, terms, batch, turn));
        match task.await {
            Ok(is_done) => is_done,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime ends.
            Err(_) => false,
        }
    }

    /// Stores the alerts that are not stored yet; when to try again, if that failed.
    async fn store_alerts(&self, feed: Option<&AlertFeed>) -> Option<Instant> {
        let last = read(&self.cell.counts.last_alert);
        let alerts = feed.map(|feed| feed.after(last)).unwrap_or_default();
        if alerts.is_empty() {
            return None;
        }
        let node = self.cell.terms().spec().node.clone();
        let alerts = alerts.into_iter().take(ALERTS_MAX).map(|(number, event)| {
            let mut event = event;
            event.namespace = Some(self.cell.namespace.clone());
            event.monotonic = Some(self.cell.age());
            event.node.clone_from(&node);
            Pending::alert(event, number)
        });
        let is_stored = self.store(alerts.collect()).await;
        Some(
            Instant::now()
                + if is_stored {
                    Duration::ZERO
                } else {
                    ALERTS_AGAIN
                },
        )
    }

    async fn prune(&self) {
        let terms = self.cell.terms();
        let oldest = SystemTime::now().checked_sub(terms.spec().max_age);
        let oldest = oldest.unwrap_or(UNIX_EPOCH);
        while !self.stop.is_stopped() {
            match remove_part(&self.cell, &terms, oldest, "age").await {
                Ok((_, true)) => self.store_what_waits().await,
                Ok((_, false)) => return,
                Err(error) => {
                    self.cell.note_failure(&error);
                    tracing::warn!(namespace = %self.cell.namespace, %error, "old events are kept");
                    return;
                }
            }
        }
    }

    fn tell_refused(&self, told: &mut u64) {
        let refused = read(&self.cell.counts.refused);
        let signals = &self.cell.terms().signals;
        signals.refused(refused - *told, self.cell.waiting().events);
        *told = refused;
    }
}
