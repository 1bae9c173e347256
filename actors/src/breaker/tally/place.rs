//! Where threads count.

use super::count::Count;
use super::looks::Looks;
use super::{Counted, Gathered, Thread};
use crate::atomic::{AtomicU64, Ordering};

/// The counts of one thread, which it alone writes, and those of threads that own no place; a pair of cache lines, as processors
/// fetch two at a time.
///
/// The owner's number is never set back, not in a new generation either: what is new is the difference to what was seen last. Where a
/// generation began is in `began`, which is written before the first success of it.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Place {
    /// The thread that owns it.
    owner: AtomicU64,
    /// The owner's successes, with the generation of the last.
    successes: AtomicU64,
    /// How many there were before those of that generation.
    began: AtomicU64,
    /// `successes`, as it was when it was last gathered. Written by whoever gathers.
    seen: AtomicU64,
    /// The owner's refusals.
    refusals: AtomicU64,
    looks: Looks,
    /// Successes of the others that were not gathered, and the generation that they are counted in; set by whoever gathers.
    common_successes: AtomicU64,
    common_refusals: AtomicU64,
    common_looks: Looks,
}

impl Place {
    #[inline(always)]
    pub(super) fn is_of(&self, thread: Thread) -> bool {
        self.owner.load(Ordering::Relaxed) == thread.0
    }

    pub(super) fn is_now_of(&self, thread: Thread) {
        self.owner.store(thread.0, Ordering::Relaxed);
    }

    /// Counts a success of this generation. The owner's.
    #[inline(always)]
    pub(super) fn success(&self, none: Count) -> Counted {
        let last = Count::from_bits(self.successes.load(Ordering::Relaxed));
        if !last.is_of_that_of(none) {
            return self.first_success(last, none);
        }
        self.store(last.in_that_of(none).next())
    }

    #[cold]
    #[inline(never)]
    fn first_success(&self, last: Count, none: Count) -> Counted {
        self.began.store(last.number(), Ordering::Relaxed);
        self.store(last.in_that_of(none).next())
    }

    #[inline(always)]
    fn store(&self, count: Count) -> Counted {
        // Released: whoever sees the first success of a generation sees where it began.
        self.successes.store(count.bits(), Ordering::Release);
        if count.is_due() {
            Counted::Due
        } else {
            Counted::Yes
        }
    }

    /// The owner's successes since this was last done.
    pub(super) fn gather(&self, none: Count) -> Gathered {
        let seen = Count::from_bits(self.seen.load(Ordering::Relaxed));
        let count = Count::from_bits(self.successes.load(Ordering::Acquire));
        if count == seen {
            return Gathered::default();
        }
        self.seen.store(count.bits(), Ordering::Relaxed);
        let all = count.since(seen.number());
        let successes = if !count.is_of_that_of(none) {
            0
        } else if seen.is_of_that_of(none) {
            all
        } else {
            // No later generation can have begun: that takes the lock that whoever gathers holds.
            count.since(self.began.load(Ordering::Relaxed))
        };
        Gathered {
            successes,
            late: all - successes,
        }
    }

    /// Counts a success where others count as well, in their own generation only.
    pub(super) fn common_success(&self, none: Count) -> Counted {
        let mut last = Count::from_bits(self.common_successes.load(Ordering::Relaxed));
        while last.is_of_that_of(none) && !last.is_full() {
            let replaced = self.common_successes.compare_exchange_weak(
                last.bits(),
                last.next().bits(),
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
            match replaced {
                Ok(_) => return Counted::Yes,
                Err(bits) => last = Count::from_bits(bits),
            }
        }
        Counted::No
    }

    /// Takes away what was counted where others count as well; from here on those of this generation are counted.
    pub(super) fn gather_common(&self, none: Count) -> Gathered {
        if self.common_successes.load(Ordering::Acquire) == none.bits() {
            return Gathered::default();
        }
        let taken = self.common_successes.swap(none.bits(), Ordering::AcqRel);
        let count = Count::from_bits(taken);
        let number = count.number();
        if count.is_of_that_of(none) {
            Gathered {
                successes: number,
                late: 0,
            }
        } else {
            Gathered {
                successes: 0,
                late: number,
            }
        }
    }

    /// Counts a refusal, unless it is to look at the clock; says whether it did. The owner's.
    #[inline(always)]
    pub(super) fn refuse(&self) -> bool {
        let nth = self.refusals.load(Ordering::Relaxed) + 1;
        let counts = !self.looks.are_due(nth);
        if counts {
            self.refusals.store(nth, Ordering::Relaxed);
        }
        counts
    }

    /// Counts one that has looked, at this time. The owner's.
    pub(super) fn refuse_by_the_clock(&self, now: u64) {
        let nth = self.refusals.load(Ordering::Relaxed) + 1;
        self.refusals.store(nth, Ordering::Relaxed);
        self.looks.looked(nth, now);
    }

    /// As [`refuse`](Self::refuse), where others count as well: when several count at once, each of them may look.
    pub(super) fn common_refuse(&self) -> bool {
        let nth = self.common_refusals.load(Ordering::Relaxed) + 1;
        let counts = !self.common_looks.are_due(nth);
        if counts {
            self.common_refusals.fetch_add(1, Ordering::Relaxed);
        }
        counts
    }

    pub(super) fn common_refuse_by_the_clock(&self, now: u64) {
        let before = self.common_refusals.fetch_add(1, Ordering::Relaxed);
        self.common_looks.looked(before + 1, now);
    }

    /// The next refusal here looks at the clock.
    pub(super) fn look_soon(&self) {
        self.looks.soon();
        self.common_looks.soon();
    }

    pub(super) fn refusals(&self) -> u64 {
        let common = self.common_refusals.load(Ordering::Relaxed);
        self.refusals.load(Ordering::Relaxed) + common
    }
}

#[cfg(all(test, not(mainstay_loom)))]
impl Place {
    /// As if the owner had counted so many more successes, of the generation of its last.
    pub(super) fn skip(&self, successes: u64) {
        let last = Count::from_bits(self.successes.load(Ordering::Relaxed));
        let number = (last.number() + successes) % (1 << 32);
        let bits = last.bits() - last.number() + number;
        self.successes.store(bits, Ordering::Relaxed);
    }

    pub(super) fn skip_in_common(&self, successes: u64) {
        self.common_successes
            .fetch_add(successes, Ordering::Relaxed);
    }
}
