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
use super::options::SqliteOptions;
use super::restore::restore;
use crate::pool::manager::Condition;

/// A connection to SQLite.
///
/// SQLite blocks, so everything on it is done by [`call`](Self::call) on a thread of tokio's for such things. One call at a time: the
/// next one waits for the end of a call before it that was dropped.
pub struct SqliteConnection {
    state: State,
    cut: Arc<Cut>,
    /// What it is made as after each use, if it is.
    restored: Option<Arc<SqliteOptions>>,
    /// Since it was made, or was as it was made.
    is_used: bool,
}

enum State {
    Idle(Box<Connection>),
    /// Work is done, and gives the connection back when it has ended; none if it panicked.
    Busy(JoinHandle<Option<Box<Connection>>>),
    Gone,
}

/// Ends work that nobody waits for.
struct Cut {
    /// Nobody waits for what is done now. Looked at before work begins, and by statements that run for long: an interrupt alone is
    /// lost on work that is just between two statements.
    is_cut: AtomicBool,
    interrupt: InterruptHandle,
}

impl Cut {
    fn cut(&self) {
        // In this order: what the interrupt comes too early for sees it.
        self.is_cut.store(true, Ordering::SeqCst);
        self.interrupt.interrupt();
    }
}

/// A call that is waited for. When it is dropped its work is cut off.
struct Call(Option<Arc<Cut>>);

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(cut) = &self.0 {
            cut.cut();
        }
    }
}

impl SqliteConnection {
    pub(super) fn new(
        mut connection: Connection,
        restored: Option<Arc<SqliteOptions>>,
    ) -> rusqlite::Result<Self> {
        let cut = Arc::new(Cut {
            is_cut: AtomicBool::new(false),
            interrupt: connection.get_interrupt_handle(),
        });
        let look = Arc::clone(&cut);
        let look = move || look.is_cut.load(Ordering::Relaxed);
        connection.progress_handler(LOOK_EVERY, Some(look))?;
        Ok(Self {
            state: State::Idle(Box::new(connection)),
            cut,
            restored,
            is_used: false,
        })
    }

    /// Does work on the connection, on a thread where it may block. A transaction that the work leaves open is still open in the next
    /// call.
    ///
    /// # Cancel safety
    ///
    /// If this is dropped before the work has begun, the work is not done. If it has begun, the statement that runs is interrupted, and
    /// so is each that runs for long after it; short ones, such as a commit, are not, and what is committed stays. The connection is
    /// busy until the work has ended: the next call waits for that, and a pool that gets it back lends it to nobody before.
    ///
    /// That rests on the progress handler of the connection: the work must not set another one.
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
        self.is_used = true;
        let connection = self.take().await?;
        // Nothing is done on it, so this is about no other call.
        self.cut.is_cut.store(false, Ordering::SeqCst);
        let (sender, receiver) = oneshot::channel();
        let cut = Arc::clone(&self.cut);
        self.state = State::Busy(spawn_blocking(move || run(connection, &cut, work, sender)));
        let mut call = Call(Some(Arc::clone(&self.cut)));
        let done = receiver.await;
        call.0 = None;
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
            State::Idle(_) if self.is_used && self.restored.is_some() => Condition::Dirty,
            State::Idle(connection) if connection.is_autocommit() => Condition::Clean,
            State::Idle(_) | State::Busy(_) => Condition::Dirty,
            State::Gone => Condition::Broken,
        }
    }

    /// Whether it works, which is no use of it.
    pub(super) async fn ping(&mut self) -> Result<(), SqliteError> {
        let was_used = self.is_used;
        let done = self.call(|c| c.query_row("SELECT 1", [], |_| Ok(()))).await;
        self.is_used = was_used;
        done
    }

    /// Waits for the end of work that nobody waits for, and rolls back; and makes it as it was, if that is asked for.
    pub(super) async fn reset(&mut self) -> Result<(), SqliteError> {
        let restored = self.restored.clone();
        let reset = move |c: &mut Connection| {
            if !c.is_autocommit() {
                c.execute_batch("ROLLBACK")?;
            }
            Ok(restored.map_or(Ok(()), |options| restore(c, &options)))
        };
        self.call(reset).await??;
        self.is_used = false;
        Ok(())
    }

    pub(super) async fn close(mut self) {
        self.settle().await;
        if let State::Idle(connection) = mem::replace(&mut self.state, State::Gone) {
            // May write the log back into the file, which blocks.
            spawn_blocking(move || drop(connection)).await.ok();
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

/// After how many instructions of its virtual machine SQLite looks whether somebody still waits: well within a millisecond.
const LOOK_EVERY: i32 = 1000;

type Done<T> = Result<rusqlite::Result<T>, Box<dyn std::any::Any + Send>>;

/// Does the work, if somebody still waits for it.
fn run<T, F>(
    mut connection: Box<Connection>,
    cut: &Cut,
    work: F,
    sender: oneshot::Sender<Done<T>>,
) -> Option<Box<Connection>>
where
    F: FnOnce(&mut Connection) -> rusqlite::Result<T>,
{
    if cut.is_cut.load(Ordering::SeqCst) {
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
