//! What keepers of services have in common in how they are started.

use std::sync::Arc;

use mainstay_specs::{ChildId, ChildSpec, ServiceName};
use mainstay_supervisors::{Child, StartContext, StartError, Started};

/// The keeper of a service that is called `name`, as its child and in its namespace, and is started from its spec each time.
#[track_caller]
pub(crate) fn named<S: Send + Sync + 'static>(
    name: &'static str,
    spec: S,
    start: fn(&S, StartContext) -> Result<Started, StartError>,
) -> Child {
    // A name is not empty, short, and without `/` and white space: those of services are.
    let id = ChildId::new(name).expect("a name");
    let spec = Arc::new(spec);
    let child = Child::from_start(ChildSpec::new(id), move |cx| {
        let spec = Arc::clone(&spec);
        async move { start(&spec, cx) }
    });
    child.name(ServiceName::new(name).expect("a name"))
}
