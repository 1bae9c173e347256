//! Health as JSON.

use std::time::SystemTime;

use mainstay_supervisors::Namespace;
use serde_json::{Map, Value, json};

use super::error::HealthError;
use super::handle::HealthAggregator;
use super::result::{CheckResult, milliseconds};
use super::snapshot::{ServiceHealth, SystemHealth};

/// How much is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Detail {
    /// For everybody: how the whole and each service fares. No words, as they may tell of what is inside, no figures, no names of what
    /// one depends on.
    #[default]
    Public,
    /// For operators: everything.
    Full,
}

/// Health as JSON, with the keys `status`, `timestamp`, `services` and `overall_score`.
///
/// ```
/// use mainstay_actors::health::{CheckResult, HealthAggregator, HealthEndpoint, check_fn};
/// use mainstay_specs::{HealthAggregatorSpec, NamespaceName, ServiceName};
/// use mainstay_supervisors::{NamespacePlan, Runtime};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let plan = NamespacePlan::new().service(HealthAggregator::child(HealthAggregatorSpec::default()));
/// let runtime = Runtime::new();
/// let production = runtime.start_namespace(NamespaceName::new("production")?, plan).await?;
/// let check = check_fn(|| async { CheckResult::healthy("queue", "it is short") });
/// HealthAggregator::of(&production).register(ServiceName::new("queue")?, check, None)?;
///
/// let json = HealthEndpoint::health_check_json(&production).await;
/// assert_eq!((&json["status"], &json["services"]["queue"]["status"]), (&"healthy".into(), &"healthy".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs)]
pub struct HealthEndpoint;

impl HealthEndpoint {
    /// How a namespace fares now, in full: a [sweep](HealthAggregator::system_health), as JSON. Where that is not to be had, `status` is
    /// `error`, `message` says why, and `timestamp` when.
    ///
    /// Cancel safety: it may be dropped at will.
    pub async fn health_check_json(namespace: &Namespace) -> Value {
        match HealthAggregator::system_health(namespace).await {
            Ok(health) => Self::render(&health, Detail::Full),
            Err(error) => Self::render_error(&error),
        }
    }

    /// A picture as JSON.
    #[must_use]
    pub fn render(health: &SystemHealth, detail: Detail) -> Value {
        let services = health.services.iter();
        let services = services.map(|service| {
            let name = service.name.as_str().to_owned();
            (name, Self::render_service(service, detail))
        });
        Self::render_with(health, detail, services.collect(), usize::MAX)
    }

    /// A picture as JSON, with no more services than about `bytes_max` bytes hold as text: the worst first. `services_left_out` says how many
    /// are left out, if any are; of causes at most 64 are told, each with 64 of those it impairs.
    #[must_use]
    pub fn render_within(health: &SystemHealth, detail: Detail, bytes_max: usize) -> Value {
        let mut services: Vec<_> = health.services.iter().collect();
        // By name among those that fare alike, as they are.
        services.sort_by_key(|service| std::cmp::Reverse(service.status));
        let (mut told, mut room) = (Map::new(), bytes_max);
        for service in &services {
            let json = Self::render_service(service, detail);
            let size = json.to_string().len() + service.name.as_str().len();
            let Some(left) = room.checked_sub(size) else {
                break;
            };
            room = left;
            told.insert(service.name.as_str().to_owned(), json);
        }
        let left_out = services.len() - told.len();
        let mut json = Self::render_with(health, detail, told, CAUSES_MAX);
        if left_out > 0 {
            json["services_left_out"] = json!(left_out);
        }
        json
    }

    fn render_with(
        health: &SystemHealth,
        detail: Detail,
        services: Map<String, Value>,
        causes_max: usize,
    ) -> Value {
        let mut json = json!({
            "status": health.status,
            "timestamp": rfc3339(health.timestamp),
            "overall_score": health.overall_score,
            "healthy_services": health.healthy_services,
            "total_services": health.total_services,
        });
        json["services"] = Value::Object(services);
        if detail == Detail::Full {
            json["namespace"] = json!(health.namespace);
            json["ready"] = json!(health.ready);
            let causes = health.causes.iter().take(causes_max);
            let causes = causes.map(|cause| {
                let impairs: Vec<_> = cause.impairs.iter().take(causes_max).collect();
                json!({"name": cause.name, "status": cause.status, "impairs": impairs})
            });
            json["causes"] = causes.collect();
            json["sequence"] = json!(health.sequence);
        }
        json
    }

    /// One service as JSON.
    #[must_use]
    pub fn render_service(service: &ServiceHealth, detail: Detail) -> Value {
        let mut json = json!({
            "status": service.status,
            "importance": service.importance,
            "since": rfc3339(service.since),
            "timestamp": service.timestamp.map(rfc3339),
        });
        if detail == Detail::Public {
            return json;
        }
        let all = [
            ("message", json!(service.message)),
            ("checks", service.checks.iter().map(render_check).collect()),
            ("checks_left_out", json!(service.checks_left_out)),
            ("overall_score", json!(service.overall_score)),
            ("duration_ms", json!(milliseconds::number(service.duration))),
            ("kind", json!(service.kind)),
            ("weight", json!(service.weight)),
            ("tags", json!(service.tags)),
            ("pending", json!(service.pending)),
            ("last_success", json!(service.last_success.map(rfc3339))),
            ("consecutive_failures", json!(service.consecutive_failures)),
            ("running_since", json!(service.running_since.map(rfc3339))),
            ("depends_on", json!(service.depends_on)),
            ("depends_on_unknown", json!(service.depends_on_unknown)),
            ("impaired_by", json!(service.impaired_by)),
            ("cause_chain", json!(service.cause_chain)),
            ("simulated", json!(service.simulated)),
        ];
        for (key, value) in all {
            json[key] = value;
        }
        json
    }

    /// What is told where there is no picture.
    #[must_use]
    pub fn render_error(error: &HealthError) -> Value {
        json!({
            "status": "error",
            "message": format!("Health check failed: {error}"),
            "timestamp": rfc3339(SystemTime::now()),
        })
    }
}

/// As many causes are told where there is a limit, and as many of those that each impairs.
const CAUSES_MAX: usize = 64;

fn render_check(check: &CheckResult) -> Value {
    json!({
        "name": check.name,
        "status": check.status,
        "message": check.message,
        "metadata": check.metadata,
        "duration_ms": milliseconds::number(check.duration),
    })
}

fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}
