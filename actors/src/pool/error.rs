//! What can go wrong.

use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{NamespaceName, ServiceName};

use crate::clock::in_milliseconds;

/// Why an attempt to connect has failed. What it says is all of it: what an error of a manager rests on is in the text, and not told once
/// more as its source.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The manager of the connections says so.
    #[error("{}", in_full(&**.0))]
    Failed(Arc<dyn Error + Send + Sync>),
    /// It has taken for longer than `connect_timeout`.
    #[error("no connection within {}", in_milliseconds(*.within))]
    TooSlow {
        /// The time it had.
        within: Duration,
    },
    /// The manager of the connections has panicked.
    #[error("a panic: {0}")]
    Panicked(String),
    /// It was ended before it was through, with the task that made it.
    #[error("the attempt was abandoned")]
    Abandoned,
}

/// What an error says, and what everything that it rests on says: that of a driver mostly tells the cause below the first line.
fn in_full(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut last = text.clone();
    let mut below = error.source();
    while let Some(error) = below {
        let says = error.to_string();
        // What only passes on what is below it says the same.
        if says != last {
            text.push_str(": ");
            text.push_str(&says);
            last = says;
        }
        below = error.source();
    }
    text
}

/// How far a checkout had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CheckoutPhase {
    /// It waited for a connection that others had.
    Queue,
    /// It waited for a pool that was suspended to be resumed.
    Suspended,
    /// It had a connection that was idle for long, and had to be pinged.
    Validate,
    /// It waited for a connection that was being made, or was to be made.
    Connect,
}

impl fmt::Display for CheckoutPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queue => "waiting for others to give one back",
            Self::Suspended => "waiting for the pool to be resumed",
            Self::Validate => "validating one",
            Self::Connect => "waiting for one to be made",
        })
    }
}

/// How a pool stood when it refused somebody.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PoolSituation {
    /// The pool.
    pub pool: ServiceName,
    /// Whether it was suspended, and so lent nothing.
    pub is_suspended: bool,
    /// The most connections it may have.
    pub max: u32,
    /// How many were idle.
    pub idle: u32,
    /// How many were lent, or being reset.
    pub leased: u32,
    /// How many attempts to connect were under way.
    pub connecting: u32,
    /// How many were being closed.
    pub closing: u32,
    /// How many others waited.
    pub waiting: u32,
    /// The lease that had lasted longest.
    pub longest: Option<LongestLease>,
    /// Why the last attempt to connect has failed, if none has succeeded since.
    pub last_error: Option<ConnectError>,
    /// In how long the next attempt to connect may be made, if it has to be waited for.
    pub retry_after: Option<Duration>,
}

/// A lease that had lasted for long.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LongestLease {
    /// For how long.
    pub held_for: Duration,
    /// Where it was taken.
    pub taken_at: &'static Location<'static>,
    /// Who has it, if that is known: the path of a process, or a task.
    pub borrower: Option<String>,
}

impl fmt::Display for PoolSituation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} leased, {} idle, {} connecting, {} closing, {} waiting",
            self.leased, self.max, self.idle, self.connecting, self.closing, self.waiting
        )?;
        if let Some(longest) = &self.longest {
            let (held, at) = (in_milliseconds(longest.held_for), longest.taken_at);
            write!(f, "; the longest for {held}, taken at {at}")?;
            if let Some(borrower) = &longest.borrower {
                write!(f, " by {borrower}")?;
            }
        }
        if let Some(error) = &self.last_error {
            write!(f, "; the last attempt to connect: {error}")?;
        }
        Ok(())
    }
}

/// A pool, and where it is: there may be others of its name in other namespaces.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PoolPath {
    /// The namespace it is in.
    pub namespace: Option<NamespaceName>,
    /// Its name.
    pub pool: ServiceName,
}

impl fmt::Display for PoolPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{namespace}/{}", self.pool),
            None => write!(f, "{}", self.pool),
        }
    }
}

/// Why a connection was not lent, or not taken back.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// There was none, no room to make one, and the checkout would not wait, as its time is zero: the seed's `:pool_exhausted`.
    #[error("the pool {pool} is exhausted: {0}", pool = .0.pool)]
    Exhausted(Box<PoolSituation>),
    /// Its time was up.
    #[error("no connection of the pool {} within {}, {phase}: {situation}", .situation.pool, in_milliseconds(*.waited))]
    Timeout {
        /// How far it had come.
        phase: CheckoutPhase,
        /// How long it had waited.
        waited: Duration,
        /// How the pool stood.
        situation: Box<PoolSituation>,
    },
    /// As many waited as may.
    #[error("{max} checkouts wait for the pool {}, as many as may: {situation}", .situation.pool)]
    QueueFull {
        /// How many may wait.
        max: u32,
        /// How the pool stood.
        situation: Box<PoolSituation>,
    },
    /// All had waited for long, and some were sent away so that the others are served soon.
    #[error("the pool {} is overloaded, sent away after {}: {situation}", .situation.pool, in_milliseconds(*.waited))]
    Overloaded {
        /// How long it had waited.
        waited: Duration,
        /// How the pool stood.
        situation: Box<PoolSituation>,
    },
    /// Several attempts to connect have failed in a row.
    #[error("the pool {} cannot connect: {error}", .situation.pool)]
    Connect {
        /// What became of the last one.
        error: ConnectError,
        /// How the pool stood.
        situation: Box<PoolSituation>,
    },
    /// No attempt to connect is made for now, as the circuit breaker of the pool is open, and there was nothing else to wait for.
    #[error("the pool {pool} makes no connections for now{}", later(*.retry_after))]
    Unavailable {
        /// The pool.
        pool: ServiceName,
        /// When attempts are made again, if that is known.
        retry_after: Option<Duration>,
    },
    /// Every connection is lent to somebody who waits for one, the caller among them.
    #[error("all who hold a connection of the pool {pool} wait for another one: {0}", pool = .0.pool)]
    SelfDeadlock(Box<PoolSituation>),
    /// The pool is closed, or was while it waited.
    #[error("the pool {pool} is closed")]
    Closed {
        /// The pool.
        pool: ServiceName,
    },
    /// The lease had been taken away, as it lasted for too long or its borrower had ended; the connection was closed.
    #[error("the lease of a connection of the pool {pool} had been taken away")]
    Revoked {
        /// The pool.
        pool: ServiceName,
    },
    /// The lease is one of another pool, to which its connection went back.
    #[error("a lease of the pool {expected} was expected, found one of {found}")]
    Foreign {
        /// The pool that was given the lease.
        expected: PoolPath,
        /// The pool it is of.
        found: PoolPath,
    },
    /// There is no pool of this name: the seed's `:pool_not_found`.
    #[error("there is no connection pool {0}")]
    NotFound(ServiceName),
    /// The pool of this name has connections of another kind.
    #[error("expected the connection pool {pool} to be of {expected}, found one of {found}")]
    WrongType {
        /// The pool.
        pool: ServiceName,
        /// The manager that was asked for.
        expected: &'static str,
        /// The one it has.
        found: &'static str,
    },
}

impl PoolError {
    /// How the pool stood, where that matters.
    #[must_use]
    pub const fn situation(&self) -> Option<&PoolSituation> {
        match self {
            Self::Exhausted(situation)
            | Self::SelfDeadlock(situation)
            | Self::Timeout { situation, .. }
            | Self::QueueFull { situation, .. }
            | Self::Overloaded { situation, .. }
            | Self::Connect { situation, .. } => Some(situation),
            _ => None,
        }
    }

    /// How long to wait before another try makes sense, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => self.situation()?.retry_after,
        }
    }
}

fn later(time: Option<Duration>) -> String {
    time.map_or_else(String::new, |time| {
        format!(", come back in {}", in_milliseconds(time))
    })
}
