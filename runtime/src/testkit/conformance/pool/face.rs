//! A manager, and how its connections are spoilt.

use std::future::{Future, ready};

use mainstay_actors::pool::ConnectionPool;

/// A connection of a manager.
type Conn<C> = <<C as Connections>::Manager as ConnectionPool>::Conn;

/// A manager, and how its connections are spoilt: what borrowers do, and servers.
pub trait Connections {
    /// The manager.
    type Manager: ConnectionPool;

    /// A new one.
    fn manager(&self) -> Self::Manager;

    /// What its connections are made of.
    fn options(&self) -> <Self::Manager as ConnectionPool>::Options;

    /// Leaves something in a connection that the next borrower must not see, such as an open transaction. `false` if the manager does
    /// not promise to find anything; then nothing may be left, and the rules about that do not count.
    fn soil(&self, connection: &mut Conn<Self>) -> impl Future<Output = bool>;

    /// Whether what [`soil`](Self::soil) leaves can be seen.
    fn is_soiled(&self, connection: &mut Conn<Self>) -> impl Future<Output = bool>;

    /// What a borrower does with a connection that takes several steps, such as a query within a transaction, and leaves nothing once it
    /// is done. The suite drops it in the middle: what it leaves then the next borrower must not see, no more than what
    /// [`soil`](Self::soil) leaves. By default nothing is done.
    fn operate(&self, connection: &mut Conn<Self>) -> impl Future<Output = ()> {
        let _ = connection;
        ready(())
    }

    /// Ends a connection from the other side, so that it is known here when this is done, or at the next ping. `false` if there is no
    /// other side.
    fn sever(&self, connection: &mut Conn<Self>) -> impl Future<Output = bool>;
}
