//! The handle.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{Faults, PoolConfig, ServiceName};

use super::cell::Cell;
use super::checkout::{Checkout, checkout};
use super::core::nanos;
use super::error::PoolError;
use super::lease::{End, Lease};
use super::manager::ConnectionPool;
use super::share::Share;
use super::signals::Deed;
use super::stats::PoolStats;

/// A connection pool: a handle, cheap to clone, that goes on naming the same pool through every crash of its parts.
///
/// To lend a connection that is idle, and to take one back, each take one lock for some tens of nanoseconds; no message is sent and
/// nothing is allocated, also where a checkout has to wait. Who comes first is served first, and nobody who comes later gets a
/// connection before those who wait.
///
/// To clone it takes a small allocation, as each clone counts its leases for itself: many tasks lend faster if each has a clone of its own
/// than if all share one.
///
/// Its state belongs to the namespace. At the end of the namespace the pool is closed, and refuses everybody.
pub struct PoolManager<P: ConnectionPool> {
    share: Arc<Share<P>>,
}

impl<P: ConnectionPool> Clone for PoolManager<P> {
    fn clone(&self) -> Self {
        Self {
            share: self.share.another(),
        }
    }
}

impl<P: ConnectionPool> PoolManager<P> {
    pub(crate) fn of(cell: Arc<Cell<P>>) -> Self {
        Self {
            share: Share::of(cell),
        }
    }

    pub(crate) fn cell(&self) -> &Arc<Cell<P>> {
        self.share.cell()
    }

    /// The name of the pool.
    #[must_use]
    pub fn name(&self) -> &ServiceName {
        &self.share.name
    }

    /// Borrows a connection, within the `checkout_timeout` of the configuration.
    ///
    /// A lease that is dropped in the middle of an operation, with a task that is aborted or a future that loses a race, goes back as one
    /// that has done its work: what is left in it only the [manager](ConnectionPool::condition) can tell. Where that cannot,
    /// [`with_connection`](Self::with_connection) knows the difference.
    ///
    /// The one that was used last is lent first. If there is none, it waits in line, and one more is made if there may be. A
    /// connection that was idle for long is pinged first, and another one taken in its stead if it does not answer.
    ///
    /// # Errors
    ///
    /// [`PoolError::Timeout`]; [`PoolError::Exhausted`] if the timeout is zero; [`PoolError::QueueFull`],
    /// [`PoolError::Overloaded`], [`PoolError::Connect`], [`PoolError::Unavailable`], [`PoolError::SelfDeadlock`],
    /// [`PoolError::Closed`].
    ///
    /// # Panics
    ///
    /// If it has to wait or to ping outside of a tokio runtime with time.
    ///
    /// Cancel safety: the place in the line is lost when this is dropped. A connection that it had been given already goes to the
    /// next one who waits; one that was being pinged is closed.
    #[track_caller]
    pub fn checkout(&self) -> Checkout<'_, P> {
        checkout(&self.share, Location::caller(), self.share.patience())
    }

    /// As [`checkout`](Self::checkout), within this time. Zero: it waits for a new connection at most, where there is room for one,
    /// within the `connect_timeout`.
    ///
    /// # Errors
    ///
    /// Those of [`checkout`](Self::checkout).
    ///
    /// # Panics
    ///
    /// As [`checkout`](Self::checkout).
    ///
    /// Cancel safety: as that of [`checkout`](Self::checkout).
    #[track_caller]
    pub fn checkout_within(&self, time: Duration) -> Checkout<'_, P> {
        checkout(&self.share, Location::caller(), nanos(time))
    }

    /// As [`checkout`](Self::checkout), for somebody who asks from elsewhere and may have less patience.
    pub(crate) fn checkout_at(
        &self,
        within: Option<Duration>,
        at: &'static Location<'static>,
    ) -> Checkout<'_, P> {
        checkout(&self.share, at, self.share.patience_within(within))
    }

    /// Runs an operation with a connection. Unlike a [`Lease`] that is just dropped, this knows how the operation ended: what was
    /// cut off in the middle is [`LeaseEnd::Cancelled`](super::LeaseEnd::Cancelled), and closed unless the manager of the connections says otherwise.
    ///
    /// # Errors
    ///
    /// Those of [`checkout`](Self::checkout).
    ///
    /// # Panics
    ///
    /// As [`checkout`](Self::checkout), and if the operation does.
    ///
    /// Cancel safety: when this is dropped, so is the operation.
    #[track_caller]
    pub fn with_connection<T, F>(
        &self,
        operation: F,
    ) -> impl Future<Output = Result<T, PoolError>> + use<'_, P, T, F>
    where
        F: AsyncFnOnce(&mut P::Conn) -> T,
    {
        let at = Location::caller();
        async move {
            let mut lease = checkout(&self.share, at, self.share.patience()).await?;
            lease.set_end(End::Cancelled);
            let result = operation(&mut lease).await;
            lease.set_end(End::CheckedIn);
            Ok(result)
        }
    }

    /// Gives a connection back. To drop the lease does as much, but for the errors.
    ///
    /// # Errors
    ///
    /// [`PoolError::Revoked`] if the lease had been taken away: the connection is closed. [`PoolError::Foreign`] if it is of another
    /// pool: the connection goes back there.
    pub fn checkin(&self, lease: Lease<P>) -> Result<(), PoolError> {
        if Arc::ptr_eq(lease.share().cell(), self.cell()) {
            return give_back(self.cell(), lease);
        }
        let home = Arc::clone(lease.share().cell());
        let given = give_back(&home, lease);
        let (expected, found) = (self.share.path(), home.path());
        self.share.tell(&Deed::CheckinRefused { of: Some(&found) });
        given.and(Err(PoolError::Foreign { expected, found }))
    }

    /// Everything there is to know about it. A snapshot, which costs a look at each of its connections.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        self.share.stats()
    }

    /// What it goes by.
    #[must_use]
    pub fn config(&self) -> Arc<PoolConfig> {
        self.share.config.load_full()
    }

    /// Goes by another configuration from now on. What is too much is closed, at once where it is idle, and otherwise when it comes
    /// back. Those who wait keep the time they came with, and connections the age they may reach.
    ///
    /// # Errors
    ///
    /// What is wrong with it; nothing is changed then.
    pub fn reconfigure(&self, config: PoolConfig) -> Result<(), Faults> {
        config.validate()?;
        self.share.reconfigure(config);
        Ok(())
    }

    /// Goes by another size from now on, as [`reconfigure`](Self::reconfigure) does.
    ///
    /// # Errors
    ///
    /// If `min` is more than `max`, or `max` out of its bounds; nothing is changed then.
    pub fn resize(&self, min: u32, max: u32) -> Result<(), Faults> {
        let config = PoolConfig::clone(&self.share.config.load());
        config.min_size(min).max_size(max).validate()?;
        self.share.resize(min, max);
        Ok(())
    }

    /// Connects with other options from now on, such as a new password, and has the connections there are replaced one after
    /// another, spread over a time: each has its moment, and when that has come it is closed, or is when it comes back. Until then it
    /// goes on being lent, so the old options are in use for as long as `spread`, and as the leases of that time last. How many there
    /// are.
    pub fn rotate(&self, options: P::Options, spread: Duration) -> u32 {
        self.share.rotate(options, spread)
    }

    /// Has all connections there are replaced, as [`rotate`](Self::rotate) does, with the options there are.
    pub fn evict(&self, spread: Duration) -> u32 {
        self.share.evict(spread)
    }

    /// Has all closed that are idle now. How many that are.
    pub fn evict_idle(&self) -> u32 {
        self.share.evict_idle()
    }

    /// Lends nothing until [`resume`](Self::resume): whoever asks waits, for as long as it would otherwise.
    pub fn suspend(&self) {
        self.share.suspend();
    }

    /// Lends again.
    pub fn resume(&self) {
        self.share.resume();
    }

    /// Closes the pool for good, and waits until nothing is left of it: who waits is refused at once, what is idle or being made is
    /// closed, and leases are waited for, no longer than the `drain_timeout` of the configuration. If its processes do not run, connections
    /// are dropped without a goodbye.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with time.
    ///
    /// Cancel safety: the pool is closed all the same when this is dropped.
    pub async fn drain(&self) {
        self.cell().drain().await;
    }

    /// Whether it was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.share.is_closed()
    }
}

/// Gives a lease back where it is from, and tells of one that had been taken away.
fn give_back<P: ConnectionPool>(home: &Cell<P>, lease: Lease<P>) -> Result<(), PoolError> {
    let given = lease.give_back();
    if given.is_err() {
        home.tell(&Deed::CheckinRefused { of: None });
    }
    given
}

impl<P: ConnectionPool> fmt::Debug for PoolManager<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolManager")
            .field("name", &self.share.name)
            .finish_non_exhaustive()
    }
}
