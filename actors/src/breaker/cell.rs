//! The state of a breaker, which outlives the keeper.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use mainstay_specs::{CircuitConfig, ServiceName};
use mainstay_supervisors::{Pid, Process};

use super::event::Epoch;
use super::hot::{Hot, NEVER};
use super::machine::{Machine, Order};
use super::outbox::Outbox;
use super::post::Post;
use super::rules::Rules;
use super::tally::Thread;
use super::word::{ATTENTIVE, Word};

/// What callers, the keeper and observers share.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(super) hot: Hot,
    /// From how long on a call is slow, in nanoseconds.
    pub(super) slow_after: AtomicU64,
    /// How long a call may take, in nanoseconds.
    call_timeout: AtomicU64,
    kept: Mutex<Kept>,
    pub(super) epoch: Epoch,
    pub(super) name: ServiceName,
    pub(super) key: Option<Box<str>>,
    pub(super) post: Arc<Post>,
    pub(super) outbox: Outbox,
    follows: Mutex<Option<Follows>>,
    /// It waits for the keeper already.
    pub(super) waiting: AtomicBool,
    pub(super) me: Weak<Self>,
}

/// The machine, and what else is under its lock.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) machine: Machine<Holder>,
    pub(crate) config: Arc<CircuitConfig>,
    /// Of which generation, and until when, the keeper minds the time.
    minded: Option<(u64, Option<u64>)>,
}

/// Who holds the permit of a probe.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub(crate) process: Option<Process>,
    pub(crate) made_at: &'static Location<'static>,
}

/// The process that a breaker follows, by the name it is registered under.
#[derive(Clone, Debug)]
struct Follows {
    name: ServiceName,
    /// Its last incarnation that was seen.
    last: Option<Pid>,
}

/// What a new breaker is made of.
pub(crate) struct Birth<'a> {
    pub(crate) name: ServiceName,
    pub(crate) key: Option<Box<str>>,
    pub(crate) config: &'a Arc<CircuitConfig>,
    pub(crate) post: &'a Arc<Post>,
    /// How many threads can count without getting in each other's way.
    pub(crate) places: usize,
}

impl Cell {
    /// A closed breaker; its configuration was found valid.
    pub(crate) fn new(birth: Birth<'_>) -> Arc<Self> {
        let rules = Rules::new(birth.config);
        Arc::new_cyclic(|me| {
            let (slow, timeout) = (rules.slow_after, rules.call_timeout);
            let machine = Machine::new(rules, birth.post.seed());
            Self {
                hot: Hot::new(&machine.face(), birth.places),
                slow_after: AtomicU64::new(slow.unwrap_or(NEVER)),
                call_timeout: AtomicU64::new(nanos(timeout)),
                kept: Mutex::new(Kept {
                    machine,
                    config: Arc::clone(birth.config),
                    minded: None,
                }),
                epoch: Epoch::begin(),
                name: birth.name,
                key: birth.key,
                post: Arc::clone(birth.post),
                outbox: Outbox::default(),
                follows: Mutex::default(),
                waiting: AtomicBool::new(false),
                me: Weak::clone(me),
            }
        })
    }

    /// Asks the machine, with its lock held, shows what it looks like then, and, without the lock, tells what has happened.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Kept, u64) -> T) -> T {
        let mut kept = self.lock();
        let now = self.epoch.now();
        let wake = kept.machine.wake();
        self.take_in(&mut kept, now);
        let result = act(&mut kept, now);
        self.show(&mut kept, now);
        let moved = kept.machine.wake() != wake;
        // Put down under the lock, so that they are in order.
        let told = self.outbox.put(kept.machine.take_told());
        drop(kept);
        if moved {
            self.post.attend(self);
        }
        if told {
            self.tell();
        }
        result
    }

    /// Has the machine take in what was counted.
    fn take_in(&self, kept: &mut Kept, now: u64) {
        let gathered = self.hot.gather(now);
        kept.machine.absorb(gathered.successes);
        kept.machine.absorb_late(gathered.late);
        if gathered.successes > 0 && self.hot.word().has(ATTENTIVE) {
            // They had been about to count when it was shown that each matters.
            kept.machine.evaluate(now);
        }
    }

    fn show(&self, kept: &mut Kept, now: u64) {
        loop {
            kept.machine.roll(now);
            let face = kept.machine.face();
            let minded = face.until.is_none() || kept.minded == Some((face.generation, face.until));
            if !self.hot.publish(&face, minded) {
                return;
            }
            // Each matters from now on: also those that came before this was shown.
            self.take_in(kept, now);
        }
    }

    /// A poisoned lock is taken all the same: no code of others runs under it, and the machine's own does not panic.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn obey(&self, order: Order) {
        self.with(|kept, now| kept.machine.obey(order, now));
    }

    /// Goes by a configuration that was found valid.
    pub(crate) fn reconfigure(&self, config: Arc<CircuitConfig>) {
        let rules = Rules::new(&config);
        self.with(|kept, now| {
            let slow = rules.slow_after.unwrap_or(NEVER);
            self.slow_after.store(slow, Ordering::Relaxed);
            let timeout = nanos(rules.call_timeout);
            self.call_timeout.store(timeout, Ordering::Relaxed);
            kept.machine.reconfigure(rules, now);
            kept.config = config;
        });
    }

    pub(crate) fn call_timeout(&self) -> Option<Duration> {
        let timeout = self.call_timeout.load(Ordering::Relaxed);
        (timeout != NEVER).then(|| Duration::from_nanos(timeout))
    }

    pub(crate) fn word(&self) -> Word {
        self.hot.word()
    }

    /// Counts a refusal that was made of a look at the state.
    #[cfg(feature = "tower")]
    pub(crate) fn count_refusal(&self) {
        self.hot.refuse_by_the_clock(Thread::current());
    }

    pub(crate) fn refusals(&self) -> u64 {
        self.hot.refusals()
    }

    /// Lets what has fallen due happen; says when to come again.
    ///
    /// `minds` is whether whoever asks will come at that time. Until then refusals need no clock.
    pub(crate) fn tick(&self, minds: bool) -> Option<u64> {
        self.with(|kept, now| {
            kept.machine.advance(now);
            let face = kept.machine.face();
            kept.minded = (minds && face.refuses).then_some((face.generation, face.until));
            kept.machine.wake()
        })
    }

    /// Nobody minds the time any more.
    pub(crate) fn unmind(&self) {
        self.with(|kept, _| kept.minded = None);
    }

    /// Whether it may be forgotten, as far as its calls go. Nothing happens by this, and nothing is told.
    pub(crate) fn is_idle(&self) -> bool {
        let kept = self.lock();
        kept.machine.is_idle(self.epoch.now())
    }

    pub(crate) fn set_follows(&self, name: ServiceName) {
        let mut follows = self.follows.lock().unwrap_or_else(PoisonError::into_inner);
        *follows = Some(Follows { name, last: None });
    }

    /// The name of what it follows.
    pub(crate) fn follows(&self) -> Option<ServiceName> {
        let follows = self.follows.lock().unwrap_or_else(PoisonError::into_inner);
        follows.as_ref().map(|followed| followed.name.clone())
    }

    /// Takes note of the present incarnation of what it follows; a new one puts an open breaker to the test.
    pub(crate) fn seen(&self, incarnation: Pid) {
        let mut follows = self.follows.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(followed) = &mut *follows else {
            return;
        };
        let before = followed.last.replace(incarnation);
        drop(follows);
        if before.is_some_and(|before| before != incarnation) {
            self.with(|kept, now| kept.machine.restarted(now));
        }
    }
}

fn nanos(time: Option<Duration>) -> u64 {
    time.map_or(NEVER, |time| {
        u64::try_from(time.as_nanos()).unwrap_or(NEVER)
    })
}

#[cfg(all(test, not(mainstay_loom)))]
#[path = "cell_tests.rs"]
mod tests;
