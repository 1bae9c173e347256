//! What chaos is to be made.

use std::time::Duration;

use mainstay_supervisors::ProcessKind;

use super::monkey::{ChaosRun, begin};
use super::{ChaosKind, Plan, Schedule};
use crate::testkit::context::{SUPERVISED, TestContext};

/// How often, and for how long, unless told otherwise.
const STRIKES: usize = 10;
const INTERVAL: Duration = Duration::from_millis(100);

/// Makes processes of a namespace fail, at times and in ways that a seed decides. The same seed gives the same [`Schedule`], and
/// where the clock is paused, the same schedule gives the same events.
///
/// ```
/// use mainstay::prelude::*;
/// use mainstay::testkit::{ChaosMonkey, TestOptions, run};
/// use std::time::Duration;
///
/// run(TestOptions::new("chaos").start_paused(true), |cx| async move {
///     let worker = Child::task("worker", |stop: StopToken| async move { stop.stopped().await });
///     cx.start_supervised(worker).await?;
///     let chaos = ChaosMonkey::builder()
///         .seed(7)
///         .targets(["worker"])
///         .between(Duration::from_millis(10), Duration::from_millis(50))
///         .strikes(5)
///         .start(&cx);
///     assert_eq!(chaos.finished().await.len(), 5);
///     Ok::<_, mainstay::testkit::SuperviseError>(())
/// });
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is done until it is started"]
pub struct ChaosMonkey(Schedule);

impl ChaosMonkey {
    /// A schedule to be made.
    pub fn builder() -> ChaosBuilder {
        ChaosBuilder {
            plan: Plan {
                seed: fastrand::u64(..),
                targets: Vec::new(),
                interval: (INTERVAL, INTERVAL),
                kinds: Vec::new(),
                strikes_max: usize::MAX,
                lasting: Duration::MAX,
            },
            is_limited: false,
            all: false,
        }
    }

    /// This schedule, such as one that was printed when a test failed.
    pub const fn replay(schedule: Schedule) -> Self {
        Self(schedule)
    }

    /// Begins, as a task that is stopped with the test. The schedule is printed if the test fails.
    pub fn start(self, cx: &TestContext) -> ChaosRun {
        begin(self.0, cx)
    }
}

/// Makes the schedule of a [`ChaosMonkey`].
#[derive(Clone, Debug)]
#[must_use = "nothing is done until it is started"]
pub struct ChaosBuilder {
    plan: Plan,
    is_limited: bool,
    /// Services and the application's children may be struck as well.
    all: bool,
}

impl ChaosBuilder {
    /// Sets what decides everything. Default: some number, which is a part of the schedule.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.plan.seed = seed;
        self
    }

    /// Sets who may be struck, as [`TestContext::process`] takes it. Default: what was started with
    /// [`start_supervised`](TestContext::start_supervised) and runs when the chaos begins, but for supervisors.
    pub fn targets<T: Into<String>>(mut self, targets: impl IntoIterator<Item = T>) -> Self {
        self.plan.targets = targets.into_iter().map(Into::into).collect();
        self
    }

    /// Lets everything in the namespace be struck that runs when the chaos begins and is no supervisor, services included.
    ///
    /// These stand under supervisors that give up after a few restarts in a few seconds, as those of nodes do, and then the
    /// namespace ends: leave them time.
    pub fn all(mut self) -> Self {
        self.all = true;
        self
    }

    /// Sets the time between two strikes, and before the first. Default: 100 ms.
    pub const fn every(self, interval: Duration) -> Self {
        self.between(interval, interval)
    }

    /// Sets the shortest and the longest time between two strikes, and before the first.
    pub const fn between(mut self, min: Duration, max: Duration) -> Self {
        self.plan.interval = (min, max);
        self
    }

    /// Adds something that may be done, and how likely it is compared with the others. Default: kills only.
    pub fn kind(mut self, kind: ChaosKind, weight: u32) -> Self {
        self.plan.kinds.push((kind, weight));
        self
    }

    /// Sets how often somebody is struck. Default: 10 times, unless a time is set.
    pub const fn strikes(mut self, strikes: usize) -> Self {
        self.plan.strikes_max = strikes;
        self.is_limited = true;
        self
    }

    /// Sets for how long. Default: until all is done.
    pub const fn lasting(mut self, lasting: Duration) -> Self {
        self.plan.lasting = lasting;
        self.is_limited = true;
        self
    }

    /// The schedule, without anybody to strike unless [`targets`](Self::targets) were set.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        let mut plan = self.plan.clone();
        if plan.kinds.is_empty() {
            plan.kinds.push((ChaosKind::Kill, 1));
        }
        if !self.is_limited {
            plan.strikes_max = STRIKES;
        }
        Schedule::of(&plan)
    }

    /// Makes the schedule and begins, as a task that is stopped with the test. The schedule is printed if the test fails.
    ///
    /// # Panics
    ///
    /// If a target is not there, or there is nobody to strike: the test would be one without chaos.
    #[track_caller]
    pub fn start(mut self, cx: &TestContext) -> ChaosRun {
        for target in &self.plan.targets {
            if let Err(error) = cx.process(target) {
                panic!("there is nobody to strike: {error}");
            }
        }
        if self.all || self.plan.targets.is_empty() {
            self.plan.targets.extend(everybody(cx, self.all));
        }
        assert!(
            !self.plan.targets.is_empty(),
            "there is nobody to strike: nothing was started with `start_supervised`"
        );
        ChaosMonkey(self.schedule()).start(cx)
    }
}

/// The paths of those that are no supervisors; children of the test only, or all.
fn everybody(cx: &TestContext, all: bool) -> Vec<String> {
    let ours = format!("{}/{SUPERVISED}/", cx.namespace().name());
    let processes = cx.namespace().processes().into_iter();
    let workers = processes.filter(|it| it.kind() != ProcessKind::Supervisor);
    let paths = workers.map(|worker| worker.path());
    paths
        .filter(|path| all || path.starts_with(&ours))
        .collect()
}
