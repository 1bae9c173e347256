//! The pools of a namespace by name.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`ConnectionPoolRegistry`] |
//! | `error.rs` | [`RegisterPoolError`] |

mod error;

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{ChildId, ConnectionPoolsSpec, PoolConfig, ServiceName};
use mainstay_supervisors::{Child, Namespace, SupervisorError, SupervisorRef};
use tokio::time::timeout;

pub use error::RegisterPoolError;

use super::checkout::checkout;
use super::error::PoolError;
use super::handle::PoolManager;
use super::kinds::PoolKinds;
use super::lease::Lease;
use super::manager::{ConnectionPool, ConnectionSpec};
use super::pools::Pools;
use super::premises::AnyPool;
use super::stats::PoolStats;
use super::supervisor::{ConnectionPoolSupervisor, NAME, name};

/// The connection pools of a namespace: a handle, cheap to clone.
///
/// A pool belongs to the namespace: it survives every crash of its processes, and is closed with the namespace. To find one takes a lock
/// for the time of one lookup: keep the [`PoolManager`] where checkouts are many.
///
/// ```
/// use std::convert::Infallible;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use mainstay_actors::pool::{ConnectionPool, ConnectionPoolRegistry, ConnectionSpec};
/// use mainstay_specs::{ConnectionPoolsSpec, NamespaceName, PoolConfig, ServiceName};
/// use mainstay_supervisors::{NamespacePlan, Runtime};
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
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let plan = NamespacePlan::new()
///     .service(ConnectionPoolRegistry::child(ConnectionPoolsSpec::default()));
/// let runtime = Runtime::new();
/// let production = runtime.start_namespace(NamespaceName::new("production")?, plan).await?;
///
/// let pools = ConnectionPoolRegistry::of(&production);
/// let spec = ConnectionSpec::new(Numbered(AtomicU64::new(0)), ());
/// let db = pools.register_pool(ServiceName::new("db")?, PoolConfig::new(4), spec).await?;
///
/// let (first, second) = (db.checkout().await?, db.checkout().await?);
/// assert_ne!(*first, *second);
/// db.checkin(first)?;
/// assert_eq!(pools.stats()[0].leased, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ConnectionPoolRegistry {
    namespace: Namespace,
    pools: Arc<Pools>,
}

impl ConnectionPoolRegistry {
    /// The supervisor of the pools as a child, to be started in a namespace: see [`ConnectionPoolSupervisor::child`].
    #[must_use]
    #[track_caller]
    pub fn child(spec: ConnectionPoolsSpec) -> Child {
        ConnectionPoolSupervisor::child(spec)
    }

    /// As [`child`](Self::child), with more kinds of connections.
    #[must_use]
    #[track_caller]
    pub fn child_with(spec: ConnectionPoolsSpec, kinds: PoolKinds) -> Child {
        ConnectionPoolSupervisor::child_with(spec, kinds)
    }

    /// The pools of a namespace.
    #[must_use]
    pub fn of(namespace: &Namespace) -> Self {
        Self {
            namespace: namespace.clone(),
            pools: Pools::of(namespace),
        }
    }

    /// Makes a pool, and starts its processes under the [`ConnectionPoolSupervisor`] of the namespace. It does not wait for a connection:
    /// the first ones are made, `min_size` of them, when this returns or soon after.
    ///
    /// # Errors
    ///
    /// [`RegisterPoolError`]; nothing is left of the pool then.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// Cancel safety: once polled it goes on by itself when this is dropped: the pool will be there, or nothing of it.
    pub async fn register_pool<P: ConnectionPool>(
        &self,
        name: ServiceName,
        config: PoolConfig,
        spec: ConnectionSpec<P>,
    ) -> Result<PoolManager<P>, RegisterPoolError> {
        if !self.pools.is_served() {
            return Err(RegisterPoolError::NotRunning);
        }
        let made = self
            .pools
            .make(&self.namespace, &name, &config, true, spec)?;
        let pool: Arc<dyn AnyPool> = made.clone();
        let registry = self.clone();
        let starting = tokio::spawn(async move { registry.start_or_forget(&pool).await });
        // It does not panic; a runtime that goes down takes it along.
        let started = starting.await.unwrap_or(Err(RegisterPoolError::NotRunning));
        started.map(|()| made.handle())
    }

    pub(super) const fn pools(&self) -> &Arc<Pools> {
        &self.pools
    }

    pub(super) const fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    pub(super) async fn start_or_forget(
        &self,
        pool: &Arc<dyn AnyPool>,
    ) -> Result<(), RegisterPoolError> {
        let started = self.start(pool).await;
        if started.is_err() {
            self.pools.remove(pool);
            pool.close();
        }
        started
    }

    /// Starts the processes of a pool, if its supervisor has not done so of itself: that is restarted with all pools there are.
    async fn start(&self, pool: &Arc<dyn AnyPool>) -> Result<(), RegisterPoolError> {
        for _ in 0..ATTEMPTS {
            let supervisor = self.supervisor().await?;
            let child = Arc::clone(pool).child();
            match supervisor.start_child(child).await {
                Ok(_) => return Ok(()),
                // It was started with all others, or what runs there is of one of the same name that was not closed to the end.
                Err(SupervisorError::AlreadyStarted(_) | SupervisorError::Restarting) => {
                    if timeout(BEGIN_MAX, Arc::clone(pool).begun()).await.is_ok() {
                        return Ok(());
                    }
                    self.stop(pool.name()).await;
                }
                // What is left of one of the same name that somebody has not closed to the end.
                Err(SupervisorError::AlreadyPresent) => {
                    let id = ChildId::new(pool.name().as_str());
                    if let Ok(id) = id {
                        supervisor.delete_child(&id).await.ok();
                    }
                }
                Err(SupervisorError::Call(error)) if supervisor.process().is_alive() => {
                    return Err(error.into());
                }
                // It has ended meanwhile: its successor knows of the pool, or will be told.
                Err(SupervisorError::Call(_)) => {}
                Err(SupervisorError::Spec(error)) => {
                    let pool = pool.name().clone();
                    return Err(RegisterPoolError::Spec { pool, error });
                }
                Err(SupervisorError::StartFailed(error)) => {
                    let pool = pool.name().clone();
                    return Err(RegisterPoolError::Start { pool, error });
                }
                Err(_) => return Err(RegisterPoolError::NotRunning),
            }
        }
        Err(RegisterPoolError::NotRunning)
    }

    async fn supervisor(&self) -> Result<SupervisorRef, RegisterPoolError> {
        if let Some(supervisor) = ConnectionPoolSupervisor::of(&self.namespace) {
            return Ok(supervisor);
        }
        if self.namespace.is_stopping() {
            return Err(RegisterPoolError::NotRunning);
        }
        // It may be about to be started anew.
        let process = self.namespace.wait_for(&name(NAME), RESTART_MAX).await;
        let supervisor = process.and_then(|process| process.supervisor());
        supervisor.ok_or(RegisterPoolError::NotRunning)
    }

    /// The pool of this name: a handle, which takes a small allocation, to be kept by whoever borrows often.
    ///
    /// # Errors
    ///
    /// [`PoolError::NotFound`]; [`PoolError::WrongType`] if its connections are made by another manager.
    pub fn pool<P: ConnectionPool>(&self, name: &ServiceName) -> Result<PoolManager<P>, PoolError> {
        let pool = self.pools.find_as(name)?;
        Ok(pool.handle())
    }

    /// Borrows a connection of the pool of this name, as [`PoolManager::checkout`] does.
    ///
    /// # Errors
    ///
    /// Those of [`PoolManager::checkout`] and of [`pool`](Self::pool).
    ///
    /// # Panics
    ///
    /// As [`PoolManager::checkout`].
    ///
    /// Cancel safety: as that of [`PoolManager::checkout`].
    #[track_caller]
    pub fn get_connection<P: ConnectionPool>(
        &self,
        name: &ServiceName,
    ) -> impl Future<Output = Result<Lease<P>, PoolError>> + Send + use<P> {
        self.lease(name, None, Location::caller())
    }

    /// As [`get_connection`](Self::get_connection), for somebody who asks from elsewhere and may have less patience.
    pub(crate) fn lease<P: ConnectionPool>(
        &self,
        name: &ServiceName,
        within: Option<Duration>,
        at: &'static Location<'static>,
    ) -> impl Future<Output = Result<Lease<P>, PoolError>> + Send + use<P> {
        let pool = self.pools.find_as::<P>(name);
        async move {
            let pool = pool?;
            checkout(&pool.share, at, pool.cell.patience_within(within)).await
        }
    }

    /// The names of all pools, in order.
    #[must_use]
    pub fn names(&self) -> Vec<ServiceName> {
        let pools = self.pools.all();
        pools.iter().map(|pool| pool.name().clone()).collect()
    }

    /// Everything there is to know about them, by name.
    #[must_use]
    pub fn stats(&self) -> Vec<PoolStats> {
        self.pools.all().iter().map(|pool| pool.stats()).collect()
    }

    /// Closes a pool and forgets it: who waits is refused at once, what is idle is closed, leases are waited for, no longer than the
    /// `drain_timeout` of its configuration; then its processes are stopped, and its name is free.
    ///
    /// # Errors
    ///
    /// [`PoolError::NotFound`].
    ///
    /// Cancel safety: the pool is closed all the same when this is dropped; to free its name, call it again.
    pub async fn close_pool(&self, name: &ServiceName) -> Result<(), PoolError> {
        let pool = self.pools.find(name.as_str());
        let pool = pool.ok_or_else(|| PoolError::NotFound(name.clone()))?;
        Arc::clone(&pool).drain().await;
        // One after the other: who comes later finds nothing to do, and leaves another of the same name alone.
        let closing = pool.closing().lock().await;
        if self.pools.is_ours(&pool) {
            self.stop(name).await;
        }
        self.pools.remove(&pool);
        drop(closing);
        Ok(())
    }

    /// Stops the processes of a pool. That there are none is as good.
    async fn stop(&self, name: &ServiceName) {
        let (Some(supervisor), Ok(id)) = (
            ConnectionPoolSupervisor::of(&self.namespace),
            ChildId::new(name.as_str()),
        ) else {
            return;
        };
        if supervisor.terminate_child(&id).await.is_ok() {
            supervisor.delete_child(&id).await.ok();
        }
    }
}

/// How often it is tried to start a pool while its supervisor is ended time and again.
const ATTEMPTS: usize = 3;

/// How long it is waited for the first keeper of a pool whose processes are there already.
const BEGIN_MAX: Duration = Duration::from_secs(1);

/// How long it is waited for a supervisor that is about to be started anew.
const RESTART_MAX: Duration = Duration::from_secs(5);
