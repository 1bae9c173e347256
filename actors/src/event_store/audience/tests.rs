//! The ring, held against a list of everything.

use proptest::prelude::*;

use super::ring::{Place, Ring};
use crate::event_store::queue::Load;

const fn load(events: u64, bytes: u64) -> Load {
    Load { events, bytes }
}

#[test]
fn each_reads_what_has_come_since_and_nothing_is_kept_that_all_have_read() {
    let mut ring = Ring::default();
    ring.push("nobody hears it", load(1, 9), load(9, 99));
    let mut one = ring.join(9).expect("there is room");
    ring.push("a", load(1, 2), load(9, 99));
    let mut other = ring.join(9).expect("there is room");
    ring.push("b", load(1, 3), load(9, 99));
    assert_eq!(ring.read(&mut other), Some(Ok("b")));
    assert_eq!(ring.read(&mut other), None);
    assert_eq!(ring.load(), load(2, 5));
    assert_eq!(ring.read(&mut one), Some(Ok("a")));
    assert_eq!(ring.load(), load(1, 3));
    ring.leave(one);
    assert_eq!((ring.load(), ring.readers()), (load(0, 0), 1));
}

#[test]
fn there_are_no_more_readers_than_may_be() {
    let mut ring = Ring::<()>::default();
    let first = ring.join(1).expect("there is room");
    assert_eq!(ring.join(1), None);
    ring.leave(first);
    assert!(ring.join(1).is_some());
}

#[test]
fn the_oldest_go_when_there_are_too_many_events_or_bytes_but_the_last_one_stays() {
    let mut ring = Ring::default();
    let mut place = ring.join(1).expect("there is room");
    let max = load(3, 100);
    for item in 0..5 {
        ring.push(item, load(1, 10), max);
    }
    assert_eq!(ring.read(&mut place), Some(Err(2)));
    assert_eq!(ring.read(&mut place), Some(Ok(2)));
    ring.push(5, load(1, 85), max);
    assert_eq!(ring.read(&mut place), Some(Err(1)));
    assert_eq!(ring.read(&mut place), Some(Ok(4)));
    ring.push(6, load(1, 1000), max);
    assert_eq!(ring.read(&mut place), Some(Err(1)));
    assert_eq!(ring.read(&mut place), Some(Ok(6)));
    assert_eq!(ring.read(&mut place), None);
}

/// What happens to a ring.
#[derive(Clone, Debug)]
enum Deed {
    Join,
    /// Of the reader with this number, modulo how many there are.
    Leave(usize),
    Read(usize),
    Push(Load),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        1 => Just(Deed::Join),
        1 => any::<usize>().prop_map(Deed::Leave),
        4 => any::<usize>().prop_map(Deed::Read),
        6 => (1_u64..4, 0_u64..30).prop_map(|(events, bytes)| Deed::Push(load(events, bytes))),
    ]
}

/// A reader, with how many items there were when it came or that it has read or lost since.
struct Reader {
    place: Place,
    next: usize,
}

proptest! {
    #[test]
    fn whoever_reads_gets_all_in_order_but_what_it_was_told_that_it_has_lost(
        deeds in prop::collection::vec(deed(), 0..200), most in 1_u64..10, bytes in 1_u64..100,
    ) {
        let max = load(most, bytes);
        let (mut ring, mut all, mut readers) = (Ring::default(), Vec::<Load>::new(), Vec::<Reader>::new());
        for deed in deeds {
            match deed {
                Deed::Join => {
                    let place = ring.join(usize::MAX).expect("there is room");
                    readers.push(Reader { place, next: all.len() });
                }
                Deed::Push(load) => {
                    ring.push(all.len(), load, max);
                    all.push(load);
                }
                Deed::Leave(_) | Deed::Read(_) if readers.is_empty() => {}
                Deed::Leave(nth) => {
                    let nth = nth % readers.len();
                    ring.leave(readers.swap_remove(nth).place);
                }
                Deed::Read(nth) => {
                    let nth = nth % readers.len();
                    let reader = &mut readers[nth];
                    match ring.read(&mut reader.place) {
                        None => prop_assert_eq!(reader.next, all.len()),
                        Some(Ok(item)) => {
                            prop_assert_eq!(item, reader.next);
                            reader.next += 1;
                        }
                        Some(Err(mut lost)) => {
                            prop_assert!(lost > 0);
                            while lost > 0 {
                                lost -= all[reader.next].events;
                                reader.next += 1;
                            }
                            // No more has gone than had to: with one more of the oldest it would be too much.
                            let kept = all[reader.next - 1..].iter();
                            let (events, sum) = kept.fold((0, 0), |(events, sum), load| (events + load.events, sum + load.bytes));
                            prop_assert!(events > max.events || sum > max.bytes);
                        }
                    }
                }
            }
            prop_assert_eq!(ring.readers(), readers.len());
            let first = readers.iter().map(|reader| reader.next).min().unwrap_or(all.len());
            let unread = all[first..].iter().map(|load| load.bytes).sum::<u64>();
            let last = all.last().copied().unwrap_or_default();
            prop_assert!(ring.load().bytes <= unread.min(max.bytes.max(last.bytes)));
            prop_assert!(ring.load().events <= max.events.max(last.events));
        }
    }
}
