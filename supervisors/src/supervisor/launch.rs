//! One start of one child, inside its supervisor.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use mainstay_specs::ServiceName;

use super::decide::Key;
use super::doom::kill_tree;
use super::error::SpecError;
use super::hub::Hub;
use crate::namespace::Metadata;
use crate::process::{Owner, ProcessKind, caught};
use crate::registry::RegisterError;
use crate::runtime::Scope;
use crate::start::{Child, StartContext, StartError, Started};

/// Calls the start function and makes the process known; the caller puts it into the table. Whatever a failed start has
/// left running is killed, and waited for.
pub(crate) async fn launch(
    hub: &Arc<Hub>,
    scope: &Arc<Scope>,
    (key, child): (Key, &Child),
    restarts: u32,
) -> Result<Started, StartError> {
    #[cfg(feature = "test-util")]
    if let Some(failure) = planned_failure(scope, child) {
        return Err(StartError::Failed(failure));
    }
    if let Some(name) = &child.spec().name {
        until_free(scope, name).await?;
    }
    let owner = Owner {
        hub: Arc::clone(hub),
        key,
    };
    let cx = StartContext::new(Arc::clone(scope), child, owner, restarts);
    // Inside the closure, so that a start function that panics before it returns its future is caught as well.
    let result = AssertUnwindSafe(async { child.start(cx).await })
        .catch_unwind()
        .await;
    let result = result.unwrap_or_else(|payload| Err(StartError::Panicked(caught(payload))));
    let result = result.and_then(|started| settle(scope, child, started));
    if let Ok(Started::Process { process, .. }) = &result
        && hub.is_starting(process)
    {
        process.announce(restarts);
        return result;
    }
    let made = hub.table().starting.clone();
    if let Some(made) = made {
        kill_tree(&made).await;
        hub.table().starting = None;
    }
    match result {
        Ok(Started::Process { .. }) => Err(StartError::failed(
            "the start function returned a process that it has not made",
        )),
        other => other,
    }
}

/// What a test has this start fail with.
#[cfg(feature = "test-util")]
fn planned_failure(scope: &Scope, child: &Child) -> Option<crate::exit::Failure> {
    let path = format!("{}/{}", scope.path, child.spec().id);
    scope.namespace()?.take_start_failure(&path)
}

/// Waits for an orphan that still has the name. Of another that has it is told when the child is to be registered.
async fn until_free(scope: &Scope, name: &ServiceName) -> Result<(), StartError> {
    let namespace = scope.namespace();
    let Some(namespace) = namespace.filter(|it| it.whereis(name.as_str()).is_some()) else {
        return Ok(());
    };
    // Boxed, as it comes to this so seldom, and each start would carry it.
    match Box::pin(namespace.until_free(name.as_str())).await {
        Err(error @ RegisterError::Orphaned { .. }) => Err(StartError::Register {
            name: name.clone(),
            error,
        }),
        _ => Ok(()),
    }
}

/// Refuses what the spec asks for in vain, and registers the process under the name in its spec, if there is one. One that has ended meanwhile has started all the
/// same.
fn settle(scope: &Scope, child: &Child, started: Started) -> Result<Started, StartError> {
    let (spec, Some(process)) = (child.spec(), started.process()) else {
        return Ok(started);
    };
    if spec.mailbox_limit.is_some() && process.kind() != ProcessKind::Actor {
        return Err(SpecError::MailboxLimit(spec.id.clone()).into());
    }
    let Some(name) = &spec.name else {
        return Ok(started);
    };
    let namespace = scope
        .namespace()
        .ok_or_else(|| StartError::NoNamespace(name.clone()))?;
    let names = namespace.registry();
    match names.register_at(process, name.clone(), Metadata::new(), child.made_at()) {
        Ok(_) | Err(RegisterError::Dead) => Ok(started),
        Err(error) => Err(StartError::Register {
            name: name.clone(),
            error,
        }),
    }
}
