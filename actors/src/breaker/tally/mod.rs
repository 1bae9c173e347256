//! Counting what happens often, on the thread it happens on.

use std::cell::Cell;

use crate::atomic::{AtomicU64, Ordering};

/// Successes and refusals that nothing hangs on at the moment: counted apart by different threads, gathered by whoever needs the
/// sum.
///
/// Successes are counted in *rounds*. A success is counted in the round it has seen, after it has looked whether it may be counted
/// at all, or not at all: a word holds the round and the number, and is replaced as a whole. So whoever first publishes that
/// something has changed, and then begins a new round, knows that each success of the rounds before is in the sum it gets, and that
/// who comes later sees the change.
#[derive(Debug)]
pub(crate) struct Tally {
    stripes: Box<[Stripe]>,
}

/// What threads count on; a pair of cache lines, as processors fetch two at a time.
#[derive(Debug)]
#[repr(align(128))]
struct Stripe {
    /// The round in the upper half, the number of successes in the lower.
    successes: AtomicU64,
    /// The thread that counts refusals here without a locked instruction; 0 for none yet.
    owner: AtomicU64,
    /// The refusals that its owner counted. Written by nobody else.
    owned: AtomicU64,
    /// The refusals of the other threads.
    shared: AtomicU64,
}

/// What became of a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    Yes,
    /// It was said that it may not be counted here.
    No,
}

const NUMBER: u64 = u32::MAX as u64;
const ROUND: u64 = 1 << 32;

impl Tally {
    /// With so many places to count on, or the next power of two.
    pub(crate) fn new(stripes: usize) -> Self {
        let stripe = || Stripe {
            successes: AtomicU64::new(0),
            owner: AtomicU64::new(0),
            owned: AtomicU64::new(0),
            shared: AtomicU64::new(0),
        };
        Self {
            stripes: (0..stripes.next_power_of_two()).map(|_| stripe()).collect(),
        }
    }

    /// Counts a success on the place of this thread, if `may` says so of the present round.
    #[inline]
    pub(crate) fn success(&self, may: impl Fn() -> bool) -> Counted {
        HERE.with(|here| {
            loop {
                if let Some(counted) = self.success_at(here.place(), &may) {
                    return counted;
                }
                // Another thread counts here as well: a different place from now on.
                here.move_on();
            }
        })
    }

    /// As [`success`](Self::success), once; none if somebody else was at this place at the same time.
    #[inline]
    pub(crate) fn success_at(&self, place: usize, may: &impl Fn() -> bool) -> Option<Counted> {
        let successes = &self.stripe(place).successes;
        // Before it is looked whether it may: what is published before a round begins is seen by whoever sees the round.
        let seen = successes.load(Ordering::Acquire);
        if seen & NUMBER == NUMBER || !may() {
            return Some(Counted::No);
        }
        let replaced =
            successes.compare_exchange(seen, seen + 1, Ordering::AcqRel, Ordering::Relaxed);
        replaced.is_ok().then_some(Counted::Yes)
    }

    /// The successes since this was last done, taken away. The round goes on.
    pub(crate) fn gather(&self) -> u64 {
        let take = |stripe: &Stripe| {
            if stripe.successes.load(Ordering::Acquire) & NUMBER == 0 {
                return 0;
            }
            stripe.successes.fetch_and(!NUMBER, Ordering::AcqRel) & NUMBER
        };
        self.stripes.iter().map(take).sum()
    }

    /// The successes since they were last gathered, taken away, and no more after that in this round. Only one at a time may do
    /// this.
    pub(crate) fn next_round(&self) -> u64 {
        let turn = |stripe: &Stripe| {
            let mut seen = stripe.successes.load(Ordering::Relaxed);
            loop {
                let next = (seen & !NUMBER).wrapping_add(ROUND);
                let replaced = stripe.successes.compare_exchange_weak(
                    seen,
                    next,
                    Ordering::AcqRel,
                    Ordering::Relaxed,
                );
                match replaced {
                    Ok(_) => return seen & NUMBER,
                    Err(now) => seen = now,
                }
            }
        };
        self.stripes.iter().map(turn).sum()
    }

    /// Counts a refusal; says of one in 64, on each place, that it is that one.
    #[inline(always)]
    pub(crate) fn refusal(&self) -> bool {
        HERE.with(|here| {
            let me = here.address();
            let stripe = self.stripe(here.place());
            if stripe.owner.load(Ordering::Relaxed) == me {
                // Nobody else writes it: a thread with this address is this one, or one that has ended.
                let refusals = stripe.owned.load(Ordering::Relaxed);
                stripe.owned.store(refusals + 1, Ordering::Relaxed);
                refusals % 64 == 63
            } else {
                self.refusal_elsewhere(here, me)
            }
        })
    }

    /// Looks for a place of this thread's own, and counts among the others if there is none.
    #[cold]
    #[inline(never)]
    fn refusal_elsewhere(&self, here: &Here, me: u64) -> bool {
        for _ in 0..self.stripes.len() {
            let owner = &self.stripe(here.place()).owner;
            let taken = owner.compare_exchange(0, me, Ordering::Relaxed, Ordering::Relaxed);
            if taken.is_ok() || taken == Err(me) {
                break;
            }
            here.move_on();
        }
        let shared = &self.stripe(here.place()).shared;
        shared.fetch_add(1, Ordering::Relaxed) % 64 == 63
    }

    /// How many refusals there were, ever.
    pub(crate) fn refusals(&self) -> u64 {
        let both = |stripe: &Stripe| {
            stripe.owned.load(Ordering::Relaxed) + stripe.shared.load(Ordering::Relaxed)
        };
        self.stripes.iter().map(both).sum()
    }

    #[inline]
    fn stripe(&self, place: usize) -> &Stripe {
        // A power of two: what is cut off is the remainder, without a division.
        &self.stripes[place & (self.stripes.len() - 1)]
    }
}

/// Where a thread counts, and, by its address, which thread it is.
struct Here {
    moved: Cell<u64>,
}

impl Here {
    /// Of no two threads that run at the same time the same.
    #[inline]
    fn address(&self) -> u64 {
        std::ptr::from_ref(self).addr() as u64
    }

    #[inline]
    fn place(&self) -> usize {
        // What lies close together in memory is spread over all places.
        let spread = self.address().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48;
        (spread + self.moved.get()) as usize
    }

    fn move_on(&self) {
        self.moved.set((self.moved.get() + 1) % 1024);
    }
}

thread_local! {
    static HERE: Here = const { Here { moved: Cell::new(0) } };
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_many_threads_are_counted_exactly() {
        let tally = Tally::new(2);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    (0..10_000)
                        .map(|_| tally.refusal())
                        .filter(|&nth| nth)
                        .count()
                });
            }
        });
        assert_eq!(tally.refusals(), 40_000);
    }

    #[test]
    fn successes_of_many_threads_are_counted_exactly_while_they_are_gathered() {
        let tally = Tally::new(4);
        let gathered: u64 = std::thread::scope(|scope| {
            for _ in 0..3 {
                let count = || assert_eq!(tally.success(|| true), Counted::Yes);
                scope.spawn(move || (0..10_000).for_each(|_| count()));
            }
            (0..500)
                .map(|nth| {
                    if nth % 2 == 0 {
                        tally.gather()
                    } else {
                        tally.next_round()
                    }
                })
                .sum()
        });
        assert_eq!(gathered + tally.gather(), 30_000);
    }

    #[test]
    fn a_place_that_is_full_takes_no_more_and_spoils_no_round() {
        let tally = Tally::new(1);
        tally.stripes[0]
            .successes
            .store(7 << 32 | NUMBER, Ordering::Relaxed);
        assert_eq!(tally.success(|| true), Counted::No);
        assert_eq!(tally.gather(), NUMBER);
        assert_eq!(tally.success(|| true), Counted::Yes);
        assert_eq!(tally.next_round(), 1);
        assert_eq!(tally.stripes[0].successes.load(Ordering::Relaxed), 8 << 32);
    }
}
