//! The node: every service there is, three clerks of the application, and a database.

use std::sync::Arc;

use mainstay::NodeBuilder;
use mainstay::prelude::*;
use mainstay::testkit::MockOptions;
use mainstay_actors::memory::MemorySetup;
use mainstay_actors::pool::ConnectionSpec;
use mainstay_actors::{EventStore, MemoryManager};
use mainstay_supervisors::specs::{EventStoreSpec, MemoryManagerSpec};

use crate::database::{Database, Events};
use crate::load::{Clients, clerk};

/// The HTTP server and the watchdog are off: both go by the clock on the wall. The memory manager and the event store stand among the
/// children, as their samples and their disk are the test's.
const SPEC: &str = r#"(
    http: (enabled: false),
    watchdog: (enabled: false),
    namespaces: [(
        name: "app",
        services: (
            telemetry: (),
            config_server: (initial: (load: (first: 0, second: 0))),
            circuit_breakers: (breakers: [
                (name: "db", config: (failure_threshold: 5, reset_timeout: "5s")),
                (name: "connect", config: (failure_threshold: 3, reset_timeout: "2s")),
            ]),
            rate_limiters: (limiters: [
                (name: "quota", config: (algorithm: sliding_window, limit: QUOTA, window: "3h", key: user)),
                (name: "api", config: (limit: 100, window: "10s", key: user)),
            ]),
            connection_pools: (pools: [
                (name: "db", source: other(kind: "database"), config: (
                    min_size: 2, max_size: 6, checkout_timeout: "2s", connect_timeout: "2s", ping_timeout: "500ms",
                    reset_timeout: "500ms", validate_after: "1s", idle_timeout: "30s", max_lifetime: "60s", breaker: "connect",
                )),
            ]),
            protections: (operations: [(name: "orders", config: (
                deadline: "3s", circuit: "db", memory: (class: write, bytes: 4096), rate_limit: (limiter: "quota"), pool: "db",
            ))]),
            health_aggregator: (),
        ),
        supervisor: (strategy: one_for_one, intensity: 3, period: "5s"),
        children: [
            (id: "memory_manager", kind: "memory_manager"),
            (id: "event_store", kind: "event_store"),
            (
                id: "clerks",
                supervisor: (strategy: one_for_one, intensity: 1000000, period: "1s"),
                children: [
                    (id: "clerk-1", kind: "clerk"),
                    (id: "clerk-2", kind: "clerk"),
                    (id: "clerk-3", kind: "clerk"),
                ],
            ),
        ],
    )],
)"#;

/// How many events there may be for those who read them.
const HISTORY: usize = 1 << 16;

pub(crate) fn name(text: &str) -> ServiceName {
    ServiceName::new(text).unwrap()
}

fn builder(seed: u64, database: &Database, events: &Arc<Events>, clients: &Clients) -> NodeBuilder {
    let (connections, events) = (database.connections.clone(), Arc::clone(events));
    let clients = clients.clone();
    Node::builder()
        .seed(seed)
        .history(HISTORY)
        .pool_kind("database", move |()| {
            ConnectionSpec::new(connections.clone(), MockOptions::default())
        })
        .kind("memory_manager", |()| {
            let spec = MemoryManagerSpec::default().simulation(true);
            MemoryManager::child_with(MemorySetup::new(spec).by_hand())
        })
        .kind("event_store", move |()| {
            let events = Arc::<Events>::clone(&events);
            EventStore::child_with(EventStoreSpec::memory(), events)
        })
        .kind("clerk", move |()| clerk(clients.clone()))
}

pub(crate) async fn boot(seed: u64, database: &Database, clients: &Clients) -> Node {
    let events = Arc::new(Events::new(database.clone()));
    let builder = builder(seed, database, &events, clients);
    let text = SPEC.replace("QUOTA", &clients.quota.to_string());
    let spec = NodeSpec::from_ron(&text, &builder);
    let spec = spec.unwrap_or_else(|faults| panic!("{}", faults.render("spec", &text)));
    let node = builder.boot(&spec).await.unwrap();
    let app = node.namespace("app").unwrap();
    events.namespace.set(app.downgrade()).unwrap();
    node
}
