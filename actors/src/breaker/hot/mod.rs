//! What callers share without a lock.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Hot`]: the protocol of who counts and who decides |
//! | `loom_tests.rs` | all its interleavings |

use super::machine::{Face, Part};
use super::notice::Notice;
use super::tally::{Counted, Gathered, Tally, Thread};
use super::word::{ATTENTIVE, TIMED, TRACKED, Word};
use crate::atomic::{AtomicU64, Ordering};

/// What of a breaker can be read, and counted, without asking its machine. Written by whoever holds the machine's lock.
///
/// A success that decides nothing is counted in the [`Tally`], after a look at the word: it must be of the present generation, in the
/// present part of a window of time, and none of those that matter each. Whoever holds the lock first [`gather`](Self::gather)s what
/// was counted, then does what it came for, then [`publish`](Self::publish)es what the machine looks like.
///
/// Nobody waits for those who have looked and are yet to count. A success that is settled at the very moment somebody else changes
/// the word may turn up after that, with whoever holds the lock next: see [`Tally`] for what holds of it at all times. If its
/// generation is over by then, it is late, as one that came a moment later would be. Else it is taken for a success of the moment it
/// is found: in a window of time it never counts for an earlier part than its own, and where each success matters, the rates are looked
/// at once more when it is found.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Hot {
    word: AtomicU64,
    /// What refusals say, and until when they are made: what the last ones said, and a time that is over, while there are none. Written
    /// before the word.
    notice: AtomicU64,
    /// How long the parts of the window of time are.
    length: AtomicU64,
    /// Which of them the tally counts in.
    part: AtomicU64,
    tally: Tally,
}

/// More than any time there is.
pub(crate) const NEVER: u64 = u64::MAX;

impl Hot {
    pub(crate) fn new(face: &Face, places: usize) -> Self {
        let hot = Self {
            word: AtomicU64::new(0),
            notice: AtomicU64::new(0),
            length: AtomicU64::new(1),
            part: AtomicU64::new(0),
            tally: Tally::new(places),
        };
        hot.publish(face, false);
        hot
    }

    /// The breaker as it is now.
    #[inline]
    pub(crate) fn word(&self) -> Word {
        Word::from_bits(self.word.load(Ordering::Acquire))
    }

    /// If calls are refused without a look at the clock: what the refusal says. That is as new as the word, or newer.
    #[inline(always)]
    pub(crate) fn refusal(&self, word: Word) -> Option<Notice> {
        word.refuses()
            .then(|| Notice::from_bits(self.notice.load(Ordering::Acquire)))
    }

    /// If calls are refused at this time: what the refusal says, which is as new as the word, or newer. If not, the machine knows.
    pub(crate) fn refusal_at(&self, word: Word, now: u64) -> Option<Notice> {
        let notice = Notice::from_bits(self.notice.load(Ordering::Acquire));
        let refuses = match notice.until() {
            Some(until) => now < until,
            None => word.refuses(),
        };
        refuses.then_some(notice)
    }

    /// Counts a refusal that needs no clock. If it does not, this is one of those that are to be made by the clock all the same.
    #[inline(always)]
    pub(crate) fn refuse(&self, me: Thread) -> bool {
        self.tally.refuse(me)
    }

    /// Counts a refusal that was made by the clock, at this time.
    pub(crate) fn refuse_by_the_clock(&self, me: Thread, now: u64) {
        self.tally.refuse_by_the_clock(me, now);
    }

    pub(crate) fn refusals(&self) -> u64 {
        self.tally.refusals()
    }

    /// Counts a success of a call that was admitted under this plain word. If it does not, the machine has to be asked.
    #[inline(always)]
    pub(crate) fn plain_success(&self, me: Thread, admitted: Word) -> Counted {
        if self.word() == admitted {
            self.tally.success(me, admitted.generation())
        } else {
            Counted::No
        }
    }

    /// Counts a success, not slow, of a call that was admitted under this word. If it does not, the machine has to be asked.
    pub(crate) fn success(&self, me: Thread, admitted: Word, now: impl FnOnce() -> u64) -> Counted {
        let number = |now: u64| now / self.length.load(Ordering::Relaxed);
        let part = admitted.has(TIMED).then(|| number(now()));
        let word = self.word();
        // Where calls are entered into a table, time alone may have opened it by now.
        let is_quiet = !word.has(ATTENTIVE) && !word.has(TRACKED);
        let same = word.generation() == admitted.generation() && is_quiet;
        if same && (!word.has(TIMED) || part == Some(self.part.load(Ordering::Acquire))) {
            self.tally.success(me, admitted.generation())
        } else {
            Counted::No
        }
    }

    /// The successes that were counted since this was last done. Those of the present generation belong to the part that was
    /// current; from here on those of now are counted. Under the machine's lock.
    pub(crate) fn gather(&self, now: u64) -> Gathered {
        let word = self.word();
        let gathered = self.tally.gather(word.generation());
        let number = now / self.length.load(Ordering::Relaxed);
        if word.has(TIMED) && number > self.part.load(Ordering::Relaxed) {
            // After that: none of the new part is taken for one of the old.
            self.part.store(number, Ordering::Release);
        }
        gathered
    }

    /// Shows what the machine looks like. `minded` is whether somebody minds the time of its refusals. Says whether each success
    /// matters from now on, and did not before: those that were counted meanwhile are to be looked at. Under the machine's lock.
    pub(crate) fn publish(&self, face: &Face, minded: bool) -> bool {
        let before = self.word();
        let after = Word::of(face, minded);
        let notice = if face.refuses {
            Notice::new(face.state, face.until)
        } else {
            // Whoever has read the word of before refuses once more, as that said, but until when is over.
            Notice::from_bits(self.notice.load(Ordering::Relaxed)).over()
        };
        self.notice.store(notice.bits(), Ordering::Release);
        if after.refuses() && after != before {
            self.tally.look_soon();
        }
        self.show_part(face.part);
        self.word.store(after.bits(), Ordering::Release);
        after.has(ATTENTIVE) && !before.has(ATTENTIVE)
    }

    fn show_part(&self, part: Option<Part>) {
        let Some(part) = part else { return };
        if self.length.load(Ordering::Relaxed) != part.length {
            self.length.store(part.length, Ordering::Relaxed);
        }
        if self.part.load(Ordering::Relaxed) != part.number {
            self.part.store(part.number, Ordering::Release);
        }
    }
}

#[cfg(all(test, not(mainstay_loom)))]
impl Hot {
    /// As if this thread had counted so many more successes.
    pub(crate) fn skip(&self, successes: u64) {
        self.tally.skip(successes);
    }
}

#[cfg(all(test, mainstay_loom))]
mod loom_tests;
