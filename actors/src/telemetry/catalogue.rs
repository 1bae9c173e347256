//! The events of Mainstay's own services.

use super::descriptor::EventDescriptor;

/// A breaker has opened: calls are refused from now on.
pub const CIRCUIT_BREAKER_OPENED: EventDescriptor = breaker("foundation.circuit_breaker.opened");
/// A breaker lets some calls through, to see how they fare.
pub const CIRCUIT_BREAKER_HALF_OPENED: EventDescriptor =
    breaker("foundation.circuit_breaker.half_opened");
/// A breaker has closed: all calls are let through.
pub const CIRCUIT_BREAKER_CLOSED: EventDescriptor = breaker("foundation.circuit_breaker.closed");
/// A breaker does what it was told to: it refuses all calls (`to` is `forced_open`), or lets all through (`forced_closed`, `disabled`,
/// `metrics_only`). Each step of a breaker to another state is one event, of this kind or one of the three above.
pub const CIRCUIT_BREAKER_FORCED: EventDescriptor = breaker("foundation.circuit_breaker.forced");
/// A breaker goes by another configuration.
pub const CIRCUIT_BREAKER_RECONFIGURED: EventDescriptor = EventDescriptor::new(
    "foundation.circuit_breaker.reconfigured",
    &["version"],
    &["service", "key", "namespace", "sequence"],
);
/// So many probes of a half-open breaker told nothing, one after the other.
pub const CIRCUIT_BREAKER_PROBES_INCONCLUSIVE: EventDescriptor = EventDescriptor::new(
    "foundation.circuit_breaker.probes_inconclusive",
    &["probes"],
    &["service", "key", "namespace", "sequence"],
);

/// Memory was looked at, and there is enough.
pub const MEMORY_CHECK: EventDescriptor =
    EventDescriptor::new("foundation.memory.check", &["pressure"], &["level"]);
/// Memory was looked at, and is getting scarce.
pub const MEMORY_PRESSURE: EventDescriptor =
    EventDescriptor::new("foundation.memory.pressure", &["pressure"], &["level"]);

/// A call was refused by a rate limit.
pub const RATE_LIMIT_REJECTED: EventDescriptor = EventDescriptor::new(
    "foundation.rate_limit.rejected",
    &["count"],
    &["function", "retry_after"],
);

/// Calls were refused by a rate limiter. As of all events of limiters, there is one for each limiter (`policy`) and interval at most,
/// whatever happens: `count` says how often it has since the one before, and `total` over the life of the limiter.
pub const RATE_LIMITER_LIMITED: EventDescriptor = limiter("foundation.rate_limiter.limited");
/// Calls were let through that would have been refused, as the limiter only looks on.
pub const RATE_LIMITER_SHADOWED: EventDescriptor = limiter("foundation.rate_limiter.shadowed");
/// Calls of new keys found no room in a limiter: an attack, or `keys_max` is too low.
pub const RATE_LIMITER_FULL: EventDescriptor = limiter("foundation.rate_limiter.full");
/// Keys of a limiter were forgotten that were idle.
pub const RATE_LIMITER_EVICTED: EventDescriptor = limiter("foundation.rate_limiter.evicted");
/// A limiter goes by another configuration: `total` is how often that has changed.
pub const RATE_LIMITER_RECONFIGURED: EventDescriptor =
    limiter("foundation.rate_limiter.reconfigured");

/// Events were stored, in one transaction that has taken so long (`duration`, in nanoseconds). Alerts that are stored are left out.
pub const EVENT_STORE_STORED: EventDescriptor = EventDescriptor::new(
    "foundation.event_store.stored",
    &["count", "duration"],
    &["namespace", "backend"],
);
/// Events have gone from a store: they were too old (`reason` is `age`), there was no room (`room`), or somebody asked for it (`request`).
pub const EVENT_STORE_PRUNED: EventDescriptor = EventDescriptor::new(
    "foundation.event_store.pruned",
    &["count"],
    &["namespace", "backend", "reason"],
);
/// So many events were refused since this was told last, as too much was waiting to be stored.
pub const EVENT_STORE_REFUSED: EventDescriptor = EventDescriptor::new(
    "foundation.event_store.refused",
    &["count", "waiting"],
    &["namespace", "backend"],
);
/// Events were not stored, or are not known to be: the backend has failed. Alerts that were to be stored are left out.
pub const EVENT_STORE_FAILED: EventDescriptor = EventDescriptor::new(
    "foundation.event_store.failed",
    &["count"],
    &["namespace", "backend", "error"],
);

/// An alert has fired, or was resolved.
pub const PERFORMANCE_ALERT: EventDescriptor = EventDescriptor::new(
    mainstay_specs::ALERT_EVENT,
    &["count"],
    &["rule", "metric", "severity", "state", "value", "threshold"],
);

/// All of them.
pub const CATALOGUE: &[EventDescriptor] = &[
    CIRCUIT_BREAKER_OPENED,
    CIRCUIT_BREAKER_HALF_OPENED,
    CIRCUIT_BREAKER_CLOSED,
    CIRCUIT_BREAKER_FORCED,
    CIRCUIT_BREAKER_RECONFIGURED,
    CIRCUIT_BREAKER_PROBES_INCONCLUSIVE,
    MEMORY_CHECK,
    MEMORY_PRESSURE,
    RATE_LIMIT_REJECTED,
    RATE_LIMITER_LIMITED,
    RATE_LIMITER_SHADOWED,
    RATE_LIMITER_FULL,
    RATE_LIMITER_EVICTED,
    RATE_LIMITER_RECONFIGURED,
    EVENT_STORE_STORED,
    EVENT_STORE_PRUNED,
    EVENT_STORE_REFUSED,
    EVENT_STORE_FAILED,
    PERFORMANCE_ALERT,
];

/// A step of a breaker: what was counted since the step before, and who (`key` is empty for one that is of no family), which event of
/// it by number, from where to where, why in one word (`cause`) and as a sentence (`reason`).
const fn breaker(path: &'static str) -> EventDescriptor {
    EventDescriptor::new(
        path,
        &["failure_count", "success_count"],
        &[
            "service",
            "key",
            "namespace",
            "sequence",
            "from",
            "to",
            "cause",
            "reason",
        ],
    )
}

const fn limiter(path: &'static str) -> EventDescriptor {
    EventDescriptor::new(path, &["count", "total"], &["policy", "namespace"])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_event_is_listed_once() {
        let paths: BTreeSet<&str> = CATALOGUE.iter().map(|kind| kind.path).collect();
        assert_eq!(paths.len(), CATALOGUE.len());
        assert!(paths.iter().all(|path| path.starts_with("foundation.")));
    }
}
