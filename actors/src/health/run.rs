//! One run of one check, in a task of its own.

use std::sync::{Arc, Weak};

use mainstay_specs::ServiceName;
use mainstay_supervisors::Namespace;

use super::book::{Book, Outcome, Work};
use super::cell::{Cell, add};
use super::moment::Moment;
use crate::pool::caught::caught;

impl Cell {
    /// Begins the runs that are due.
    pub(crate) fn begin_due(self: &Arc<Self>) {
        self.begin(|book, now, chance| book.begin_due(now, chance));
    }

    /// Begins all runs, for a sweep.
    pub(crate) fn begin_all(self: &Arc<Self>) {
        self.begin(|book, now, chance| book.begin_all(now, chance));
    }

    /// The namespace is held for as long as somebody has the book: it ends with its last handle, and clears the book then.
    fn begin(
        self: &Arc<Self>,
        begin: impl FnOnce(&mut Book, Moment, &mut dyn FnMut() -> f64) -> Vec<Work>,
    ) {
        let (home, now) = (self.home.upgrade(), self.now());
        let mut chance = || home.as_ref().map_or(0.0, chance);
        let work = self.book(|book| begin(book, now, &mut chance));
        self.spawn(work);
    }

    /// Begins runs, each in a task of its own. Nothing is begun before there was a keeper.
    fn spawn(self: &Arc<Self>, work: Vec<Work>) {
        let Some(runtime) = self.runtime() else {
            return;
        };
        add(&self.counts.runs, work.len() as u64);
        for work in work {
            let (name, number) = (work.name.clone(), work.number);
            let task = runtime.spawn(run(Arc::downgrade(self), work));
            self.book(|book| book.attach(&name, number, task.abort_handle()));
        }
    }

    fn finish(&self, name: &ServiceName, number: u64, outcome: Outcome) {
        let now = self.now();
        let panicked = matches!(outcome, Outcome::Panicked(_));
        let ended = self.book(|book| book.finish(name, number, outcome, now));
        if !ended.is_ours {
            return;
        }
        add(&self.counts.panics, u64::from(panicked));
        add(&self.counts.late, u64::from(ended.is_late));
        add(&self.counts.timeouts, u64::from(ended.is_unnoticed));
        if ended.sweep_is_done {
            self.swept.notify_one();
        }
        self.work.notify_one();
    }
}

/// A number from 0 to 1 that is left to chance.
#[allow(clippy::cast_precision_loss)]
fn chance(namespace: &Namespace) -> f64 {
    (namespace.chance() >> 11) as f64 / (1_u64 << 53) as f64
}

/// What ends a run, whatever becomes of its task.
struct Ending {
    cell: Weak<Cell>,
    name: ServiceName,
    number: u64,
    outcome: Option<Outcome>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let Some(cell) = self.cell.upgrade() else {
            return;
        };
        let lost = || Outcome::Panicked("its task was ended".to_owned());
        let outcome = self.outcome.take().unwrap_or_else(lost);
        cell.finish(&self.name, self.number, outcome);
    }
}

async fn run(cell: Weak<Cell>, work: Work) {
    let Work {
        name,
        number,
        check,
    } = work;
    let mut ending = Ending {
        cell,
        name,
        number,
        outcome: None,
    };
    let outcome = caught(check.run()).await;
    ending.outcome = Some(outcome.map_or_else(Outcome::Panicked, Outcome::Answered));
}
