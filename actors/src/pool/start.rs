//! A pool as a child of one's own.

use std::sync::{Arc, Mutex, PoisonError};

use mainstay_specs::{Backoff, ChildId, ChildSpec, ChildType, PoolConfig, ServiceName};
use mainstay_supervisors::{Child, Namespace, StartContext, StartError, Started, WeakNamespace};

use super::handle::PoolManager;
use super::manager::{ConnectionPool, ConnectionSpec};
use super::pools::Pools;
use super::premises::Premises;
use super::registry::{ConnectionPoolRegistry, RegisterPoolError};
use super::supervisor::tree;

impl<P: ConnectionPool> PoolManager<P> {
    /// Makes a pool in a namespace, as [`ConnectionPoolRegistry::register_pool`] does: the seed's `start_link`.
    ///
    /// # Errors
    ///
    /// [`RegisterPoolError`].
    ///
    /// Cancel safety: as that of [`ConnectionPoolRegistry::register_pool`].
    pub async fn start(
        namespace: &Namespace,
        name: ServiceName,
        config: PoolConfig,
        spec: ConnectionSpec<P>,
    ) -> Result<Self, RegisterPoolError> {
        let pools = ConnectionPoolRegistry::of(namespace);
        pools.register_pool(name, config, spec).await
    }

    /// A pool as a child, to be started anywhere in a namespace, also where the service `connection_pools` does not run. It is found by
    /// its name in the [`ConnectionPoolRegistry`] from its first start on.
    ///
    /// A restart starts the processes anew; the pool is the same, and stays when they are stopped: to end it, take
    /// [`drain`](Self::drain) or [`ConnectionPoolRegistry::close_pool`] first.
    #[must_use]
    #[track_caller]
    pub fn child(name: ServiceName, config: PoolConfig, spec: ConnectionSpec<P>) -> Child {
        Self::child_after(name, config, spec, |_| Inherit::Nothing)
    }

    /// As [`child`](Self::child), but one of this name may be there of a child that was removed.
    #[track_caller]
    pub(crate) fn child_after(
        name: ServiceName,
        config: PoolConfig,
        spec: ConnectionSpec<P>,
        inherit: impl Fn(&Namespace) -> Inherit + Send + Sync + 'static,
    ) -> Child {
        let seed = Arc::new(Seed {
            name,
            config,
            spec: Mutex::new(Some(spec)),
            made: Mutex::default(),
            inherit: Box::new(inherit),
        });
        let id = ChildId::new(seed.name.as_str());
        // What may be the name of a service may be that of a child.
        let mut child = ChildSpec::new(id.expect("a name"));
        child.child_type = ChildType::Supervisor;
        child.backoff = Some(Backoff::default());
        Child::from_start(child, move |cx| {
            let seed = Arc::clone(&seed);
            async move { seed.start(cx).await }
        })
    }
}

/// What becomes of a pool that has the name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    allow(dead_code) // nobody has a pool of that kind
)]
pub(crate) enum Inherit {
    /// It is somebody else's: the start fails.
    Nothing,
    /// It is gone on with.
    Pool,
    /// Its name only: it is closed.
    Name,
}

/// What a child becomes a pool of, once.
struct Seed<P: ConnectionPool> {
    name: ServiceName,
    config: PoolConfig,
    spec: Mutex<Option<ConnectionSpec<P>>>,
    /// Weakly: the namespace has whoever has this.
    made: Mutex<Option<(WeakNamespace, Arc<Premises<P>>)>>,
    inherit: Box<dyn Fn(&Namespace) -> Inherit + Send + Sync>,
}

impl<P: ConnectionPool> Seed<P> {
    async fn start(&self, cx: StartContext) -> Result<Started, StartError> {
        let namespace = cx.namespace();
        let namespace =
            namespace.ok_or_else(|| StartError::failed(RegisterPoolError::NotInNamespace))?;
        let premises = self.premises(&namespace).map_err(StartError::failed)?;
        cx.start_supervisor(tree(&premises)).await
    }

    /// Made at the first start, which may be tried again if it has failed.
    fn premises(&self, namespace: &Namespace) -> Result<Arc<Premises<P>>, RegisterPoolError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((home, premises)) = &*made {
            return match home.upgrade().as_ref() == Some(namespace) {
                true => Ok(Arc::clone(premises)),
                false => Err(RegisterPoolError::MadeElsewhere(self.name.clone())),
            };
        }
        let pools = Pools::of(namespace);
        if let Some(premises) = self.inherited(&pools, namespace)? {
            *made = Some((namespace.downgrade(), Arc::clone(&premises)));
            return Ok(premises);
        }
        pools.check(namespace, &self.name, &self.config)?;
        let spec = self
            .spec
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let spec = spec.ok_or_else(|| RegisterPoolError::AlreadyRegistered(self.name.clone()))?;
        let premises = pools.make(namespace, &self.name, &self.config, false, spec)?;
        *made = Some((namespace.downgrade(), Arc::clone(&premises)));
        Ok(premises)
    }

    /// The pool that is gone on with. One that is replaced is closed.
    fn inherited(
        &self,
        pools: &Pools,
        namespace: &Namespace,
    ) -> Result<Option<Arc<Premises<P>>>, RegisterPoolError> {
        let Some(old) = pools.find(self.name.as_str()) else {
            return Ok(None);
        };
        let inherit = (self.inherit)(namespace);
        if inherit == Inherit::Nothing {
            return Ok(None);
        }
        if inherit == Inherit::Pool
            && let Ok(premises) = Arc::clone(&old).into_any().downcast::<Premises<P>>()
            && !premises.handle().is_closed()
        {
            let configured = premises.handle().reconfigure(self.config.clone());
            configured.map_err(RegisterPoolError::Config)?;
            return Ok(Some(premises));
        }
        pools.remove(&old);
        // Its processes have ended: nobody else closes what is idle.
        old.abandon();
        Ok(None)
    }
}
