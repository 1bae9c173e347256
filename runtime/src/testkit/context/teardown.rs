//! The end of a test: everything is stopped, in order and each step within a limit, and then looked for.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use mainstay_supervisors::{Event, EventKind, Process};

use super::{Inner, TestContext};
use crate::testkit::chaos::is_ours;
use crate::testkit::failure::{TestFailure, TestFailures, TimedOut};
use crate::testkit::leak::{self, Leak, Leaks, Place};
use crate::testkit::run::{Limits, Overran};

/// Whether the end has begun.
#[derive(Default)]
pub(super) struct Ending(AtomicBool);

impl Ending {
    pub(super) fn has_begun(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// True for the first who asks.
    fn begin(&self) -> bool {
        !self.0.swap(true, Ordering::SeqCst)
    }
}

/// What the end of a test came to.
#[derive(Default)]
pub(in crate::testkit) struct Aftermath {
    pub(in crate::testkit) failures: Vec<TestFailure>,
    pub(in crate::testkit) leaks: Vec<Leak>,
    /// What helps if the test has failed, each with a heading.
    notes: Vec<(&'static str, String)>,
}

impl From<TestFailure> for Aftermath {
    fn from(failure: TestFailure) -> Self {
        Self {
            failures: vec![failure],
            ..Self::default()
        }
    }
}

impl Aftermath {
    pub(in crate::testkit) fn into_failures(self) -> TestFailures {
        let mut failures = TestFailures::default();
        failures.failures = self.failures;
        let leaks = Leaks::new(self.leaks).map(TestFailure::Leaks);
        failures.failures.extend(leaks);
        if !failures.failures.is_empty() {
            for (heading, text) in &self.notes {
                failures.note(heading, text);
            }
        }
        failures
    }
}

impl TestContext {
    /// Ends a test that has no macro to do so: stops the children of the test, the last started first; runs the callbacks of
    /// [`on_exit`](Self::on_exit), the last added first; stops the namespace, and the runtime unless it was brought along; and
    /// looks for what is left. Each step is given up when it takes too long, and the next one begun.
    ///
    /// A second call does nothing, and so does the macro after a call by the test. Without any call, such as when the test
    /// panics, the namespace is told to stop when the last clone of the context is dropped; then nobody waits for it, no
    /// callback runs and nothing is looked for.
    ///
    /// Cancel safety: when this is dropped, what was not done is not done; the rest goes as if it had not been called.
    ///
    /// # Errors
    ///
    /// All that went wrong: what is left, callbacks that failed, steps that took too long, linked children that have ended.
    pub async fn finish(&self) -> Result<(), TestFailures> {
        let aftermath = self.teardown(&Limits::unwatched(self.0.timeout)).await;
        aftermath.into_failures().into_result()
    }

    pub(in crate::testkit) async fn teardown(&self, limits: &Limits) -> Aftermath {
        let inner = &self.0;
        let mut after = Aftermath::default();
        if !inner.ending.begin() {
            return after;
        }
        let seen = self.events_so_far();
        self.chaos().stop();
        after.failures.extend(inner.linked.end());
        let stopping = self.stop_supervised_all();
        self.step(limits, "stopping the children", stopping, &mut after)
            .await;
        let exits = inner.on_exit.run(limits).await;
        after.failures.extend(exits);
        let killed = self.stop_namespace(limits, &mut after).await;
        after.failures.extend(self.not_tried());
        after.notes.push(("chaos", self.chaos().schedules()));
        if inner.detect_leaks {
            after.leaks.extend(self.overran(seen, killed));
            self.look(limits, &mut after).await;
        }
        inner.end_world(limits, &mut after).await;
        after
    }

    fn events_so_far(&self) -> usize {
        self.events().all().len()
    }

    async fn stop_namespace(&self, limits: &Limits, after: &mut Aftermath) -> Vec<String> {
        // What goes on for longer is killed by the stop itself, which takes a moment more.
        let stopping = self.0.namespace.stop(limits.by_tokio());
        let limits = limits.doubled();
        match limits.limited("stopping the namespace", stopping).await {
            Ok(report) => report.killed,
            Err(overran) => {
                let timed_out = self.timed_out("stopping the namespace", overran);
                after.failures.push(TestFailure::TimedOut(timed_out));
                Vec::new()
            }
        }
    }

    async fn step<F: Future<Output = ()>>(
        &self,
        limits: &Limits,
        what: &str,
        future: F,
        after: &mut Aftermath,
    ) {
        if let Err(overran) = limits.limited(what, future).await {
            let timed_out = self.timed_out(what, overran);
            after.failures.push(TestFailure::TimedOut(timed_out));
        }
    }

    pub(in crate::testkit) fn timed_out(&self, step: &str, overran: Overran) -> TimedOut {
        TimedOut {
            step: step.to_owned(),
            limit: overran.limit,
            clock: overran.clock,
            is_stuck: false,
            waits: self.waits(),
            running: self.running(),
        }
    }

    /// Those that were killed since then because they did not end in their time; by their supervisors, or when the namespace
    /// was stopped. Whoever was told to hang is none of them.
    fn overran(&self, seen: usize, killed: Vec<String>) -> Vec<Leak> {
        let events = self.events().all();
        let mut places: BTreeMap<String, Option<Place>> = BTreeMap::new();
        for (path, process) in events.iter().skip(seen).filter_map(killed_by_supervisor) {
            if !self.chaos().is_hung(process.map(Process::pid), &path) {
                places.insert(path, process.map(Process::made_at));
            }
        }
        for path in killed {
            let ours = events.iter().map(|event| event.kind.process());
            let made_at = ours.rev().find(|it| it.path() == path);
            let made_at = made_at.map(Process::made_at);
            if !self.chaos().is_hung(None, &path) {
                places.entry(path).or_insert(made_at);
            }
        }
        let leaks = places.into_iter();
        leaks
            .map(|(path, made_at)| Leak::Killed { path, made_at })
            .collect()
    }

    /// Starts that were to fail and were not tried. What the chaos monkey ordered need not come to pass.
    fn not_tried(&self) -> impl Iterator<Item = TestFailure> + use<> {
        let orders = self.namespace().pending_start_failures().into_iter();
        let orders = orders.filter(|order| !is_ours(order.made_at));
        orders.map(TestFailure::NotTried)
    }

    /// Looks for what is left of the namespace and the tasks.
    async fn look(&self, limits: &Limits, after: &mut Aftermath) {
        let inner = &self.0;
        let tasks = || {
            let alive = inner.tasks.alive().into_iter();
            alive.map(|(name, made_at)| Leak::Task { name, made_at })
        };
        let look = || {
            let mut left = leak::of_namespace(&inner.namespace);
            left.extend(tasks());
            left
        };
        let looking = async { after.leaks.extend(leak::left(look).await) };
        // It has a limit of its own.
        limits.limited("looking for leaks", looking).await.ok();
        inner.tasks.abort();
    }
}

impl Inner {
    /// Ends the runtime, if nobody uses it any more.
    async fn end_world(&self, limits: &Limits, after: &mut Aftermath) {
        if !self.world.leave() {
            return;
        }
        self.world.collector().close();
        let runtime = self.world.runtime();
        let ending = async {
            if self.detect_leaks {
                let known = after.leaks.clone();
                let look = || {
                    let mut left = leak::of_runtime(runtime);
                    left.retain(|leak| !known.contains(leak));
                    left
                };
                after.leaks.extend(leak::left(look).await);
            }
            runtime.stop(limits.by_tokio()).await;
        };
        limits
            .doubled()
            .limited("stopping the runtime", ending)
            .await
            .ok();
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

impl Drop for Inner {
    fn drop(&mut self) {
        if self.ending.has_begun() {
            return;
        }
        // Whoever is left looks after the runtime.
        self.world.leave();
        if !std::thread::panicking() {
            let namespace = self.namespace.name();
            tracing::warn!(%namespace, "a test context was dropped without `finish`: nothing was looked for");
        }
    }
}
