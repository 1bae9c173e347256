//! Connections to nothing, that fail when they are told to.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`MockConnections`], the manager |
//! | `connection.rs` | [`MockConnection`] |
//! | `act.rs` | [`MockOp`], [`MockAct`]: what is done, and what becomes of it |
//! | `counts.rs` | [`MockCounts`]: how often |

mod act;
mod connection;
mod counts;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mainstay_actors::pool::{Condition, ConnectionPool, LeaseEnd};

pub use act::{MockAct, MockOp};
pub use connection::MockConnection;
pub use counts::{MockCounts, MockOpCounts};

use act::End;
use counts::Count;

/// A connection did not do what it was asked for, because the test said so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MockError {
    /// It was told to fail.
    #[error("{0}")]
    Told(String),
    /// It had been severed.
    #[error("the connection was severed")]
    Severed,
}

/// What connections are made of: a label that they show, such as the number of a password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MockOptions {
    /// The label.
    pub label: String,
}

impl MockOptions {
    /// With this label.
    #[must_use]
    pub fn new(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
        }
    }
}

/// A manager of connections to nothing. Each operation does at once what it should, unless it is told otherwise: to fail, to take
/// time, to hang, to panic. Everything is counted. Time is that of tokio, so that it can be virtual. Cheap to clone; clones are the
/// same.
///
/// ```
/// use mainstay::actors::pool::ConnectionPool;
/// use mainstay::testkit::{MockAct, MockConnections, MockOp, MockOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mock = MockConnections::new();
/// mock.next(MockOp::Create, [MockAct::fail("out of luck")]);
///
/// let options = MockOptions::default();
/// let refused = mock.create_connection(&options).await.unwrap_err();
/// assert_eq!(refused.to_string(), "out of luck");
///
/// let (first, second) = (mock.create_connection(&options).await?, mock.create_connection(&options).await?);
/// assert!(first != second);
/// assert_eq!(mock.counts().open, 2);
/// mock.close_connection(first).await;
/// drop(second);
/// let counts = mock.counts();
/// assert_eq!((counts.open, counts.open_max, counts.close.succeeded, counts.dropped), (0, 2, 1, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct MockConnections(Arc<World>);

#[derive(Default)]
struct World(Mutex<State>);

#[derive(Default)]
struct State {
    /// The number of the connection that was made last.
    last: u64,
    counts: MockCounts,
    next: [VecDeque<MockAct>; MockOp::ALL.len()],
    usual: [MockAct; MockOp::ALL.len()],
}

impl World {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what it was told for one operation.
    async fn act(self: &Arc<Self>, op: MockOp) -> Result<(), MockError> {
        let (act, count) = {
            let mut state = self.lock();
            let next = state.next[op as usize].pop_front();
            let act = next.unwrap_or_else(|| state.usual[op as usize].clone());
            (act, Count::begin(&mut state, op, Arc::clone(self)))
        };
        if !act.after.is_zero() {
            tokio::time::sleep(act.after).await;
        }
        match act.end {
            End::Succeed => {
                count.succeeded();
                Ok(())
            }
            End::Fail(why) => {
                count.failed();
                Err(MockError::Told(why))
            }
            End::Hang => std::future::pending().await,
            End::Panic(why) => {
                count.panicked();
                std::panic::panic_any(why)
            }
        }
    }
}

impl MockConnections {
    /// One that does everything at once, and has made no connection yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells what becomes of the next operations of this kind, after those that were told before.
    pub fn next(&self, op: MockOp, acts: impl IntoIterator<Item = MockAct>) {
        self.0.lock().next[op as usize].extend(acts);
    }

    /// Tells what becomes of the operations of this kind for which nothing else was told.
    pub fn usually(&self, op: MockOp, act: MockAct) {
        self.0.lock().usual[op as usize] = act;
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> MockCounts {
        self.0.lock().counts.clone()
    }
}

impl fmt::Debug for MockConnections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts();
        f.debug_struct("MockConnections")
            .field("counts", &counts)
            .finish_non_exhaustive()
    }
}

impl ConnectionPool for MockConnections {
    type Conn = MockConnection;
    type Options = MockOptions;
    type Error = MockError;

    async fn create_connection(&self, options: &MockOptions) -> Result<MockConnection, MockError> {
        self.0.act(MockOp::Create).await?;
        Ok(MockConnection::open(&self.0, options))
    }

    /// Told to fail, it closes it all the same: there is nobody to tell.
    async fn close_connection(&self, connection: MockConnection) {
        // If this is dropped on the way, or panics, so is the connection, without having been closed.
        self.0.act(MockOp::Close).await.ok();
        connection.close();
    }

    async fn ping_connection(&self, connection: &mut MockConnection) -> Result<(), MockError> {
        self.0.act(MockOp::Ping).await?;
        if connection.is_severed() {
            return Err(MockError::Severed);
        }
        Ok(())
    }

    async fn reset_connection(&self, connection: &mut MockConnection) -> Result<(), MockError> {
        self.0.act(MockOp::Reset).await?;
        if connection.is_severed() {
            return Err(MockError::Severed);
        }
        connection.clean();
        Ok(())
    }

    fn condition(&self, connection: &mut MockConnection, end: LeaseEnd) -> Condition {
        match end {
            LeaseEnd::CheckedIn | LeaseEnd::Dropped if !connection.is_severed() => {
                if connection.is_soiled() {
                    Condition::Dirty
                } else {
                    Condition::Clean
                }
            }
            _ => Condition::Broken,
        }
    }
}
