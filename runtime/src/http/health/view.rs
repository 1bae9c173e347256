//! What there is to be told: one namespace, or several put together.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mainstay_actors::health::{
    Detail, HealthAnswer, HealthEndpoint, HealthStatus, ServiceHealth, SystemHealth,
};
use serde_json::{Map, Value, json};

/// The health of one namespace.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) namespace: String,
    answer: HealthAnswer,
}

impl View {
    pub(super) const fn new(namespace: String, answer: HealthAnswer) -> Self {
        Self { namespace, answer }
    }

    pub(super) fn health(&self) -> &Arc<SystemHealth> {
        &self.answer.health
    }

    pub(super) const fn is_stale(&self) -> bool {
        self.answer.stale
    }

    pub(super) const fn age(&self) -> Duration {
        self.answer.age
    }

    pub(super) fn status(&self) -> HealthStatus {
        self.answer.status()
    }

    pub(super) fn render(&self, detail: Detail, bytes_max: usize) -> Value {
        let mut json = HealthEndpoint::render_within(&self.answer.health, detail, bytes_max);
        if self.answer.stale {
            json["status"] = json!(HealthStatus::Unknown);
            json["stale"] = json!(true);
            // Told in full only.
            if let Some(ready) = json.get_mut("ready") {
                *ready = json!(false);
            }
        }
        json
    }
}

/// That of all that was asked for: at least one.
#[derive(Clone, Debug)]
pub(super) struct Views(Vec<View>);

impl Views {
    pub(super) const fn new(views: Vec<View>) -> Self {
        Self(views)
    }

    pub(super) fn all(&self) -> &[View] {
        &self.0
    }

    /// The worst.
    pub(super) fn status(&self) -> HealthStatus {
        let all = self.0.iter().map(View::status);
        all.max().unwrap_or_default()
    }

    /// Of the oldest.
    pub(super) fn age(&self) -> Duration {
        let all = self.0.iter().map(View::age);
        all.max().unwrap_or_default()
    }

    pub(super) fn timestamp(&self) -> String {
        let all = self.0.iter().map(|view| view.health().timestamp);
        rfc3339(all.max().unwrap_or(SystemTime::UNIX_EPOCH))
    }

    /// The service of this name: `namespace/service` if there are several namespaces, or its name alone if only one of them has such.
    pub(super) fn service(&self, name: &str) -> Option<(&View, &ServiceHealth)> {
        let whole = name.split_once('/');
        let mut found = self.0.iter().filter_map(|view| {
            let own = match whole {
                Some((namespace, own)) if namespace == view.namespace => own,
                Some(_) => return None,
                None => name,
            };
            Some((view, view.health().service(own)?))
        });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// As JSON. That of several namespaces has their services as `namespace/service`, and the mean of their scores by how many services
    /// each has.
    pub(super) fn render(&self, detail: Detail, bytes_max: usize) -> Value {
        let [view] = &self.0[..] else {
            return self.render_several(detail, bytes_max);
        };
        view.render(detail, bytes_max)
    }

    fn render_several(&self, detail: Detail, bytes_max: usize) -> Value {
        let mut services = Map::new();
        let mut namespaces = Map::new();
        let mut left_out = 0;
        for view in &self.0 {
            let mut json = view.render(detail, bytes_max / self.0.len().max(1));
            if let Value::Object(own) = json["services"].take() {
                let named = own.into_iter();
                services
                    .extend(named.map(|(name, json)| (format!("{}/{name}", view.namespace), json)));
            }
            left_out += json["services_left_out"].as_u64().unwrap_or_default();
            json.as_object_mut().map(|own| own.remove("services"));
            namespaces.insert(view.namespace.clone(), json);
        }
        let sum = |of: fn(&SystemHealth) -> usize| -> usize {
            self.0.iter().map(|view| of(view.health())).sum()
        };
        let mut json = json!({
            "status": self.status(),
            "timestamp": self.timestamp(),
            "services": services,
            "overall_score": self.score(),
            "healthy_services": sum(|health| health.healthy_services),
            "total_services": sum(|health| health.total_services),
            "namespaces": namespaces,
        });
        if left_out > 0 {
            json["services_left_out"] = json!(left_out);
        }
        json
    }

    #[allow(clippy::cast_precision_loss)] // of numbers of services
    fn score(&self) -> f64 {
        let parts = self.0.iter().map(|view| {
            let health = view.health();
            (health.overall_score, health.total_services as f64)
        });
        let (sum, weight) = parts.fold((0.0, 0.0), |(sum, weight), (score, services)| {
            (sum + score * services, weight + services)
        });
        if weight == 0.0 { 1.0 } else { sum / weight }
    }
}

pub(super) fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_old_to_be_believed_is_unknown_and_not_ready() {
        let health = serde_json::from_value(json!({
            "namespace": "app", "status": "healthy", "services": [], "overall_score": 1.0,
            "healthy_services": 0, "total_services": 0, "timestamp": "2026-11-27T00:00:00Z",
            "ready": true, "causes": [], "causes_left_out": 0, "sequence": 1,
        }));
        let mut answer = HealthAnswer::fresh(Arc::new(health.expect("it is health")));
        let told = |answer: &HealthAnswer, detail| {
            let json = View::new("app".to_owned(), answer.clone()).render(detail, 1000);
            [&json["status"], &json["ready"], &json["stale"]].map(Value::clone)
        };
        let full = [json!("healthy"), json!(true), Value::Null];
        assert_eq!(told(&answer, Detail::Full), full);
        answer.stale = true;
        let full = [json!("unknown"), json!(false), json!(true)];
        assert_eq!(told(&answer, Detail::Full), full);
        let public = [json!("unknown"), Value::Null, json!(true)];
        assert_eq!(told(&answer, Detail::Public), public);
    }
}
