//! What is counted of a handler, by whoever calls it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters of one handler. Each is exact; read together they need not be of one moment.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    calls: AtomicU64,
    skipped: AtomicU64,
    dropped: AtomicU64,
    own: AtomicU64,
    busy_nanos: AtomicU64,
    longest_nanos: AtomicU64,
}

impl Counts {
    pub(crate) fn called(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.busy_nanos.fetch_add(nanos, Ordering::Relaxed);
        self.longest_nanos.fetch_max(nanos, Ordering::Relaxed);
    }

    pub(crate) fn skipped(&self) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn own(&self) {
        self.own.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> CountsRead {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CountsRead {
            calls: count(&self.calls),
            skipped: count(&self.skipped),
            dropped: count(&self.dropped),
            own: count(&self.own),
            busy: Duration::from_nanos(count(&self.busy_nanos)),
            longest: Duration::from_nanos(count(&self.longest_nanos)),
        }
    }
}

#[derive(Debug)]
pub(crate) struct CountsRead {
    pub(crate) calls: u64,
    pub(crate) skipped: u64,
    pub(crate) dropped: u64,
    pub(crate) own: u64,
    pub(crate) busy: Duration,
    pub(crate) longest: Duration,
}
