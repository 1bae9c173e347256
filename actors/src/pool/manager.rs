//! What a pool has to know of its connections.

use std::fmt;
use std::future::{Future, ready};

/// How connections of a kind are made, tried, brought back and closed: what turns a driver into a pool.
///
/// All of it but [`condition`](Self::condition) runs in supervised tasks under the time limits of the
/// [configuration](mainstay_specs::PoolConfig), or, of a ping before a connection is lent, within the checkout. A future that is
/// dropped halfway, because its time is up or the pool ends, loses the connection it was given, and nothing else: the connection has
/// to be closed by its own `Drop`. A panic is a failure of that connection alone.
///
/// None of it may block its thread: a limit on time ends what waits, not what blocks. An attempt to connect that blocks is given up a
/// second after its time, as it is told, but its thread is lost, and there are no more of those than `connects_max`. A ping, a reset or
/// a goodbye that blocks keeps the place of its connection as well, for as long as it does.
///
/// **What a connection is left in only its manager knows.** To let go of a lease is how connections are given back, and it is also what
/// happens to a lease whose task is aborted, or whose future loses a race, in the middle of a query. The pool cannot tell one from the
/// other, unless the lease is one of [`with_connection`](super::PoolManager::with_connection) or the borrower is a process that has
/// ended. A manager whose connections can be left half used, with an answer that nobody has read or a transaction that is open, has to
/// find that out in [`condition`](Self::condition): by default such a connection goes to the next borrower as it is.
///
/// ```
/// use std::convert::Infallible;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use mainstay_actors::pool::ConnectionPool;
///
/// struct Numbered(AtomicU64);
///
/// impl ConnectionPool for Numbered {
///     type Conn = u64;
///     type Options = ();
///     type Error = Infallible;
///
///     async fn create_connection(&self, _options: &()) -> Result<u64, Infallible> {
///         Ok(self.0.fetch_add(1, Ordering::Relaxed))
///     }
///
///     async fn close_connection(&self, _connection: u64) {}
///
///     async fn ping_connection(&self, _connection: &mut u64) -> Result<(), Infallible> {
///         Ok(())
///     }
/// }
/// ```
pub trait ConnectionPool: Send + Sync + 'static {
    /// A connection. It is moved, not boxed, when it is lent and given back: one that is large is better boxed.
    type Conn: Send + 'static;
    /// What is needed to connect, and may be replaced while the pool runs: an address, a password. Nothing of it is ever shown.
    type Options: Send + Sync + 'static;
    /// Why it did not work.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Connects. Bounded by `connect_timeout`; not by the time of any caller.
    fn create_connection(
        &self,
        options: &Self::Options,
    ) -> impl Future<Output = Result<Self::Conn, Self::Error>> + Send;

    /// Says goodbye and closes. Bounded by `close_timeout`, after which the connection is dropped.
    fn close_connection(&self, connection: Self::Conn) -> impl Future<Output = ()> + Send;

    /// Whether a connection may still work, as far as is known on this side without asking anybody: looked at each time before one is
    /// lent that need not be pinged, so that after the end of a server nobody is lent what has ended with it. It must not block, and
    /// should take no time. If it panics, the connection is closed. By default it may.
    #[inline]
    fn is_open(&self, connection: &Self::Conn) -> bool {
        let _ = connection;
        true
    }

    /// Finds out whether a connection still works. Bounded by `ping_timeout`; one that fails or takes longer is closed.
    fn ping_connection(
        &self,
        connection: &mut Self::Conn,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Brings a connection that is [`Condition::Dirty`] back to how it was made. Bounded by `reset_timeout`; one that cannot be
    /// brought back is closed. By default there is nothing to do.
    fn reset_connection(
        &self,
        connection: &mut Self::Conn,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = connection;
        ready(Ok(()))
    }

    /// In which condition a connection comes back. Called when a lease ends, where it ends: it must not block and should not take
    /// long. If it panics, the connection is closed.
    ///
    /// By default clean if the borrower gave it back or let go of it, and broken if it panicked, was cancelled or died. That is right only
    /// for connections in which nothing is left, whenever a borrower stops: see [`LeaseEnd::Dropped`].
    fn condition(&self, connection: &mut Self::Conn, end: LeaseEnd) -> Condition {
        let _ = connection;
        match end {
            LeaseEnd::CheckedIn | LeaseEnd::Dropped => Condition::Clean,
            LeaseEnd::Cancelled | LeaseEnd::Panicked | LeaseEnd::OwnerDied => Condition::Broken,
        }
    }
}

/// In which condition a connection comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// As it was made: it may be lent again.
    Clean,
    /// It works, but something is left in it, such as an open transaction: it is reset before it is lent again.
    Dirty,
    /// It is to be closed.
    Broken,
}

/// How a lease ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LeaseEnd {
    /// It was checked in, or the operation it was for has ended.
    CheckedIn,
    /// It was dropped: at the end of its scope, or with a task that was aborted or a future that lost a race. Nobody can tell whether
    /// something was cut off, but for the connection itself.
    Dropped,
    /// The operation it was for was dropped before its end. Only of `with_connection`.
    Cancelled,
    /// It was dropped while a panic unwound.
    Panicked,
    /// The process that borrowed it has ended before the lease did.
    OwnerDied,
}

/// A check of one's own for [`ConnectionSpec::health_check`].
pub(crate) type Check<C> = Box<dyn Fn(&mut C) -> bool + Send + Sync>;

/// What a pool is made of beside its configuration: how connections are made, and of what.
///
/// It stays with the pool for as long as that lives: a restart of any part goes by the same one.
pub struct ConnectionSpec<P: ConnectionPool> {
    pub(crate) manager: P,
    pub(crate) options: P::Options,
    pub(crate) health_check: Option<Check<P::Conn>>,
}

impl<P: ConnectionPool> ConnectionSpec<P> {
    /// Connections that this one makes of these options.
    #[must_use]
    pub const fn new(manager: P, options: P::Options) -> Self {
        Self {
            manager,
            options,
            health_check: None,
        }
    }

    /// Looks at a connection beside pinging it, wherever it is pinged: what this says `false` of is closed. It must not block. If it
    /// panics, the connection is closed.
    #[must_use]
    pub fn health_check(
        mut self,
        check: impl Fn(&mut P::Conn) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.health_check = Some(Box::new(check));
        self
    }
}

/// Shows nothing of the options: there may be secrets in them.
impl<P: ConnectionPool> fmt::Debug for ConnectionSpec<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionSpec")
            .field("manager", &std::any::type_name::<P>())
            .finish_non_exhaustive()
    }
}
