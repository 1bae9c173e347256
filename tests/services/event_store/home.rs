//! A namespace with pools of connections.

use std::time::Duration;

use mainstay_actors::ConnectionPoolRegistry;
use mainstay_actors::pool::managers::postgres::{Postgres, PostgresOptions};
use mainstay_actors::pool::managers::sqlite::{Sqlite, SqliteOptions};
use mainstay_actors::pool::{ConnectionSpec, PoolManager};
use mainstay_supervisors::specs::{ConnectionPoolsSpec, NamespaceName, PoolConfig, ServiceName};
use mainstay_supervisors::{Namespace, NamespacePlan, Runtime};

pub(super) struct Home {
    runtime: Runtime,
    namespace: Namespace,
}

impl Home {
    pub(super) async fn new() -> Self {
        let pools = ConnectionPoolRegistry::child(ConnectionPoolsSpec::default());
        let runtime = Runtime::new();
        let name = NamespaceName::new("home").expect("a name");
        let plan = NamespacePlan::new().service(pools);
        let namespace = runtime.start_namespace(name, plan).await;
        Self {
            namespace: namespace.expect("it starts"),
            runtime,
        }
    }

    fn pools(&self) -> (ConnectionPoolRegistry, ServiceName) {
        let pools = ConnectionPoolRegistry::of(&self.namespace);
        let name = format!("pool-{}", pools.names().len());
        (pools, ServiceName::new(name).expect("a name"))
    }

    pub(super) async fn sqlite(&self, options: SqliteOptions) -> PoolManager<Sqlite> {
        self.sqlite_of(options, 3).await
    }

    /// With so many connections.
    pub(super) async fn sqlite_of(&self, options: SqliteOptions, max: u32) -> PoolManager<Sqlite> {
        let (pools, name) = self.pools();
        let spec = ConnectionSpec::new(Sqlite::new(), options);
        let pool = pools.register_pool(name, PoolConfig::new(max), spec).await;
        pool.expect("it starts")
    }

    pub(super) async fn postgres(&self, url: &str) -> PoolManager<Postgres> {
        let (pools, name) = self.pools();
        let options = PostgresOptions::new(url).expect("an address");
        let spec = ConnectionSpec::new(Postgres, options);
        let pool = pools.register_pool(name, PoolConfig::new(3), spec).await;
        pool.expect("it starts")
    }

    pub(super) async fn end(self) {
        let report = self.runtime.stop(Duration::from_secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
    }
}
