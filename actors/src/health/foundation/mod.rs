//! Checks of the services of a namespace. They read what the services count, and send no message.
//!
//! | file | holds | down if | degraded if |
//! |---|---|---|---|
//! | `mod.rs` | [`discover`] | | |
//! | `patient.rs` | [`Patient`]: what is just being restarted is waited for, for 20 ms | | |
//! | `config_server.rs` | [`ConfigServerHealthCheck`] | the keeper is down, or the content breaks a rule | a subscriber loses events |
//! | `event_store.rs` | [`EventStoreHealthCheck`] | the keeper is down, or the backend does not answer, or nothing is stored | much waits |
//! | `telemetry.rs` | [`TelemetryHealthCheck`] | | the keeper is down, a handler has panicked or is too slow |
//! | `breakers.rs` | [`CircuitBreakersHealthCheck`] | | the keeper is down, a breaker is open |
//! | `limiters.rs` | [`RateLimitersHealthCheck`] | | the keeper is down, the server of one is |
//! | `memory.rs` | [`MemoryManagerHealthCheck`] | pressure is critical | the keeper is down, pressure is high, nothing is measured |
//! | `pools.rs` | [`ConnectionPoolsHealthCheck`] | they are not looked after, or one cannot connect | one is exhausted |

mod breakers;
mod config_server;
mod event_store;
mod limiters;
mod memory;
mod patient;
mod pools;
mod telemetry;

pub use breakers::CircuitBreakersHealthCheck;
pub use config_server::ConfigServerHealthCheck;
pub use event_store::EventStoreHealthCheck;
pub use limiters::RateLimitersHealthCheck;
pub use memory::MemoryManagerHealthCheck;
pub use pools::ConnectionPoolsHealthCheck;
pub use telemetry::TelemetryHealthCheck;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{HealthCheckConfig, Importance, ServiceName};
use mainstay_supervisors::{Namespace, WeakNamespace};
use tokio::time::Instant;

use patient::Patient;

use super::book::Found;
use super::checkable::{AnyCheck, HealthCheckable};
use super::result::CheckResult;
use crate::{
    breaker, config, event_store as store, limiter, memory as manager, pool,
    telemetry as telemetries,
};

/// Those of the services that there are, or were: one that is just being restarted is looked at as well, and found to be down. `defaults`
/// says how they are run.
pub(crate) fn discover(
    namespace: &Namespace,
    defaults: &HealthCheckConfig,
    seen: &mut BTreeSet<&'static str>,
) -> Vec<Found> {
    ALL.iter()
        .filter(|service| {
            if namespace.whereis(service.name).is_some() {
                seen.insert(service.name);
            }
            seen.contains(service.name)
        })
        .map(|service| Found {
            name: service.name(),
            check: (service.check)(namespace, service.name()),
            config: service.config(defaults),
        })
        .collect()
}

struct Service {
    name: &'static str,
    importance: Importance,
    check: fn(&Namespace, ServiceName) -> AnyCheck,
}

impl Service {
    fn name(&self) -> ServiceName {
        // A name is not empty, short, and without `/` and white space: those are.
        ServiceName::new(self.name).expect("a name")
    }

    fn config(&self, defaults: &HealthCheckConfig) -> HealthCheckConfig {
        let config = defaults.clone().importance(self.importance);
        // Pressure comes within a second or so, and its check reads what is there.
        let interval = match self.name {
            manager::NAME => defaults.interval.min(Duration::from_secs(1)),
            _ => defaults.interval,
        };
        config.interval(interval)
    }
}

fn patient(namespace: &Namespace, name: ServiceName, check: impl HealthCheckable) -> AnyCheck {
    Arc::new(Patient::new(namespace, name, check))
}

const ALL: [Service; 7] = [
    Service {
        name: config::NAME,
        importance: Importance::Required,
        check: |namespace, name| patient(namespace, name, ConfigServerHealthCheck::new(namespace)),
    },
    Service {
        name: store::NAME,
        importance: Importance::Required,
        check: |namespace, name| patient(namespace, name, EventStoreHealthCheck::new(namespace)),
    },
    Service {
        name: telemetries::NAME,
        importance: Importance::Important,
        check: |namespace, name| patient(namespace, name, TelemetryHealthCheck::new(namespace)),
    },
    Service {
        name: breaker::NAME,
        importance: Importance::Required,
        check: |namespace, name| {
            patient(namespace, name, CircuitBreakersHealthCheck::new(namespace))
        },
    },
    Service {
        name: limiter::NAME,
        importance: Importance::Important,
        check: |namespace, name| patient(namespace, name, RateLimitersHealthCheck::new(namespace)),
    },
    Service {
        name: manager::NAME,
        importance: Importance::Important,
        check: |namespace, name| patient(namespace, name, MemoryManagerHealthCheck::new(namespace)),
    },
    Service {
        name: pool::NAME,
        importance: Importance::Required,
        check: |namespace, name| {
            patient(namespace, name, ConnectionPoolsHealthCheck::new(namespace))
        },
    },
];

/// Where a service is looked for each time: it may be another one by then. Keeps nothing up.
#[derive(Clone, Debug)]
struct Home(WeakNamespace);

impl Home {
    fn of(namespace: &Namespace) -> Self {
        Self(namespace.downgrade())
    }

    /// The namespace, if it runs.
    fn namespace(&self) -> Option<Namespace> {
        self.0.upgrade().filter(|namespace| !namespace.has_ended())
    }

    /// What is found in the namespace, if it is there and whoever keeps it runs.
    fn find<T>(&self, name: &str, find: impl FnOnce(&Namespace) -> Option<T>) -> Option<T> {
        let namespace = self.namespace()?;
        namespace.whereis(name)?;
        find(&namespace)
    }
}

/// The result of a look, with the time it took. Where there is nothing to look at, the service is not there.
fn look<T>(
    name: &'static str,
    found: Option<T>,
    look: impl FnOnce(T) -> CheckResult,
) -> CheckResult {
    let begun = Instant::now();
    let result = match found {
        Some(found) => look(found),
        None => unavailable(name),
    };
    result.timed(begun.elapsed())
}

fn unavailable(name: impl Into<Cow<'static, str>>) -> CheckResult {
    CheckResult::unhealthy(name, UNAVAILABLE)
}

/// As the seed has it.
const UNAVAILABLE: &str = "Service unavailable";
