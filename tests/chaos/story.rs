//! What supervisors did, and why.

use std::collections::{BTreeMap, BTreeSet};

use mainstay::testkit::ChaosKind;
use mainstay_supervisors::{Delivery, Event, EventKind, EventStream, ExitReason, Process};

use crate::causes::{Causes, Tree};
use crate::reloads::Window;
use crate::strikes::{Hits, ON_PURPOSE};

/// All that has happened in the runtime.
#[derive(Debug, Default)]
pub(crate) struct Story {
    events: Vec<Event>,
    missed: u64,
}

impl Story {
    /// What has happened so far.
    pub(crate) fn read(stream: &mut EventStream) -> Self {
        let mut story = Self::default();
        while let Some(delivery) = stream.try_next() {
            match delivery {
                Delivery::Event(event) => story.events.push(event),
                Delivery::Lagged(missed) => story.missed += missed,
                other => unreachable!("no delivery is {other:?}"),
            }
        }
        story
    }

    /// What is not accounted for, a line each.
    ///
    /// * For each path as many processes have started as have ended, and those that run now.
    /// * Who ended otherwise than by being stopped was struck, and ended as it was to; or was below one that was.
    /// * Who was stopped was so because the strategy of a supervisor above wants it: a child of it had been struck or had not started, and
    ///   had no successor yet. All that this takes along was stopped before the successor has started.
    /// * Each start that failed was made to fail, and no supervisor gave up.
    /// * How often a supervisor has restarted a child is how often it did.
    /// * What a reload was to restart has ended in it, or just before, and was started again in it; and nothing else.
    pub(crate) fn faults(
        &self,
        tree: &Tree,
        hits: &Hits,
        windows: &[Window],
        alive: &[Process],
    ) -> Vec<String> {
        let mut faults = Vec::new();
        if self.missed > 0 {
            faults.push(format!("{} events were missed", self.missed));
        }
        self.balance(alive, &mut faults);
        self.exits(tree, hits, windows, &mut faults);
        self.restarts(windows, &mut faults);
        let made = self.start_errors(&mut faults);
        // Of those in reloads the reloads tell, and of those in which it is put back nobody.
        let failed = windows.iter().filter(|window| !window.is_done).count();
        if made > hits.starts || hits.starts - made > failed as u64 {
            faults.push(format!(
                "{made} starts failed as they were to, and {} were made to",
                hits.starts
            ));
        }
        faults
    }

    /// How many starts failed because they were made to. A supervisor whose child did not start has not started either.
    fn start_errors(&self, faults: &mut Vec<String>) -> u64 {
        let mut made = 0;
        for event in &self.events {
            let EventKind::StartError {
                supervisor,
                child,
                error,
                ..
            } = &event.kind
            else {
                continue;
            };
            let error = error.to_string();
            made += u64::from(error == ON_PURPOSE);
            if !error.ends_with(ON_PURPOSE) {
                faults.push(format!("{supervisor} could not start {child}: {error}"));
            }
        }
        made
    }

    fn balance(&self, alive: &[Process], faults: &mut Vec<String>) {
        let mut balance = BTreeMap::<String, i64>::new();
        for event in &self.events {
            match &event.kind {
                EventKind::Started { process, .. } => {
                    *balance.entry(process.path()).or_default() += 1
                }
                EventKind::Exited { process, .. } => {
                    *balance.entry(process.path()).or_default() -= 1
                }
                _ => {}
            }
        }
        for process in alive {
            *balance.entry(process.path()).or_default() -= 1;
        }
        let wrong = balance.into_iter().filter(|(_, sum)| *sum != 0);
        faults.extend(wrong.map(|(path, sum)| {
            format!("{path} has started {sum} times more than it ended and runs")
        }));
    }

    /// What was to be restarted by a reload that is done, and was not: it has ended in it, or had just before and had no successor yet.
    fn restarts(&self, windows: &[Window], faults: &mut Vec<String>) {
        for window in windows.iter().filter(|window| window.is_done) {
            let events = self.events.iter().filter(|event| window.has(event.id));
            let (mut ended, mut started) = (self.open_after(window.after), BTreeSet::new());
            for event in events {
                match &event.kind {
                    EventKind::Started { process, .. } => drop(started.insert(process.path())),
                    EventKind::Exited { process, .. } => drop(ended.insert(process.path())),
                    _ => {}
                }
            }
            let same = window.restarted.iter();
            let same = same.filter(|path| !ended.contains(*path) || !started.contains(*path));
            faults.extend(same.map(|path| format!("{path} was not restarted by {window:?}")));
        }
    }

    /// The paths of what had ended, up to this event, and had no successor yet.
    fn open_after(&self, event: u64) -> BTreeSet<String> {
        let mut open = BTreeSet::new();
        for event in self.events.iter().filter(|it| it.id <= event) {
            match &event.kind {
                EventKind::Started { process, .. } => drop(open.remove(&process.path())),
                EventKind::Exited { process, .. } => drop(open.insert(process.path())),
                _ => {}
            }
        }
        open
    }

    fn exits(&self, tree: &Tree, hits: &Hits, windows: &[Window], faults: &mut Vec<String>) {
        let kinds = self.events.iter().map(|event| &event.kind);
        let mut causes = Causes::new(tree, windows, kinds);
        for event in &self.events {
            match &event.kind {
                EventKind::Started { process, restarts } => {
                    faults.extend(causes.started(event.id, process, *restarts));
                }
                EventKind::Exited { process, reason } => {
                    let struck = hits.processes.get(&process.pid());
                    if struck.is_some_and(|kinds| is_due(kinds, reason)) {
                        causes.fell(process, reason);
                    } else if !causes.ended(event.id, process, reason) {
                        let struck = struck.map_or_else(
                            || "and nobody had struck".to_owned(),
                            |kinds| format!("and was struck by {kinds:?}"),
                        );
                        faults.push(format!("{process} ended with {reason}, {struck}"));
                    }
                }
                EventKind::StartError {
                    supervisor, child, ..
                } => causes.failed(supervisor, child.as_str()),
                EventKind::GaveUp {
                    supervisor, child, ..
                } => {
                    faults.push(format!("{supervisor} gave up over {child}"));
                }
                EventKind::ShutdownError {
                    supervisor,
                    child,
                    process,
                    reason,
                    ..
                } => {
                    let was_struck = process
                        .as_ref()
                        .is_some_and(|it| hits.processes.contains_key(&it.pid()));
                    if !was_struck {
                        faults.push(format!("{supervisor} could not stop {child}: {reason}"));
                    }
                }
                _ => {}
            }
        }
    }

    /// As text, without times and what else differs from run to run.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |event: &Event| match &event.kind {
            EventKind::Started { process, restarts } => format!("started {process} ({restarts})"),
            EventKind::Exited { process, reason } => format!("exited {process}: {}", text(reason)),
            EventKind::ChildTerminated {
                process, reason, ..
            } => format!("terminated {process}: {}", text(reason)),
            EventKind::StartError {
                supervisor,
                child,
                error,
                ..
            } => format!("start failed {supervisor}/{child}: {error}"),
            EventKind::ShutdownError {
                supervisor, child, ..
            } => format!("shutdown failed {supervisor}/{child}"),
            EventKind::GaveUp {
                supervisor, child, ..
            } => format!("gave up {supervisor}/{child}"),
            other => format!("{other:?}"),
        };
        self.events.iter().map(line).collect()
    }

    /// How many processes have ended.
    pub(crate) fn ends(&self) -> usize {
        let ends = self
            .events
            .iter()
            .filter(|it| matches!(&it.kind, EventKind::Exited { .. }));
        ends.count()
    }
}

fn text(reason: &ExitReason) -> String {
    match reason {
        ExitReason::Panicked(panic) => panic.message().to_owned(),
        other => other.to_string(),
    }
}

pub(crate) fn is_shutdown(reason: &ExitReason) -> bool {
    matches!(reason, ExitReason::Shutdown | ExitReason::ShutdownWith(_))
}

pub(crate) fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(parent, _)| parent)
}

/// Whether it is a short task of a service's own, which nobody restarts.
pub(crate) fn is_task(path: &str) -> bool {
    path.ends_with("/task")
}

/// Whether a process that was struck ended of that.
fn is_due(kinds: &[ChaosKind], reason: &ExitReason) -> bool {
    kinds.iter().any(|kind| match kind {
        ChaosKind::Crash => {
            matches!(reason, ExitReason::Panicked(panic) if panic.message() == ON_PURPOSE)
        }
        ChaosKind::Fail => {
            matches!(reason, ExitReason::Failed(failure) if failure.to_string() == ON_PURPOSE)
        }
        _ => matches!(reason, ExitReason::Killed),
    })
}
