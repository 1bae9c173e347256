//! Whether processes get on, from looks at them one after the other. Pure: who looks says what time it is.
//!
//! **Busy is not stuck.** A process that has much to do ends polls and handles messages between two looks, however many wait for it;
//! nothing of what is told here grows with its backlog but the age of the oldest message. A process that is stuck is at the very same poll,
//! or at the very same callback, at each look.
//!
//! What is told is never too long: everything is counted from the first look at which it was so. It is too short by the time between two looks at most.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use rustc_hash::FxBuildHasher;
use tokio::time::Instant;

use super::Vitals;
use crate::process::{Pid, Pulse};

/// For how long a process has been at what it is at, as far as the looks at it tell; see [`ProgressWatch::look`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// In one poll: it has not given its thread back. It computes without an await, or blocks the thread.
    pub in_poll: Option<Duration>,
    /// In one callback: for actors only. It awaits something, or computes; messages behind this one wait.
    pub in_turn: Option<Duration>,
    /// Starting one child: for supervisors only. The ends of its other children wait.
    pub starting: Option<Duration>,
    /// How long the oldest message has waited: exact where it is measured; where messages are only counted, as the looks tell. `None` if none
    /// waits, or nobody counts.
    pub oldest: Option<Duration>,
}

/// Looks at processes again and again, and tells what of them stands still.
///
/// It keeps a few words of each process that it saw at the last look, and nothing of others.
#[derive(Debug, Default)]
pub struct ProgressWatch {
    seen: HashMap<Pid, Seen, FxBuildHasher>,
}

/// What is kept of a process.
#[derive(Debug)]
struct Seen {
    pulse: Pulse,
    /// When it was first seen in the poll, in the callback, and with the child to be started, in which it was at the last look.
    poll: Instant,
    turn: Instant,
    starting: Option<(Pid, Instant)>,
    marks: Marks,
}

/// How many messages had come at some looks, oldest first: those of them of which not all are taken out.
#[derive(Debug, Default)]
struct Marks(VecDeque<(u64, Instant)>);

/// As many looks are kept; of more, every second one.
const MARKS_MAX: usize = 16;

impl ProgressWatch {
    /// One that has not looked yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks: gives of each of these, in their order, for how long it has been at what it is at. Processes that are not among them are forgotten.
    pub fn look(&mut self, now: Instant, vitals: &[Vitals]) -> Vec<Progress> {
        let mut before = std::mem::take(&mut self.seen);
        let mut progress = Vec::with_capacity(vitals.len());
        for vitals in vitals {
            let Some(process) = &vitals.process else {
                progress.push(Progress::default());
                continue;
            };
            let pid = process.pid();
            let seen = before.remove(&pid);
            let seen = Seen::again(seen, now, vitals);
            progress.push(seen.progress(now, vitals));
            self.seen.insert(pid, seen);
        }
        progress
    }

    /// Of how many processes it keeps something.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether it keeps nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }
}

impl Seen {
    /// What is to be kept after this look, from what was kept of the one before.
    fn again(before: Option<Self>, now: Instant, vitals: &Vitals) -> Self {
        let pulse = vitals.pulse;
        let mut seen = before.unwrap_or_else(|| Self {
            pulse,
            poll: now,
            turn: now,
            starting: None,
            marks: Marks::default(),
        });
        if !pulse.is_in_poll_of(seen.pulse) {
            seen.poll = now;
        }
        if !pulse.is_in_turn_of(seen.pulse) {
            seen.turn = now;
        }
        seen.pulse = pulse;
        let starting = vitals.starting.as_ref().map(crate::Process::pid);
        let since = |pid: Pid| match seen.starting {
            Some((before, since)) if before == pid => since,
            _ => now,
        };
        seen.starting = starting.map(|pid| (pid, since(pid)));
        if let Some(waiting) = vitals.waiting {
            seen.marks.note(vitals.taken, waiting as u64, now);
        }
        seen
    }

    fn progress(&self, now: Instant, vitals: &Vitals) -> Progress {
        let for_time = |since: Instant| now.saturating_duration_since(since);
        Progress {
            in_poll: self.pulse.is_polled().then(|| for_time(self.poll)),
            in_turn: self.pulse.is_at_work().then(|| for_time(self.turn)),
            starting: self.starting.map(|(_, since)| for_time(since)),
            oldest: vitals
                .longest_wait
                .or_else(|| self.marks.oldest().map(for_time)),
        }
    }
}

impl Marks {
    /// `taken` have been taken out, and `waiting` wait.
    fn note(&mut self, taken: u64, waiting: u64, now: Instant) {
        let come = taken + waiting;
        while self.0.front().is_some_and(|(come, _)| *come <= taken) {
            self.0.pop_front();
        }
        if waiting == 0 || self.0.back().is_some_and(|(last, _)| *last >= come) {
            return;
        }
        if self.0.len() >= MARKS_MAX {
            let mut nth = 0;
            // The first one stays: it is the oldest.
            self.0.retain(|_| {
                nth += 1;
                nth % 2 == 1
            });
        }
        self.0.push_back((come, now));
    }

    /// When the oldest message was first seen to wait.
    fn oldest(&self) -> Option<Instant> {
        self.0.front().map(|(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Messages that come and are taken out, and a look.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Come(u8),
        Taken(u8),
        Look(u16),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            any::<u8>().prop_map(Step::Come),
            any::<u8>().prop_map(Step::Taken),
            (1_u16..5_000).prop_map(Step::Look),
        ];
        prop::collection::vec(step, 0..300)
    }

    proptest! {
        /// Told against the true age of the oldest message.
        #[test]
        fn the_age_of_the_oldest_message_is_never_too_long_and_known_at_the_second_look(steps in steps()) {
            let begun = Instant::now();
            let (mut now, mut marks) = (begun, Marks::default());
            // When each message came; how many are out; when those that wait were first seen.
            let (mut came, mut taken): (Vec<Instant>, usize) = (Vec::new(), 0);
            for step in steps {
                match step {
                    Step::Come(count) => came.extend((0..count).map(|_| now)),
                    Step::Taken(count) => taken = came.len().min(taken + usize::from(count)),
                    Step::Look(millis) => {
                        now += Duration::from_millis(u64::from(millis));
                        let waiting = came.len() - taken;
                        marks.note(taken as u64, waiting as u64, now);
                        prop_assert!(marks.0.len() <= MARKS_MAX);
                        match marks.oldest() {
                            None => prop_assert_eq!(waiting, 0),
                            Some(seen) => {
                                prop_assert!(waiting > 0);
                                prop_assert!(seen >= came[taken], "it came later than it is said to have been seen");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_backlog_that_is_worked_off_has_no_old_message() {
        let (begun, mut marks) = (Instant::now(), Marks::default());
        // Ever 1,000 wait, and in each second 1,000 are handled: none is older than that, and a look.
        for second in 0..1_000 {
            let now = begun + Duration::from_secs(second);
            marks.note(second * 1_000, 1_000, now);
            assert_eq!(marks.oldest(), Some(now));
        }
    }

    #[test]
    fn a_message_that_stays_is_as_old_as_the_first_look_at_it() {
        let (begun, mut marks) = (Instant::now(), Marks::default());
        for second in 0..1_000 {
            marks.note(7, 1 + second, begun + Duration::from_secs(second));
        }
        assert_eq!(marks.oldest(), Some(begun));
    }
}
