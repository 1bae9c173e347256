//! A connection whose work is done on threads for what blocks.

use std::fmt;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};

use super::error::SqliteError;
use crate::pool::manager::Condition;

/// A connection to SQLite.
///
/// SQLite blocks, so everything on it is done by [`call`](Self::call) on a thread of tokio's for such things. One call at a time: the
/// next one waits for the end of a call before it that was dropped.
pub struct SqliteConnection {
    state: State,
    interrupt: Arc<InterruptHandle>,
}

enum State {
    Idle(Box<Connection>),
    /// Work is done, and gives the connection back when it has ended; none if it panicked.
    Busy(JoinHandle<Option<Box<Connection>>>),
    Gone,
}

/// Tells the work of a call, when nobody waits for it any more.
struct Cut {
    interrupt: Arc<InterruptHandle>,
    cut: Arc<AtomicBool>,
    armed: bool,
}

impl Drop for Cut {
    fn drop(&mut self) {
        if self.armed {
            // In this order: work that has not begun sees it, other work may be interrupted.
            self.cut.store(true, Ordering::SeqCst);
            self.interrupt.interrupt();
        }
    }
}

impl SqliteConnection {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            interrupt: Arc::new(connection.get_interrupt_handle()),
            state: State::Idle(Box::new(connection)),
        }
    }

    /// Does work on the connection, on a thread where it may block. A transaction that the work leaves open is still open in the next
    /// call.
    ///
    /// # Cancel safety
    ///
    /// If this is dropped before the work has begun, the work is not done. If the work has begun, the statement that runs is
    /// interrupted, and fails; the work may go on with others, and what it has committed stays. The connection is busy until the work
    /// has ended: the next call waits for that, and a pool that gets it back lends it to nobody before.
    ///
    /// # Errors
    ///
    /// What the work says, as [`SqliteError::Statement`]; or [`SqliteError::Gone`].
    ///
    /// # Panics
    ///
    /// If the work panics, this does with the same message, and the connection is gone. Also outside of a tokio runtime.
    pub async fn call<T, F>(&mut self, work: F) -> Result<T, SqliteError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let connection = self.take().await?;
        let mut cut = Cut {
            interrupt: Arc::clone(&self.interrupt),
            cut: Arc::new(AtomicBool::new(false)),
            armed: true,
        };
        let (sender, receiver) = oneshot::channel();
        self.state = State::Busy(spawn_blocking({
            let cut = Arc::clone(&cut.cut);
            move || run(connection, &cut, work, sender)
        }));
        let done = receiver.await;
        cut.armed = false;
        drop(cut);
        // The work has ended; the connection comes without delay.
        self.settle().await;
        match done {
            Ok(Ok(result)) => result.map_err(SqliteError::Statement),
            Ok(Err(panic)) => panic::resume_unwind(panic),
            Err(_) => Err(SqliteError::Gone),
        }
    }

    /// In which condition it is.
    pub(super) fn condition(&self) -> Condition {
        match &self.state {
            State::Idle(connection) if connection.is_autocommit() => Condition::Clean,
            State::Idle(_) | State::Busy(_) => Condition::Dirty,
            State::Gone => Condition::Broken,
        }
    }

    /// Waits for the end of work that nobody waits for, and rolls back.
    pub(super) async fn reset(&mut self) -> Result<(), SqliteError> {
        self.interrupt();
        let roll_back = |c: &mut Connection| {
            if c.is_autocommit() {
                return Ok(());
            }
            c.execute_batch("ROLLBACK")
        };
        self.call(roll_back).await
    }

    pub(super) async fn close(mut self) {
        self.interrupt();
        self.settle().await;
        if let State::Idle(connection) = mem::replace(&mut self.state, State::Gone) {
            // May write the log back into the file, which blocks.
            spawn_blocking(move || drop(connection)).await.ok();
        }
    }

    fn interrupt(&self) {
        if matches!(self.state, State::Busy(_)) {
            self.interrupt.interrupt();
        }
    }

    /// Waits until nothing is done on it.
    async fn settle(&mut self) {
        if let State::Busy(work) = &mut self.state {
            self.state = match work.await {
                Ok(Some(connection)) => State::Idle(connection),
                Ok(None) | Err(_) => State::Gone,
            };
        }
    }

    async fn take(&mut self) -> Result<Box<Connection>, SqliteError> {
        self.settle().await;
        match mem::replace(&mut self.state, State::Gone) {
            State::Idle(connection) => Ok(connection),
            State::Busy(_) | State::Gone => Err(SqliteError::Gone),
        }
    }
}

type Done<T> = Result<rusqlite::Result<T>, Box<dyn std::any::Any + Send>>;

/// Does the work, if somebody still waits for it.
fn run<T, F>(
    mut connection: Box<Connection>,
    cut: &AtomicBool,
    work: F,
    sender: oneshot::Sender<Done<T>>,
) -> Option<Box<Connection>>
where
    F: FnOnce(&mut Connection) -> rusqlite::Result<T>,
{
    if cut.load(Ordering::SeqCst) {
        return Some(connection);
    }
    // After a panic the connection is closed, so nobody sees what it was left in.
    let done = panic::catch_unwind(AssertUnwindSafe(|| work(&mut connection)));
    let is_whole = done.is_ok();
    drop(sender.send(done));
    is_whole.then_some(connection)
}

impl fmt::Debug for SqliteConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Idle(_) => "idle",
            State::Busy(_) => "busy",
            State::Gone => "gone",
        };
        f.debug_struct("SqliteConnection")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
