//! How the events of a group come by their numbers.

use std::collections::BTreeSet;

use mainstay_specs::{Fault, SpecPath};

use super::event::Event;
use super::id::EventId;

/// The numbers of a group's events, of which some were given, where `last` is the highest that was ever given; and the highest after it.
///
/// Those that are made are above all that were given, in this group too, so that they are never taken.
pub(crate) fn number(group: &[Event], last: u64) -> (Vec<EventId>, u64) {
    let given = group.iter().filter_map(|event| event.id).max();
    let mut last = given.map_or(last, |given| last.max(given.get()));
    let ids = group.iter().map(|event| match event.id {
        Some(id) => id,
        None => {
            let id = EventId::new(last).map_or(EventId::FIRST, EventId::next);
            last = id.get();
            id
        }
    });
    (ids.collect(), last)
}

/// The numbers that the caller of a group has given twice.
pub(crate) fn given_twice(group: &[Event]) -> Vec<Fault> {
    let mut seen = BTreeSet::new();
    let given = group
        .iter()
        .enumerate()
        .filter_map(|(nth, event)| Some((nth, event.id?)));
    let again = given.filter(|(_, id)| !seen.insert(*id)).map(|(nth, id)| {
        let at = SpecPath::root().index(nth).field("id");
        Fault::new(format!("the number {id} is given twice")).at(at)
    });
    again.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn group(ids: &[Option<u64>]) -> Vec<Event> {
        let event = |id: &Option<u64>| {
            let event = Event::builder("e");
            let event = id.iter().fold(event, |event, id| event.id(*id));
            event.build().expect("an event")
        };
        ids.iter().map(event).collect()
    }

    fn numbered(ids: &[Option<u64>], last: u64) -> (Vec<u64>, u64) {
        let (ids, last) = number(&group(ids), last);
        (ids.into_iter().map(EventId::get).collect(), last)
    }

    #[test]
    fn numbers_rise_from_the_last_and_go_beyond_those_that_were_given() {
        assert_eq!(numbered(&[None, None], 0), (vec![1, 2], 2));
        assert_eq!(numbered(&[None, Some(7), None], 3), (vec![8, 7, 9], 9));
        assert_eq!(numbered(&[Some(2), None], 5), (vec![2, 6], 6));
        assert_eq!(numbered(&[], 5), (vec![], 5));
    }

    #[test]
    fn a_number_that_is_given_twice_is_told() {
        let faults = given_twice(&group(&[Some(1), None, None, Some(1)]));
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["[3].id: the number 1 is given twice"]);
    }

    proptest! {
        #[test]
        fn made_numbers_rise_and_are_new(given in prop::collection::vec(prop::option::of(1_u64..50), 0..20), last in 0_u64..40) {
            let (ids, after) = numbered(&given, last);
            let made: Vec<u64> = ids.iter().zip(&given).filter(|(_, given)| given.is_none()).map(|(id, _)| *id).collect();
            prop_assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(made.iter().all(|id| *id > last && !given.contains(&Some(*id))));
            prop_assert_eq!(after, ids.iter().copied().max().unwrap_or(0).max(last));
        }
    }
}
