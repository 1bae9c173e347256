//! The pools.

use std::convert::Infallible;
use std::future::Future;

use deadpool::managed::{Manager, Metrics, RecycleResult};
use mainstay_actors::pool::{ConnectionPool, ConnectionPoolRegistry, ConnectionSpec, PoolManager};
use mainstay_specs::{ConnectionPoolsSpec, NamespaceName, PoolConfig, ServiceName};
use mainstay_supervisors::{Namespace, NamespacePlan, Runtime};

use crate::Outcome;

/// A pool that connections are borrowed of.
pub(super) trait Side: Clone + Send + Sync + 'static {
    type Lent<'a>: Send;

    /// Borrows one, which goes back when it is dropped.
    fn borrow(&self) -> impl Future<Output = Outcome<Self::Lent<'_>>> + Send;
}

/// Makes connections that are numbers.
pub(super) struct Numbers;

impl ConnectionPool for Numbers {
    type Conn = u64;
    type Options = ();
    type Error = Infallible;

    async fn create_connection(&self, _options: &()) -> Result<u64, Infallible> {
        Ok(0)
    }

    async fn close_connection(&self, _connection: u64) {}

    async fn ping_connection(&self, _connection: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }
}

#[derive(Clone)]
pub(super) struct Ours {
    pool: PoolManager<Numbers>,
    /// In which it lives.
    _namespace: Namespace,
    _runtime: Runtime,
}

impl Ours {
    pub(super) async fn new(size: u32) -> Outcome<Self> {
        let plan = NamespacePlan::new();
        let plan = plan.service(ConnectionPoolRegistry::child(ConnectionPoolsSpec::default()));
        let runtime = Runtime::new();
        let namespace = runtime.start_namespace(NamespaceName::new("bench")?, plan);
        let namespace = namespace.await?;
        let (name, config) = (ServiceName::new("numbers")?, PoolConfig::new(size));
        let spec = ConnectionSpec::new(Numbers, ());
        let pool = PoolManager::start(&namespace, name, config, spec).await?;
        Ok(Self {
            pool,
            _namespace: namespace,
            _runtime: runtime,
        })
    }
}

impl Side for Ours {
    type Lent<'a> = mainstay_actors::pool::Lease<Numbers>;

    async fn borrow(&self) -> Outcome<Self::Lent<'_>> {
        Ok(self.pool.checkout().await?)
    }
}

impl Manager for Numbers {
    type Type = u64;
    type Error = Infallible;

    async fn create(&self) -> Result<u64, Infallible> {
        Ok(0)
    }

    async fn recycle(&self, _connection: &mut u64, _: &Metrics) -> RecycleResult<Infallible> {
        Ok(())
    }
}

#[derive(Clone)]
pub(super) struct Deadpool(deadpool::managed::Pool<Numbers>);

impl Deadpool {
    pub(super) fn new(size: u32) -> Outcome<Self> {
        let builder = deadpool::managed::Pool::builder(Numbers);
        let pool = builder.max_size(usize::try_from(size)?).build()?;
        Ok(Self(pool))
    }
}

impl Side for Deadpool {
    type Lent<'a> = deadpool::managed::Object<Numbers>;

    async fn borrow(&self) -> Outcome<Self::Lent<'_>> {
        Ok(self.0.get().await?)
    }
}

impl bb8::ManageConnection for Numbers {
    type Connection = u64;
    type Error = Infallible;

    async fn connect(&self) -> Result<u64, Infallible> {
        Ok(0)
    }

    async fn is_valid(&self, _connection: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, _connection: &mut u64) -> bool {
        false
    }
}

#[derive(Clone)]
pub(super) struct Bb8(bb8::Pool<Numbers>);

impl Bb8 {
    pub(super) async fn new(size: u32) -> Outcome<Self> {
        let builder = bb8::Pool::builder().max_size(size);
        let pool = builder.test_on_check_out(false).build(Numbers).await?;
        Ok(Self(pool))
    }
}

impl Side for Bb8 {
    type Lent<'a> = bb8::PooledConnection<'a, Numbers>;

    async fn borrow(&self) -> Outcome<Self::Lent<'_>> {
        Ok(self.0.get().await?)
    }
}
