//! A connection that is lent.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use mainstay_supervisors::Process;

use super::caught::unless_it_panics;
use super::core::Seat;
use super::error::PoolError;
use super::manager::{Condition, ConnectionPool, LeaseEnd};
use super::share::Share;

/// A connection that is lent: it goes back when this is dropped, or [checked in](super::PoolManager::checkin).
///
/// It begins when the connection is granted, also if whoever has waited for it comes to run later. In which condition it goes back
/// the manager of the connections [says](ConnectionPool::condition). It belongs to the process that asked for it, if one did, and is
/// taken away when that ends; and, if the configuration says so, when it lasts for too long. What was taken away still works for
/// whoever has it, and can only be closed then: see [`is_revoked`](Self::is_revoked). One that is forgotten with [`std::mem::forget`]
/// takes up its place until then.
#[must_use = "a connection goes back at once if it is not kept"]
pub struct Lease<P: ConnectionPool> {
    /// There is one until it goes back.
    conn: Option<P::Conn>,
    share: Arc<Share<P>>,
    seat: Seat,
    owner: Option<Process>,
    end: End,
}

/// How a lease ends if it is dropped as it is. A word, as it is moved about a lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum End {
    CheckedIn,
    Dropped,
    Cancelled,
    /// The connection is closed, whatever its manager says.
    Condemned,
}

impl<P: ConnectionPool> Lease<P> {
    #[inline]
    pub(super) const fn new(
        conn: P::Conn,
        share: Arc<Share<P>>,
        seat: Seat,
        owner: Option<Process>,
    ) -> Self {
        Self {
            conn: Some(conn),
            share,
            seat,
            owner,
            end: End::Dropped,
        }
    }

    pub(crate) const fn set_end(&mut self, end: End) {
        self.end = end;
    }

    pub(super) const fn share(&self) -> &Arc<Share<P>> {
        &self.share
    }

    /// Whether it was taken away. The connection will be closed when this is dropped, and another one may have its place.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.share.lock().core.is_revoked(self.seat)
    }

    /// Has the connection closed instead of being lent again, for somebody who knows that it is broken.
    pub fn discard(mut self) {
        self.end = End::Condemned;
    }

    /// Takes the connection out of the pool for good, which may open another one in its place. Whoever has it has to close it.
    #[must_use]
    pub fn detach(mut self) -> P::Conn {
        let share = Arc::clone(&self.share);
        share.with(|inner, now, _| {
            let borrower = inner.core.detached(now, self.seat);
            inner.borrowers.returned(borrower);
        });
        // It is there for as long as the lease is.
        self.conn.take().expect("a lease has a connection")
    }

    /// Gives it back. Whether it was still a lease.
    pub(super) fn give_back(mut self) -> Result<(), PoolError> {
        self.end = End::CheckedIn;
        match self.end_lease() {
            true => Err(PoolError::Revoked {
                pool: self.share.name.clone(),
            }),
            false => Ok(()),
        }
    }

    /// Whether it had been taken away.
    #[inline]
    fn end_lease(&mut self) -> bool {
        let Some(mut conn) = self.conn.take() else {
            return false;
        };
        let condition = self.condition(&mut conn);
        self.share.put(self.seat, conn, condition)
    }

    #[inline]
    fn condition(&self, conn: &mut P::Conn) -> Condition {
        let end = match self.end {
            End::Condemned => return Condition::Broken,
            _ if std::thread::panicking() => LeaseEnd::Panicked,
            End::CheckedIn => LeaseEnd::CheckedIn,
            End::Dropped if self.is_orphan() => LeaseEnd::OwnerDied,
            End::Dropped => LeaseEnd::Dropped,
            End::Cancelled => LeaseEnd::Cancelled,
        };
        let manager = self.share.manager();
        // It must not unwind out of a drop.
        let condition = unless_it_panics(|| manager.condition(conn, end));
        condition.unwrap_or(Condition::Broken)
    }

    /// Whether the process it belongs to has ended, and nobody has taken it away yet.
    fn is_orphan(&self) -> bool {
        self.owner.as_ref().is_some_and(Process::is_over)
    }
}

impl<P: ConnectionPool> Drop for Lease<P> {
    #[inline]
    fn drop(&mut self) {
        self.end_lease();
    }
}

impl<P: ConnectionPool> Deref for Lease<P> {
    type Target = P::Conn;

    #[inline]
    fn deref(&self) -> &P::Conn {
        // It is there for as long as the lease is.
        self.conn.as_ref().expect("a lease has a connection")
    }
}

impl<P: ConnectionPool> DerefMut for Lease<P> {
    #[inline]
    fn deref_mut(&mut self) -> &mut P::Conn {
        // It is there for as long as the lease is.
        self.conn.as_mut().expect("a lease has a connection")
    }
}

impl<P: ConnectionPool> fmt::Debug for Lease<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("pool", &self.share.name)
            .field("seat", &self.seat)
            .finish_non_exhaustive()
    }
}
