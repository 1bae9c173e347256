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
    HealthDetails, HttpSpec, NamespaceName, NamespaceSpec, NodeSpec, WatchdogSpec,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use children::{child, distinct, flags};
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
    )
        .prop_map(|(ip, port, token, enabled, details)| {
            let mut http = HttpSpec::new(SocketAddr::new(ip, port))
                .token(token)
                .health_details(details);
            http.enabled = enabled;
            http
        })
}

prop_compose! {
    pub(super) fn namespace()(
        flags in flags(),
        services in services(),
        children in prop::collection::vec(child(), 0..4),
    ) -> NamespaceSpec {
        NamespaceSpec::new(NamespaceName::new("n").expect("a name"))
            .supervisor(flags)
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
