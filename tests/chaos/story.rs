//! What supervisors did, and why.

use std::collections::{BTreeMap, BTreeSet};

use mainstay::testkit::ChaosKind;
use mainstay_supervisors::{Delivery, Event, EventKind, EventStream, ExitReason, Pid, Process};

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
    /// * Who ended otherwise than by being stopped was struck, and ended as it was to; or was below one that was killed.
    /// * Who was stopped was so because a process at its side or above it, or beside one of those, had been struck.
    /// * Each start that failed was made to fail, and no supervisor gave up.
    pub(crate) fn faults(&self, hits: &Hits, alive: &[Process]) -> Vec<String> {
        let mut faults = Vec::new();
        if self.missed > 0 {
            faults.push(format!("{} events were missed", self.missed));
        }
        self.balance(alive, &mut faults);
        self.exits(hits, &mut faults);
        let failed = self.events.iter().filter(|it| matches!(&it.kind, EventKind::StartError { .. }));
        let failed = failed.count() as u64;
        if failed != hits.starts {
            faults.push(format!("{failed} starts failed, and {} were made to", hits.starts));
        }
        faults
    }

    fn balance(&self, alive: &[Process], faults: &mut Vec<String>) {
        let mut balance = BTreeMap::<String, i64>::new();
        for event in &self.events {
            match &event.kind {
                EventKind::Started { process, .. } => *balance.entry(process.path()).or_default() += 1,
                EventKind::Exited { process, .. } => *balance.entry(process.path()).or_default() -= 1,
                _ => {}
            }
        }
        for process in alive {
            *balance.entry(process.path()).or_default() -= 1;
        }
        let wrong = balance.into_iter().filter(|(_, sum)| *sum != 0);
        faults.extend(wrong.map(|(path, sum)| format!("{path} has started {sum} times more than it ended and runs")));
    }

    fn exits(&self, hits: &Hits, faults: &mut Vec<String>) {
        let mut struck = BTreeSet::new();
        for event in &self.events {
            match &event.kind {
                EventKind::Exited { process, reason } => {
                    let path = process.path();
                    if let Some(kinds) = hits.processes.get(&process.pid()) {
                        struck.insert(parent(&path).to_owned());
                        if !is_due(kinds, reason) {
                            faults.push(format!("{process} was struck by {kinds:?} and ended with {reason}"));
                        }
                    } else if !is_explained(process, reason, &struck, hits) {
                        faults.push(format!("{process} ended with {reason}, and nobody had struck"));
                    }
                }
                EventKind::GaveUp { supervisor, child, .. } => {
                    faults.push(format!("{supervisor} gave up over {child}"));
                }
                EventKind::ChildTerminated { process, reason, .. }
                    if !hits.processes.contains_key(&process.pid()) =>
                {
                    faults.push(format!("{process} was found to have ended with {reason}"));
                }
                EventKind::ShutdownError { supervisor, child, process, reason, .. } => {
                    let was_struck = process.as_ref().is_some_and(|it| hits.processes.contains_key(&it.pid()));
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
            EventKind::ChildTerminated { process, reason, .. } => format!("terminated {process}: {}", text(reason)),
            EventKind::StartError { supervisor, child, error, .. } => format!("start failed {supervisor}/{child}: {error}"),
            EventKind::ShutdownError { supervisor, child, .. } => format!("shutdown failed {supervisor}/{child}"),
            EventKind::GaveUp { supervisor, child, .. } => format!("gave up {supervisor}/{child}"),
            other => format!("{other:?}"),
        };
        self.events.iter().map(line).collect()
    }

    /// How many processes have ended.
    pub(crate) fn ends(&self) -> usize {
        let ends = self.events.iter().filter(|it| matches!(&it.kind, EventKind::Exited { .. }));
        ends.count()
    }
}

fn text(reason: &ExitReason) -> String {
    match reason {
        ExitReason::Panicked(panic) => panic.message().to_owned(),
        other => other.to_string(),
    }
}

fn is_shutdown(reason: &ExitReason) -> bool {
    matches!(reason, ExitReason::Shutdown | ExitReason::ShutdownWith(_))
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// A process that was struck ended as it was to, unless it was stopped before that.
fn is_due(kinds: &[ChaosKind], reason: &ExitReason) -> bool {
    let is_due = |kind: &ChaosKind| match kind {
        ChaosKind::Crash => matches!(reason, ExitReason::Panicked(panic) if panic.message() == ON_PURPOSE),
        ChaosKind::Fail => matches!(reason, ExitReason::Failed(failure) if failure.to_string() == ON_PURPOSE),
        _ => matches!(reason, ExitReason::Killed),
    };
    is_shutdown(reason) || matches!(reason, ExitReason::Killed) || kinds.iter().any(is_due)
}

/// A process that was not struck: who was stopped with another, or fell with the one above it.
fn is_explained(process: &Process, reason: &ExitReason, struck: &BTreeSet<String>, hits: &Hits) -> bool {
    let path = process.path();
    // A short task of a service's own comes to its end.
    if matches!(reason, ExitReason::Normal) {
        return true;
    }
    if is_shutdown(reason) {
        return std::iter::successors(Some(parent(&path)), |path| Some(parent(path)).filter(|it| !it.is_empty()))
            .any(|above| struck.contains(above));
    }
    matches!(reason, ExitReason::Killed) && above(process).any(|pid| hits.processes.contains_key(&pid))
}

/// The supervisors above a process.
fn above(process: &Process) -> impl Iterator<Item = Pid> {
    let supervisor = |process: &Process| process.supervisor().map(|it| it.process().clone());
    std::iter::successors(supervisor(process), move |it| supervisor(it)).map(|it| it.pid())
}
