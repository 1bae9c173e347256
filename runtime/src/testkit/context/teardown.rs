//! The end of a test: everything is stopped, in order and each step within a limit, and then looked for.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Aftermath, Inner, TestContext};
use crate::testkit::failure::{TestFailure, TestFailures, TimedOut};
use crate::testkit::leak::{self, Leak};
use crate::testkit::run::{Limits, Overran};

/// What is done next.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    #[default]
    Begin,
    Children,
    Callbacks,
    Namespace,
    Verdict,
    Look,
    Leave,
    LookAround,
    World,
    Over,
}

impl Step {
    const fn next(self) -> Self {
        match self {
            Self::Begin => Self::Children,
            Self::Children => Self::Callbacks,
            Self::Callbacks => Self::Namespace,
            Self::Namespace => Self::Verdict,
            Self::Verdict => Self::Look,
            Self::Look => Self::Leave,
            Self::Leave => Self::LookAround,
            Self::LookAround => Self::World,
            Self::World | Self::Over => Self::Over,
        }
    }
}

/// How far the end has come. Whoever takes part in it goes on where the one before was dropped.
#[derive(Default)]
pub(super) struct Ending {
    has_begun: AtomicBool,
    step: tokio::sync::Mutex<Step>,
    after: Mutex<Aftermath>,
    /// How many events there were when it began.
    seen: AtomicUsize,
    killed: Mutex<Vec<String>>,
    /// No other context uses the runtime.
    is_last: AtomicBool,
}

impl Ending {
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::SeqCst)
    }

    fn after(&self) -> MutexGuard<'_, Aftermath> {
        self.after.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, failures: impl IntoIterator<Item = TestFailure>) {
        self.after().failures.extend(failures);
    }
}

impl TestContext {
    /// Ends a test that has no macro to do so: stops the children of the test, the last started first; runs the callbacks of
    /// [`on_exit`](Self::on_exit), the last added first; stops the namespace, and the runtime unless it was brought along; and
    /// looks for what is left. Each step is given up when it takes too long, and the next one begun.
    ///
    /// Who calls it when another does so waits for that one, and is told the same; so is who calls it again. The macro tells what
    /// went wrong also if the test has called this. A callback of `on_exit` cannot call it: it would wait for itself.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped, what was not done is left to the next call, which goes on with the step that was under way.
    ///
    /// # Errors
    ///
    /// All that went wrong: what is left, callbacks that failed, steps that took too long, linked children that have ended.
    pub async fn finish(&self) -> Result<(), TestFailures> {
        let after = self.teardown(&Limits::unwatched(self.0.timeout)).await;
        self.explained(after).into_result()
    }

    /// The failures together with the notes that help to find out why.
    pub(in crate::testkit) fn explained(&self, after: Aftermath) -> TestFailures {
        let mut failures = TestFailures::from(after);
        if !failures.failures.is_empty() {
            failures.note("chaos", &self.chaos().schedules());
            if let Some(seed) = self.seed() {
                failures.note("seed", &seed.to_string());
            }
        }
        failures
    }

    /// What the end has come to so far.
    pub(in crate::testkit) fn aftermath(&self) -> Aftermath {
        self.0.ending.after().clone()
    }

    pub(in crate::testkit) async fn teardown(&self, limits: &Limits) -> Aftermath {
        let ending = &self.0.ending;
        ending.has_begun.store(true, Ordering::SeqCst);
        let mut step = ending.step.lock().await;
        while *step != Step::Over {
            self.take(*step, limits).await;
            *step = step.next();
        }
        self.aftermath()
    }

    async fn take(&self, step: Step, limits: &Limits) {
        let inner = &self.0;
        match step {
            Step::Begin => self.begin(),
            Step::Children => {
                let stopping = self.stop_supervised_all();
                self.step(limits, "stopping the children", stopping).await;
            }
            Step::Callbacks => {
                let failed = |failure| inner.ending.failed([failure]);
                inner.on_exit.run(limits, failed).await;
            }
            Step::Namespace => self.stop_namespace(limits).await,
            Step::Verdict => self.judge(),
            Step::Look => self.look(limits).await,
            Step::Leave => {
                let is_last = inner.world.leave();
                inner.ending.is_last.store(is_last, Ordering::SeqCst);
            }
            Step::LookAround => self.look_around(limits).await,
            Step::World => self.stop_world(limits).await,
            Step::Over => {}
        }
    }

    fn begin(&self) {
        let ending = &self.0.ending;
        let seen = self.events().all().len();
        ending.seen.store(seen, Ordering::SeqCst);
        self.chaos().stop();
        ending.failed(self.0.linked.end());
        if !self.0.may_end.load(Ordering::SeqCst) {
            ending.failed(self.ended_by_itself());
        }
    }

    async fn stop_namespace(&self, limits: &Limits) {
        // What goes on for longer is killed by the stop itself, which takes a moment more.
        let stopping = async {
            let report = self.0.namespace.stop(limits.by_tokio()).await;
            let killed = &self.0.ending.killed;
            *killed.lock().unwrap_or_else(PoisonError::into_inner) = report.killed;
        };
        self.step(&limits.doubled(), "stopping the namespace", stopping)
            .await;
    }

    fn judge(&self) {
        let ending = &self.0.ending;
        let seen = ending.seen.load(Ordering::SeqCst);
        ending.failed(self.ended_badly(seen));
        ending.failed(self.not_tried());
        if self.0.detect_leaks {
            let killed = &ending.killed;
            let killed =
                std::mem::take(&mut *killed.lock().unwrap_or_else(PoisonError::into_inner));
            self.0.left(self.overran(seen, killed));
        }
    }

    async fn step<F: Future<Output = ()>>(&self, limits: &Limits, what: &str, future: F) {
        if let Err(overran) = limits.limited(what, future).await {
            let timed_out = self.timed_out(what, overran);
            self.0.ending.failed([TestFailure::TimedOut(timed_out)]);
        }
    }

    pub(in crate::testkit) fn timed_out(&self, step: &str, overran: Overran) -> TimedOut {
        TimedOut {
            step: step.to_owned(),
            limit: overran.limit,
            clock: overran.clock,
            is_idle: overran.is_idle,
            is_stuck: false,
            waits: self.waits(),
            running: self.running(),
        }
    }

    /// Looks for what is left of the namespace and the tasks.
    async fn look(&self, limits: &Limits) {
        let inner = &self.0;
        if inner.detect_leaks {
            let look = || {
                let mut left = leak::of_namespace(&inner.namespace);
                left.extend(inner.tasks.left());
                left
            };
            inner.look_within(limits, "looking for leaks", look).await;
        }
        inner.ending.failed(inner.tasks.panicked());
        inner.tasks.abort();
    }

    /// Looks for what is left of the runtime, if nobody else uses it.
    async fn look_around(&self, limits: &Limits) {
        let inner = &self.0;
        if !inner.ending.is_last.load(Ordering::SeqCst) {
            return;
        }
        inner.world.collector().close();
        if inner.detect_leaks {
            let known = inner.ending.after().leaks.clone();
            let look = || {
                let mut left = leak::of_runtime(inner.world.runtime());
                left.retain(|leak| !known.contains(leak));
                left
            };
            let what = "looking for leaks in the runtime";
            inner.look_within(limits, what, look).await;
        }
    }

    async fn stop_world(&self, limits: &Limits) {
        let inner = &self.0;
        if inner.ending.is_last.load(Ordering::SeqCst) {
            let stopping = async { drop(inner.world.runtime().stop(limits.by_tokio()).await) };
            self.step(&limits.doubled(), "stopping the runtime", stopping)
                .await;
        }
    }
}

impl Inner {
    /// Looks again and again until nothing is left or it had its time, which is not that of the test. The last look counts.
    async fn look_within(&self, limits: &Limits, what: &str, look: impl Fn() -> Vec<Leak>) {
        let limits = limits.of_looking();
        let left = limits.limited(what, leak::left(&look)).await;
        self.left(left.unwrap_or_else(|_| look()));
    }

    fn left(&self, leaks: impl IntoIterator<Item = Leak>) {
        let leaks = leaks.into_iter();
        // What the kit has made, it has made for the test.
        let leaks = leaks.map(|leak| leak.outside_of_the_kit(self.made_at));
        self.ending.after().leaks.extend(leaks);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let step = *self.ending.step.get_mut();
        if step <= Step::Leave {
            // Whoever is left looks after the runtime.
            self.world.leave();
        }
        if step != Step::Over && !std::thread::panicking() {
            let namespace = self.namespace.name();
            panic!(
                "the context of {namespace:?} was dropped before its end: call `finish`, or let `run` do so"
            );
        }
    }
}
