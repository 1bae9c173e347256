//! What of the kit the test waits for, so that one whose time is up can say it.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::TestContext;

#[derive(Default)]
struct Known {
    next: u64,
    waits: BTreeMap<u64, String>,
}

#[derive(Default)]
pub(super) struct Waits(Mutex<Known>);

impl Waits {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Known as long as it is there.
pub(in crate::testkit) struct Waiting {
    cx: TestContext,
    nth: u64,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.cx.0.waits.lock().waits.remove(&self.nth);
    }
}

impl TestContext {
    /// Notes that somebody waits, as long as what is returned is there.
    pub(in crate::testkit) fn waiting(
        &self,
        what: &str,
        place: &'static Location<'static>,
    ) -> Waiting {
        let mut known = self.0.waits.lock();
        let nth = known.next;
        known.next += 1;
        known.waits.insert(nth, format!("{what}, at {place}"));
        let cx = self.clone();
        Waiting { cx, nth }
    }

    pub(in crate::testkit) fn waits(&self) -> Vec<String> {
        self.0.waits.lock().waits.values().cloned().collect()
    }
}
