//! Who has to go when there is no room, and who would have to go at once.

use std::collections::BTreeMap;

use super::backend::{StoreBounds, Usage};
use super::id::EventId;

/// What a group would add to what is there.
#[derive(Debug, Default)]
pub(crate) struct Newcomers {
    /// Those that their caller has numbered, with their bytes.
    given: BTreeMap<EventId, u64>,
    events: u64,
    bytes: u64,
}

impl Newcomers {
    /// One that is not there, and whether its caller has numbered it.
    pub(crate) fn add(&mut self, id: EventId, bytes: u64, is_given: bool) {
        self.events += 1;
        self.bytes += bytes;
        if is_given {
            self.given.insert(id, bytes);
        }
    }

    /// How much there would be with them.
    pub(crate) const fn with(&self, usage: Usage) -> Usage {
        let events = usage.events.saturating_add(self.events);
        Usage::new(
            events,
            usage.bytes.saturating_add(self.bytes),
            usage.last_id,
        )
    }

    /// Whether it has to be looked what there is: those that are numbered by the store have the highest numbers, and room.
    #[cfg_attr(
        not(feature = "sqlite"),
        allow(dead_code) // what is in memory looks at once
    )]
    pub(crate) fn may_lack_room(&self, usage: Usage, bounds: StoreBounds) -> bool {
        let with = self.with(usage);
        !self.given.is_empty() && bounds.are_broken_by(with.events, with.bytes)
    }

    /// The lowest number of those that would have to go at once: those with the lowest numbers go, up to `at_most`, until the bounds are
    /// kept. `there` are those that are there, with their bytes, the lowest number first, as many as may go; `usage` is how much there is.
    ///
    /// # Errors
    ///
    /// That of what is there.
    pub(crate) fn first_without_room<E>(
        &self,
        there: impl IntoIterator<Item = Result<(EventId, u64), E>>,
        usage: Usage,
        bounds: StoreBounds,
        at_most: u64,
    ) -> Result<Option<EventId>, E> {
        let Some(lowest) = self.given.keys().next() else {
            return Ok(None);
        };
        let (mut there, mut left) = (there.into_iter(), self.with(usage));
        for _ in 0..at_most {
            if !bounds.are_broken_by(left.events, left.bytes) {
                return Ok(None);
            }
            match there.next().transpose()? {
                Some((id, bytes)) if id < *lowest => {
                    left.events = left.events.saturating_sub(1);
                    left.bytes = left.bytes.saturating_sub(bytes);
                }
                _ => return Ok(Some(*lowest)),
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn id(number: u64) -> EventId {
        EventId::new(number).expect("not 0")
    }

    fn found(there: &[u64], new: &[u64], max: u64, at_most: u64) -> Option<u64> {
        let usage = Usage::new(there.len() as u64, 10 * there.len() as u64, 0);
        let there = there
            .iter()
            .map(|there| Ok::<_, Infallible>((id(*there), 10)));
        let mut newcomers = Newcomers::default();
        for new in new {
            newcomers.add(id(*new), 10, true);
        }
        let bounds = StoreBounds::new(max, 1000);
        let Ok(found) = newcomers.first_without_room(there, usage, bounds, at_most);
        let may = newcomers.may_lack_room(usage, bounds);
        assert!(may || found.is_none(), "it was to be looked");
        found.map(EventId::get)
    }

    #[test]
    fn those_that_the_store_numbers_take_room_from_those_that_are_numbered() {
        let there = [(id(7), 10)].map(Ok::<_, Infallible>);
        let mut newcomers = Newcomers::default();
        newcomers.add(id(5), 10, true);
        newcomers.add(id(9), 500, false);
        let (usage, bounds) = (Usage::new(1, 10, 8), StoreBounds::new(10, 515));
        let Ok(found) = newcomers.first_without_room(there, usage, bounds, 10);
        assert_eq!(found, Some(id(5)));
        assert_eq!(newcomers.with(usage), Usage::new(3, 520, 8));
    }

    #[test]
    fn one_that_is_lower_than_all_has_no_room_where_there_is_none() {
        assert_eq!(found(&[7, 8, 9], &[5], 3, 1000), Some(5));
        assert_eq!(found(&[7, 8, 9], &[5], 4, 1000), None);
        assert_eq!(found(&[7, 8, 10], &[9], 3, 1000), None);
        assert_eq!(found(&[7, 9, 10], &[8, 11, 12], 3, 1000), Some(8));
        assert_eq!(found(&[7, 9, 10], &[11, 12, 13], 3, 1000), None);
        assert_eq!(found(&[], &[1, 2], 1, 1000), Some(1));
    }

    #[test]
    fn no_more_go_than_may_at_once() {
        assert_eq!(found(&[1, 2, 3, 4, 5], &[6], 1, 3), None);
        assert_eq!(found(&[1, 2, 3, 4, 5], &[3], 1, 3), Some(3));
    }

    proptest! {
        #[test]
        fn it_is_the_lowest_of_those_that_would_be_gone(
            all in prop::collection::btree_map(1_u64..60, any::<bool>(), 0..40), max in 1_u64..40, at_most in 0_u64..40,
        ) {
            let of = |is_new: bool| {
                let of = all.iter().filter(|(_, new)| **new == is_new).map(|(id, _)| *id);
                of.collect::<Vec<_>>()
            };
            let count = (all.len() as u64).saturating_sub(max).min(at_most);
            let gone = all.iter().take(usize::try_from(count).expect("few"));
            let expected = gone.filter(|(_, new)| **new).map(|(id, _)| *id).next();
            prop_assert_eq!(found(&of(false), &of(true), max, at_most), expected);
        }
    }
}
