//! Questions to the backend, and taking events away: each comes to its end, whether anybody waits for it or not.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::backend::{BackendError, EventBackend, Usage};
use super::cell::{Cell, add};
use super::error::StoreError;
use super::terms::Terms;

/// How many events are taken away in one transaction, so that those who store get their turn in between.
const CHUNK: u32 = 1000;

/// Asks the backend something, once there is a place, and waits for the answer: as long as this for both.
pub(crate) async fn ask<T, F, A>(cell: &Cell, limit: Duration, question: F) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: FnOnce(Arc<dyn EventBackend>) -> A,
    A: Future<Output = Result<T, BackendError>> + Send + 'static,
{
    cell.check_open()?;
    let terms = cell.terms();
    let until = Instant::now().checked_add(limit);
    let place = place(&terms, until).await?;
    let answer = question(Arc::clone(&terms.backend));
    let task = cell.runtime.spawn(async move {
        let _place = place;
        answer.await
    });
    within(limit, until, task).await
}

/// A place among those who are answered: those who wait for one get theirs in order. Who waits in vain, or has nowhere to wait, has not asked
/// anything: the backend has not failed.
async fn place(terms: &Terms, until: Option<Instant>) -> Result<OwnedSemaphorePermit, StoreError> {
    if let Ok(place) = Arc::clone(&terms.places).try_acquire_owned() {
        return Ok(place);
    }
    let busy = StoreError::Busy {
        max: terms.spec().queries_max,
        waiting_max: terms.spec().queries_waiting_max,
    };
    let Ok(_turn) = terms.turns.try_acquire() else {
        return Err(busy);
    };
    let place = Arc::clone(&terms.places).acquire_owned();
    match in_time(until, place).await {
        Some(Ok(place)) => Ok(place),
        // It is never closed.
        Some(Err(_)) | None => Err(busy),
    }
}

/// What it comes to, if it does by then; a time that is beyond all time is none.
async fn in_time<F: Future>(until: Option<Instant>, future: F) -> Option<F::Output> {
    match until {
        Some(until) => timeout_at(until, future).await.ok(),
        None => Some(future.await),
    }
}

async fn within<T>(
    limit: Duration,
    until: Option<Instant>,
    task: JoinHandle<Result<T, BackendError>>,
) -> Result<T, StoreError> {
    match in_time(until, task).await {
        Some(Ok(answer)) => answer.map_err(StoreError::Backend),
        Some(Err(error)) if error.is_panic() => Err(StoreError::Interrupted),
        Some(Err(_)) => Err(StoreError::Stopped),
        None => Err(StoreError::Timeout(limit)),
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
