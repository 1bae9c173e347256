//! Where the connection of a call comes from.

use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use mainstay_specs::ServiceName;

use super::guard::Guard;
use super::guards::Home;
use crate::pool::{ConnectionPool, End, Lease, PoolError, PoolManager};

/// Where the connection of a call comes from, if it takes one.
pub(crate) trait Source {
    /// What the call holds while it runs.
    type Lease: Held;

    /// The guard that is asked for it, where there is one.
    const ASKED: Option<Guard> = Some(Guard::Pool);

    /// Takes it, within this time; a pool's own patience counts too.
    fn lease(
        &self,
        home: Option<&Home>,
        within: Option<Duration>,
        at: &'static Location<'static>,
    ) -> impl Future<Output = Result<Self::Lease, PoolError>>;
}

/// What a call holds while it runs.
pub(crate) trait Held {
    /// The operation is begun: what is cut off from now on was cut off in its midst.
    fn begin(&mut self) {}

    /// The operation has come to its end.
    fn end(&mut self) {}
}

impl Held for () {}

impl<P: ConnectionPool> Held for Lease<P> {
    fn begin(&mut self) {
        self.set_end(End::Cancelled);
    }

    fn end(&mut self) {
        self.set_end(End::CheckedIn);
    }
}

/// A call without a connection.
#[derive(Clone, Copy, Debug)]
pub struct NoPool(pub(super) ());

/// A call with a connection of the pool of this name.
#[derive(Debug)]
pub struct Named<P>(
    pub(super) ServiceName,
    pub(super) std::marker::PhantomData<fn() -> P>,
);

/// A call with a connection of this pool.
#[derive(Debug)]
pub struct Of<'a, P: ConnectionPool>(pub(super) &'a PoolManager<P>);

impl Source for NoPool {
    type Lease = ();

    const ASKED: Option<Guard> = None;

    async fn lease(
        &self,
        _: Option<&Home>,
        _: Option<Duration>,
        _: &'static Location<'static>,
    ) -> Result<(), PoolError> {
        Ok(())
    }
}

impl<P: ConnectionPool> Source for Named<P> {
    type Lease = Lease<P>;

    async fn lease(
        &self,
        home: Option<&Home>,
        within: Option<Duration>,
        at: &'static Location<'static>,
    ) -> Result<Lease<P>, PoolError> {
        let missing = || PoolError::NotFound(self.0.clone());
        let pools = &home.ok_or_else(missing)?.pools;
        pools.lease(&self.0, within, at).await
    }
}

impl<P: ConnectionPool> Source for Of<'_, P> {
    type Lease = Lease<P>;

    async fn lease(
        &self,
        _: Option<&Home>,
        within: Option<Duration>,
        at: &'static Location<'static>,
    ) -> Result<Lease<P>, PoolError> {
        self.0.checkout_at(within, at).await
    }
}
