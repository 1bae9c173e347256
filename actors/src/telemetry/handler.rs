//! A handler: other people's code, called with care.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mainstay_specs::Backoff;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::counts::Counts;
use super::event::Event;
use super::health::Health;
use super::remains::Remains;
use super::value::Value;
use super::{nesting, panic};

pub(crate) type Call = Box<dyn Fn(&Event) + Send + Sync>;

/// What is called, how it fares, and what was counted of it.
pub(crate) struct Handler {
    name: Box<str>,
    call: Remains,
    /// What [`Fate`] says, to be read without its lock.
    working: AtomicBool,
    fate: Mutex<Fate>,
    counts: Counts,
    /// Wakes the keeper, which decides for how long a handler that has panicked is left out.
    bell: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Fate {
    health: Health,
    last_panic: Option<Box<str>>,
}

impl Handler {
    pub(crate) fn new(name: &str, call: Call, bell: Arc<Notify>) -> Self {
        Self {
            name: name.into(),
            call: Remains::of(call),
            working: AtomicBool::new(true),
            fate: Mutex::default(),
            counts: Counts::default(),
            bell,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(crate) const fn bell(&self) -> &Arc<Notify> {
        &self.bell
    }

    /// Whether it is to be called, and not left out for having panicked.
    pub(crate) fn is_working(&self) -> bool {
        self.working.load(Ordering::Acquire)
    }

    /// Calls it, unless it is at work on this thread already. Never panics.
    pub(crate) fn call(&self, event: &Event) {
        let Some(inside) = nesting::enter(self.identity(), event.depth()) else {
            self.counts.own();
            return;
        };
        let begun = Instant::now();
        // A handler that has panicked is called again: what it leaves half-done is its own to mind, as is said where it is
        // attached.
        let outcome = catch_unwind(AssertUnwindSafe(|| self.call.call(event)));
        drop(inside);
        self.counts.called(begun.elapsed());
        if let Err(payload) = outcome {
            let text = Value::text_of(&panic::text_of(&*payload)).to_string();
            panic::discard(payload);
            self.fail(&text);
        }
    }

    /// Whether it is at work on this thread.
    pub(crate) fn is_at_work_here(&self) -> bool {
        nesting::is_inside(self.identity())
    }

    /// Where it lies is what tells it from all others that are alive.
    fn identity(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// It has panicked, or could not be run at all.
    pub(crate) fn fail(&self, text: &str) {
        self.change(|fate| {
            fate.health.on_panic();
            fate.last_panic = Some(text.into());
        });
        self.bell.notify_one();
        // Whoever reads the log is other people's code too, and this is called by whoever emits.
        panic::guard(|| {
            tracing::error!(
                handler = &*self.name,
                panic = text,
                "a telemetry handler panicked"
            );
        });
    }

    /// Decides what is to be decided about a handler that has panicked. Gives when to look again.
    pub(crate) fn tend(&self, now: Instant, backoff: &Backoff, chance: f64) -> Option<Instant> {
        self.change(|fate| {
            fate.health.tend(now, backoff, chance);
            fate.health.until()
        })
    }

    /// How often it has panicked, what it said the last time, and until when it is left out.
    pub(crate) fn failures(&self) -> (u64, Option<String>, Option<Instant>) {
        let fate = self.fate();
        let last = fate.last_panic.as_deref().map(str::to_owned);
        (fate.health.panics(), last, fate.health.until())
    }

    fn change<T>(&self, change: impl FnOnce(&mut Fate) -> T) -> T {
        let mut fate = self.fate();
        let outcome = change(&mut fate);
        // Under the lock, so that the last change is the one that is seen.
        self.working
            .store(fate.health.is_working(), Ordering::Release);
        outcome
    }

    /// A poisoned lock is taken all the same: nothing under it panics.
    fn fate(&self) -> MutexGuard<'_, Fate> {
        self.fate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler")
            .field("name", &self.name)
            .field("fate", &self.fate)
            .finish_non_exhaustive()
    }
}
