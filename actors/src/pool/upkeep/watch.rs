//! The ends of those who borrow.

use std::collections::HashMap;

use mainstay_supervisors::{Pid, Process};
use tokio::task::{AbortHandle, JoinSet};

use crate::pool::cell::Cell;
use crate::pool::manager::ConnectionPool;

/// The processes whose end the keeper waits for: each that has leases, once, and those that had some not long ago, so that one that
/// borrows again and again is not looked for each time.
///
/// A process that has ended before it is watched is told of at once. What is here goes with the keeper; the cell knows whom its
/// successor has to watch.
#[derive(Debug)]
pub(crate) struct Watch {
    ends: JoinSet<Process>,
    watched: HashMap<Pid, AbortHandle>,
    /// When so many are watched, it is looked for those that need not be.
    most: usize,
}

/// So many may be watched in any case.
const WATCHED_MIN: usize = 64;

impl Watch {
    /// Watches nobody.
    pub(crate) fn new() -> Self {
        Self {
            ends: JoinSet::new(),
            watched: HashMap::new(),
            most: WATCHED_MIN,
        }
    }

    /// Watches some more.
    pub(crate) fn add<P: ConnectionPool>(&mut self, cell: &Cell<P>, processes: Vec<Process>) {
        for process in processes {
            if self.watched.len() >= self.most {
                self.forget_idle(cell);
            }
            let pid = process.pid();
            let end = process.monitor();
            let watching = self.ends.spawn(async move { end.await.process });
            self.watched.insert(pid, watching);
        }
    }

    /// Forgets those that have no leases any more; next when there are twice as many as are left.
    fn forget_idle<P: ConnectionPool>(&mut self, cell: &Cell<P>) {
        self.watched.retain(|&pid, watching| {
            let forgotten = cell.forget_borrower(pid);
            if forgotten {
                watching.abort();
            }
            !forgotten
        });
        self.most = WATCHED_MIN.max(self.watched.len().saturating_mul(2));
    }

    /// The next one that has ended. Never returns while nobody is watched.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub(crate) async fn next(&mut self) -> Process {
        loop {
            match self.ends.join_next().await {
                Some(Ok(process)) => {
                    self.watched.remove(&process.pid());
                    return process;
                }
                // It is not watched any more.
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }
}
