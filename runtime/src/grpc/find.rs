//! How what is asked for fares, in the words of the protocol.

use std::sync::Weak;

use mainstay_actors::health::{HealthAggregator, HealthAnswer, HealthStatus};
use tonic_health::pb::health_check_response::ServingStatus;

use crate::node::State;

/// Read off the last pictures: nobody is asked.
pub(super) fn status(node: &Weak<State>, service: &str) -> ServingStatus {
    let Some(node) = node.upgrade() else {
        return ServingStatus::NotServing;
    };
    if service.is_empty() {
        return serving(node.readiness().ready);
    }
    let all = node.namespaces();
    let all = all.iter().filter_map(|namespace| {
        let health = HealthAggregator::in_namespace(namespace)?;
        Some((namespace.name().as_str(), health.current()))
    });
    let all: Vec<(&str, HealthAnswer)> = all.collect();
    if let Some((_, answer)) = all.iter().find(|(namespace, _)| *namespace == service) {
        return serving(answer.is_ready());
    }
    let whole = service.split_once('/');
    let mut found = all.iter().filter_map(|(namespace, answer)| {
        let own = match whole {
            Some((other, own)) if other == *namespace => own,
            Some(_) => return None,
            None => service,
        };
        let status = answer.health.service(own)?.status;
        Some(!answer.stale && status <= HealthStatus::Degraded)
    });
    match (found.next(), found.next()) {
        (Some(is_well), None) => serving(is_well),
        _ => ServingStatus::ServiceUnknown,
    }
}

const fn serving(is_well: bool) -> ServingStatus {
    if is_well {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    }
}
