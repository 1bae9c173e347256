//! A lease, to be told of.

use std::panic::Location;
use std::time::Duration;

use mainstay_supervisors::Process;

use crate::pool::borrower::Borrower;
use crate::pool::cell::Cell;
use crate::pool::core::Holder;
use crate::pool::manager::ConnectionPool;

/// A lease, to be told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loan {
    /// For how long it has lasted.
    pub(crate) held: Duration,
    /// Where it was taken.
    pub(crate) taken_at: &'static Location<'static>,
    /// Who has it, or had it.
    pub(crate) borrower: Option<String>,
}

impl Loan {
    pub(crate) fn of<P: ConnectionPool>(cell: &Cell<P>, holder: &Holder<Borrower>) -> Self {
        let borrower = holder.borrower.map(|borrower| cell.label(borrower));
        Self::named(cell, holder, borrower)
    }

    /// Of a process that has ended.
    pub(crate) fn of_ended<P: ConnectionPool>(
        cell: &Cell<P>,
        holder: &Holder<Borrower>,
        process: &Process,
    ) -> Self {
        let borrower = format!("{} ({})", process.path(), process.pid());
        Self::named(cell, holder, Some(borrower))
    }

    fn named<P: ConnectionPool>(
        cell: &Cell<P>,
        holder: &Holder<Borrower>,
        borrower: Option<String>,
    ) -> Self {
        let held = cell.clock.now().saturating_sub(holder.since);
        Self {
            held: Duration::from_nanos(held),
            taken_at: holder.at,
            borrower,
        }
    }
}
