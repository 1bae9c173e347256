//! A node that has other things to do.

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mainstay::Node;
use mainstay_actors::health::{CheckResult, HealthAggregator, check_fn};
use mainstay_specs::{
    ConfigServerSpec, HealthAggregatorSpec, HealthCheckConfig, HttpSpec, NamespaceName,
    NamespaceSpec, NodeSpec, ServiceName, ServicesSpec,
};
use tokio::runtime::{Builder, Runtime};

use crate::Outcome;

const SERVICES: usize = 100;
/// Every twentieth never answers.
const STUCK_EACH: usize = 20;
/// As many tasks compute all the time, each for so long until others may run.
const TASKS: usize = 4;
const SLICE: Duration = Duration::from_micros(100);

pub(super) struct Busy {
    runtime: Runtime,
    node: Node,
    pub(super) address: SocketAddr,
}

impl Busy {
    /// Two threads, on which the node, its checks and its other work run.
    pub(super) fn start() -> Outcome<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let node = runtime.block_on(async { tokio::spawn(boot()).await? })?;
        let address = node.address().ok_or("HTTP is on")?;
        for _ in 0..TASKS {
            runtime.spawn(compute());
        }
        Ok(Self {
            runtime,
            node,
            address,
        })
    }

    pub(super) fn stop(self) -> Outcome<()> {
        let Self { runtime, node, .. } = self;
        runtime.block_on(node.stop(Duration::from_secs(5)));
        runtime.shutdown_background();
        Ok(())
    }
}

async fn boot() -> Outcome<Node> {
    let services = ServicesSpec::default()
        .config_server(ConfigServerSpec::default())
        .health_aggregator(HealthAggregatorSpec::default());
    let namespace = NamespaceSpec::new(NamespaceName::new("production")?).services(services);
    let http = HttpSpec::new(SocketAddr::from(([127, 0, 0, 1], 0)));
    let node = Node::boot(&NodeSpec::new().namespace(namespace).http(http)).await?;
    let production = node.namespace("production").ok_or("it runs")?;
    let health = HealthAggregator::of(&production);
    for nth in 0..SERVICES {
        let is_stuck = nth % STUCK_EACH == 0;
        let check = check_fn(move || async move {
            if is_stuck {
                std::future::pending::<()>().await;
            }
            CheckResult::healthy("part", "it answers").with("nth", nth)
        });
        let name = ServiceName::new(format!("service_{nth:02}"))?;
        health.register(name, check, HealthCheckConfig::default())?;
    }
    Ok(node)
}

async fn compute() {
    let mut number = 1_u64;
    loop {
        let began = Instant::now();
        while began.elapsed() < SLICE {
            number = black_box(
                number
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1),
            );
        }
        tokio::task::yield_now().await;
    }
}
