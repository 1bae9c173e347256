//! What the keeper is to do, and the rights to do it.
//!
//! Each right goes back when it is dropped: an attempt that was ended has failed, a connection that was lost on the way to being
//! closed or mended frees its place. So whatever becomes of the task that had it, the pool loses no room.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mainstay_supervisors::Process;

use super::borrower::Borrower;
use super::cell::Cell;
use super::core::{Attempt, Close, Mend, NEVER, Notices, Remedy, Seat};
use super::error::ConnectError;
use super::manager::ConnectionPool;
use super::signals::Deed;

/// What the keeper is to do now, and when it is to look again without being called.
pub(crate) struct Work<P: ConnectionPool> {
    pub(crate) notices: Notices<Borrower>,
    pub(crate) connects: Vec<ConnectTicket<P>>,
    pub(crate) closes: Vec<CloseTicket<P>>,
    pub(crate) mends: Vec<MendTicket<P>>,
    /// Processes to be watched: of the end of each, [`Cell::borrower_died`] is to be told.
    pub(crate) watch: Vec<Process>,
    pub(crate) due_in: Option<Duration>,
}

/// The keeper is there, and minds the time of those who wait. When this is dropped, they do it themselves.
pub(crate) struct Attendance<P: ConnectionPool> {
    cell: Arc<Cell<P>>,
}

impl<P: ConnectionPool> Drop for Attendance<P> {
    fn drop(&mut self) {
        self.cell.with(|inner, _, wakes| inner.core.unattend(wakes));
    }
}

impl<P: ConnectionPool> Cell<P> {
    /// For the keeper as it begins. It is called at once, to look for [`work`](Self::work).
    pub(crate) fn attend(self: &Arc<Self>) -> Attendance<P> {
        let stale = self.with(|inner, _, _| {
            inner.core.attend();
            inner.borrowers.watch_all()
        });
        // With a process goes what it ended with, which is not ours to drop under the lock.
        drop(stale);
        Attendance {
            cell: Arc::clone(self),
        }
    }

    /// Does what is due, and hands out what there is to do.
    pub(crate) fn work(self: &Arc<Self>) -> Work<P> {
        self.with(|inner, now, wakes| {
            let (notices, due) = inner.core.tick(now, wakes);
            inner.borrowers.revoked(&notices.revoked);
            let mut attempts = Vec::new();
            while let Some(attempt) = inner.core.start_connect(now) {
                attempts.push(attempt);
            }
            let options = self.spec.options.load_full();
            let connect = |attempt| ConnectTicket {
                cell: Arc::clone(self),
                options: Arc::clone(&options),
                attempt: Some(attempt),
            };
            let close = |close| CloseTicket::new(self, close);
            let mend = |mend| MendTicket::new(self, mend);
            Work {
                notices,
                connects: attempts.into_iter().map(connect).collect(),
                closes: inner.core.take_closing().into_iter().map(close).collect(),
                mends: inner.core.take_mending().into_iter().map(mend).collect(),
                watch: inner.borrowers.take_new(),
                due_in: (due != NEVER).then(|| Duration::from_nanos(due.saturating_sub(now))),
            }
        })
    }

    pub(crate) const fn manager(&self) -> &P {
        &self.spec.manager
    }
}

/// The right to make one attempt to connect.
pub(crate) struct ConnectTicket<P: ConnectionPool> {
    cell: Arc<Cell<P>>,
    options: Arc<P::Options>,
    attempt: Option<Attempt>,
}

impl<P: ConnectionPool> ConnectTicket<P> {
    #[cfg(test)]
    pub(crate) const fn cell(&self) -> &Arc<Cell<P>> {
        &self.cell
    }

    /// What to connect with.
    pub(crate) const fn options(&self) -> &Arc<P::Options> {
        &self.options
    }

    /// The connection joins the pool.
    pub(crate) fn connected(mut self, conn: P::Conn) {
        if let Some(attempt) = self.attempt.take() {
            self.cell.with(|inner, now, wakes| {
                let chance = inner.chance.f64();
                inner.core.connected(now, attempt, conn, chance, wakes);
            });
        }
    }

    pub(crate) fn failed(mut self, error: ConnectError) {
        self.fail(error);
    }

    fn fail(&mut self, error: ConnectError) {
        if let Some(attempt) = self.attempt.take() {
            let told = error.clone();
            let (failures, stale) = self.cell.with(|inner, now, wakes| {
                let chance = inner.chance.f64();
                let core = &mut inner.core;
                core.connect_failed(now, attempt, error, chance, wakes)
            });
            // What an error of a manager does when it goes is not ours: it goes without the lock.
            drop(stale);
            let error = &told;
            self.cell.tell(&Deed::ConnectFailed { failures, error });
        }
    }

    /// The attempt was not made after all, as the breaker would not have it: its place is free, and it counts neither way. The next one
    /// is made after the shortest pause.
    pub(crate) fn withdraw(mut self) {
        if let Some(attempt) = self.attempt.take() {
            self.cell
                .with(|inner, now, _| inner.core.postpone(now, attempt));
        }
    }
}

impl<P: ConnectionPool> Drop for ConnectTicket<P> {
    fn drop(&mut self) {
        self.fail(ConnectError::Abandoned);
    }
}

/// A connection that is to be closed. Its place is free when this is dropped.
pub(crate) struct CloseTicket<P: ConnectionPool> {
    cell: Arc<Cell<P>>,
    seat: Option<Seat>,
    conn: Option<P::Conn>,
}

impl<P: ConnectionPool> CloseTicket<P> {
    fn new(cell: &Arc<Cell<P>>, close: Close<P::Conn>) -> Self {
        Self {
            cell: Arc::clone(cell),
            seat: close.seat,
            conn: Some(close.conn),
        }
    }

    pub(crate) const fn cell(&self) -> &Arc<Cell<P>> {
        &self.cell
    }

    /// The connection, the first time.
    pub(crate) const fn take(&mut self) -> Option<P::Conn> {
        self.conn.take()
    }
}

impl<P: ConnectionPool> Drop for CloseTicket<P> {
    fn drop(&mut self) {
        // First, and without the lock: what a connection does then is not ours.
        drop(self.conn.take());
        self.cell
            .with(|inner, now, _| inner.core.closed(now, self.seat));
    }
}

/// A connection that is to be reset or pinged. If this is dropped before that is [`done`](Self::done), it is lost.
pub(crate) struct MendTicket<P: ConnectionPool> {
    cell: Arc<Cell<P>>,
    seat: Seat,
    remedy: Remedy,
    conn: Option<P::Conn>,
}

impl<P: ConnectionPool> MendTicket<P> {
    pub(super) fn new(cell: &Arc<Cell<P>>, mend: Mend<P::Conn>) -> Self {
        Self {
            cell: Arc::clone(cell),
            seat: mend.seat,
            remedy: mend.remedy,
            conn: Some(mend.conn),
        }
    }

    pub(crate) const fn cell(&self) -> &Arc<Cell<P>> {
        &self.cell
    }

    /// What has to be done.
    pub(crate) const fn remedy(&self) -> Remedy {
        self.remedy
    }

    pub(crate) const fn conn(&mut self) -> Option<&mut P::Conn> {
        self.conn.as_mut()
    }

    /// It is as it was made, or it is to be closed.
    pub(crate) fn done(mut self, is_well: bool) {
        if let Some(conn) = self.conn.take() {
            let (seat, remedy) = (self.seat, self.remedy);
            self.cell.with(|inner, now, wakes| {
                let core = &mut inner.core;
                core.mended(now, seat, conn, remedy, is_well, wakes);
            });
        }
    }
}

impl<P: ConnectionPool> Drop for MendTicket<P> {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            drop(conn);
            self.cell.with(|inner, now, _| {
                inner.core.mend_lost(now, self.seat, self.remedy);
            });
        }
    }
}

impl<P: ConnectionPool> fmt::Debug for ConnectTicket<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectTicket")
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

impl<P: ConnectionPool> fmt::Debug for CloseTicket<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloseTicket")
            .field("seat", &self.seat)
            .finish_non_exhaustive()
    }
}

impl<P: ConnectionPool> fmt::Debug for MendTicket<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MendTicket")
            .field("seat", &self.seat)
            .field("remedy", &self.remedy)
            .finish_non_exhaustive()
    }
}
