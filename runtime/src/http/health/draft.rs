//! Health as `application/health+json`: what the draft "Health Check Response Format for HTTP APIs" of the IETF describes (revision 06).
//!
//! Its three statuses are too few for ours, so `state` says beside each what it is called here:
//!
//! | here | `status` |
//! |---|---|
//! | healthy | `pass` |
//! | degraded | `warn` |
//! | unknown, unhealthy | `fail` |

use std::time::Duration;

use mainstay_actors::health::{CheckResult, HealthStatus, ServiceHealth};
use serde_json::{Map, Value, json};

use super::level::Level;
use super::view::{View, Views, rfc3339};

/// The whole of what was asked for.
pub(super) fn whole(views: &Views, level: Level) -> Value {
    let status = views.status();
    let mut json = json!({
        "status": word(status),
        "state": status,
        "description": description(views, level),
        "version": env!("CARGO_PKG_VERSION"),
    });
    if level == Level::Status {
        // What runs here is nobody's business who may not know more.
        return json!({"status": word(status), "state": status});
    }
    let (checks, left_out) = checks(views, level);
    json["checks"] = Value::Object(checks);
    if left_out > 0 {
        json["checksLeftOut"] = json!(left_out);
    }
    if level == Level::Full {
        let notes: Vec<String> = views.all().iter().flat_map(notes).take(NOTES_MAX).collect();
        if !notes.is_empty() {
            json["notes"] = json!(notes);
        }
        let one = views.all().len() == 1;
        if let Some(view) = views.all().first().filter(|_| one) {
            json["serviceId"] = json!(view.namespace);
        }
    }
    json
}

/// One service alone.
pub(super) fn service(service: &ServiceHealth, status: HealthStatus, level: Level) -> Value {
    let mut json = json!({
        "status": word(status),
        "state": status,
        "description": format!("health of {}", service.name),
        "serviceId": service.name,
    });
    if level == Level::Full {
        if status != HealthStatus::Healthy {
            json["output"] = json!(service.message);
        }
        let mut checks = Map::new();
        parts(&mut checks, service.name.as_str(), service);
        json["checks"] = Value::Object(checks);
    }
    json
}

fn description(views: &Views, level: Level) -> String {
    match views.all() {
        [view] if level > Level::Status => format!("health of {}", view.namespace),
        _ => "health of the node".to_owned(),
    }
}

/// Those of all services, the worst first until there is no more room, and how many are left out.
fn checks(views: &Views, level: Level) -> (Map<String, Value>, usize) {
    let several = views.all().len() > 1;
    let mut services: Vec<(&View, &ServiceHealth)> = views
        .all()
        .iter()
        .flat_map(|view| {
            view.health()
                .services
                .iter()
                .map(move |service| (view, &**service))
        })
        .collect();
    services.sort_by_key(|(_, service)| std::cmp::Reverse(service.status));
    let (mut all, mut room) = (Map::new(), super::BODY_MAX);
    for (nth, (view, service)) in services.iter().enumerate() {
        let name = if several {
            format!("{}/{}", view.namespace, service.name)
        } else {
            service.name.to_string()
        };
        let mut own = Map::new();
        own.insert(
            name.clone(),
            json!([component(service, view.is_stale(), level)]),
        );
        if level == Level::Full {
            parts(&mut own, &name, service);
        }
        let size = serde_json::to_string(&own).map_or(usize::MAX, |text| text.len());
        let Some(left) = room.checked_sub(size) else {
            return (all, services.len() - nth);
        };
        room = left;
        all.extend(own);
    }
    (all, 0)
}

fn component(service: &ServiceHealth, stale: bool, level: Level) -> Value {
    let status = if stale {
        HealthStatus::Unknown
    } else {
        service.status
    };
    let mut json = json!({
        "componentType": "component",
        "status": word(status),
        "state": status,
    });
    if let Some(time) = service.timestamp {
        json["time"] = json!(rfc3339(time));
    }
    if level < Level::Full {
        return json;
    }
    json["componentId"] = json!(service.name);
    json["observedValue"] = json!(service.overall_score);
    json["observedUnit"] = json!("score");
    if status != HealthStatus::Healthy {
        json["output"] = json!(service.message);
    }
    if !service.cause_chain.is_empty() {
        json["causeChain"] = json!(service.cause_chain);
    }
    json
}

/// What was looked at, each as `service:part`.
fn parts(checks: &mut Map<String, Value>, name: &str, service: &ServiceHealth) {
    for check in &service.checks {
        let key = format!("{name}:{}", check.name);
        let json = part(check, service);
        match checks.get_mut(&key).and_then(Value::as_array_mut) {
            Some(same) => same.push(json),
            None => drop(checks.insert(key, json!([json]))),
        }
    }
}

fn part(check: &CheckResult, service: &ServiceHealth) -> Value {
    let mut json = json!({
        "componentId": service.name,
        "componentType": "component",
        "status": word(check.status),
        "state": check.status,
        "observedValue": millis(check.duration),
        "observedUnit": "ms",
        "output": check.message,
    });
    if let Some(time) = service.timestamp {
        json["time"] = json!(rfc3339(time));
    }
    if !check.metadata.is_empty() {
        json["metadata"] = json!(check.metadata);
    }
    json
}

/// Who is the cause, and whom it impairs.
fn notes(view: &View) -> Vec<String> {
    let causes = view.health().causes.iter();
    causes
        .filter(|cause| !cause.impairs.is_empty())
        .map(|cause| {
            let impairs: Vec<&str> = cause
                .impairs
                .iter()
                .take(NOTES_MAX)
                .map(|name| name.as_str())
                .collect();
            format!(
                "{} is {} and impairs {}",
                cause.name,
                cause.status,
                impairs.join(", ")
            )
        })
        .collect()
}

/// With microseconds after the point.
fn millis(time: Duration) -> f64 {
    let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1000.0
}

const fn word(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Healthy => "pass",
        HealthStatus::Degraded => "warn",
        _ => "fail",
    }
}

const NOTES_MAX: usize = 64;
