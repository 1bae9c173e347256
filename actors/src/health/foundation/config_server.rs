//! How a config server fares.

use mainstay_supervisors::Namespace;

use super::super::checkable::HealthCheckable;
use super::super::result::{CheckResult, milliseconds};
use super::{Home, look};
use crate::ConfigServer;
use crate::config::NAME;

/// How the config server of a namespace fares: `config_server_self_check`, `registry_connectivity`, `configuration_validity`,
/// `subscriber_health`.
#[derive(Clone, Debug)]
pub struct ConfigServerHealthCheck(Home);

impl ConfigServerHealthCheck {
    /// The part that tells of subscribers.
    pub const SUBSCRIBERS: &'static str = "subscriber_health";

    /// Looks at the config server of this namespace, as it is each time. Keeps nothing up.
    #[must_use]
    pub fn new(namespace: &Namespace) -> Self {
        Self(Home::of(namespace))
    }

    fn server(&self) -> Option<ConfigServer> {
        self.0.find(NAME, ConfigServer::in_namespace)
    }

    fn registry(&self) -> CheckResult {
        const PART: &str = "registry_connectivity";
        look(PART, self.0.namespace(), |namespace| {
            // The config server itself is one of them.
            match namespace.stats().keys {
                0 => CheckResult::unhealthy(PART, "Registry unavailable"),
                services => {
                    CheckResult::healthy(PART, "Registry accessible").with("services", services)
                }
            }
        })
    }

    fn content(&self) -> CheckResult {
        const PART: &str = "configuration_validity";
        look(PART, self.server(), |server| {
            let result = match server.check_content() {
                Ok(()) => CheckResult::healthy(PART, "Configuration valid"),
                Err(error) => {
                    CheckResult::unhealthy(PART, format!("Configuration invalid: {error}"))
                }
            };
            result.with("version", server.snapshot().version())
        })
    }

    fn subscribers(&self) -> CheckResult {
        look(Self::SUBSCRIBERS, self.server(), |server| {
            let (lagging, furthest) = server.lag();
            let result = match lagging {
                0 => CheckResult::healthy(Self::SUBSCRIBERS, "Subscribers keep up"),
                _ => CheckResult::degraded(Self::SUBSCRIBERS, "Subscribers lose events"),
            };
            let count = server.status().subscribers_count;
            result
                .with("subscribers", count)
                .with("lagging", lagging)
                .with("events_waiting_max", furthest)
        })
    }
}

impl HealthCheckable for ConfigServerHealthCheck {
    async fn self_diagnostic(&self) -> CheckResult {
        const PART: &str = "config_server_self_check";
        look(PART, self.server(), |server| {
            let status = server.status();
            CheckResult::healthy(PART, "ConfigServer operational")
                .with("updates_count", status.updates_count)
                .with("subscribers_count", status.subscribers_count)
                .with("uptime_ms", status.uptime.map(milliseconds::number))
        })
    }

    async fn dependency_health_check(&self) -> Vec<CheckResult> {
        vec![self.registry(), self.content(), self.subscribers()]
    }
}
