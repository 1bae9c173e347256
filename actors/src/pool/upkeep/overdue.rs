//! Attempts to connect that do not come to an end by themselves.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use crate::pool::connect::{Desk, take};
use crate::pool::error::ConnectError;
use crate::pool::manager::ConnectionPool;

/// The attempts that keepers have started, until each has ended. It outlives them.
///
/// One whose time is long up is given up: it has failed, and its place is free. But it may hold a thread for as long as it has not
/// ended, and so it goes on counting as one of those that may be made at a time: a manager that blocks stops no more threads than that.
#[derive(Debug)]
pub(crate) struct Overdue<P: ConnectionPool>(Vec<Entry<P>>);

#[derive(Debug)]
struct Entry<P: ConnectionPool> {
    /// When it is to be given up, if it was not.
    at: Option<Instant>,
    within: Duration,
    desk: Weak<Desk<P>>,
}

/// How long after its time an attempt is given up that has not ended. It ends by itself unless it blocks its thread.
const GRACE: Duration = Duration::from_secs(1);

impl<P: ConnectionPool> Entry<P> {
    /// Whether it has come to nothing yet; what it does after that takes no time.
    fn is_under_way(&self) -> bool {
        let desk = self.desk.upgrade();
        desk.is_some_and(|desk| {
            desk.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .is_some()
        })
    }
}

impl<P: ConnectionPool> Default for Overdue<P> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<P: ConnectionPool> Overdue<P> {
    /// Whether one more may be started where there may be so many at a time: those that were given up count until they have ended.
    pub(crate) fn has_room(&mut self, most: u32) -> bool {
        self.0.retain(|entry| entry.desk.strong_count() > 0);
        let counts = |entry: &&Entry<P>| entry.at.is_none() || entry.is_under_way();
        self.0.iter().filter(counts).count() < most as usize
    }

    /// Minds one that has so much time from now on.
    pub(crate) fn add(&mut self, desk: &Arc<Desk<P>>, within: Duration) {
        let at = Instant::now().checked_add(within.saturating_add(GRACE));
        let desk = Arc::downgrade(desk);
        self.0.push(Entry { at, within, desk });
    }

    /// Takes out those whose time is long up, and how long each had; each is to be failed, without any lock.
    pub(crate) fn give_up(&mut self) -> Vec<(Arc<Desk<P>>, Duration)> {
        let now = Instant::now();
        let late = self.0.iter_mut().filter_map(|entry| {
            entry.at.take_if(|at| *at <= now)?;
            Some((entry.desk.upgrade()?, entry.within))
        });
        late.collect()
    }

    /// When the next one is to be given up.
    pub(crate) fn due(&self) -> Option<Instant> {
        let going_on = self.0.iter().filter(|entry| entry.desk.strong_count() > 0);
        going_on.filter_map(|entry| entry.at).min()
    }
}

/// Fails an attempt whose time is long up; one that has just ended is left alone.
pub(crate) fn fail_overdue<P: ConnectionPool>(desk: &Desk<P>, within: Duration, pool: &str) {
    if let Some(ticket) = take(desk) {
        tracing::error!(
            pool,
            ?within,
            "an attempt to connect has not ended in time: it blocks its thread, or was not begun"
        );
        ticket.failed(ConnectError::TooSlow { within });
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Mutex;

    use mainstay_specs::PoolConfig;

    use super::*;
    use crate::pool::cell::Cell;
    use crate::pool::manager::ConnectionSpec;

    struct Numbers;

    impl ConnectionPool for Numbers {
        type Conn = u64;
        type Options = ();
        type Error = Infallible;

        async fn create_connection(&self, _options: &()) -> Result<u64, Infallible> {
            Ok(1)
        }

        async fn close_connection(&self, _connection: u64) {}

        async fn ping_connection(&self, _connection: &mut u64) -> Result<(), Infallible> {
            Ok(())
        }
    }

    fn started(cell: &Arc<Cell<Numbers>>) -> Arc<Desk<Numbers>> {
        let ticket = cell.work().connects.pop();
        Arc::new(Mutex::new(Some(ticket.expect("one is wanted"))))
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_blocks_its_thread_gives_its_room_back_and_one_that_ends_is_left_alone()
    {
        let config = PoolConfig::new(1).min_size(1).connect_timeout(GRACE);
        let spec = ConnectionSpec::new(Numbers, ());
        let name = "db".parse().expect("a name");
        let cell = Arc::new(Cell::new(name, None, config, spec));
        let mut overdue = Overdue::default();
        assert_eq!(overdue.due(), None);
        let blocked = started(&cell);
        overdue.add(&blocked, GRACE);
        assert_eq!(overdue.due(), Some(Instant::now() + 2 * GRACE));
        tokio::time::advance(2 * GRACE).await;
        assert_eq!(cell.stats().connecting, 1);
        assert!(overdue.has_room(2) && !overdue.has_room(1));
        for (desk, within) in overdue.give_up() {
            fail_overdue(&desk, within, "db");
        }
        let stats = cell.stats();
        assert_eq!((stats.connecting, stats.connect_failures), (0, 1));
        assert_eq!(stats.last_error.as_deref(), Some("no connection within 1s"));
        assert!(take(&blocked).is_none(), "it comes too late");
        assert_eq!(overdue.due(), None);
        assert!(!overdue.has_room(1), "its thread is still blocked");
        drop(blocked);
        assert!(overdue.has_room(1));

        tokio::time::advance(GRACE).await;
        let quick = started(&cell);
        overdue.add(&quick, GRACE);
        let ticket = take(&quick).expect("it is in time");
        ticket.connected(1);
        drop(quick);
        assert_eq!(overdue.due(), None);
        tokio::time::advance(3 * GRACE).await;
        assert!(overdue.give_up().is_empty());
        assert_eq!((cell.stats().idle, cell.stats().connect_failures), (1, 0));
    }
}
