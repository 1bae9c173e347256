//! Starting the keeper, the first time and again.

use std::sync::Arc;

use mainstay_specs::RateLimitersSpec;
use mainstay_supervisors::{Child, StartContext, StartError, Started};

use super::error::RegisterLimiterError;
use super::keeper::keep;
use super::limiters::Limiters;
use super::registry::NAME;
use crate::start::named;

#[track_caller]
pub(crate) fn child(spec: RateLimitersSpec) -> Child {
    named(NAME, spec, start)
}

fn start(spec: &RateLimitersSpec, cx: StartContext) -> Result<Started, StartError> {
    let wrong = |faults| StartError::failed(RegisterLimiterError::Config(faults));
    spec.validate().map_err(wrong)?;
    let namespace = cx.namespace();
    let namespace =
        namespace.ok_or_else(|| StartError::failed(RegisterLimiterError::NotInNamespace))?;
    let limiters = Limiters::of(&namespace);
    limiters.adopt(spec).map_err(StartError::failed)?;
    let process = cx.spawn_task(move |stop| keep(Arc::clone(&limiters), stop));
    Ok(process.into())
}
