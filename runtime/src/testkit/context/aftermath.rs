//! What the end of a test came to, and what is to be said of it.

use std::collections::BTreeMap;

use mainstay_supervisors::{Event, EventKind, ExitReason, Process};

use super::TestContext;
use crate::testkit::chaos::is_ours;
use crate::testkit::failure::{TestFailure, TestFailures};
use crate::testkit::leak::{Leak, Place};

/// What the end of a test came to.
#[derive(Clone, Default)]
pub(in crate::testkit) struct Aftermath {
    pub(in crate::testkit) failures: Vec<TestFailure>,
    pub(in crate::testkit) leaks: Vec<Leak>,
}

impl From<TestFailure> for Aftermath {
    fn from(failure: TestFailure) -> Self {
        Self {
            failures: vec![failure],
            ..Self::default()
        }
    }
}

impl From<Aftermath> for TestFailures {
    fn from(after: Aftermath) -> Self {
        let mut failures = Self::default();
        failures.failures = after.failures;
        failures.add_leaks(after.leaks);
        failures
    }
}

impl TestContext {
    /// The end of the root, if it has ended and nobody had asked it to.
    pub(super) fn ended_by_itself(&self) -> Option<TestFailure> {
        let root = self.namespace().root()?;
        let root = root.process();
        let reason = root.exit_reason()?;
        let events = self.events().all();
        let over = events.iter().find_map(|event| match &event.kind {
            EventKind::GaveUp {
                supervisor, child, ..
            } if supervisor == root => Some(child.clone()),
            _ => None,
        });
        // A root that gives up ends as one that was told to stop.
        (over.is_some() || reason.is_abnormal()).then(|| TestFailure::Ended {
            namespace: self.namespace().name().to_string(),
            reason,
            over,
        })
    }

    /// Those that were killed since then because they did not end in their time; by their supervisors, or when the namespace
    /// was stopped. Whoever was told to hang is none of them.
    pub(super) fn overran(&self, seen: usize, killed: Vec<String>) -> Vec<Leak> {
        let events = self.events().all();
        let mut places: BTreeMap<String, Option<Place>> = BTreeMap::new();
        for (path, process) in events.iter().skip(seen).filter_map(killed_by_supervisor) {
            if !self.chaos().is_hung(process.map(Process::pid), &path) {
                places.insert(path, process.map(Process::made_at));
            }
        }
        for path in killed {
            let ours = events.iter().map(|event| event.kind.process());
            let last = ours.rev().find(|it| it.path() == path);
            if !self.chaos().is_hung(last.map(Process::pid), &path) {
                places
                    .entry(path)
                    .or_insert_with(|| last.map(Process::made_at));
            }
        }
        let leaks = places.into_iter();
        leaks
            .map(|(path, made_at)| Leak::Killed { path, made_at })
            .collect()
    }

    /// Those that panicked or failed since then while they were being stopped, and not because the test made them.
    pub(super) fn ended_badly(&self, seen: usize) -> Vec<TestFailure> {
        let events = self.events().all();
        let events = events.iter().skip(seen);
        let told = events.filter_map(|event| self.ended_badly_by(event));
        told.collect()
    }

    fn ended_badly_by(&self, event: &Event) -> Option<TestFailure> {
        let EventKind::ShutdownError {
            supervisor,
            child,
            process,
            reason,
            overran: false,
            ..
        } = &event.kind
        else {
            return None;
        };
        let is_bad = matches!(reason, ExitReason::Panicked(_) | ExitReason::Failed(_));
        let is_ours = process.as_ref().is_some_and(|it| self.chaos().has_hit(it));
        (is_bad && !is_ours).then(|| TestFailure::Stop {
            path: format!("{}/{child}", supervisor.path()),
            reason: reason.clone(),
        })
    }

    /// Starts that were to fail and were not tried. What the chaos monkey ordered need not come to pass.
    pub(super) fn not_tried(&self) -> impl Iterator<Item = TestFailure> + use<> {
        let orders = self.namespace().pending_start_failures().into_iter();
        let orders = orders.filter(|order| !is_ours(order.made_at));
        orders.map(TestFailure::NotTried)
    }
}

/// The path, and the process unless one report stands for several.
fn killed_by_supervisor(event: &Event) -> Option<(String, Option<&Process>)> {
    match &event.kind {
        EventKind::ShutdownError {
            supervisor,
            child,
            process,
            overran: true,
            ..
        } => {
            let path = format!("{}/{child}", supervisor.path());
            Some((path, process.as_ref()))
        }
        _ => None,
    }
}
