//! What a reload has come to, told to the telemetry of the namespaces that it concerns.

use std::collections::BTreeMap;

use mainstay_actors::TelemetryService;
use mainstay_actors::telemetry::{Metadata, SPEC_RELOADED};
use mainstay_specs::{NamespaceName, SpecChange};
use mainstay_supervisors::Namespace;

use super::error::ReloadFailure;
use crate::node::State;

/// One event for each namespace that changes were made in, or were to be made in.
pub(super) fn tell(state: &State, changes: &[SpecChange], failed: Option<&ReloadFailure>) {
    let mut counts: BTreeMap<&NamespaceName, usize> = BTreeMap::new();
    for name in changes.iter().filter_map(|change| change.part.namespace()) {
        *counts.entry(name).or_default() += 1;
    }
    for (name, count) in counts {
        let Some(namespace) = state.runtime().find_namespace(name.as_str()) else {
            continue;
        };
        match failed {
            None => emit(&namespace, count, "done", String::new),
            Some(failure) => emit(&namespace, count, "failed", || failure.to_string()),
        }
    }
}

/// One event for each namespace that runs: nothing has changed, as so many things are wrong.
pub(super) fn tell_refused(state: &State, count: usize, why: &dyn std::fmt::Display) {
    for namespace in state.running_namespaces() {
        emit(&namespace, count, "refused", || why.to_string());
    }
}

fn emit(namespace: &Namespace, count: usize, result: &'static str, error: impl Fn() -> String) {
    let telemetry = TelemetryService::in_namespace(namespace);
    let emitter = telemetry.map(|telemetry| telemetry.event(SPEC_RELOADED.event_path()));
    if let Some(Ok(emitter)) = emitter {
        emitter.emit(|| {
            let metadata = Metadata::new()
                .with("namespace", namespace.name())
                .with("result", result)
                .with("error", error());
            let changes = u64::try_from(count).unwrap_or(u64::MAX);
            ([("changes", changes)], metadata)
        });
    }
}
