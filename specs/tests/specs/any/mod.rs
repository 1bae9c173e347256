//! Whatever a node file may say: specs that are valid, at random.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | nodes |
//! | `children.rs` | children, and the flags of their supervisors |
//! | `services.rs` | the services of a namespace |
//! | `telemetry.rs`, `circuit_breakers.rs`, `rate_limiters.rs`, `connection_pools.rs`, `event_store.rs`, `memory_manager.rs`, `memory_relief.rs`, `health_aggregator.rs`, `protections.rs` | each of them |

mod children;
mod circuit_breakers;
mod connection_pools;
mod event_store;
mod health_aggregator;
mod memory_manager;
mod memory_relief;
mod protections;
mod rate_limiters;
mod services;
mod telemetry;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mainstay_specs::{
    ApiGuard, ApiGuardsSpec, HealthDetails, HttpSpec, NamespaceName, NamespaceSpec, NodeSpec,
    WatchdogSpec,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use children::{child, distinct, flags, root_limit};
use circuit_breakers::circuit;
use rate_limiters::rate_limit;
use services::services;

pub(super) fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "[^/\\p{Cc}\\s]{1,20}",
        "[\"'\\\\#()\\[\\]{}🙂é]{1,6}"
    ]
    .prop_filter("a name", |text| NamespaceName::new(text).is_ok())
}

pub(super) fn span() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (1_u64..100_000).prop_map(Duration::from_millis),
        (1_u64..u64::from(u32::MAX), 0_u32..1_000_000_000).prop_map(|(s, n)| Duration::new(s, n)),
    ]
}

fn guard() -> impl Strategy<Value = ApiGuard> {
    // In boxes, as configurations are large.
    let circuit = option::of(circuit().boxed());
    let limit = option::of(rate_limit().boxed());
    let deadline = option::of((1_u64..86_400_000).prop_map(Duration::from_millis));
    let guard = (deadline, circuit, any::<bool>(), limit);
    guard.prop_map(|(deadline, circuit, memory, limit)| {
        ApiGuard::default()
            .deadline(deadline)
            .circuit(circuit)
            .memory(memory)
            .rate_limit(limit)
    })
}

fn guards() -> impl Strategy<Value = ApiGuardsSpec> {
    let default = || Just(ApiGuard::default());
    let one = move || prop_oneof![3 => default().boxed(), 1 => guard().boxed()];
    (one(), one(), one(), one()).prop_map(|(reads, writes, event_reads, event_writes)| {
        ApiGuardsSpec::default()
            .config_reads(reads)
            .config_writes(writes)
            .event_reads(event_reads)
            .event_writes(event_writes)
    })
}

fn http() -> impl Strategy<Value = HttpSpec> {
    let details = select(vec![
        HealthDetails::Never,
        HealthDetails::Authorized,
        HealthDetails::Always,
    ]);
    (
        any::<IpAddr>(),
        any::<u16>(),
        ".{1,9}",
        any::<bool>(),
        details,
        guards().boxed(),
    )
        .prop_map(|(ip, port, token, enabled, details, guards)| {
            let mut http = HttpSpec::new(SocketAddr::new(ip, port))
                .token(token)
                .health_details(details)
                .guards(guards);
            http.enabled = enabled;
            http
        })
}

prop_compose! {
    pub(super) fn namespace()(
        flags in flags(),
        root_limit in root_limit(),
        services in services(),
        children in prop::collection::vec(child(), 0..4),
    ) -> NamespaceSpec {
        NamespaceSpec::new(NamespaceName::new("n").expect("a name"))
            .supervisor(flags)
            .root_limit(root_limit)
            .services(services)
            .children(distinct(children))
    }
}

prop_compose! {
    pub(crate) fn node()(
        // In boxes, as what stands for all of them at once is too large for the stack of a test.
        namespace in option::of(namespace().boxed()),
        http in option::of(http().boxed()),
        deadline in span(),
        watchdog in option::of(100_u64..=600_000),
    ) -> NodeSpec {
        let mut node = NodeSpec::new().shutdown_deadline(deadline);
        node.namespaces.extend(namespace);
        node.http = http.unwrap_or_default();
        node.watchdog = watchdog.map(|after| WatchdogSpec::new(Duration::from_millis(after))).unwrap_or_default();
        node
    }
}
