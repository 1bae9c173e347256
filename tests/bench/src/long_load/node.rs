//! The node: the default one, whose supervisors let as much be killed as is.

use std::path::Path;
use std::time::Duration;

use mainstay::prelude::*;
use mainstay::specs::{
    ChildSpec, EventBackendSpec, HttpSpec, NamespaceSpec, NodeChild, ServicesSpec, Strategy,
    SupervisorFlags,
};
use mainstay::supervisors::Child;
use mainstay::{Node, NodeBuilder};
use mainstay_actors::{
    CircuitBreakerRegistry, ConfigServer, ConnectionPoolRegistry, EventStore, HealthAggregator,
    MemoryManager, ProtectionRegistry, RateLimiterRegistry, TelemetryService,
};

use crate::Outcome;

const DEFAULT: &str = include_str!("../../../../runtime/examples/default.ron");

/// The supervisor of the services, in the place of the root.
pub(super) const SERVICES: &str = "services";

/// What changes something has to show this.
pub(super) const TOKEN: &str = "long-load";

/// Boots it, with its events in `folder`.
pub(super) async fn boot(folder: &Path) -> Outcome<Node> {
    let builder = Node::builder().demo_kinds();
    let mut spec = NodeSpec::from_ron(DEFAULT, &builder)?;
    spec.http = HttpSpec::new("127.0.0.1:0".parse()?).token(TOKEN);
    let namespace = spec.namespaces.first_mut().ok_or("expected a namespace")?;
    let builder = move_services(builder, namespace, folder)?;
    namespace.supervisor = lenient(namespace.supervisor.strategy);
    namespace.children.iter_mut().for_each(make_lenient);
    Ok(builder.boot(&spec).await?)
}

/// Below a supervisor among the children, the first of them: the root lets three restarts pass in five seconds, and no file says otherwise.
fn move_services(
    mut builder: NodeBuilder,
    namespace: &mut NamespaceSpec,
    folder: &Path,
) -> Outcome<NodeBuilder> {
    let mut children = Vec::new();
    for (name, make) in services(std::mem::take(&mut namespace.services), folder) {
        // What it does not say of the child is as the service has it.
        children.push(NodeChild::worker(ChildSpec::new(name.parse()?), name));
        builder = builder.kind(name, move |()| make());
    }
    let spec = ChildSpec::new(SERVICES.parse()?);
    let services = NodeChild::supervisor(spec, lenient(Strategy::RestForOne), children);
    namespace.children.insert(0, services);
    Ok(builder)
}

type Make = Box<dyn Fn() -> Child + Send + Sync>;

/// In the order in which they use each other.
fn services(spec: ServicesSpec, folder: &Path) -> Vec<(&'static str, Make)> {
    let mut all: Vec<(&'static str, Make)> = Vec::new();
    macro_rules! add {
        ($($name:ident: $spec:expr => $service:ident),* $(,)?) => {
            $(if let Some(spec) = $spec {
                all.push((stringify!($name), Box::new(move || $service::child(spec.clone()))));
            })*
        };
    }
    let events = EventBackendSpec::sqlite(folder.join("events.db"));
    add! {
        telemetry: spec.telemetry => TelemetryService,
        config_server: spec.config_server.map(|spec| spec.update_limit(None)) => ConfigServer,
        memory_manager: spec.memory_manager => MemoryManager,
        circuit_breakers: spec.circuit_breakers => CircuitBreakerRegistry,
        rate_limiters: spec.rate_limiters => RateLimiterRegistry,
        connection_pools: spec.connection_pools => ConnectionPoolRegistry,
        event_store: spec.event_store.map(|spec| spec.backend(events)) => EventStore,
        protections: spec.protections => ProtectionRegistry,
        health_aggregator: spec.health_aggregator => HealthAggregator,
    }
    all
}

fn make_lenient(child: &mut NodeChild) {
    if let Some(flags) = &mut child.supervisor {
        *flags = lenient(flags.strategy);
    }
    child.children.iter_mut().for_each(make_lenient);
}

/// More than can be killed in so short a time.
fn lenient(strategy: Strategy) -> SupervisorFlags {
    SupervisorFlags::new(strategy).intensity(1_000_000, Duration::from_secs(1))
}
