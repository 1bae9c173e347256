//! The state of a breaker, which outlives the keeper.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use mainstay_specs::{ChildId, CircuitConfig, ServiceName};
use mainstay_supervisors::{Pid, current};

use super::error::Refusal;
use super::event::Epoch;
use super::follow::Follows;
use super::hot::{Hot, NEVER, Published};
use super::machine::{Lease, Machine, Order, Refused, Ticket};
use super::outbox::Outbox;
use super::outcome::Outcome;
use super::post::Post;
use super::queue::Queue;
use super::rules::Rules;
use super::tally::Counted;
use super::word::{STAMPED, Word};

/// What callers, the keeper and observers share.
#[derive(Debug)]
pub(crate) struct Cell {
    hot: Hot,
    /// From how long on a call is slow, in nanoseconds.
    slow_after: AtomicU64,
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

/// What a call holds that was admitted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Right {
    admitted: Word,
    /// When; [`NEVER`] if nobody needs to know.
    since: u64,
    lease: Lease,
}

/// What a new breaker is made of.
pub(crate) struct Birth<'a> {
    pub(crate) name: ServiceName,
    pub(crate) key: Option<Box<str>>,
    pub(crate) config: &'a Arc<CircuitConfig>,
    pub(crate) post: &'a Arc<Post>,
    pub(crate) stripes: usize,
}

impl Cell {
    /// A closed breaker; its configuration was found valid.
    pub(crate) fn new(birth: Birth<'_>) -> Arc<Self> {
        let rules = Rules::new(birth.config);
        Arc::new_cyclic(|me| {
            let (slow, timeout) = (rules.slow_after, rules.call_timeout);
            let machine = Machine::new(rules, birth.post.seed());
            Self {
                hot: Hot::new(&machine.face(), birth.stripes),
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

    /// Admits a call, or refuses it.
    #[inline(always)]
    pub(crate) fn acquire(&self, place: &'static Location<'static>) -> Result<Right, Refusal> {
        let word = self.hot.word();
        if word.passes() {
            return Ok(Right {
                admitted: word,
                since: self.stamp(word),
                lease: Lease::None,
            });
        }
        if let Some((word, until)) = self.hot.refusal(word) {
            if !self.hot.count_refusal() {
                let until = (until != NEVER).then_some(until);
                let state = word.state();
                return Err(self.refusal(Refused { state, until }));
            }
            return self.ask(place, false);
        }
        self.ask(place, true)
    }

    #[inline]
    fn stamp(&self, word: Word) -> u64 {
        if word.has(STAMPED) {
            self.epoch.now()
        } else {
            NEVER
        }
    }

    /// Asks the machine. `counts` is whether a refusal is yet to be counted.
    #[cold]
    #[inline(never)]
    fn ask(&self, place: &'static Location<'static>, counts: bool) -> Result<Right, Refusal> {
        let holder = || Holder {
            process: current().map(|process| (process.pid(), process.id().clone())),
            made_at: place,
        };
        let (ticket, since) = self.with(|kept, now| (kept.machine.acquire(now, holder), now));
        let ticket = ticket.map_err(|refused| {
            if counts {
                self.hot.count_refusal();
            }
            self.refusal(refused)
        })?;
        Ok(Right {
            admitted: Word::of_generation(ticket.generation),
            since,
            lease: ticket.lease,
        })
    }

    #[inline(always)]
    fn refusal(&self, refused: Refused) -> Refusal {
        Refusal::new(self.name.clone(), refused.state, refused.until, self.epoch)
    }

    /// Whether a call would be admitted. Nothing is taken by it, and no refusal counted.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        if self.hot.word().passes() {
            return Ok(());
        }
        let checked = self.with(|kept, _| kept.machine.check());
        checked.map_err(|refused| self.refusal(refused))
    }

    /// Takes what a call came to.
    #[inline]
    pub(crate) fn settle(&self, right: Right, outcome: Outcome) {
        let counted = outcome == Outcome::Success
            && right.lease == Lease::None
            && self.is_fast(right)
            && self.hot.success(right.admitted, || self.epoch.now()) == Counted::Yes;
        if !counted {
            self.settle_by_machine(right, outcome);
        }
    }

    /// Whether a call was not slow, or nobody asks.
    #[inline]
    fn is_fast(&self, right: Right) -> bool {
        right.since == NEVER || {
            let took = self.epoch.now().saturating_sub(right.since);
            took < self.slow_after.load(Ordering::Relaxed)
        }
    }

    #[cold]
    #[inline(never)]
    fn settle_by_machine(&self, right: Right, outcome: Outcome) {
        let ticket = Ticket {
            generation: right.admitted.generation(),
            lease: right.lease,
        };
        self.with(|kept, now| {
            let took = (right.since != NEVER).then(|| now.saturating_sub(right.since));
            let slow_after = kept.machine.rules().slow_after;
            let slow = slow_after.is_some_and(|limit| took.is_some_and(|took| took >= limit));
            kept.machine.settle(ticket, outcome, slow, now);
        });
    }

    /// Asks the machine, with its lock held, shows what it looks like then, and, without the lock, tells what has happened.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Kept, u64) -> T) -> T {
        let mut kept = self.lock();
        let now = self.epoch.now();
        kept.machine.absorb(self.hot.gather(now));
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

    fn show(&self, kept: &mut Kept, now: u64) {
        loop {
            kept.machine.roll(now);
            let face = kept.machine.face();
            let minded = face.until.is_none() || kept.minded == Some((face.generation, face.until));
            match self.hot.publish(&face, minded) {
                Published::Same | Published::Round(0) => return,
                Published::Generation(late) => return kept.machine.absorb_late(late),
                Published::Round(successes) => {
                    kept.machine.absorb(successes);
                    kept.machine.evaluate();
                }
            }
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
        self.hot.count_refusal();
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
