//! What callers share without a lock.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Hot`]: the protocol of who counts and who decides |
//! | `loom_tests.rs` | all its interleavings |

use super::machine::{Face, Part};
use super::tally::{Counted, Tally};
use super::word::{ATTENTIVE, TIMED, Word};
use crate::atomic::{AtomicU64, Ordering};

/// What of a breaker can be read, and counted, without asking its machine. Written by whoever holds the machine's lock.
///
/// A success that decides nothing is counted in the [`Tally`]. Whoever holds the lock first [`gather`](Self::gather)s what was
/// counted, then does what it came for, then [`publish`](Self::publish)es what the machine looks like. If from then on successes
/// may not be counted as before (another generation, another part of a window of time, each of them matters), this begins a new
/// round of the tally, so that none is counted where it does not belong.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Hot {
    word: AtomicU64,
    /// Until when calls are refused, of generations with an even and with an odd number: that of one is not written over before
    /// the next has been published. [`NEVER`] if nobody knows.
    until: [AtomicU64; 2],
    /// How long the parts of the window of time are.
    length: AtomicU64,
    /// Which of them the tally counts in.
    part: AtomicU64,
    tally: Tally,
}

/// More than any time there is.
pub(crate) const NEVER: u64 = u64::MAX;

impl Hot {
    pub(crate) fn new(face: &Face, stripes: usize) -> Self {
        let hot = Self {
            word: AtomicU64::new(0),
            until: [AtomicU64::new(NEVER), AtomicU64::new(NEVER)],
            length: AtomicU64::new(1),
            part: AtomicU64::new(0),
            tally: Tally::new(stripes),
        };
        hot.publish(face, false);
        hot
    }

    /// The breaker as it is now.
    #[inline]
    pub(crate) fn word(&self) -> Word {
        Word::from_bits(self.word.load(Ordering::Acquire))
    }

    /// If calls are refused without a look at the clock: the word, and until when. Both are of the same generation.
    #[inline(always)]
    pub(crate) fn refusal(&self, word: Word) -> Option<(Word, u64)> {
        let mut word = word;
        while word.refuses() {
            let parity = (word.generation() % 2) as usize;
            let until = self.until[parity].load(Ordering::Acquire);
            // Had the time been one of two generations on, then the next would have been published before that.
            let now = self.word();
            if now.generation() == word.generation() {
                return Some((word, until));
            }
            word = now;
        }
        None
    }

    /// Counts a refusal; one in 64 is to be made by the clock all the same.
    #[inline(always)]
    pub(crate) fn count_refusal(&self) -> bool {
        self.tally.refusal()
    }

    pub(crate) fn refusals(&self) -> u64 {
        self.tally.refusals()
    }

    /// Counts a success, not slow, of a call that was admitted under this word. If it does not, the machine has to be asked.
    #[inline]
    pub(crate) fn success(&self, admitted: Word, now: impl Fn() -> u64) -> Counted {
        if admitted.has(TIMED) {
            let number = now() / self.length.load(Ordering::Relaxed);
            self.tally
                .success(|| self.may_count(admitted, Some(number)))
        } else {
            self.tally.success(|| self.may_count(admitted, None))
        }
    }

    #[inline]
    pub(crate) fn may_count(&self, admitted: Word, part: Option<u64>) -> bool {
        let word = self.word();
        let same = word.generation() == admitted.generation() && !word.has(ATTENTIVE);
        same && (!word.has(TIMED) || part == Some(self.part.load(Ordering::Acquire)))
    }

    /// The successes that were counted since this was last done. They belong to the part that was current; from here on those of
    /// now are counted. Under the machine's lock.
    pub(crate) fn gather(&self, now: u64) -> u64 {
        let word = self.word();
        let number = now / self.length.load(Ordering::Relaxed);
        if word.has(TIMED) && number > self.part.load(Ordering::Relaxed) {
            self.part.store(number, Ordering::Release);
            return self.tally.next_round();
        }
        self.tally.gather()
    }

    /// Shows what the machine looks like. `minded` is whether somebody minds the time of its refusals. Under the machine's lock.
    pub(crate) fn publish(&self, face: &Face, minded: bool) -> Published {
        let before = self.word();
        let after = Word::of(face, minded);
        let parity = (face.generation % 2) as usize;
        self.until[parity].store(face.until.unwrap_or(NEVER), Ordering::Release);
        let moved = self.show_part(face.part);
        self.word.store(after.bits(), Ordering::Release);
        let generation = before.generation() != after.generation();
        let attentive = after.has(ATTENTIVE) && !before.has(ATTENTIVE);
        let timed = after.has(TIMED) != before.has(TIMED);
        if generation {
            Published::Generation(self.tally.next_round())
        } else if attentive || timed || moved {
            Published::Round(self.tally.next_round())
        } else {
            Published::Same
        }
    }

    fn show_part(&self, part: Option<Part>) -> bool {
        let Some(part) = part else { return false };
        let same = self.length.load(Ordering::Relaxed) == part.length
            && self.part.load(Ordering::Relaxed) == part.number;
        if !same {
            self.length.store(part.length, Ordering::Relaxed);
            self.part.store(part.number, Ordering::Release);
        }
        !same
    }
}

/// What became of the successes that were counted while a change was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    /// They go on being counted as before.
    Same,
    /// So many were counted, of the generation before.
    Generation(u64),
    /// So many were counted, and each from now on is to be counted otherwise.
    Round(u64),
}

#[cfg(all(test, mainstay_loom))]
mod loom_tests;
