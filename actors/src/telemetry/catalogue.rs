//! The events of Mainstay's own services.

use super::descriptor::EventDescriptor;

/// A breaker has opened: calls are refused from now on.
pub const CIRCUIT_BREAKER_OPENED: EventDescriptor = breaker("foundation.circuit_breaker.opened");
/// A breaker lets some calls through, to see how they fare.
pub const CIRCUIT_BREAKER_HALF_OPENED: EventDescriptor =
    breaker("foundation.circuit_breaker.half_opened");
/// A breaker has closed: all calls are let through.
pub const CIRCUIT_BREAKER_CLOSED: EventDescriptor = breaker("foundation.circuit_breaker.closed");

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
    MEMORY_CHECK,
    MEMORY_PRESSURE,
    RATE_LIMIT_REJECTED,
    PERFORMANCE_ALERT,
];

const fn breaker(path: &'static str) -> EventDescriptor {
    EventDescriptor::new(
        path,
        &["failure_count", "success_count"],
        &["service", "namespace"],
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
