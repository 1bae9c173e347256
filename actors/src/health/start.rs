//! Starting, the first time and again.

use mainstay_specs::{ChildId, ChildSpec, HealthAggregatorSpec};
use mainstay_supervisors::{Child, Namespace, StartContext, StartError, Started};

use super::cell::Cell;
use super::error::HealthStartError;
use super::handle::NAME;
use super::keeper::Keeper;
use super::tree;

#[track_caller]
pub(crate) fn child(spec: HealthAggregatorSpec) -> Child {
    // A name is not empty, short, and without `/` and white space: this one is.
    let id = ChildId::new(NAME).expect("a name");
    Child::from_start(ChildSpec::new(id), move |cx| {
        let spec = spec.clone();
        async move { start(spec, cx).await }
    })
}

async fn start(spec: HealthAggregatorSpec, cx: StartContext) -> Result<Started, StartError> {
    let keeper = prepare(spec, cx.namespace()).await;
    let keeper = keeper.map_err(StartError::failed)?;
    let body = move |stop, ready| keeper.keep(stop, ready);
    cx.spawn_task_ready(body).await.map(Started::from)
}

async fn prepare(
    spec: HealthAggregatorSpec,
    namespace: Option<Namespace>,
) -> Result<Keeper, HealthStartError> {
    let namespace = namespace.ok_or(HealthStartError::NoNamespace)?;
    spec.validate().map_err(HealthStartError::Spec)?;
    let free = namespace.until_free(NAME).await;
    free.map_err(HealthStartError::Register)?;
    if spec.tree {
        tree::begin(&namespace);
    }
    Ok(Keeper {
        cell: Cell::of(&namespace),
        namespace,
        spec,
    })
}
