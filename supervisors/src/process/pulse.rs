//! Whether a process gets on: at which poll it is, and at which of its callbacks.
//!
//! Two numbers that only the process itself writes, each a plain write: no clock is read, nothing is shared with those who send, and
//! whoever wants to know reads them without a message. What they tell comes of looking twice: see [`Pulse`].

use crate::atomic::{AtomicU64, Ordering};

/// What a process writes of itself. On cache lines of its own, as those who send to it read what lies beside it.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct Beat {
    /// Odd while the process's own code is being polled.
    polls: AtomicU64,
    /// Odd while a callback of an actor has begun and not returned.
    turns: AtomicU64,
}

impl Beat {
    /// The process's own code is about to be polled.
    #[inline]
    pub(super) fn begin_poll(&self) {
        step(&self.polls);
    }

    /// That poll has returned, or panicked.
    #[inline]
    pub(super) fn end_poll(&self) {
        step(&self.polls);
    }

    /// A callback is about to begin.
    #[inline]
    pub(super) fn begin_turn(&self) {
        step(&self.turns);
    }

    /// The callback has returned, or panicked.
    #[inline]
    pub(super) fn end_turn(&self) {
        step(&self.turns);
    }

    pub(super) fn read(&self) -> Pulse {
        Pulse {
            polls: self.polls.load(Ordering::Relaxed),
            turns: self.turns.load(Ordering::Relaxed),
        }
    }
}

/// By the one who writes; tokio polls a task on one thread at a time, each after the one before.
#[inline]
fn step(number: &AtomicU64) {
    let next = number.load(Ordering::Relaxed).wrapping_add(1);
    number.store(next, Ordering::Relaxed);
}

/// How far a process was when it was looked at: [`Process::pulse`](super::Process::pulse).
///
/// One look says little, two looks say what the process did in between. A process that was **in the same poll** both times has not
/// given its thread back since the first: it computes, or blocks the thread. One that was **in the same turn** both times, and not in the same poll,
/// awaits something within one callback. One that is busy is neither: it ends polls and turns all the time, however many messages wait for it.
///
/// The two numbers are read one after the other, and so may be of slightly different moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pulse {
    polls: u64,
    turns: u64,
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
    pub const fn polls(self) -> u64 {
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
    pub const fn turns(self) -> u64 {
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
        beat.begin_poll();
        let first = beat.read();
        assert!(first.is_polled() && first.is_at_work());
        assert_eq!((first.polls(), first.turns()), (0, 0));
        assert!(beat.read().is_in_poll_of(first) && beat.read().is_in_turn_of(first));
        beat.end_poll();
        let second = beat.read();
        assert!(!second.is_in_poll_of(first) && second.is_in_turn_of(first));
        beat.begin_poll();
        assert!(!beat.read().is_in_poll_of(first) && beat.read().is_in_turn_of(first));
        beat.end_poll();
        beat.end_turn();
        let last = beat.read();
        assert!(!last.is_polled() && !last.is_at_work());
        assert!(!last.is_in_poll_of(second) && !last.is_in_turn_of(second));
        assert_eq!((last.polls(), last.turns()), (2, 1));
    }

    #[test]
    fn what_is_idle_at_two_looks_is_not_taken_for_busy_with_the_same() {
        let pulse = Pulse { polls: 6, turns: 4 };
        assert!(!pulse.is_in_poll_of(pulse) && !pulse.is_in_turn_of(pulse));
    }
}
