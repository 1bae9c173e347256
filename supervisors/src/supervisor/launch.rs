//! One start of one child, inside its supervisor.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;

use super::decide::Key;
use super::hub::Hub;
use crate::process::{Owner, caught};
use crate::runtime::Scope;
use crate::start::{Child, StartContext, StartError, Started};

/// Calls the start function and makes the process known. Whatever a failed start has left running is killed, and
/// waited for.
pub(crate) async fn launch(
    hub: &Arc<Hub>,
    scope: &Arc<Scope>,
    (key, child): (Key, &Child),
    restarts: u32,
) -> Result<Started, StartError> {
    let owner = Owner {
        hub: Arc::clone(hub),
        key,
    };
    let cx = StartContext::new(Arc::clone(scope), child.spec(), owner, restarts);
    // Inside the closure, so that a start function that panics before it returns its future is caught as well.
    let result = AssertUnwindSafe(async { child.start(cx).await })
        .catch_unwind()
        .await;
    let result = result.unwrap_or_else(|payload| Err(StartError::Panicked(caught(payload))));
    let made = hub.table().starting.take();
    match (result, made) {
        (Ok(Started::Process { process, info }), Some(made)) if process == made => {
            process.announce(restarts);
            Ok(Started::Process { process, info })
        }
        (result, made) => {
            if let Some(made) = made {
                made.kill();
                made.ended().await;
            }
            match result {
                Ok(Started::Process { .. }) => Err(StartError::failed(
                    "the start function returned a process that it has not made",
                )),
                other => other,
            }
        }
    }
}
