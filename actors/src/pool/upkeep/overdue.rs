//! Attempts to connect that do not come to an end by themselves.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::Instant;

use crate::pool::connect::{Desk, fail};
use crate::pool::error::ConnectError;
use crate::pool::manager::ConnectionPool;

/// The attempts that the keeper has started, until each has ended or its time is long up. There are no more than may be made at a time.
pub(crate) struct Overdue<P: ConnectionPool>(Vec<Entry<P>>);

struct Entry<P: ConnectionPool> {
    at: Instant,
    within: Duration,
    desk: Weak<Desk<P>>,
}

/// How long after its time an attempt is given up that has not ended. It ends by itself unless it blocks its thread.
const GRACE: Duration = Duration::from_secs(1);

impl<P: ConnectionPool> Overdue<P> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Minds one that has so much time from now on.
    pub(crate) fn add(&mut self, desk: &Arc<Desk<P>>, within: Duration) {
        self.0.retain(|entry| entry.desk.strong_count() > 0);
        if let Some(at) = Instant::now().checked_add(within.saturating_add(GRACE)) {
            let desk = Arc::downgrade(desk);
            self.0.push(Entry { at, within, desk });
        }
    }

    /// Gives up those whose time is long up: each has failed, and its room is free.
    pub(crate) fn give_up(&mut self) {
        let now = Instant::now();
        self.0.retain(|entry| {
            let Some(desk) = entry.desk.upgrade() else {
                return false;
            };
            if entry.at > now {
                return true;
            }
            let within = entry.within;
            fail(&desk, ConnectError::TooSlow { within });
            false
        });
    }

    /// When the next one is to be given up.
    pub(crate) fn due(&self) -> Option<Instant> {
        let going_on = self.0.iter().filter(|entry| entry.desk.strong_count() > 0);
        going_on.map(|entry| entry.at).min()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Mutex;

    use mainstay_specs::PoolConfig;

    use super::*;
    use crate::pool::cell::Cell;
    use crate::pool::connect::take;
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
        let mut overdue = Overdue::new();
        assert_eq!(overdue.due(), None);
        let blocked = started(&cell);
        overdue.add(&blocked, GRACE);
        assert_eq!(overdue.due(), Some(Instant::now() + 2 * GRACE));
        tokio::time::advance(2 * GRACE).await;
        assert_eq!(cell.stats().connecting, 1);
        overdue.give_up();
        let stats = cell.stats();
        assert_eq!((stats.connecting, stats.connect_failures), (0, 1));
        assert_eq!(stats.last_error.as_deref(), Some("no connection within 1s"));
        assert!(take(&blocked).is_none(), "it comes too late");
        assert_eq!(overdue.due(), None);

        tokio::time::advance(GRACE).await;
        let quick = started(&cell);
        overdue.add(&quick, GRACE);
        let ticket = take(&quick).expect("it is in time");
        ticket.connected(1);
        drop(quick);
        assert_eq!(overdue.due(), None);
        tokio::time::advance(3 * GRACE).await;
        overdue.give_up();
        assert_eq!((cell.stats().idle, cell.stats().connect_failures), (1, 0));
    }
}
