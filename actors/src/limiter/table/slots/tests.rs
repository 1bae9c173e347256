//! They hold what a map would hold, and no more memory than they say.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn grow(slots: &mut Slots) {
    let capacity = slots.larger().max(slots.capacity + 8);
    *slots = slots.resized(capacity).expect("they fit");
}

fn check(slots: &Slots, model: &BTreeMap<u64, u64>) {
    assert_eq!(slots.len(), model.len());
    let there: Vec<u64> = (0..slots.slots()).map(|slot| slots.tag(slot)).collect();
    let tags: Vec<u64> = there.into_iter().filter(|&tag| tag != 0).collect();
    assert!(tags.iter().eq(model.keys()), "in ascending order");
    for (&tag, &value) in model {
        let slot = slots.find(tag).expect("it is there");
        assert!(slots.state(slot).iter().all(|&word| word == value));
    }
}

proptest! {
    #[test]
    fn it_holds_what_a_map_would_hold(
        state in 1_usize..5,
        steps in prop::collection::vec((0_u8..4, prop_oneof![1_u64..40, (1_u64..4).prop_map(|n| u64::MAX - n), 1_u64..u64::MAX]), 0..400),
    ) {
        let mut slots = Slots::empty(state);
        let mut model = BTreeMap::new();
        for (nth, (what, tag)) in steps.into_iter().enumerate() {
            let value = nth as u64;
            match what {
                0 => {
                    // One of those that are there.
                    let tag = model.keys().nth(nth % model.len().max(1)).copied();
                    let slot = tag.map(|tag| slots.find(tag).expect("it is there"));
                    if let Some(slot) = slot {
                        slots.remove(slot);
                        model.remove(&tag.expect("it was found"));
                    }
                }
                _ => {
                    prop_assert_eq!(slots.find(tag).is_some(), model.contains_key(&tag));
                    let slot = match slots.find(tag) {
                        Some(slot) => slot,
                        None => loop {
                            if slots.has_room() && let Some(slot) = slots.insert(tag) {
                                break slot;
                            }
                            grow(&mut slots);
                        },
                    };
                    slots.state_mut(slot).fill(value);
                    model.insert(tag, value);
                }
            }
            check(&slots, &model);
        }
        let doubled = slots.with_states(3, |_, old, new| new.fill(old[0] * 2));
        let model = model.into_iter().map(|(tag, value)| (tag, value * 2)).collect();
        check(&doubled, &model);
    }
}

#[test]
fn states_elsewhere_take_no_more_than_is_counted_and_leave_nothing_behind() {
    let mut slots = Slots::empty(3);
    for nth in 1..=1000_u64 {
        if !slots.has_room() {
            grow(&mut slots);
        }
        slots.insert(nth << 54).expect("there is room");
        // Besides the states: the slots, and a place and a half-word for each.
        let held =
            slots.words.capacity() * 8 + slots.afar.capacity() * 16 + slots.free.capacity() * 4;
        assert_eq!(slots.bytes() - slots.len() * slots.far_bytes(), held);
    }
    for nth in 1..=1000_u64 {
        let slot = slots.find(nth << 54).expect("it is there");
        slots.remove(slot);
    }
    slots = slots.resized(slots.larger()).expect("they fit");
    assert_eq!((slots.afar.len(), slots.free.len()), (0, 0));
    assert!(slots.bytes() < 1000, "{}", slots.bytes());
}

#[test]
fn where_there_is_no_room_behind_the_home_of_a_key_it_is_said() {
    let mut slots = Slots::empty(1);
    assert_eq!(slots.insert(5), None);
    grow(&mut slots);
    let places = slots.slots() - slots.home(u64::MAX);
    for nth in 0..places as u64 {
        assert!(slots.insert(u64::MAX - nth).is_some());
    }
    assert_eq!(slots.insert(u64::MAX - 500), None);
    assert!(slots.insert(1).is_some());
    assert_eq!(slots.len(), places + 1);
}
