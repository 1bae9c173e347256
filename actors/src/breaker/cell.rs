//! The state of a breaker, which outlives the keeper.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use mainstay_specs::{ChildId, CircuitConfig, ServiceName};
use mainstay_supervisors::Pid;

use super::event::Epoch;
use super::follow::Follows;
use super::hot::{Hot, NEVER};
use super::machine::{Machine, Order};
use super::outbox::Outbox;
use super::post::Post;
use super::queue::Queue;
use super::rules::Rules;
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
    pub(super) follows: Mutex<Option<Follows>>,
    pub(super) events: Queue,
    /// It waits for the keeper already.
    pub(super) waiting: AtomicBool,
    pub(super) me: Weak<Self>,
}

/// The machine, and what else is under its lock.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) machine: Machine<Holder>,
    pub(crate) config: Arc<CircuitConfig>,
    /// The configuration is its own, and not that of its family.
    pub(crate) own: bool,
    /// Of which generation, and until when, the keeper minds the time.
    minded: Option<(u64, Option<u64>)>,
    /// When the keeper comes by itself, at the latest.
    noted: Option<u64>,
    /// The refusals that the keeper was called to mind: of which generation, and until when.
    called: Option<(u64, u64)>,
}

/// Who holds the permit of a probe. Not the process itself: with it would go what it ended with, and whatever that does when it is
/// dropped, under the lock of the machine.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub(crate) process: Option<(Pid, ChildId)>,
    pub(crate) made_at: &'static Location<'static>,
}

impl Kept {
    /// Whether the keeper is to look at this sooner than it would by itself: something falls due earlier than it knows of, or there
    /// are refusals that it does not mind yet.
    fn calls_keeper(&mut self) -> bool {
        let wake = self.machine.wake();
        let earlier = wake.is_some_and(|at| self.noted.is_none_or(|noted| at < noted));
        if earlier {
            self.noted = wake;
        }
        let refusals = self.refusals();
        let unminded = refusals.is_some() && refusals != self.called;
        self.called = refusals;
        earlier || unminded
    }

    /// The refusals of now, if there are any: of which generation, and until when.
    fn refusals(&self) -> Option<(u64, u64)> {
        let until = self.machine.check().err()?.until?;
        Some((self.machine.generation(), until))
    }
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
                    own: false,
                    minded: None,
                    noted: None,
                    called: None,
                }),
                epoch: Epoch::begin(),
                name: birth.name,
                key: birth.key,
                post: Arc::clone(birth.post),
                outbox: Outbox::default(),
                follows: Mutex::default(),
                events: Queue::default(),
                waiting: AtomicBool::new(false),
                me: Weak::clone(me),
            }
        })
    }

    /// Asks the machine, with its lock held, shows what it looks like then, and, without the lock, tells what has happened.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Kept, u64) -> T) -> T {
        let mut kept = self.lock();
        let now = self.epoch.now();
        self.take_in(&mut kept, now);
        // Whatever it is: what was due by now was due before it.
        kept.machine.advance(now);
        let result = act(&mut kept, now);
        self.show(&mut kept, now);
        let calls = kept.calls_keeper();
        // Put down under the lock, so that they are in order.
        let told = self.outbox.put(kept.machine.take_told());
        drop(kept);
        if calls {
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

    /// Goes by a configuration that was found valid: one of its own, or that of its family.
    pub(crate) fn reconfigure(&self, config: Arc<CircuitConfig>, own: bool) {
        let rules = Rules::new(&config);
        self.with(|kept, now| {
            let slow = rules.slow_after.unwrap_or(NEVER);
            self.slow_after.store(slow, Ordering::Relaxed);
            let timeout = nanos(rules.call_timeout);
            self.call_timeout.store(timeout, Ordering::Relaxed);
            kept.machine.reconfigure(rules, now);
            kept.config = config;
            kept.own = own;
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
        let now = self.epoch.now();
        let me = super::tally::Thread::current();
        self.hot.refuse_by_the_clock(me, now);
    }

    pub(crate) fn refusals(&self) -> u64 {
        self.hot.refusals()
    }

    /// Lets what has fallen due happen; says when to come again.
    ///
    /// `minds` is whether whoever asks will come at that time. Until then refusals need no clock.
    pub(crate) fn tick(&self, minds: bool) -> Option<u64> {
        self.with(|kept, _| {
            let face = kept.machine.face();
            kept.minded = (minds && face.refuses).then_some((face.generation, face.until));
            kept.called = kept.refusals();
            kept.noted = kept.machine.wake();
            kept.noted
        })
    }

    /// Nobody minds the time any more.
    pub(crate) fn unmind(&self) {
        self.with(|kept, _| kept.minded = None);
    }

    /// Whether it may be forgotten: so says its machine, and it was told nothing. Nothing happens by this, and nothing is told.
    pub(crate) fn is_idle(&self) -> bool {
        if self.follows().is_some() {
            return false;
        }
        let kept = self.lock();
        !kept.own && kept.machine.is_idle(self.epoch.now())
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
