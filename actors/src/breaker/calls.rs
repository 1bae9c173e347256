//! What every call does: it is admitted or refused, and says what it came to.
//!
//! What most calls do is a few instructions in the code of the caller. Whatever else may have to be done is called with plain
//! numbers and gives its result apart: else the results of both ways would be put together in memory, and moved.

use std::panic::Location;
use std::sync::atomic::Ordering;

use mainstay_supervisors::current;

use super::cell::{Cell, Holder};
use super::error::Refusal;
use super::hot::NEVER;
use super::machine::Refused;
use super::notice::Notice;
use super::outcome::Outcome;
use super::right::{Glance, Held, Right};
use super::tally::{Counted, Thread};
use super::word::{STAMPED, Word};

impl Cell {
    /// What one look at the word tells of a call.
    #[inline(always)]
    pub(crate) fn glance(&self) -> Glance {
        let word = self.hot.word();
        if word.is_plain() {
            return Glance::Passes(Right::under(word, NEVER));
        }
        match self.hot.refusal(word) {
            Some(notice) if self.hot.refuse(Thread::current()) => Glance::Refused(notice),
            _ => Glance::Unclear,
        }
    }

    /// Admits a call, or refuses it.
    #[inline(always)]
    pub(crate) fn acquire(&self, place: &'static Location<'static>) -> Result<Right, Refusal> {
        match self.glance() {
            Glance::Passes(right) => Ok(right),
            Glance::Refused(notice) => self.refused(notice, |refusal| refusal),
            Glance::Unclear => self.acquire_slowly(place),
        }
    }

    /// Admits a call, or refuses it, after a glance that told nothing.
    #[inline(never)]
    pub(crate) fn acquire_slowly(
        &self,
        place: &'static Location<'static>,
    ) -> Result<Right, Refusal> {
        let word = self.hot.word();
        if word.passes() {
            return Ok(Right::under(word, self.stamp(word)));
        }
        let now = self.epoch.now();
        if let Some(notice) = self.hot.refusal_at(word, now) {
            self.hot.refuse_by_the_clock(Thread::current(), now);
            return self.refused(notice, |refusal| refusal);
        }
        self.ask(place)
    }

    fn stamp(&self, word: Word) -> u64 {
        if word.has(STAMPED) {
            self.epoch.now()
        } else {
            NEVER
        }
    }

    /// Asks the machine.
    #[cold]
    fn ask(&self, place: &'static Location<'static>) -> Result<Right, Refusal> {
        let holder = || Holder {
            process: current().map(|process| (process.pid(), process.id().clone())),
            made_at: place,
        };
        let (ticket, since) = self.with(|kept, now| (kept.machine.acquire(now, holder), now));
        match ticket {
            Ok(ticket) => Ok(Right::of(ticket, since)),
            Err(refused) => {
                self.hot.refuse_by_the_clock(Thread::current(), since);
                Err(self.refusal(refused))
            }
        }
    }

    fn refusal(&self, refused: Refused) -> Refusal {
        let notice = Notice::new(refused.state, refused.until);
        Refusal::new(self.name.clone(), notice, self.epoch)
    }

    /// The refusal of a glance, in the error that it is wanted in.
    #[inline(always)]
    pub(crate) fn refused<T, E>(
        &self,
        notice: Notice,
        wrap: impl FnOnce(Refusal) -> E,
    ) -> Result<T, E> {
        if self.name.is_short() {
            let name = self.name.clone();
            Err(wrap(Refusal::new(name, notice, self.epoch)))
        } else {
            // Apart: else what both have in common would be put together in memory, and moved.
            self.refused_at_length(notice, wrap)
        }
    }

    #[cold]
    #[inline(never)]
    fn refused_at_length<T, E>(
        &self,
        notice: Notice,
        wrap: impl FnOnce(Refusal) -> E,
    ) -> Result<T, E> {
        let name = self.name.clone();
        Err(wrap(Refusal::new(name, notice, self.epoch)))
    }

    /// Whether a call would be admitted. Nothing is taken by it, and no refusal counted.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let word = self.hot.word();
        if word.passes() {
            return Ok(());
        }
        if let Some(notice) = self.hot.refusal_at(word, self.epoch.now()) {
            return self.refused(notice, |refusal| refusal);
        }
        let checked = self.with(|kept, _| kept.machine.check());
        checked.map_err(|refused| self.refusal(refused))
    }

    /// Takes what a call came to.
    #[inline(always)]
    pub(crate) fn settle(&self, right: Right, outcome: Outcome) {
        // No permit of a probe and no call that is timed is admitted under a plain word.
        let plain = outcome == Outcome::Success && right.admitted.is_plain();
        let counted = if plain {
            self.hot.plain_success(Thread::current(), right.admitted)
        } else {
            Counted::No
        };
        match counted {
            Counted::Yes => {}
            Counted::Due => self.catch_up(),
            // In numbers: what is handed on as a whole has to be put together in memory, also where this is not done.
            Counted::No => self.settle_slowly(right.admitted, right.since, right.held, outcome),
        }
    }

    /// Has the machine take in what was counted.
    #[cold]
    fn catch_up(&self) {
        self.with(|_, _| ());
    }

    #[inline(never)]
    fn settle_slowly(&self, admitted: Word, since: u64, held: Held, outcome: Outcome) {
        let right = Right {
            admitted,
            since,
            held,
        };
        let counts = outcome == Outcome::Success && right.holds_nothing();
        let counted = if counts && self.is_fast(right) {
            self.hot
                .success(Thread::current(), right.admitted, || self.epoch.now())
        } else {
            Counted::No
        };
        match counted {
            Counted::Yes => {}
            Counted::Due => self.catch_up(),
            Counted::No => self.settle_by_machine(right, outcome),
        }
    }

    /// Whether a call was not slow, or nobody asks.
    fn is_fast(&self, right: Right) -> bool {
        right.since == NEVER || {
            let took = self.epoch.now().saturating_sub(right.since);
            took < self.slow_after.load(Ordering::Relaxed)
        }
    }

    #[cold]
    fn settle_by_machine(&self, right: Right, outcome: Outcome) {
        self.with(|kept, now| {
            let slow_after = kept.machine.rules().slow_after;
            let slow = slow_after
                .zip(right.out_for(now))
                .is_some_and(|(limit, took)| took >= limit);
            kept.machine.settle(right.ticket(), outcome, slow, now);
        });
    }
}
