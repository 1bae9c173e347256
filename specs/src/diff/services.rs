//! The services of a namespace.
//!
//! In place goes what the handle of a service takes at run time. All else is settled when the service is made, and its state belongs to
//! the namespace, so that it takes a new one.

use std::hash::Hash;

use super::change::{ChangeEffect, ServicePart, SpecPart};
use super::compare::{Course, Walk, compare, sequence};
use crate::path::At;
use crate::{
    AlertRule, AlertsSpec, CircuitBreakersSpec, CircuitFamily, ConfigServerSpec,
    ConnectionPoolsSpec, EventStoreSpec, EventsSpec, HealthAggregatorSpec, MemoryManagerSpec,
    MetricsSpec, NamedCircuit, NamedLimiter, NamedPool, NamedProtection, NamespaceName,
    ProtectionsSpec, RateLimitersSpec, ServicesSpec, TelemetrySpec,
};

/// What a change of a service takes.
struct Of {
    here: Course,
    process: String,
}

impl Of {
    fn new(namespace: &NamespaceName, service: ServicePart) -> Self {
        let part = SpecPart::Service {
            namespace: namespace.clone(),
            service,
        };
        Self {
            here: Course::in_place(part),
            process: format!("{namespace}/{}", service.name()),
        }
    }

    fn anew(&self, why: &'static str) -> Course {
        Course::restart(self.here.part.clone(), self.process.clone(), why)
    }

    /// A service that is there in both, or in one of them.
    fn both<T>(
        &self,
        (old, new): (&Option<T>, &Option<T>),
        at: &At<'_>,
        walk: &mut Walk,
        inner: fn(&Self, &T, &T, &At<'_>, &mut Walk),
    ) {
        let Course { part, effect } = self.anew("what comes after it looks for it when it starts");
        match (old, new) {
            (None, None) => {}
            (Some(old), Some(new)) => inner(self, old, new, at, walk),
            (Some(_), None) => walk.removed(at, part, effect),
            (None, Some(_)) => walk.added(at, part, effect),
        }
    }

    /// A list of things with names, which come, go and change in place.
    fn list<T: PartialEq, N: Eq + Hash>(
        &self,
        (old, new): (&[T], &[T]),
        at: &At<'_>,
        walk: &mut Walk,
        name: impl Fn(&T) -> N,
        inner: impl Fn(&T, &T, &At<'_>, &mut Walk),
    ) {
        let part = || self.here.part.clone();
        let pairs = sequence(old, new, name);
        for (nth, _) in pairs.gone {
            walk.removed(&At::Index(at, nth), part(), ChangeEffect::InPlace);
        }
        for (nth, before, after) in pairs.kept {
            inner(before, after, &At::Index(at, nth), walk);
        }
        for (nth, _) in pairs.come {
            walk.added(&At::Index(at, nth), part(), ChangeEffect::InPlace);
        }
        if pairs.moved {
            walk.changed(at, &self.here);
        }
    }
}

pub(super) fn services(
    namespace: &NamespaceName,
    old: &ServicesSpec,
    new: &ServicesSpec,
    at: &At<'_>,
    walk: &mut Walk,
) {
    macro_rules! each {
        ($($field:ident: $part:ident => $function:ident),* $(,)?) => {
            let ServicesSpec { $($field: _),* } = old;
            $(Of::new(namespace, ServicePart::$part).both(
                (&old.$field, &new.$field),
                &At::Field(at, stringify!($field)),
                walk,
                $function,
            );)*
        };
    }
    // In the order in which they may use each other: a pool that goes through a breaker finds it.
    each! {
        telemetry: Telemetry => telemetry,
        config_server: ConfigServer => config_server,
        memory_manager: MemoryManager => memory_manager,
        circuit_breakers: CircuitBreakers => circuit_breakers,
        rate_limiters: RateLimiters => rate_limiters,
        connection_pools: ConnectionPools => connection_pools,
        event_store: EventStore => event_store,
        protections: Protections => protections,
        health_aggregator: HealthAggregator => health_aggregator,
    }
}

fn telemetry(of: &Of, old: &TelemetrySpec, new: &TelemetrySpec, at: &At<'_>, walk: &mut Walk) {
    compare!(TelemetrySpec { old, new, at, walk } fields {
        processes => of.anew("a process is measured from its start on, or not at all"),
        breaker => of.here,
    } apart {
        metrics => |old: &MetricsSpec, new: &MetricsSpec, at: &At<'_>, walk: &mut Walk| metrics(of, old, new, at, walk),
        events => |old: &EventsSpec, new: &EventsSpec, at: &At<'_>, walk: &mut Walk| events(of, old, new, at, walk),
        alerts => |old: &AlertsSpec, new: &AlertsSpec, at: &At<'_>, walk: &mut Walk| alerts(of, old, new, at, walk),
    });
}

fn metrics(of: &Of, old: &MetricsSpec, new: &MetricsSpec, at: &At<'_>, walk: &mut Walk) {
    compare!(MetricsSpec { old, new, at, walk } fields {
        series_max => of.here,
        bytes_max => of.here,
        expire_after => of.here,
    } apart {});
}

fn events(of: &Of, old: &EventsSpec, new: &EventsSpec, at: &At<'_>, walk: &mut Walk) {
    compare!(EventsSpec { old, new, at, walk } fields {
        handlers_max => of.here,
        subscribers_max => of.here,
        backlog_max => of.here,
        queue_max => of.here,
        emitters_max => of.here,
        backoff => of.here,
        drain_max => of.here,
    } apart {});
}

fn alerts(of: &Of, old: &AlertsSpec, new: &AlertsSpec, at: &At<'_>, walk: &mut Walk) {
    compare!(AlertsSpec { old, new, at, walk } fields {
        every => of.here,
        rules_max => of.here,
        watches_max => of.here,
        history_max => of.here,
        subscribers_max => of.here,
    } apart {
        rules => |old: &Vec<AlertRule>, new: &Vec<AlertRule>, at: &At<'_>, walk: &mut Walk| {
            let inner = |old: &AlertRule, new: &AlertRule, at: &At<'_>, walk: &mut Walk| walk.differ(old, new, at, &of.here);
            of.list((old, new), at, walk, |rule| rule.name.clone(), inner);
        },
    });
}

fn config_server(
    of: &Of,
    old: &ConfigServerSpec,
    new: &ConfigServerSpec,
    at: &At<'_>,
    walk: &mut Walk,
) {
    compare!(ConfigServerSpec { old, new, at, walk } fields {
        initial => of.here,
        file => of.here,
        subscribers_max => of.here,
        bytes_max => of.here,
        depth_max => of.here,
        cache_max => of.here,
        update_limit => of.here,
        breaker => of.here,
    } apart {});
}

fn event_store(of: &Of, old: &EventStoreSpec, new: &EventStoreSpec, at: &At<'_>, walk: &mut Walk) {
    let anew = of.anew("its keeper goes by what it started with");
    compare!(EventStoreSpec { old, new, at, walk } fields {
        backend => anew,
        node => anew,
        max_events => anew,
        max_age => anew,
        bytes_max => anew,
        prune_interval => anew,
        data_max => anew,
        batch_max => anew,
        group_max => anew,
        queue_max => anew,
        queue_bytes_max => anew,
        query_limit => anew,
        query_limit_max => anew,
        query_bytes_max => anew,
        queries_max => anew,
        queries_waiting_max => anew,
        subscribers_max => anew,
        backlog_max => anew,
        backlog_bytes_max => anew,
        time_limit => anew,
        breaker => anew,
    } apart {});
}

fn memory_manager(
    of: &Of,
    old: &MemoryManagerSpec,
    new: &MemoryManagerSpec,
    at: &At<'_>,
    walk: &mut Walk,
) {
    compare!(MemoryManagerSpec { old, new, at, walk } fields {
        check_interval => of.here,
        adaptive => of.here,
        warning_threshold => of.here,
        high_threshold => of.here,
        critical_threshold => of.here,
        hysteresis => of.here,
        dwell => of.here,
        samples => of.here,
        sustained => of.here,
        headroom => of.here,
        budget => of.here,
        heap_budget => of.here,
        psi => of.here,
        stale_after => of.here,
        sources_max => of.here,
        subscribers_max => of.here,
        events_backlog => of.here,
        pressure_relief_enabled => of.here,
        simulation => of.here,
        cleanup => of.here,
        admission => of.here,
        budgets => of.here,
    } apart {});
}

fn circuit_breakers(
    of: &Of,
    old: &CircuitBreakersSpec,
    new: &CircuitBreakersSpec,
    at: &At<'_>,
    walk: &mut Walk,
) {
    compare!(CircuitBreakersSpec { old, new, at, walk } fields {
        breakers_max => of.here,
        keys_max => of.here,
        events_backlog => of.here,
        default => of.here,
    } apart {
        breakers => |old: &Vec<NamedCircuit>, new: &Vec<NamedCircuit>, at: &At<'_>, walk: &mut Walk| {
            let inner = |old: &NamedCircuit, new: &NamedCircuit, at: &At<'_>, walk: &mut Walk| {
                compare!(NamedCircuit { old, new, at, walk } fields {
                    name => of.here,
                    config => of.here,
                    follows => of.here,
                } apart {});
            };
            of.list((old, new), at, walk, |one| one.name.clone(), inner);
        },
        families => |old: &Vec<CircuitFamily>, new: &Vec<CircuitFamily>, at: &At<'_>, walk: &mut Walk| {
            let inner = |old: &CircuitFamily, new: &CircuitFamily, at: &At<'_>, walk: &mut Walk| {
                compare!(CircuitFamily { old, new, at, walk } fields {
                    name => of.here,
                    config => of.here,
                } apart {});
            };
            of.list((old, new), at, walk, |one| one.name.clone(), inner);
        },
    });
}

fn rate_limiters(
    of: &Of,
    old: &RateLimitersSpec,
    new: &RateLimitersSpec,
    at: &At<'_>,
    walk: &mut Walk,
) {
    compare!(RateLimitersSpec { old, new, at, walk } fields {
        limiters_max => of.here,
        sweep_every => of.here,
        report_every => of.here,
    } apart {
        limiters => |old: &Vec<NamedLimiter>, new: &Vec<NamedLimiter>, at: &At<'_>, walk: &mut Walk| {
            let inner = |old: &NamedLimiter, new: &NamedLimiter, at: &At<'_>, walk: &mut Walk| {
                compare!(NamedLimiter { old, new, at, walk } fields {
                    name => of.here,
                    config => of.here,
                } apart {});
            };
            of.list((old, new), at, walk, |one| one.name.clone(), inner);
        },
    });
}

fn connection_pools(
    of: &Of,
    old: &ConnectionPoolsSpec,
    new: &ConnectionPoolsSpec,
    at: &At<'_>,
    walk: &mut Walk,
) {
    compare!(ConnectionPoolsSpec { old, new, at, walk } fields {
        pools_max => of.here,
        report_every => of.here,
    } apart {
        pools => |old: &Vec<NamedPool>, new: &Vec<NamedPool>, at: &At<'_>, walk: &mut Walk| {
            let inner = |old: &NamedPool, new: &NamedPool, at: &At<'_>, walk: &mut Walk| {
                compare!(NamedPool { old, new, at, walk } fields {
                    name => of.here,
                    source => of.anew("what comes after it may hold its connections"),
                    config => of.here,
                } apart {});
            };
            of.list((old, new), at, walk, |one| one.name.clone(), inner);
        },
    });
}

fn protections(
    of: &Of,
    old: &ProtectionsSpec,
    new: &ProtectionsSpec,
    at: &At<'_>,
    walk: &mut Walk,
) {
    compare!(ProtectionsSpec { old, new, at, walk } fields {
        operations_max => of.here,
    } apart {
        operations => |old: &Vec<NamedProtection>, new: &Vec<NamedProtection>, at: &At<'_>, walk: &mut Walk| {
            let inner = |old: &NamedProtection, new: &NamedProtection, at: &At<'_>, walk: &mut Walk| {
                compare!(NamedProtection { old, new, at, walk } fields {
                    name => of.here,
                    config => of.here,
                } apart {});
            };
            of.list((old, new), at, walk, |one| one.name.clone(), inner);
        },
    });
}

fn health_aggregator(
    of: &Of,
    old: &HealthAggregatorSpec,
    new: &HealthAggregatorSpec,
    at: &At<'_>,
    walk: &mut Walk,
) {
    compare!(HealthAggregatorSpec { old, new, at, walk } fields {
        checks => of.here,
        groups => of.here,
        defaults => of.here,
        foundation => of.here,
        tree => of.anew("messages are counted from the start of a process on, or not at all"),
        tree_limits => of.here,
        sweep_deadline => of.here,
        stale_after => of.here,
        thresholds => of.here,
        checks_max => of.here,
        parts_max => of.here,
        text_max => of.here,
        history_max => of.here,
        subscribers_max => of.here,
        backlog_max => of.here,
    } apart {});
}
