//! What both threads of a test know: the one it runs on, and the one that watches.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::watch::{Stuck, Watch};
use crate::testkit::context::{Aftermath, TestContext, WeakContext};
use crate::testkit::failure::{TestClock, TestFailure, TestFailures, TimedOut};
use crate::testkit::leak::Leak;
use crate::testkit::logs::Logs;

#[derive(Default)]
struct Found {
    /// For a word on what runs, should the thread of the test not give one.
    context: Option<WeakContext>,
    /// Before the teardown.
    before: Vec<TestFailure>,
    /// What the teardown came to, when it is over.
    over: Aftermath,
    chaos: String,
    /// After the teardown.
    leaks: Vec<Leak>,
    seed: Option<u64>,
}

/// What is known of a test, from wherever it is asked.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) watch: Arc<Watch>,
    pub(super) logs: Logs,
    found: Mutex<Found>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_seed(&self, seed: u64) {
        self.lock().seed = Some(seed);
    }

    pub(super) fn set_context(&self, context: &TestContext) {
        self.lock().context = Some(context.downgrade());
    }

    pub(super) fn failed(&self, failure: impl IntoIterator<Item = TestFailure>) {
        self.lock().before.extend(failure);
    }

    /// The teardown is over.
    pub(super) fn torn_down(&self, context: &TestContext, after: Aftermath) {
        let mut found = self.lock();
        found.over = after;
        found.chaos = context.chaos().schedules();
    }

    pub(super) fn left(&self, leak: Leak) {
        self.lock().leaks.push(leak);
    }

    /// All that is known to be wrong.
    pub(super) fn failures(&self) -> TestFailures {
        let (after, chaos, seed) = self.found();
        let mut failures = TestFailures::from(after);
        if !failures.failures.is_empty() {
            failures.note("chaos", &chaos);
            failures.note("log", &self.logs.to_string());
            if let Some(seed) = seed {
                failures.note("seed", &seed.to_string());
            }
        }
        failures
    }

    /// All failures and leaks in order, the chaos that was made, and the seed; of a teardown that is under way, what it has
    /// come to so far.
    fn found(&self) -> (Aftermath, String, Option<u64>) {
        let context = self.context();
        let mut found = self.lock();
        if let Some(context) = &context {
            found.over = context.aftermath();
            found.chaos = context.chaos().schedules();
        }
        let mut after = found.over.clone();
        after.failures.splice(0..0, found.before.iter().cloned());
        after.leaks.extend(found.leaks.iter().cloned());
        (after, found.chaos.clone(), found.seed)
    }

    /// The thread of the test says nothing.
    pub(super) fn stuck(&self, stuck: Stuck) -> TestFailures {
        let context = self.context();
        let context = context.as_ref();
        let timed_out = TimedOut {
            step: stuck.step,
            limit: stuck.limit,
            clock: TestClock::Wall,
            is_idle: false,
            is_stuck: true,
            waits: context.map(TestContext::waits).unwrap_or_default(),
            running: context.map(TestContext::running).unwrap_or_default(),
        };
        self.failed([TestFailure::TimedOut(timed_out)]);
        self.failures()
    }

    fn context(&self) -> Option<TestContext> {
        self.lock().context.as_ref()?.upgrade()
    }
}
