//! One transaction: what waits is stored, and everybody is told what came of it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{OwnedMutexGuard, oneshot};
use tokio::time::Instant;

use super::backend::{Appended, BackendError, EventGroup, Refused};
use super::cell::{Cell, Outcome, add};
use super::error::StoreError;
use super::event::Event;
use super::id::EventId;
use super::queue::Load;
use super::signals::Signals;
use super::terms::Terms;

/// What one caller has asked to be stored. Dropped without an answer, its caller learns that it may be stored.
#[derive(Debug)]
pub(crate) struct Pending {
    events: Vec<Event>,
    answer: oneshot::Sender<Outcome>,
    since: Instant,
    /// The number of the alert it is, which is counted nowhere else.
    alert: Option<u64>,
}

impl Pending {
    pub(crate) fn new(events: Vec<Event>) -> (Self, oneshot::Receiver<Outcome>) {
        let (answer, outcome) = oneshot::channel();
        let pending = Self {
            events,
            answer,
            since: Instant::now(),
            alert: None,
        };
        (pending, outcome)
    }

    /// An alert, for whose answer nobody waits.
    pub(crate) fn alert(event: Event, number: u64) -> Self {
        let (mut pending, _) = Self::new(vec![event]);
        pending.alert = Some(number);
        pending
    }

    pub(crate) fn answer(self, outcome: Outcome) {
        // The caller may have given up.
        self.answer.send(outcome).ok();
    }

    /// Since when it has waited.
    pub(crate) const fn since(&self) -> Instant {
        self.since
    }

    pub(crate) fn len(&self) -> u64 {
        self.events.len() as u64
    }
}

/// Stores a batch, in its turn. It is to be let come to its end.
pub(crate) async fn commit(
    cell: Arc<Cell>,
    terms: Arc<Terms>,
    mut batch: Vec<Pending>,
    turn: OwnedMutexGuard<()>,
) -> bool {
    let began = Instant::now();
    let serving = cell.serve(batch.iter().map(Pending::since).min());
    let taken = batch
        .iter_mut()
        .map(|pending| std::mem::take(&mut pending.events));
    let groups: Arc<[EventGroup]> = taken.map(EventGroup::new).collect();
    let mut doubt = Doubt {
        cell: &cell,
        events: batch_len(&groups),
        backlog_max: terms.backlog_max(),
    };
    let append = terms.backend.append(Arc::clone(&groups), terms.bounds());
    let appended = checked(append.await, groups.len());
    if !matches!(appended, Err(BackendError::Unknown(_))) {
        doubt.events = 0;
    }
    drop(doubt);
    for (pending, group) in batch.iter_mut().zip(&*groups) {
        pending.events.clone_from(&group.events);
    }
    let round = Round {
        cell: &cell,
        signals: &terms.signals,
        backlog_max: terms.backlog_max(),
        began,
    };
    let is_done = appended.is_ok();
    match appended {
        Ok(appended) => round.stored(batch, appended),
        Err(error) => round.failed(batch, &error),
    }
    drop(serving);
    drop(turn);
    is_done
}

fn batch_len(groups: &[EventGroup]) -> u64 {
    groups.iter().map(|group| group.events.len() as u64).sum()
}

/// What a backend says that has not said of all groups what came of them, is not known.
fn checked(
    appended: Result<Appended, BackendError>,
    expected: usize,
) -> Result<Appended, BackendError> {
    let appended = appended?;
    let found = appended.groups.len();
    if found == expected {
        return Ok(appended);
    }
    let message = format!("the backend has said of {found} groups of {expected} what came of them");
    Err(BackendError::unknown(message))
}

struct Round<'a> {
    cell: &'a Cell,
    signals: &'a Signals,
    backlog_max: Load,
    began: Instant,
}

/// Events of which nobody knows yet what came of them. If that stays so, subscribers are told of a gap.
struct Doubt<'a> {
    cell: &'a Cell,
    events: u64,
    backlog_max: Load,
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if self.events > 0 {
            self.cell.audience.gap(self.events, self.backlog_max);
        }
    }
}

impl Round<'_> {
    fn stored(&self, batch: Vec<Pending>, appended: Appended) {
        let counts = &self.cell.counts;
        self.cell.note_success();
        add(&counts.commits, 1);
        add(&counts.evicted, appended.evicted);
        counts
            .largest_group
            .fetch_max(batch.len() as u64, Ordering::Relaxed);
        self.cell.set_usage(appended.usage);
        let is_of_alerts = batch.iter().any(|pending| pending.alert.is_some());
        let mut counted = 0;
        let passed_over: HashSet<_> = appended.passed_over.into_iter().collect();
        for (nth, (pending, outcome)) in batch.into_iter().zip(appended.groups).enumerate() {
            counted += self.settle(pending, outcome, |id| !passed_over.contains(&(nth, id)));
        }
        self.signals.committed(counted, self.began.elapsed());
        if !is_of_alerts {
            self.signals.evicted(appended.evicted);
        }
    }

    /// Tells one caller, and gives how many events telemetry is to be told of.
    fn settle(
        &self,
        mut pending: Pending,
        outcome: Result<Vec<EventId>, Refused>,
        is_new: impl Fn(EventId) -> bool,
    ) -> u64 {
        let ids = match outcome {
            Ok(ids) => ids,
            Err(refused) => {
                pending.answer(Err(refused.into()));
                return 0;
            }
        };
        let counts = &self.cell.counts;
        let len = ids.iter().filter(|id| is_new(**id)).count() as u64;
        add(&counts.stored, len);
        if let Some(number) = pending.alert {
            add(&counts.alerts, len);
            counts.last_alert.fetch_max(number, Ordering::Relaxed);
        }
        let events = std::mem::take(&mut pending.events);
        let new = events.into_iter().zip(&ids);
        let new = new.filter(|(_, id)| is_new(**id));
        let told = new.map(|(event, id)| {
            let bytes = event.serialized_size();
            (event.with_id(*id), bytes)
        });
        self.cell.audience.tell(told, self.backlog_max);
        let counted = if pending.alert.is_some() { 0 } else { len };
        if counted > 0 {
            self.signals.waited(pending.since.elapsed());
        }
        pending.answer(Ok(ids));
        counted
    }

    fn failed(&self, batch: Vec<Pending>, error: &BackendError) {
        self.cell.note_failure(error);
        let mut counted = 0;
        for pending in batch {
            let len = pending.len();
            add(&self.cell.counts.failed, len);
            counted += if pending.alert.is_some() { 0 } else { len };
            pending.answer(Err(StoreError::Backend(error.clone())));
        }
        self.signals.failed(counted, error);
    }
}
