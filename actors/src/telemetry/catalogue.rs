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

/// Memory was looked at: the share in use (`pressure`), of which source (`cause`).
pub const MEMORY_CHECK: EventDescriptor = EventDescriptor::new(
    "foundation.memory.check",
    &["pressure"],
    &["level", "cause", "simulated", "stale", "namespace"],
);
/// The level of memory pressure has changed, to whatever level: `level` is the new one, as is `to`; `cause` is the source with the highest
/// share.
pub const MEMORY_PRESSURE: EventDescriptor = EventDescriptor::new(
    "foundation.memory.pressure",
    &["pressure"],
    &["level", "from", "to", "cause", "simulated", "namespace"],
);

/// Something has come of the memory budget of a process: `kind` is `soft_exceeded`, `hard_exceeded`, `within`, `intake_refused`,
/// `would_refuse`, `cannot_refuse`, `intake_opened`, `restarting`, `would_restart`, `restarted`, `restart_failed` (why is in `error`) or
/// `not_measured`; `bytes` is what it held.
pub const MEMORY_BUDGET: EventDescriptor = EventDescriptor::new(
    "foundation.memory.budget",
    &["bytes", "limit"],
    &["service", "process", "kind", "error", "namespace"],
);

/// A round of cleanups has begun, as memory is scarce (`cause` is `pressure`) or somebody has asked (`request`), of one `service` or, if that is
/// empty, of all; `target` is how many bytes are to be freed, if that is known.
pub const MEMORY_CLEANUP_ROUND_BEGUN: EventDescriptor = EventDescriptor::new(
    "foundation.memory.cleanup_round_begun",
    &["target"],
    &["namespace", "round", "service", "cause", "priority"],
);
/// A cleanup strategy was run. `freed` is by how many bytes less of the heap is in use, if that is measured, `told` how many it says to have
/// freed; `duration` is in nanoseconds; `result` is `done`, `failed`, `panicked`, `timed_out` or `lost`.
pub const MEMORY_CLEANUP_RAN: EventDescriptor = EventDescriptor::new(
    "foundation.memory.cleanup_ran",
    &["freed", "told", "entries", "duration"],
    &["namespace", "round", "service", "class", "result", "error"],
);
/// A round of cleanups is over: `outcome` is `relieved`, `target_met`, `done` or `missed`, `class` the highest that was come to.
pub const MEMORY_CLEANUP_ROUND_ENDED: EventDescriptor = EventDescriptor::new(
    "foundation.memory.cleanup_round_ended",
    &["freed", "runs", "duration"],
    &["namespace", "round", "service", "cause", "outcome", "class"],
);
/// Operations were refused as memory is scarce: one event for each `class` and `reason` (`level`, `shed`, `no_room`) and second at most;
/// `count` says how often since the one before, and `total` in all.
pub const MEMORY_REFUSED: EventDescriptor = EventDescriptor::new(
    "foundation.memory.refused",
    &["count", "total"],
    &["namespace", "class", "reason"],
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
/// Calls of a limiter were decided without the server that has its counts: it is gone, slow, or refuses.
pub const RATE_LIMITER_UNDECIDED: EventDescriptor = limiter("foundation.rate_limiter.undecided");
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

/// Calls of a protected operation were refused by a guard: one event for each `operation`, `guard` and second at most. `count` says how many
/// were since the one before, and `total` over the life of the protection.
pub const PROTECTION_REFUSED: EventDescriptor = EventDescriptor::new(
    "foundation.protection.refused",
    &["count", "total"],
    &["operation", "guard", "namespace"],
);

/// A pool of connections was started. A restart of its processes is none.
pub const CONNECTION_POOL_STARTED: EventDescriptor = EventDescriptor::new(
    "foundation.connection_pool.pool_started",
    &["min_size", "max_size"],
    &["pool", "namespace"],
);
/// Connections were lent. As of all events of pools that have a `count`, there is one for each pool (`pool`) and interval at most,
/// whatever happens: `count` says how often it has since the one before, and `total` over the life of the pool. `waited` is how many of
/// them had to wait, `wait_ms` for how long in all.
pub const CONNECTION_POOL_CHECKOUT: EventDescriptor = EventDescriptor::new(
    "foundation.connection_pool.checkout",
    &["count", "total", "waited", "wait_ms"],
    &["pool", "namespace"],
);
/// Checkouts were not served in their time.
pub const CONNECTION_POOL_TIMEOUT: EventDescriptor = pool("foundation.connection_pool.timeout");
/// Checkouts were refused before their time was up: `reason` is `exhausted`, `queue_full`, `overloaded`, `self_deadlock` or
/// `unconnected`.
pub const CONNECTION_POOL_REFUSED: EventDescriptor = pool_why("foundation.connection_pool.refused");
/// Connections were opened.
pub const CONNECTION_POOL_CONNECTED: EventDescriptor = pool("foundation.connection_pool.connected");
/// Connections were closed: `reason` is `idle`, `age` (also of those that were replaced by newer ones), `broken` or `surplus`.
pub const CONNECTION_POOL_EVICTED: EventDescriptor = pool_why("foundation.connection_pool.evicted");
/// An attempt to connect has failed, as the last `failures` did.
pub const CONNECTION_POOL_CONNECT_FAILED: EventDescriptor = EventDescriptor::new(
    "foundation.connection_pool.connect_failed",
    &["failures"],
    &["pool", "namespace", "error"],
);
/// A process has ended, and the pool has taken back what it had borrowed (`leases`).
pub const CONNECTION_POOL_RECLAIMED: EventDescriptor = EventDescriptor::new(
    "foundation.connection_pool.reclaimed",
    &["leases"],
    &["pool", "namespace", "borrower", "taken_at"],
);
/// A lease lasts for long.
pub const CONNECTION_POOL_LEASE_WARNED: EventDescriptor =
    lease("foundation.connection_pool.lease_warned");
/// A lease has lasted for too long, and was taken away.
pub const CONNECTION_POOL_REVOKED: EventDescriptor = lease("foundation.connection_pool.revoked");
/// One who had leases waited for itself, or in a ring with others: `borrower` is who, if that is known, `taken_at` where it asked. Whether
/// it was refused is a matter of the configuration.
pub const CONNECTION_POOL_SELF_DEADLOCK: EventDescriptor = EventDescriptor::new(
    "foundation.connection_pool.self_deadlock",
    &["count"],
    &["pool", "namespace", "borrower", "taken_at"],
);
/// A lease was checked in that could not be taken back: `reason` is `revoked`, as it had been taken away before, or `foreign`, as it is one
/// of the pool that `of` names, where its connection went.
pub const CONNECTION_POOL_CHECKIN_REFUSED: EventDescriptor = EventDescriptor::new(
    "foundation.connection_pool.checkin_refused",
    &["count"],
    &["pool", "namespace", "reason", "of"],
);
/// A pool was found sick so many times in a row (`looks`) that a step is taken against it: `step` is `evict_idle`, `evict_all`, `recycle`
/// or `restart`.
pub const CONNECTION_POOL_SICK: EventDescriptor = EventDescriptor::new(
    "foundation.connection_pool.sick",
    &["looks"],
    &["pool", "namespace", "step", "reason"],
);
/// A pool was found well after steps were taken against it.
pub const CONNECTION_POOL_RECOVERED: EventDescriptor = EventDescriptor::new(
    "foundation.connection_pool.recovered",
    &["looks"],
    &["pool", "namespace"],
);
/// A pool makes no attempts to connect, as its circuit breaker is open.
pub const CONNECTION_POOL_BARRED: EventDescriptor = EventDescriptor::new(
    "foundation.connection_pool.barred",
    &["count"],
    &["pool", "namespace", "breaker"],
);
/// A pool makes attempts to connect again, as its circuit breaker lets it.
pub const CONNECTION_POOL_UNBARRED: EventDescriptor = EventDescriptor::new(
    "foundation.connection_pool.unbarred",
    &["count"],
    &["pool", "namespace", "breaker"],
);
/// A pool goes by another configuration.
pub const CONNECTION_POOL_RECONFIGURED: EventDescriptor = EventDescriptor::new(
    "foundation.connection_pool.reconfigured",
    &["min_size", "max_size"],
    &["pool", "namespace"],
);
/// A pool connects with other options from now on, and replaces its connections.
pub const CONNECTION_POOL_ROTATED: EventDescriptor = EventDescriptor::new(
    "foundation.connection_pool.rotated",
    &["connections"],
    &["pool", "namespace"],
);
/// A pool is closed, and so are all its connections; `revoked` leases had to be taken away for it.
pub const CONNECTION_POOL_DRAINED: EventDescriptor = EventDescriptor::new(
    "foundation.connection_pool.drained",
    &["revoked"],
    &["pool", "namespace"],
);

/// A namespace as a whole fares otherwise than before: `from` and `to` are `healthy`, `degraded`, `unknown` or `unhealthy`, `message` says
/// why in words.
pub const HEALTH_CHANGED: EventDescriptor = EventDescriptor::new(
    "foundation.health.changed",
    &["healthy_services", "total_services"],
    &["namespace", "from", "to", "message"],
);
/// A service fares otherwise than before, as its health check has found.
pub const HEALTH_SERVICE_CHANGED: EventDescriptor = EventDescriptor::new(
    "foundation.health.service_changed",
    &["consecutive_failures"],
    &["namespace", "service", "from", "to", "message"],
);

/// An alert has fired, or was resolved.
pub const PERFORMANCE_ALERT: EventDescriptor = EventDescriptor::new(
    mainstay_specs::ALERT_EVENT,
    &["count"],
    &["rule", "metric", "severity", "state", "value", "threshold"],
);

/// A namespace was to go by another spec: `result` is `done`, so many `changes` were made; `failed`, so many were not, or not all of them; or
/// `refused`, nothing was changed, as so many faults were found in the spec, or so many changes take a new node. `error` says why, and is empty
/// for `done`. Of what is done and fails there is one event for each step; of what is refused one in each namespace of the node.
pub const SPEC_RELOADED: EventDescriptor = EventDescriptor::new(
    "foundation.spec.reloaded",
    &["changes"],
    &["namespace", "result", "error"],
);

/// All of them.
pub const CATALOGUE: &[EventDescriptor] = &[
    CIRCUIT_BREAKER_OPENED,
    CIRCUIT_BREAKER_HALF_OPENED,
    CIRCUIT_BREAKER_CLOSED,
    CIRCUIT_BREAKER_FORCED,
    CIRCUIT_BREAKER_RECONFIGURED,
    CIRCUIT_BREAKER_PROBES_INCONCLUSIVE,
    MEMORY_BUDGET,
    MEMORY_CHECK,
    MEMORY_PRESSURE,
    MEMORY_CLEANUP_ROUND_BEGUN,
    MEMORY_CLEANUP_RAN,
    MEMORY_CLEANUP_ROUND_ENDED,
    MEMORY_REFUSED,
    RATE_LIMITER_LIMITED,
    RATE_LIMITER_SHADOWED,
    RATE_LIMITER_FULL,
    RATE_LIMITER_EVICTED,
    RATE_LIMITER_UNDECIDED,
    RATE_LIMITER_RECONFIGURED,
    EVENT_STORE_STORED,
    EVENT_STORE_PRUNED,
    EVENT_STORE_REFUSED,
    EVENT_STORE_FAILED,
    PROTECTION_REFUSED,
    CONNECTION_POOL_STARTED,
    CONNECTION_POOL_CHECKOUT,
    CONNECTION_POOL_TIMEOUT,
    CONNECTION_POOL_REFUSED,
    CONNECTION_POOL_CONNECTED,
    CONNECTION_POOL_EVICTED,
    CONNECTION_POOL_CONNECT_FAILED,
    CONNECTION_POOL_RECLAIMED,
    CONNECTION_POOL_LEASE_WARNED,
    CONNECTION_POOL_REVOKED,
    CONNECTION_POOL_SELF_DEADLOCK,
    CONNECTION_POOL_CHECKIN_REFUSED,
    CONNECTION_POOL_SICK,
    CONNECTION_POOL_RECOVERED,
    CONNECTION_POOL_BARRED,
    CONNECTION_POOL_UNBARRED,
    CONNECTION_POOL_RECONFIGURED,
    CONNECTION_POOL_ROTATED,
    CONNECTION_POOL_DRAINED,
    HEALTH_CHANGED,
    HEALTH_SERVICE_CHANGED,
    PERFORMANCE_ALERT,
    SPEC_RELOADED,
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

const fn pool(path: &'static str) -> EventDescriptor {
    EventDescriptor::new(path, &["count", "total"], &["pool", "namespace"])
}

const fn pool_why(path: &'static str) -> EventDescriptor {
    EventDescriptor::new(path, &["count", "total"], &["pool", "namespace", "reason"])
}

/// How long it has lasted, who has it (empty if that is no process), and where in the code it was taken.
const fn lease(path: &'static str) -> EventDescriptor {
    EventDescriptor::new(
        path,
        &["held_ms"],
        &["pool", "namespace", "borrower", "taken_at"],
    )
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
