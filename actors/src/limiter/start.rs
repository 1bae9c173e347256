//! Starting the keeper, the first time and again.

use std::sync::Arc;

use mainstay_specs::{ChildId, ChildSpec, RateLimitersSpec, ServiceName};
use mainstay_supervisors::{Child, StartContext, StartError, Started};

use super::error::RegisterLimiterError;
use super::keeper::keep;
use super::limiters::Limiters;
use super::registry::NAME;

#[track_caller]
pub(crate) fn child(spec: RateLimitersSpec) -> Child {
    let spec = Arc::new(spec);
    // A name is not empty, short, and without `/` and white space: this one is.
    let id = ChildId::new(NAME).expect("a name");
    let child = Child::from_start(ChildSpec::new(id), move |cx| {
        let spec = Arc::clone(&spec);
        async move { start(&spec, cx) }
    });
    child.name(ServiceName::new(NAME).expect("a name"))
}

fn start(spec: &RateLimitersSpec, cx: StartContext) -> Result<Started, StartError> {
    let wrong = |faults| StartError::failed(RegisterLimiterError::Config(faults));
    spec.validate().map_err(wrong)?;
    let namespace = cx.namespace();
    let namespace =
        namespace.ok_or_else(|| StartError::failed(RegisterLimiterError::NotInNamespace))?;
    let limiters = Limiters::of(&namespace);
    limiters.adopt(spec).map_err(wrong)?;
    let process = cx.spawn_task(move |stop| keep(Arc::clone(&limiters), stop));
    Ok(process.into())
}
