//! Questions to the backend, and taking events away: each comes to its end, whether anybody waits for it or not.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::OwnedMutexGuard;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::backend::{BackendError, EventBackend, Usage};
use super::cell::{Cell, add};
use super::error::StoreError;
use super::terms::Terms;

/// How many events are taken away in one transaction, so that those who store get their turn in between.
const CHUNK: u32 = 1000;

/// Asks the backend something, if there is a place, and waits for the answer as long as this.
pub(crate) async fn ask<T, F, A>(cell: &Cell, limit: Duration, question: F) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: FnOnce(Arc<dyn EventBackend>) -> A,
    A: Future<Output = Result<T, BackendError>> + Send + 'static,
{
    cell.check_open()?;
    let terms = cell.terms();
    let max = terms.spec().queries_max;
    let place = Arc::clone(&terms.places).try_acquire_owned();
    let place = place.map_err(|_| StoreError::Busy { max })?;
    let answer = question(Arc::clone(&terms.backend));
    let task = cell.runtime.spawn(async move {
        let _place = place;
        answer.await
    });
    within(limit, task).await
}

async fn within<T>(
    limit: Duration,
    task: JoinHandle<Result<T, BackendError>>,
) -> Result<T, StoreError> {
    match timeout(limit, task).await {
        Ok(Ok(answer)) => answer.map_err(StoreError::Backend),
        Ok(Err(error)) if error.is_panic() => Err(StoreError::Interrupted),
        Ok(Err(_)) => Err(StoreError::Stopped),
        Err(_) => Err(StoreError::Timeout(limit)),
    }
}

/// Takes away one part of the events that happened before this time; the number of those, and whether there may be more.
///
/// One part at a time, in its turn with those who store, so that nobody fights for the database and the books are told in order. One that
/// takes longer than the `time_limit` of the spec lets those who store go on beside it.
pub(crate) async fn remove_part(
    cell: &Arc<Cell>,
    terms: &Arc<Terms>,
    time: SystemTime,
    reason: &'static str,
) -> Result<(u64, bool), StoreError> {
    let place = Arc::clone(&cell.removing).lock_owned().await;
    let (cell, terms) = (Arc::clone(cell), Arc::clone(terms));
    let runtime = cell.runtime.clone();
    let task = runtime.spawn(async move {
        let _place = place;
        let (removed, _turn) = remove(&cell, &terms, time).await;
        let removed = removed?;
        add(&cell.counts.pruned, removed);
        terms.signals.gone(removed, reason);
        if removed > 0 {
            cell.set_usage(left(&terms, cell.usage(), removed).await);
        }
        Ok((removed, removed >= u64::from(CHUNK)))
    });
    match task.await {
        Ok(answer) => answer.map_err(StoreError::Backend),
        Err(error) if error.is_panic() => Err(StoreError::Interrupted),
        Err(_) => Err(StoreError::Stopped),
    }
}

/// How much there is after so many have gone. If the backend does not say, which has done what it was asked, it is told as far as it is
/// known until the next events are stored.
async fn left(terms: &Terms, before: Usage, removed: u64) -> Usage {
    match timeout(terms.spec().time_limit, terms.backend.usage()).await {
        Ok(Ok(usage)) => usage,
        _ => Usage {
            events: before.events.saturating_sub(removed),
            ..before
        },
    }
}

/// How many were taken away, and the turn that it was done in.
async fn remove(
    cell: &Cell,
    terms: &Terms,
    time: SystemTime,
) -> (Result<u64, BackendError>, OwnedMutexGuard<()>) {
    let turn = Arc::clone(&cell.turn).lock_owned().await;
    let mut removed = terms.backend.remove_before(time, CHUNK);
    let limit = terms.spec().time_limit;
    if let Ok(removed) = timeout(limit, &mut removed).await {
        return (removed, turn);
    }
    drop(turn);
    cell.note_failure(&format_args!(
        "old events have not gone within {limit:?}, and others are stored meanwhile"
    ));
    tracing::warn!(namespace = %cell.namespace, ?limit, "old events have not gone in time, and others are stored meanwhile");
    let removed = removed.await;
    (removed, Arc::clone(&cell.turn).lock_owned().await)
}
