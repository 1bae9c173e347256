//! What a reload has come to, told to the telemetry of the namespaces that it concerns.

use std::collections::BTreeMap;

use mainstay_actors::TelemetryService;
use mainstay_actors::telemetry::{EventDescriptor, Metadata};
use mainstay_specs::{NamespaceName, SpecChange};

use crate::node::State;

/// A namespace goes by another spec: so many `changes` were made in it, or were not if `result` is `failed` and not `done`.
pub const SPEC_RELOADED: EventDescriptor = EventDescriptor::new(
    "foundation.spec.reloaded",
    &["changes"],
    &["result", "namespace"],
);

/// One event for each namespace that has telemetry.
pub(super) fn tell(state: &State, changes: &[SpecChange], result: &'static str) {
    let mut counts: BTreeMap<&NamespaceName, u64> = BTreeMap::new();
    for name in changes.iter().filter_map(|change| change.part.namespace()) {
        *counts.entry(name).or_default() += 1;
    }
    for (name, count) in counts {
        let namespace = state.runtime().find_namespace(name.as_str());
        let telemetry = namespace.and_then(|namespace| TelemetryService::in_namespace(&namespace));
        let emitter = telemetry.map(|telemetry| telemetry.event(SPEC_RELOADED.event_path()));
        if let Some(Ok(emitter)) = emitter {
            emitter.emit(|| {
                let metadata = Metadata::new()
                    .with("result", result)
                    .with("namespace", name);
                ([("changes", count)], metadata)
            });
        }
    }
}
