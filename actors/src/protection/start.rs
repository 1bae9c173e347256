//! Starting the keeper, the first time and again.

use std::sync::Arc;

use mainstay_specs::ProtectionsSpec;
use mainstay_supervisors::{Child, StartContext, StartError, Started};

use super::error::ConfigureProtectionError;
use super::keeper::keep;
use super::protections::Protections;
use super::registry::NAME;
use crate::start::named;

#[track_caller]
pub(crate) fn child(spec: ProtectionsSpec) -> Child {
    named(NAME, spec, start)
}

fn start(spec: &ProtectionsSpec, cx: StartContext) -> Result<Started, StartError> {
    let wrong = |faults| StartError::failed(ConfigureProtectionError::Config(faults));
    spec.validate().map_err(wrong)?;
    let namespace = cx.namespace();
    let namespace =
        namespace.ok_or_else(|| StartError::failed(ConfigureProtectionError::NotInNamespace))?;
    let protections = Protections::of(&namespace);
    protections
        .adopt(&namespace, spec)
        .map_err(StartError::failed)?;
    let process = cx.spawn_task(move |stop| keep(Arc::clone(&protections), stop));
    Ok(process.into())
}
