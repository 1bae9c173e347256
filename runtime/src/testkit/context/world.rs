//! The runtime of a context, and who reads its events. Several contexts may share it.

use std::sync::atomic::{AtomicUsize, Ordering};

use mainstay_supervisors::Runtime;

use crate::testkit::capture::Collector;

/// How many events a test may make before it looks at them.
const HISTORY: usize = 1 << 16;

pub(in crate::testkit) struct World {
    runtime: Runtime,
    /// It was made for the contexts here, and everything in it is theirs.
    is_ours: bool,
    collector: Collector,
    /// How many contexts have not been torn down.
    contexts: AtomicUsize,
}

impl World {
    pub(super) fn new() -> Self {
        Self::of(Runtime::with_history(HISTORY), true)
    }

    pub(super) fn around(runtime: Runtime) -> Self {
        Self::of(runtime, false)
    }

    fn of(runtime: Runtime, is_ours: bool) -> Self {
        let collector = Collector::new(runtime.events());
        Self {
            runtime,
            is_ours,
            collector,
            contexts: AtomicUsize::new(0),
        }
    }

    pub(super) const fn runtime(&self) -> &Runtime {
        &self.runtime
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
        self.contexts.fetch_sub(1, Ordering::SeqCst) == 1 && self.is_ours
    }
}
