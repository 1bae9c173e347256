//! Starting, the first time and again.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{ChildId, ChildSpec};
use mainstay_supervisors::{Child, StartContext, StartError, Started, Supervisor};

use super::cell::{Kept, MemoryCell};
use super::error::MemoryStartError;
use super::handle::{NAME, service_name};
use super::keeper::keep;
use super::signals::Signals;
use super::terms::{MemorySetup, Terms};
use super::{budget, cleanup};

/// The id of the keeper, under the supervisor of the service.
const KEEPER: &str = "keeper";

/// The service: the keeper first, as the others go by what it has made.
#[track_caller]
pub(crate) fn child(setup: MemorySetup) -> Child {
    let supervisor = Supervisor::rest_for_one()
        .intensity(RESTARTS.0, RESTARTS.1)
        .child(keeper(setup));
    let supervisor = supervisor.child(cleanup::child()).child(budget::child());
    Child::supervisor(NAME, supervisor)
}

#[track_caller]
pub(super) fn keeper(setup: MemorySetup) -> Child {
    // A name is not empty, short, and without `/` and white space: this one is.
    let id = ChildId::new(KEEPER).expect("a name");
    let child = Child::from_start(ChildSpec::new(id), move |cx| {
        let setup = setup.clone();
        async move { start(setup, cx) }
    });
    child.name(service_name())
}

fn start(setup: MemorySetup, cx: StartContext) -> Result<Started, StartError> {
    let namespace = cx.namespace();
    let namespace = namespace.ok_or_else(|| StartError::failed(MemoryStartError::NoNamespace))?;
    let validated = setup.spec.validate();
    validated.map_err(|faults| StartError::failed(MemoryStartError::Spec(faults)))?;
    let make = || Kept(Arc::new(MemoryCell::new(&namespace)));
    let cell = Arc::clone(&namespace.cell(NAME, make).0);
    cell.adopt(Terms {
        signals: Signals::new(&namespace),
        setup,
    });
    let sampler = cell.mind_sampler();
    sampler.map_err(|error| StartError::failed(MemoryStartError::Thread(error.to_string())))?;
    Ok(cx.spawn_task(move |stop| keep(cell, stop)).into())
}

/// How often the processes of a memory manager may be restarted, in how long, before it gives up: one crash whose restart fails once is
/// no reason to.
const RESTARTS: (u32, Duration) = (10, Duration::from_secs(60));
