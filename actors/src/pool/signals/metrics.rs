//! The counters and gauges of pools.

use mainstay_specs::ServiceName;

use crate::MetricsStore;
use crate::metrics::Unit;
use crate::pool::core::Situation;

/// How many connections there are of each sort, and how many wait.
pub(super) fn levels<B>(store: &MetricsStore, pool: &ServiceName, situation: &Situation<B>) {
    for (name, level) in [
        ("foundation.connection_pool.idle", situation.idle),
        ("foundation.connection_pool.leased", situation.leased),
        (
            "foundation.connection_pool.connecting",
            situation.connecting,
        ),
        ("foundation.connection_pool.waiting", situation.waiting),
    ] {
        match store.gauge(name, Unit::Count, [("pool", pool.as_str())]) {
            Ok(gauge) => gauge.set(f64::from(level)),
            Err(error) => tracing::warn!(%pool, %error, "a connection pool is not measured"),
        }
    }
}

pub(super) fn add(
    store: &MetricsStore,
    name: &'static str,
    pool: &ServiceName,
    reason: Option<&'static str>,
    count: u64,
) {
    let pool = pool.as_str();
    let counter = match reason {
        Some(reason) => store.counter(name, [("pool", pool), ("reason", reason)]),
        None => store.counter(name, [("pool", pool)]),
    };
    match counter {
        Ok(counter) => counter.increment(count),
        Err(error) => tracing::warn!(pool, %error, "a connection pool is not measured"),
    }
}
