//! What the node is to be: its spec, and what of it is changed while it runs.

use mainstay::prelude::*;
use mainstay_supervisors::specs::AnyKind;

/// The HTTP server and the watchdog are off: both go by the clock on the wall. The memory manager and the event store stand among the
/// children, as their samples and their disk are the test's.
const SPEC: &str = r#"(
    http: (enabled: false),
    watchdog: (enabled: false),
    namespaces: [(
        name: "app",
        services: (
            telemetry: (
                processes: (except: ["app/nobody/UNMEASURED"]),
                metrics: (series_max: SERIES),
                alerts: (rules: [(name: "high tide", metric: "chaos.tide", aspect: last, comparison: gt, threshold: 0.5)]),
            ),
            config_server: (initial: (load: (first: 0, second: 0), reloaded: INITIAL)),
            circuit_breakers: (breakers: [
                (name: "db", config: (failure_threshold: BREAKER, reset_timeout: "5s")),
                (name: "connect", config: (failure_threshold: CONNECT, reset_timeout: "2s")),
            ]),
            rate_limiters: (limiters: [
                (name: "quota", config: (algorithm: sliding_window, limit: QUOTA, window: "3h", key: user)),
                (name: "api", config: (limit: LIMITER, window: "10s", key: user)),
                (name: "tickets", config: (limit: 10, window: "1s")),
            ]),
            connection_pools: (pools: [
                (name: "db", source: other(kind: "database"), config: (
                    min_size: 2, max_size: POOL, checkout_timeout: "2s", connect_timeout: "2s", ping_timeout: "500ms",
                    reset_timeout: "500ms", validate_after: "1s", idle_timeout: "30s", max_lifetime: "60s", breaker: "connect",
                )),
            ]),
            protections: (operations: [(name: "orders", config: (
                deadline: "DEADLINEms", circuit: "db", memory: (class: write, bytes: 4096), rate_limit: (limiter: "quota"), pool: "db",
            ))]),
            health_aggregator: (tree: TREE, history_max: HEALTHS),
        ),
        supervisor: (strategy: one_for_one, intensity: 3, period: "5s"),
        children: [
            (id: "memory_manager", kind: "memory_manager"),
            (id: "event_store", kind: "event_store"),
            (
                id: "clerks",
                supervisor: (strategy: one_for_one, intensity: 1000000, period: "1s"),
                children: [
                    (id: "clerk-1", kind: "clerk", args: (desk: DESK)),
                    (id: "clerk-2", kind: "clerk"),
                    (id: "clerk-3", kind: "clerk"),
                ],
            ),
        ],
    )],
)"#;

/// A spec of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// What the limiter `quota` lets through of each user.
    pub(crate) quota: u32,
    pub(crate) pool: u32,
    pub(crate) breaker: u32,
    pub(crate) limiter: u32,
    /// In milliseconds.
    pub(crate) deadline: u64,
    pub(crate) connect: u32,
    pub(crate) series: u32,
    pub(crate) initial: u32,
    pub(crate) healths: u32,
    /// Telemetry takes a restart for it, and so does all that comes after it.
    pub(crate) unmeasured: u32,
    /// The health aggregator takes a restart for it, and so do all children.
    pub(crate) tree: bool,
    /// The first clerk takes a restart for it.
    pub(crate) desk: u32,
}

impl Wanted {
    /// What it boots with.
    pub(crate) const fn of(quota: u32) -> Self {
        Self {
            quota,
            pool: 6,
            breaker: 5,
            limiter: 100,
            deadline: 3_000,
            connect: 3,
            series: 10_000,
            initial: 0,
            healths: 100,
            unmeasured: 0,
            tree: true,
            desk: 0,
        }
    }

    pub(crate) fn text(&self) -> String {
        let Self {
            quota,
            pool,
            breaker,
            limiter,
            deadline,
            connect,
            series,
            initial,
            healths,
            unmeasured,
            tree,
            desk,
        } = self;
        SPEC.replace("QUOTA", &quota.to_string())
            .replace("POOL", &pool.to_string())
            .replace("BREAKER", &breaker.to_string())
            .replace("LIMITER", &limiter.to_string())
            .replace("DEADLINE", &deadline.to_string())
            .replace("CONNECT", &connect.to_string())
            .replace("SERIES", &series.to_string())
            .replace("INITIAL", &initial.to_string())
            .replace("HEALTHS", &healths.to_string())
            .replace("UNMEASURED", &unmeasured.to_string())
            .replace("TREE", &tree.to_string())
            .replace("DESK", &desk.to_string())
    }

    pub(crate) fn spec(&self) -> NodeSpec {
        let text = self.text();
        let spec = NodeSpec::from_ron(&text, &AnyKind);
        spec.unwrap_or_else(|faults| panic!("{}", faults.render("spec", &text)))
    }
}
