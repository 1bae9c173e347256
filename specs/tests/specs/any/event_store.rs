//! Event stores.

use std::time::Duration;

use mainstay_specs::{EventBackendSpec, EventStoreSpec, NamedPool, PoolSource, ServiceName};
use proptest::option;
use proptest::prelude::*;

use super::name;

pub(super) fn pool_of(store: &EventStoreSpec) -> Option<NamedPool> {
    let (name, source) = match &store.backend {
        EventBackendSpec::Sqlite { pool, .. } => (pool.clone()?, PoolSource::sqlite("a.db")),
        EventBackendSpec::Postgres { pool, .. } => {
            (pool.clone()?, PoolSource::postgres("postgres://u@h/d"))
        }
        _ => return None,
    };
    Some(NamedPool::new(name, source))
}

pub(super) fn event_store() -> impl Strategy<Value = EventStoreSpec> {
    let pool = || name().prop_filter_map("a name", |name| ServiceName::new(name).ok());
    let backend = prop_oneof![
        Just(EventBackendSpec::Memory),
        Just(EventBackendSpec::sqlite_in_memory()),
        "[^\\x00:]{1,20}".prop_map(EventBackendSpec::sqlite),
        pool().prop_map(EventBackendSpec::sqlite_pool),
        "[a-z:\"@]{0,9}"
            .prop_map(|user| EventBackendSpec::postgres(format!("postgres://{user}@db/x"))),
        pool().prop_map(EventBackendSpec::postgres_pool),
    ];
    let numbers = (1_u32..10_000, 1_000_000_u64..1 << 40, 2_u64..900_000);
    let times = (1_000_u64..1 << 40, 100_u64..3_600_000, 1_u64..600_000);
    (backend, option::of(pool()), numbers, times).prop_map(
        |(backend, node, (few, many, data), (age, interval, limit))| {
            let ms = Duration::from_millis;
            let mut spec = EventStoreSpec::default().backend(backend);
            spec.node = node;
            let events_max = match spec.backend {
                EventBackendSpec::Memory => 1_000_000,
                _ => 1_000_000_000,
            };
            spec.max_events(many.min(events_max))
                .max_age(ms(age))
                .bytes_max(many)
                .prune_interval(ms(interval))
                .data_max(data)
                .batch_max(few)
                .group_max(few)
                .queue_max(few)
                .queue_bytes_max(many)
                .query_limit(few)
                .query_limit_max(few)
                .query_bytes_max(many)
                .queries_max(few)
                .queries_waiting_max(few)
                .subscribers_max(few)
                .backlog_max(few)
                .backlog_bytes_max(many)
                .time_limit(ms(limit))
        },
    )
}
