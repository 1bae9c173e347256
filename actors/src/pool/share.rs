//! What handles and leases hold of a pool.

use std::ops::Deref;
use std::sync::Arc;

use super::cell::Cell;
use super::manager::ConnectionPool;

/// A share in a pool, which a handle has and the leases that were taken by it.
///
/// Each clone of a handle has one of its own, at which its leases are counted: a count that all had in common would be taken from one
/// processor to the next twice for each lease. It lies in lines of memory of its own.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Share<P: ConnectionPool>(Arc<Cell<P>>);

impl<P: ConnectionPool> Share<P> {
    pub(super) fn of(cell: Arc<Cell<P>>) -> Arc<Self> {
        Arc::new(Self(cell))
    }

    /// Another share in the same pool.
    pub(super) fn another(&self) -> Arc<Self> {
        Self::of(Arc::clone(&self.0))
    }

    pub(super) const fn cell(&self) -> &Arc<Cell<P>> {
        &self.0
    }
}

impl<P: ConnectionPool> Deref for Share<P> {
    type Target = Cell<P>;

    #[inline]
    fn deref(&self) -> &Cell<P> {
        &self.0
    }
}
