//! What has changed: remembered, and waiting to be told.

use std::collections::VecDeque;
use std::sync::Mutex;

use super::book::Stepped;
use super::cell::lock;
use super::snapshot::{HealthChange, SystemHealth};

#[derive(Debug, Default)]
pub(crate) struct Changes(Mutex<Lists>);

#[derive(Debug, Default)]
struct Lists {
    /// The last ones, the first first.
    history: VecDeque<HealthChange>,
    /// Those that telemetry was not told of yet, the first first.
    untold: VecDeque<HealthChange>,
}

impl Changes {
    /// The steps of services, and that of the whole if it is another now.
    pub(crate) fn from_steps(
        steps: Vec<Stepped>,
        before: &SystemHealth,
        after: &SystemHealth,
    ) -> Vec<HealthChange> {
        let sequence = after.sequence;
        let of_services = steps.into_iter().map(|stepped| HealthChange {
            service: Some(stepped.service),
            from: stepped.step.from,
            to: stepped.step.to,
            message: stepped.message,
            timestamp: stepped.at.wall,
            sequence,
        });
        let whole = HealthChange {
            service: None,
            from: before.status,
            to: after.status,
            message: why(after),
            timestamp: after.timestamp,
            sequence,
        };
        let whole = (before.status != after.status).then_some(whole);
        of_services.chain(whole).collect()
    }

    /// Remembers so many at most; the oldest go first.
    pub(crate) fn note(&self, changes: Vec<HealthChange>, max: usize) {
        let mut lists = lock(&self.0);
        for change in changes {
            push(&mut lists.history, change.clone(), max);
            push(&mut lists.untold, change, max);
        }
    }

    pub(crate) fn history(&self) -> Vec<HealthChange> {
        lock(&self.0).history.iter().cloned().collect()
    }

    /// Those that telemetry is to be told of.
    pub(crate) fn take_untold(&self) -> Vec<HealthChange> {
        lock(&self.0).untold.drain(..).collect()
    }
}

fn push(list: &mut VecDeque<HealthChange>, change: HealthChange, max: usize) {
    while list.len() >= max.max(1) {
        list.pop_front();
    }
    list.push_back(change);
}

/// Why the whole fares as it does, in words: the first cause.
fn why(health: &SystemHealth) -> String {
    let Some(cause) = health.causes.first() else {
        return format!(
            "{} of {} services are healthy",
            health.healthy_services, health.total_services
        );
    };
    let message = health
        .service(cause.name.as_str())
        .map(|it| it.message.as_str());
    format!(
        "{} is {}: {}",
        cause.name,
        cause.status,
        message.unwrap_or_default()
    )
}
