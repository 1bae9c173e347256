//! One transaction: what waits is stored, and everybody is told what came of it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{OwnedMutexGuard, oneshot};
use tokio::time::Instant;

use super::backend::{Appended, BackendError, EventGroup};
use super::cell::{Cell, Outcome, add};
use super::error::StoreError;
use super::event::Event;
use super::id::EventId;
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
    let appended = terms
        .backend
        .append(Arc::clone(&groups), terms.bounds())
        .await;
    for (pending, group) in batch.iter_mut().zip(&*groups) {
        pending.events.clone_from(&group.events);
    }
    let round = Round {
        cell: &cell,
        signals: &terms.signals,
        began,
    };
    let is_done = appended.is_ok();
    match appended {
        Ok(appended) if appended.groups.len() != batch.len() => {
            let (expected, found) = (batch.len(), appended.groups.len());
            let message =
                format!("the backend has said of {found} groups of {expected} what came of them");
            round.failed(batch, &BackendError::unknown(message));
        }
        Ok(appended) => round.stored(batch, appended),
        Err(error) => round.failed(batch, &error),
    }
    drop(serving);
    drop(turn);
    is_done
}

struct Round<'a> {
    cell: &'a Cell,
    signals: &'a Signals,
    began: Instant,
}

impl Round<'_> {
    fn stored(&self, batch: Vec<Pending>, appended: Appended) {
        let counts = &self.cell.counts;
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
        outcome: Result<Vec<EventId>, EventId>,
        is_new: impl Fn(EventId) -> bool,
    ) -> u64 {
        let ids = match outcome {
            Ok(ids) => ids,
            Err(id) => {
                pending.answer(Err(StoreError::Taken { id }));
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
        let events = new.map(|(event, id)| event.with_id(*id));
        self.cell.tell(events);
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
