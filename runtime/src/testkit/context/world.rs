//! The runtime of a context, and who reads its events. Several contexts may share it.

use std::sync::atomic::{AtomicUsize, Ordering};

use mainstay_supervisors::Runtime;

use crate::testkit::capture::Collector;

/// How many events a test may make before it looks at them.
const HISTORY: usize = 1 << 16;

pub(in crate::testkit) struct World {
    runtime: Runtime,
    /// Of one that was made for the contexts here, so that everything in it is theirs.
    seed: Option<u64>,
    collector: Collector,
    /// How many contexts have not been torn down.
    contexts: AtomicUsize,
}

impl World {
    /// A runtime of our own, with this seed.
    pub(super) fn new(seed: u64) -> Self {
        let runtime = Runtime::builder().history(HISTORY).seed(seed).build();
        Self::of(runtime, Some(seed))
    }

    pub(super) fn around(runtime: Runtime) -> Self {
        Self::of(runtime, None)
    }

    fn of(runtime: Runtime, seed: Option<u64>) -> Self {
        let collector = Collector::new(runtime.events());
        Self {
            runtime,
            seed,
            collector,
            contexts: AtomicUsize::new(0),
        }
    }

    pub(super) const fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// What decides everything that is left to chance, if that is known.
    pub(in crate::testkit) const fn seed(&self) -> Option<u64> {
        self.seed
    }

    pub(in crate::testkit) const fn collector(&self) -> &Collector {
        &self.collector
    }

    /// A context begins.
    pub(super) fn enter(&self) {
        self.contexts.fetch_add(1, Ordering::SeqCst);
    }

    /// A context has ended; whether it was the last one and is to see to it that nothing is left of the runtime.
    pub(super) fn leave(&self) -> bool {
        self.contexts.fetch_sub(1, Ordering::SeqCst) == 1 && self.seed.is_some()
    }
}
