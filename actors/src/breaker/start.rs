//! Starting the keeper, the first time and again.

use std::sync::Arc;

use mainstay_specs::CircuitBreakersSpec;
use mainstay_supervisors::{Child, StartContext, StartError, Started};

use super::circuits::Circuits;
use super::error::RegisterCircuitError;
use super::keeper::keep;
use super::registry::NAME;
use crate::start::named;

#[track_caller]
pub(crate) fn child(spec: CircuitBreakersSpec) -> Child {
    named(NAME, spec, start)
}

fn start(spec: &CircuitBreakersSpec, cx: StartContext) -> Result<Started, StartError> {
    let wrong = |faults| StartError::failed(RegisterCircuitError::from(faults));
    spec.validate().map_err(wrong)?;
    let namespace = cx.namespace();
    let namespace =
        namespace.ok_or_else(|| StartError::failed(RegisterCircuitError::NotInNamespace))?;
    let circuits = Circuits::of(&namespace);
    circuits.adopt(spec).map_err(StartError::failed)?;
    let post = Arc::clone(&circuits.post);
    let process = cx.spawn_task(move |stop| keep(Arc::clone(&post), namespace.clone(), stop));
    Ok(process.into())
}
