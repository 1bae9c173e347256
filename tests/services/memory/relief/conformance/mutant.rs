//! A strategy with a flaw, and the service that it cleans.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mainstay::testkit::conformance::Cleanups;
use mainstay_actors::memory::{
    CleanupAnswer, CleanupClass, CleanupError, CleanupOptions, CleanupReport, MemoryCleanup,
};
use mainstay_supervisors::Namespace;
use mainstay_supervisors::specs::ServiceName;
use tokio::task::yield_now;

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    /// It is of another class once it was run.
    ClassChanges,
    /// One thing stays, whatever is wanted.
    LeavesSome,
    /// It frees, and does not say so.
    SaysNothing,
    /// It says to have freed what was not there.
    SaysTooMuch,
    /// It fails where there is nothing to be freed.
    FailsOnNothing,
    /// It fails when little is wanted.
    MildFails,
    /// After some runs it frees nothing any more.
    WorksOnce,
    /// Its future panics.
    Panics,
    /// It panics before there is a future.
    PanicsAtOnce,
    /// It never ends.
    Hangs,
    /// What is dropped halfway leaves the service locked for good.
    LocksWhenDropped,
}

#[derive(Debug)]
struct State {
    flaw: Flaw,
    things: AtomicU64,
    runs: AtomicU64,
    locked: AtomicBool,
}

#[derive(Debug)]
pub(super) struct Mutant(Arc<State>);

impl Mutant {
    pub(super) fn new(flaw: Flaw) -> Self {
        Self(Arc::new(State {
            flaw,
            things: AtomicU64::new(0),
            runs: AtomicU64::new(0),
            locked: AtomicBool::new(false),
        }))
    }
}

impl State {
    async fn clean(&self, options: &CleanupOptions) -> Result<CleanupReport, CleanupError> {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let is_mild = options.aggressiveness < 1.0;
        match self.flaw {
            Flaw::Panics => panic!("out of luck"),
            Flaw::Hangs => pending().await,
            Flaw::MildFails if is_mild => return Err(CleanupError::failed("not so mildly")),
            _ => {}
        }
        if self.locked.swap(true, Ordering::Relaxed) {
            return Err(CleanupError::failed("it is locked"));
        }
        if self.flaw == Flaw::LocksWhenDropped {
            yield_now().await;
        }
        self.locked.store(false, Ordering::Relaxed);
        // Fills of the rules up to the one about cleaning again and again.
        if is_mild || self.flaw == Flaw::WorksOnce && run >= 4 {
            return Ok(CleanupReport::default());
        }
        let left = u64::from(self.flaw == Flaw::LeavesSome);
        let gone = self.things.swap(left, Ordering::Relaxed);
        match self.flaw {
            Flaw::FailsOnNothing if gone == 0 => Err(CleanupError::failed("nothing to do")),
            Flaw::SaysNothing => Ok(CleanupReport::default()),
            Flaw::SaysTooMuch => Ok(CleanupReport::entries(gone + 1)),
            _ => Ok(CleanupReport::entries(gone)),
        }
    }
}

impl MemoryCleanup for State {
    fn class(&self) -> CleanupClass {
        let runs = self.runs.load(Ordering::Relaxed);
        if self.flaw == Flaw::ClassChanges && runs > 0 {
            CleanupClass::Rebuildable
        } else {
            CleanupClass::Cache
        }
    }

    fn cleanup<'a>(
        &'a self,
        _namespace: &'a Namespace,
        _service: &'a ServiceName,
        options: &'a CleanupOptions,
    ) -> CleanupAnswer<'a> {
        assert_ne!(self.flaw, Flaw::PanicsAtOnce, "out of luck");
        Box::pin(self.clean(options))
    }
}

impl Cleanups for Mutant {
    fn strategy(&self) -> Arc<dyn MemoryCleanup> {
        Arc::<State>::clone(&self.0)
    }

    fn service(&self) -> ServiceName {
        ServiceName::new("mutant").expect("a name")
    }

    async fn fill(&self) {
        self.0.things.fetch_add(2, Ordering::Relaxed);
    }

    async fn size(&self) -> u64 {
        self.0.things.load(Ordering::Relaxed)
    }
}
