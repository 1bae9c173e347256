//! What of the cell only those need that keep a pool.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use super::borrower::Borrower;
use super::cell::Cell;
use super::core::{Counts, Holder, Phase, Seat, Situation, nanos};
use super::error::PoolPath;
use super::manager::ConnectionPool;
use super::signals::{Deed, Signals};
use super::work::MendTicket;

/// How much longer than it may take a keeper it is waited for it.
const GRACE: Duration = Duration::from_secs(1);

impl<P: ConnectionPool> Cell<P> {
    /// Has what happens told there. Only the first call counts.
    pub(crate) fn tell_to(&self, signals: &Arc<Signals>) {
        self.signals.set(Arc::clone(signals)).ok();
    }

    /// Tells what has happened, without any lock.
    pub(crate) fn tell(&self, deed: &Deed<'_>) {
        if let Some(signals) = self.signals.get() {
            signals.tell(&self.name, deed);
        }
    }

    /// What to call a borrower.
    pub(crate) fn label(&self, borrower: Borrower) -> String {
        let named = self.lock().borrowers.named(borrower);
        // The path of a process is long: without the lock.
        named.to_string()
    }

    pub(crate) fn path(&self) -> PoolPath {
        PoolPath {
            namespace: self.namespace.clone(),
            pool: self.name.clone(),
        }
    }

    /// What has happened so far, and how it stands.
    pub(crate) fn figures(&self) -> (Counts, Situation<Borrower>) {
        let now = self.clock.now();
        let mut inner = self.lock();
        (inner.core.counts(), inner.core.situation(now))
    }

    /// Has all connections replaced, as [`evict`](Self::evict) does, but for those that are just being made: they are what is waited for.
    pub(crate) fn replace(&self, spread: Duration) -> u32 {
        self.with(|inner, now, _| inner.core.replace(now, nanos(spread)))
    }

    /// Whether it lends.
    pub(crate) fn is_open(&self) -> bool {
        self.lock().core.phase() == Phase::Open
    }

    /// Whether it was closed, and nothing is left.
    pub(crate) fn is_drained(&self) -> bool {
        self.lock().core.is_drained()
    }

    /// Those that are idle now.
    pub(crate) fn idle_seats(&self) -> VecDeque<Seat> {
        self.with(|inner, now, _| inner.core.idle_seats(now))
    }

    /// The first of these that is still idle, to be pinged.
    pub(crate) fn next_to_ping(
        self: &Arc<Self>,
        seats: &Mutex<VecDeque<Seat>>,
    ) -> Option<MendTicket<P>> {
        let mut seats = seats.lock().unwrap_or_else(PoisonError::into_inner);
        let mend = self.with(|inner, _, _| {
            let mut next = std::iter::from_fn(|| seats.pop_front());
            next.find_map(|seat| inner.core.take_to_ping(seat))
        });
        mend.map(|mend| MendTicket::new(self, mend))
    }

    /// Takes away the leases that were taken before this moment.
    pub(crate) fn revoke_older(&self, taken_before: u64) -> Vec<Holder<Borrower>> {
        self.with(|inner, now, _| {
            let revoked = inner.core.revoke_older(now, taken_before);
            inner.borrowers.revoked(&revoked);
            revoked
        })
    }

    /// Closes the pool, and waits until nothing is left of it: no longer than it may take a keeper. If there is none, there are no
    /// goodbyes.
    pub(crate) async fn drain(self: &Arc<Self>) {
        self.close();
        let config = self.config.load_full();
        let within = config.drain_timeout.saturating_add(config.close_timeout);
        let within = within.saturating_add(GRACE);
        if timeout(within, self.drained()).await.is_err() {
            self.abandon();
        }
    }

    /// Closes the pool as it is, with nobody to do it.
    pub(crate) fn abandon(self: &Arc<Self>) {
        self.close();
        self.revoke_older(u64::MAX);
        // What is to be closed is dropped with its ticket.
        drop(self.work());
    }

    /// Waits until the configuration changes, from the first poll on.
    pub(crate) async fn reconfigured(&self) {
        self.changed.notified().await;
    }
}
