//! Whether a process gets on: at which poll it is, and at which of its callbacks.
//!
//! One word that only the process itself writes, by a plain write before and after each poll: no clock is read, nothing is shared with those who
//! send, and whoever wants to know reads it without a message. What it tells comes of looking twice: see [`Pulse`].

use crate::atomic::{AtomicU64, Ordering};

/// What a process writes of itself: in the lower half, how often a poll has begun or ended; in the upper half, how often a callback has. So each
/// is odd while one is under way.
///
/// It has no cache line of its own: a process that is aligned to one is allocated by a slower way of glibc's, which made restarts take a tenth longer, and
/// messages are sent as fast without.
///
/// There is one who writes: tokio polls a task on one thread at a time, each time after the one before.
#[derive(Debug, Default)]
pub(crate) struct Beat(AtomicU64);

/// Where the upper half begins.
const TURNS: u32 = 32;

impl Beat {
    /// Its own code, which is no callback of an actor, is about to be polled.
    #[inline]
    pub(super) fn begin_poll(&self) {
        self.write(|polls, turns| (polls.wrapping_add(1), turns));
    }

    /// A poll has returned, or panicked, and what it was of is not over.
    #[inline]
    pub(super) fn end_poll(&self) {
        self.write(|polls, turns| (polls.wrapping_add(1), turns));
    }

    /// A callback is about to be polled, for the first time or again.
    #[inline]
    pub(super) fn begin_turn(&self) {
        self.write(|polls, turns| (polls.wrapping_add(1), turns | 1));
    }

    /// A callback has returned, or panicked, in the poll that ends with it.
    #[inline]
    pub(super) fn end_turn(&self) {
        self.write(|polls, turns| (polls.wrapping_add(1), turns.wrapping_add(1)));
    }

    #[inline]
    fn write(&self, next: impl FnOnce(u32, u32) -> (u32, u32)) {
        let (polls, turns) = halves(self.0.load(Ordering::Relaxed));
        let (polls, turns) = next(polls, turns);
        let word = (u64::from(turns) << TURNS) | u64::from(polls);
        self.0.store(word, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Pulse {
        let (polls, turns) = halves(self.0.load(Ordering::Relaxed));
        Pulse { polls, turns }
    }
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // which is the lower half
const fn halves(word: u64) -> (u32, u32) {
    (word as u32, (word >> TURNS) as u32)
}

/// How far a process was when it was looked at: [`Process::pulse`](super::Process::pulse).
///
/// One look says little, two looks say what the process did in between. A process that was **in the same poll** both times has not
/// given its thread back since the first: it computes, or blocks the thread. One that was **in the same turn** both times, and not in the same poll,
/// awaits something within one callback. One that is busy is neither: it ends polls and turns all the time, however many messages wait for it.
///
/// What is counted begins anew at 2^31.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pulse {
    polls: u32,
    turns: u32,
}

impl Pulse {
    /// Of what has not run.
    pub(crate) const NONE: Self = Self { polls: 0, turns: 0 };

    /// Whether its own code was being polled.
    #[must_use]
    pub const fn is_polled(self) -> bool {
        self.polls % 2 == 1
    }

    /// How many polls of its own code had ended.
    #[must_use]
    pub const fn polls(self) -> u32 {
        self.polls / 2
    }

    /// Whether a callback of it had begun and not returned: of actors only, the handling of a message, of a supervision event, or `post_start`.
    /// Its start and its `post_stop` are none.
    #[must_use]
    pub const fn is_at_work(self) -> bool {
        self.turns % 2 == 1
    }

    /// How many callbacks had returned, or panicked.
    #[must_use]
    pub const fn turns(self) -> u32 {
        self.turns / 2
    }

    /// Whether it was in one and the same poll at this look and at `earlier`, which was before.
    #[must_use]
    pub const fn is_in_poll_of(self, earlier: Self) -> bool {
        self.is_polled() && self.polls == earlier.polls
    }

    /// Whether it was in one and the same callback at this look and at `earlier`, which was before.
    #[must_use]
    pub const fn is_in_turn_of(self, earlier: Self) -> bool {
        self.is_at_work() && self.turns == earlier.turns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_tells_whether_a_poll_and_a_turn_are_under_way_and_how_many_are_over() {
        let beat = Beat::default();
        assert_eq!(beat.read(), Pulse::default());
        beat.begin_turn();
        let first = beat.read();
        assert!(first.is_polled() && first.is_at_work());
        assert_eq!((first.polls(), first.turns()), (0, 0));
        assert!(beat.read().is_in_poll_of(first) && beat.read().is_in_turn_of(first));
        beat.end_poll();
        let second = beat.read();
        assert!(!second.is_in_poll_of(first) && second.is_in_turn_of(first));
        beat.begin_turn();
        assert!(!beat.read().is_in_poll_of(first) && beat.read().is_in_turn_of(first));
        beat.end_turn();
        let last = beat.read();
        assert!(!last.is_polled() && !last.is_at_work());
        assert!(!last.is_in_poll_of(second) && !last.is_in_turn_of(second));
        assert_eq!((last.polls(), last.turns()), (2, 1));
        beat.begin_poll();
        assert!(beat.read().is_polled() && !beat.read().is_at_work());
    }

    #[test]
    fn what_is_counted_begins_anew_without_touching_the_other() {
        let beat = Beat(AtomicU64::new((7 << TURNS) | u64::from(u32::MAX)));
        beat.end_poll();
        assert_eq!(beat.read(), Pulse { polls: 0, turns: 7 });
        let beat = Beat(AtomicU64::new(u64::MAX));
        beat.end_turn();
        assert_eq!(beat.read(), Pulse::NONE);
    }

    #[test]
    fn what_is_idle_at_two_looks_is_not_taken_for_busy_with_the_same() {
        let pulse = Pulse { polls: 6, turns: 4 };
        assert!(!pulse.is_in_poll_of(pulse) && !pulse.is_in_turn_of(pulse));
    }
}
