//! When there is something to be looked at about a place, ordered: what is not due is not looked at, however many places there are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::terms::NEVER;

/// For each place a time at which it is to be looked at, if any: never later than there is something to be done about it. Mostly what is
/// done to a place makes it due later, and so changes nothing here: that is found out when it is looked at, and then it is planned anew.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    /// With some that do not hold any more, as the place is planned for an earlier time, or was.
    queue: BinaryHeap<Reverse<(u64, u32)>>,
    /// By the number of the place.
    planned: Vec<u64>,
}

/// So many that do not hold any more are left alone.
const FEW: usize = 64;

impl Agenda {
    /// Has a place looked at by this time.
    pub(super) fn plan(&mut self, number: u32, at: u64) {
        if at >= self.planned(number) {
            return;
        }
        let nth = number as usize;
        if nth >= self.planned.len() {
            self.planned.resize(nth + 1, NEVER);
        }
        self.planned[nth] = at;
        self.queue.push(Reverse((at, number)));
        if self.queue.len() > 2 * self.planned.len() + FEW {
            let planned = &self.planned;
            self.queue
                .retain(|Reverse((at, number))| planned[*number as usize] == *at);
        }
    }

    /// When a place is looked at.
    pub(super) fn planned(&self, number: u32) -> u64 {
        self.planned.get(number as usize).map_or(NEVER, |at| *at)
    }

    /// When the next one is looked at, or earlier.
    pub(super) fn first(&self) -> u64 {
        self.queue.peek().map_or(NEVER, |Reverse((at, _))| *at)
    }

    /// Takes out the next one that is to be looked at by now.
    pub(super) fn next(&mut self, now: u64) -> Option<u32> {
        while let Some(Reverse((at, number))) = self.queue.peek().copied() {
            if at > now {
                return None;
            }
            self.queue.pop();
            let planned = &mut self.planned[number as usize];
            if *planned == at {
                *planned = NEVER;
                return Some(number);
            }
        }
        None
    }

    /// Puts those right that come first, as far as these are few: `due` says when there is something to be done about a place.
    pub(super) fn settle(&mut self, due: impl Fn(u32) -> u64) {
        for _ in 0..SETTLED_MAX {
            let first = self.first();
            let Some(number) = self.next(first) else {
                return;
            };
            let at = due(number);
            self.plan(number, at);
            if at <= first {
                return;
            }
        }
    }

    /// How many times are noted, whether they hold or not.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }
}

/// How many are put right at a time. Others are when their time has come.
const SETTLED_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_earliest_time_of_a_place_holds() {
        let mut agenda = Agenda::default();
        for (number, at) in [(3, 30), (3, 40), (1, 20), (3, 10), (0, NEVER)] {
            agenda.plan(number, at);
        }
        assert_eq!((agenda.first(), agenda.planned(3)), (10, 10));
        assert_eq!(agenda.next(9), None);
        assert_eq!(agenda.next(25), Some(3));
        assert_eq!(agenda.next(25), Some(1));
        assert_eq!((agenda.next(100), agenda.first()), (None, NEVER));
    }

    #[test]
    fn those_that_come_first_are_put_right_unless_they_are_many() {
        let mut agenda = Agenda::default();
        for number in 0..20 {
            agenda.plan(number, 10);
        }
        agenda.settle(|_| 15);
        assert_eq!(agenda.first(), 10);
        for _ in 0..2 {
            agenda.settle(|number| if number == 17 { NEVER } else { 15 });
        }
        assert_eq!((agenda.first(), agenda.planned(17)), (15, NEVER));
    }

    proptest! {
        #[test]
        fn it_is_a_map_of_which_the_first_comes_first_and_no_longer_than_it_has_to_be(
            steps in prop::collection::vec((0_u32..8, 0_u64..50, any::<bool>()), 0..400),
        ) {
            let (mut agenda, mut model) = (Agenda::default(), [NEVER; 8]);
            for (number, at, is_plan) in steps {
                if is_plan {
                    agenda.plan(number, at);
                    let planned = &mut model[number as usize];
                    *planned = at.min(*planned);
                } else {
                    let first = model.iter().copied().min().filter(|first| *first <= at);
                    let next = agenda.next(at);
                    prop_assert_eq!(next.map(|number| model[number as usize]), first);
                    next.into_iter().for_each(|number| model[number as usize] = NEVER);
                }
                for number in 0..8 {
                    prop_assert_eq!(agenda.planned(number), model[number as usize]);
                }
                prop_assert!(agenda.first() <= model.iter().copied().min().unwrap_or(NEVER));
                prop_assert!(agenda.len() <= 2 * 8 + FEW);
            }
        }
    }
}
