//! One strategy that is tried.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use mainstay_actors::memory::{
    CleanupClass, CleanupOptions, CleanupPriority, CleanupReport, MemoryCleanup,
};
use mainstay_specs::ServiceName;
use mainstay_supervisors::Namespace;
use tokio::time::{Instant, timeout};

use super::Cleanups;
use crate::testkit::conformance::{Violation, same};

/// How long a run may take that has no limit of its own.
const LIMIT: Duration = Duration::from_secs(10);

const SAME: &str =
    "a strategy is of one class, and has one time limit and one interval, for all its life";
const ENDS: &str = "a run comes to its end within its time limit";
const NO_PANIC: &str = "a run does not panic";

pub(super) struct Trial<'a, C> {
    pub(super) face: &'a C,
    pub(super) strategy: Arc<dyn MemoryCleanup>,
    namespace: &'a Namespace,
    service: ServiceName,
    terms: Cell<Option<Terms>>,
}

type Terms = (CleanupClass, Option<Duration>, Option<Duration>);

impl<'a, C: Cleanups> Trial<'a, C> {
    pub(super) fn new(namespace: &'a Namespace, face: &'a C) -> Self {
        Self {
            strategy: face.strategy(),
            service: face.service(),
            face,
            namespace,
            terms: Cell::new(None),
        }
    }

    /// It is what it was when this was first asked.
    pub(super) fn stays_what_it_is(&self) -> Result<(), Violation> {
        let strategy = &self.strategy;
        let now = (
            strategy.class(),
            strategy.time_limit(),
            strategy.min_interval(),
        );
        let first = self.terms.get().unwrap_or(now);
        self.terms.set(Some(first));
        same(SAME, &now, &first)
    }

    /// Whether it frees anything itself.
    pub(super) fn is_trim(&self) -> bool {
        self.strategy.class() == CleanupClass::Trim
    }

    fn limit(&self) -> Duration {
        self.strategy.time_limit().unwrap_or(LIMIT)
    }

    pub(super) fn options(&self, aggressiveness: f64) -> CleanupOptions {
        let deadline = Instant::now() + self.limit();
        let mut options = CleanupOptions::all(deadline).aggressiveness(aggressiveness);
        if aggressiveness < 1.0 {
            options.priority = CleanupPriority::Background;
        }
        options
    }

    /// A run, which may fail only by saying so, and gives what it says.
    pub(super) async fn run(
        &self,
        rule: &'static str,
        aggressiveness: f64,
    ) -> Result<CleanupReport, Violation> {
        let options = self.options(aggressiveness);
        // What it leaves when it panics is not looked at any more.
        let run = AssertUnwindSafe(async {
            let run = self
                .strategy
                .cleanup(self.namespace, &self.service, &options);
            run.await
        });
        let Ok(ended) = timeout(self.limit(), run.catch_unwind()).await else {
            return Err(broken(ENDS, "an end", "none"));
        };
        match ended {
            Err(_) => Err(broken(NO_PANIC, "an answer", "a panic")),
            Ok(Err(error)) => Err(broken(rule, "success", &error.to_string())),
            Ok(Ok(report)) => Ok(report),
        }
    }

    /// Polls a run so often, and drops it.
    pub(super) async fn cut(&self, polls: usize, aggressiveness: f64) {
        let options = self.options(aggressiveness);
        let mut run = self
            .strategy
            .cleanup(self.namespace, &self.service, &options);
        for _ in 0..polls {
            if futures_util::poll!(&mut run).is_ready() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

pub(super) fn broken(rule: &'static str, expected: &str, found: &str) -> Violation {
    Violation {
        rule,
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}
