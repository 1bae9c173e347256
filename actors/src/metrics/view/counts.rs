//! How much came in each slot.

use std::time::Duration;

use super::steps::Steps;
use crate::metrics::windows::TICK;

/// How much came in each slot of a view, and since the last one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// By tick, the oldest first.
    slots: Vec<CountSlot>,
    live: CountSlot,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CountSlot {
    /// The tick that ended it.
    pub(crate) tick: u32,
    pub(crate) span: Duration,
    pub(crate) count: u64,
}

impl CountSlot {
    /// No slot is shorter than half a tick, but one in which the series began.
    fn rate(self) -> f64 {
        self.count as f64 / self.span.max(TICK / 2).as_secs_f64()
    }

    fn add(&mut self, other: Self) {
        self.span = self.span.max(other.span);
        self.count = self.count.saturating_add(other.count);
    }
}

impl Counts {
    pub(crate) const fn new(slots: Vec<CountSlot>, live: CountSlot) -> Self {
        Self { slots, live }
    }

    pub(crate) fn total(&self) -> u64 {
        let slots = self.slots.iter().chain([&self.live]);
        slots.fold(0, |sum, slot| sum.saturating_add(slot.count))
    }

    /// Adds what came in the same slots elsewhere. A slot is as long as the longer of the two: the shorter one is of a series that
    /// began within it.
    pub(crate) fn merge(&mut self, other: &Self) {
        for slot in &other.slots {
            match self
                .slots
                .binary_search_by_key(&slot.tick, |there| there.tick)
            {
                Ok(at) => self.slots[at].add(*slot),
                Err(at) => self.slots.insert(at, *slot),
            }
        }
        self.live.add(other.live);
    }

    /// How much by the second in each slot. What came since the last one is taken together with it: a moment is too short to speak
    /// of a rate.
    pub(crate) fn rates(&self) -> Steps {
        let slots = self.whole().into_iter();
        slots.map(|slot| (slot.rate(), slot.span)).collect()
    }

    /// Which part this is of `all`, in each slot in which there were any.
    pub(crate) fn parts(&self, all: &Self) -> Steps {
        let none = |slot: &CountSlot| CountSlot { count: 0, ..*slot };
        let mut mine = Self::new(all.slots.iter().map(none).collect(), none(&all.live));
        mine.merge(self);
        let pairs = mine.whole().into_iter().zip(all.whole());
        pairs
            .filter(|(_, all)| all.count > 0)
            .map(|(mine, all)| (mine.count as f64 / all.count as f64, all.span))
            .collect()
    }

    fn whole(&self) -> Vec<CountSlot> {
        let mut slots = self.slots.clone();
        match slots.last_mut() {
            Some(last) => {
                last.span += self.live.span;
                last.count = last.count.saturating_add(self.live.count);
            }
            None => slots.push(self.live),
        }
        slots.retain(|slot| !slot.span.is_zero());
        slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(tick: u32, secs: u64, count: u64) -> CountSlot {
        let span = Duration::from_secs(secs);
        CountSlot { tick, span, count }
    }

    #[test]
    fn what_came_since_the_last_slot_goes_with_it() {
        let counts = Counts::new(vec![slot(1, 10, 10), slot(2, 10, 30)], slot(0, 5, 30));
        assert_eq!(counts.total(), 70);
        let rates = counts.rates();
        assert_eq!((rates.min(), rates.max()), (Some(1.0), Some(4.0)));
    }

    #[test]
    fn the_first_moments_have_a_rate_and_no_time_has_none() {
        let first = Counts::new(Vec::new(), slot(0, 6, 6));
        assert_eq!(first.rates().max(), Some(1.0));
        let nothing = Counts::new(Vec::new(), slot(0, 0, 6));
        assert_eq!(nothing.rates().max(), None);
    }

    #[test]
    fn a_moment_is_no_rate() {
        let span = Duration::from_millis(10);
        let first = CountSlot {
            tick: 1,
            span,
            count: 5,
        };
        let counts = Counts::new(vec![first, slot(2, 10, 20)], slot(0, 0, 0));
        assert_eq!(counts.rates().max(), Some(2.0));
    }

    #[test]
    fn slots_of_several_series_meet_by_their_ticks() {
        let mut all = Counts::new(vec![slot(1, 10, 10), slot(2, 10, 30)], slot(0, 5, 1));
        all.merge(&Counts::new(
            vec![slot(2, 4, 10), slot(3, 10, 5)],
            slot(0, 5, 2),
        ));
        let expected = vec![slot(1, 10, 10), slot(2, 10, 40), slot(3, 10, 5)];
        assert_eq!(all, Counts::new(expected, slot(0, 5, 3)));
    }

    #[test]
    fn parts_are_told_for_the_slots_in_which_there_was_anything() {
        let all = Counts::new(
            vec![slot(1, 10, 10), slot(2, 10, 0), slot(3, 10, 4)],
            slot(0, 0, 0),
        );
        let some = Counts::new(vec![slot(3, 10, 1)], slot(0, 0, 0));
        let parts = some.parts(&all);
        assert_eq!((parts.min(), parts.max()), (Some(0.0), Some(0.25)));
    }

    #[test]
    fn nothing_is_no_part_of_the_first_moments_too() {
        let all = Counts::new(Vec::new(), slot(0, 5, 10));
        assert_eq!(Counts::default().parts(&all).max(), Some(0.0));
    }
}
