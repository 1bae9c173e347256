//! The services of a namespace.

use mainstay_specs::{Args, CircuitConfig, ConfigServerSpec, ServicesSpec};
use proptest::option;
use proptest::prelude::*;

use super::circuit_breakers::{circuit, circuit_breakers};
use super::connection_pools::connection_pools;
use super::event_store::{event_store, pool_of};
use super::health_aggregator::health_aggregator;
use super::memory_manager::memory_manager;
use super::rate_limiters::{rate_limit, rate_limiters};
use super::telemetry::telemetry;

/// That of a Foundation service, if it is not the default.
pub(super) fn breaker() -> impl Strategy<Value = Option<Option<CircuitConfig>>> {
    option::of(option::of(circuit().boxed()))
}

pub(super) fn services() -> impl Strategy<Value = ServicesSpec> {
    let server = (
        option::of("[^/\\\\\0]{1,9}"),
        1..u32::MAX,
        1..u64::MAX,
        1..=128_u32,
        option::of(option::of(rate_limit().boxed())),
        breaker(),
    )
        .prop_map(|(file, subscribers, bytes, depth, limit, breaker)| {
            let mut server = ConfigServerSpec::default()
                .initial(Args::from_ron("(a: {\"b\": [1]})").expect("RON"))
                .subscribers_max(subscribers)
                .bytes_max(bytes)
                .depth_max(depth)
                .cache_max(depth);
            server.file = file.map(Into::into);
            if let Some(limit) = limit {
                server.update_limit = limit;
            }
            if let Some(breaker) = breaker {
                server.breaker = breaker;
            }
            server
        });
    let all = (
        option::of(server),
        option::of(telemetry().boxed()),
        option::of(circuit_breakers().boxed()),
        option::of(rate_limiters().boxed()),
        option::of(connection_pools().boxed()),
        option::of(event_store().boxed()),
        option::of(memory_manager().boxed()),
        option::of(health_aggregator().boxed()),
    );
    all.prop_map(
        |(server, telemetry, breakers, limiters, pools, store, memory, health)| {
            let mut services = ServicesSpec::default();
            services.connection_pools = pools;
            // The pool that the store is to live on has to be there.
            if let Some(pool) = store.as_ref().and_then(pool_of) {
                let mut pools = services.connection_pools.take().unwrap_or_default();
                pools.pools.retain(|other| other.name != pool.name);
                services.connection_pools = Some(pools.pool(pool));
            }
            services.event_store = store;
            services.config_server = server;
            services.telemetry = telemetry;
            services.memory_manager = memory;
            services.circuit_breakers = breakers;
            services.rate_limiters = limiters;
            services.health_aggregator = health;
            services
        },
    )
}
