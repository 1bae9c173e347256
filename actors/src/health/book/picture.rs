//! How all look together.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{HealthThresholds, NamespaceName, ServiceName};

use super::super::graph::{Blames, Node, blame};
use super::super::moment::Moment;
use super::super::rollup::{Counted, rollup};
use super::super::snapshot::{ServiceHealth, SystemHealth};
use super::super::status::HealthStatus;
use super::{Book, Entry};

/// What a picture is put in.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) namespace: NamespaceName,
    pub(crate) thresholds: HealthThresholds,
    pub(crate) at: Moment,
    pub(crate) sequence: u64,
}

impl Book {
    /// How all look at `now`.
    pub(crate) fn services(&mut self, now: Duration) -> Vec<Arc<ServiceHealth>> {
        self.entries
            .values_mut()
            .map(|entry| entry.show(now))
            .collect()
    }

    /// The same, but those that a sweep still waits for are unknown, as there is no answer within `deadline`.
    pub(crate) fn services_of_sweep(
        &mut self,
        now: Moment,
        deadline: Duration,
    ) -> Vec<Arc<ServiceHealth>> {
        let show = |entry: &mut Entry| {
            let shown = entry.show(now.at);
            match entry.run.as_ref().filter(|run| run.is_awaited) {
                Some(run) => Arc::new(without_answer(&shown, run.begun, now, deadline)),
                None => shown,
            }
        };
        self.entries.values_mut().map(show).collect()
    }
}

fn without_answer(
    shown: &ServiceHealth,
    begun: Moment,
    now: Moment,
    deadline: Duration,
) -> ServiceHealth {
    let deadline = humantime::format_duration(deadline);
    let last = shown.timestamp.map(|at| {
        let ago = now.wall.duration_since(at).unwrap_or_default();
        let ago = humantime::format_duration(Duration::from_millis(millis(ago)));
        format!("the last result was {}, {ago} ago", shown.status)
    });
    let last = last.unwrap_or_else(|| "there was none before".to_owned());
    ServiceHealth {
        status: HealthStatus::Unknown,
        message: format!("no answer within {deadline}; {last}"),
        pending: None,
        running_since: Some(begun.wall),
        ..shown.clone()
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Puts services, which are sorted by name, into a picture: how the whole fares, and why.
pub(crate) fn assemble(mut services: Vec<Arc<ServiceHealth>>, frame: Frame) -> SystemHealth {
    note_unknown(&mut services);
    let blames = {
        let nodes = services.iter().map(|service| Node {
            name: &service.name,
            status: service.status,
            depends_on: &service.depends_on,
        });
        blame(&nodes.collect::<Vec<_>>())
    };
    let Blames {
        causes,
        left_out,
        impaired,
    } = blames;
    for (place, blame) in impaired {
        let service = Arc::make_mut(&mut services[place]);
        service.impaired_by = blame.by;
        service.cause_chain = blame.chain;
    }
    let whole = rollup(
        services.iter().map(|service| counted(service)),
        frame.thresholds,
    );
    SystemHealth {
        namespace: frame.namespace,
        status: whole.status,
        services,
        overall_score: whole.score,
        healthy_services: whole.healthy,
        total_services: whole.total,
        timestamp: frame.at.wall,
        ready: whole.ready,
        causes,
        causes_left_out: left_out,
        sequence: frame.sequence,
    }
}

/// Notes which names nothing is called by.
fn note_unknown(services: &mut [Arc<ServiceHealth>]) {
    for nth in 0..services.len() {
        let there = |name: &&ServiceName| {
            services
                .binary_search_by(|service| service.name.cmp(name))
                .is_ok()
        };
        let names = services[nth].depends_on.iter();
        let unknown: Vec<ServiceName> = names.filter(|name| !there(name)).cloned().collect();
        if !unknown.is_empty() {
            Arc::make_mut(&mut services[nth]).depends_on_unknown = unknown;
        }
    }
}

fn counted(service: &ServiceHealth) -> Counted {
    Counted {
        status: service.status,
        importance: service.importance,
        kind: service.kind,
        weight: service.weight,
        in_grace: service.in_grace,
    }
}

/// Some of a picture: how those fare as a whole.
pub(crate) fn part(
    whole: &SystemHealth,
    thresholds: HealthThresholds,
    is_in: impl Fn(&ServiceHealth) -> bool,
) -> SystemHealth {
    let services: Vec<_> = whole
        .services
        .iter()
        .filter(|it| is_in(it))
        .cloned()
        .collect();
    let there = |name: &ServiceName| services.iter().any(|service| service.name == *name);
    let causes = whole.causes.iter();
    let causes = causes.filter(|cause| there(&cause.name) || cause.impairs.iter().any(there));
    let causes = causes.cloned().collect();
    let sum = rollup(services.iter().map(|service| counted(service)), thresholds);
    SystemHealth {
        namespace: whole.namespace.clone(),
        status: sum.status,
        overall_score: sum.score,
        healthy_services: sum.healthy,
        total_services: sum.total,
        timestamp: whole.timestamp,
        ready: sum.ready,
        services,
        causes,
        causes_left_out: whole.causes_left_out,
        sequence: whole.sequence,
    }
}
