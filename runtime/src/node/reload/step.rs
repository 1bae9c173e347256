//! Carrying out one step.

use std::sync::Arc;

use mainstay_specs::{NamespaceName, NamespaceSpec, NodeSpec, ServicePart};

use super::error::ReloadFailure;
use super::plan::{Planned, Step};
use super::{Course, children, rest, services};
use crate::node::State;
use crate::node::error::BootError;
use crate::node::plan::plan;

/// Does it, and takes note of what the node has become by that, also if it fails.
pub(super) async fn carry_out(
    state: &Arc<State>,
    course: &mut Course,
    new: &NodeSpec,
    planned: &Planned,
) -> Result<(), ReloadFailure> {
    let name = planned.step.namespace();
    let namespace = name.and_then(|name| state.runtime().find_namespace(name.as_str()));
    let done = do_it(state, course, new, planned).await;
    // Whatever has failed in it has done so for that, unless it was stopped as it could not be put back.
    let ends = namespace.is_some_and(|namespace| namespace.is_stopping() || namespace.has_ended());
    match (done, name) {
        (Err(failure), Some(name)) if ends && failure.put_back && !state.is_stopping() => {
            tracing::debug!(%failure, "it ends meanwhile");
            Err(gone(name))
        }
        (done, _) => done,
    }
}

async fn do_it(
    state: &Arc<State>,
    course: &mut Course,
    new: &NodeSpec,
    planned: &Planned,
) -> Result<(), ReloadFailure> {
    match &planned.step {
        Step::Note => {
            note(&mut course.spec, new);
            Ok(())
        }
        Step::Stop(name) => {
            stop(state, course, name).await;
            Ok(())
        }
        Step::Start(name) => start(state, course, wanted(new, name)?).await,
        Step::RootLimit(name) => root_limit(state, course, wanted(new, name)?).await,
        Step::Service(name, service) => {
            let (namespace, new) = (running(state, name)?, wanted(new, name)?);
            let old = has_become(&mut course.spec, name)?;
            let pools = &course.builder.pools;
            let specs = (&mut old.services, &new.services);
            services::renew(&namespace, *service, specs, pools).await
        }
        Step::Rest(name, first) => rest(state, course, wanted(new, name)?, *first).await,
        Step::Children(name) => {
            let (namespace, new) = (running(state, name)?, wanted(new, name)?);
            let old = has_become(&mut course.spec, name)?;
            children::renew(
                &namespace,
                old,
                new,
                &planned.changes,
                &course.builder.kinds,
            )
            .await
        }
    }
}

/// What only the node itself keeps. Namespaces that are in both are put into the order of the new spec, before all others.
fn note(spec: &mut NodeSpec, new: &NodeSpec) {
    spec.shutdown_deadline = new.shutdown_deadline;
    spec.namespaces.sort_by_cached_key(|namespace| {
        let mut names = new.namespaces.iter();
        let place = names.position(|other| other.name == namespace.name);
        place.unwrap_or(usize::MAX)
    });
}

async fn stop(state: &State, course: &mut Course, name: &NamespaceName) {
    if let Some(namespace) = state.namespace_taken(name) {
        for path in namespace.stop(course.spec.shutdown_deadline).await.killed {
            tracing::warn!(path, "killed, as it did not stop in time");
        }
    }
    course.spec.namespaces.retain(|other| other.name != *name);
}

async fn start(
    state: &State,
    course: &mut Course,
    new: &NamespaceSpec,
) -> Result<(), ReloadFailure> {
    let started = start_as(state, course, new).await;
    started.map_err(|error| failed(error, false))?;
    course.spec.namespaces.push(new.clone());
    Ok(())
}

async fn root_limit(
    state: &State,
    course: &mut Course,
    new: &NamespaceSpec,
) -> Result<(), ReloadFailure> {
    let namespace = running(state, &new.name)?;
    let changed = namespace.set_root_limit(new.root_limit).await;
    changed.map_err(|error| ReloadFailure::new(new.name.to_string(), error, true))?;
    has_become(&mut course.spec, &new.name)?.root_limit = new.root_limit;
    Ok(())
}

/// If what it was cannot be put back either, the namespace is stopped, so that the next reload starts it.
async fn rest(
    state: &State,
    course: &mut Course,
    new: &NamespaceSpec,
    first: ServicePart,
) -> Result<(), ReloadFailure> {
    let namespace = running(state, &new.name)?;
    let builder = Arc::clone(&course.builder);
    let old = has_become(&mut course.spec, &new.name)?;
    let done = rest::restart(&namespace, (old, new), first, &builder).await;
    if done.as_ref().is_err_and(|failure| !failure.put_back) {
        stop(state, course, &new.name).await;
    }
    done
}

async fn start_as(state: &State, course: &Course, spec: &NamespaceSpec) -> Result<(), BootError> {
    let plan = plan(spec, &course.builder.kinds, &course.builder.pools)?;
    let name = spec.name.clone();
    let started = state.runtime().start_namespace(name, plan).await;
    let namespace = started.map_err(|error| BootError::start(&spec.name, error))?;
    state.namespace_booted(namespace);
    Ok(())
}

fn failed(error: BootError, put_back: bool) -> ReloadFailure {
    match error {
        BootError::Start { path, error } => ReloadFailure::new(path, error, put_back),
        error => ReloadFailure::new("", error, put_back),
    }
}

fn gone(name: &NamespaceName) -> ReloadFailure {
    ReloadFailure::new(name.to_string(), "the namespace has ended", false)
}

fn running(
    state: &State,
    name: &NamespaceName,
) -> Result<mainstay_supervisors::Namespace, ReloadFailure> {
    let found = state.runtime().find_namespace(name.as_str());
    found.ok_or_else(|| gone(name))
}

fn wanted<'a>(
    spec: &'a NodeSpec,
    name: &NamespaceName,
) -> Result<&'a NamespaceSpec, ReloadFailure> {
    let mut namespaces = spec.namespaces.iter();
    let found = namespaces.find(|namespace| namespace.name == *name);
    found.ok_or_else(|| gone(name))
}

fn has_become<'a>(
    spec: &'a mut NodeSpec,
    name: &NamespaceName,
) -> Result<&'a mut NamespaceSpec, ReloadFailure> {
    let mut namespaces = spec.namespaces.iter_mut();
    let found = namespaces.find(|namespace| namespace.name == *name);
    found.ok_or_else(|| gone(name))
}
