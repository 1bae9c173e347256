use proptest::prelude::*;

use super::*;

const fn load(events: u64, bytes: u64) -> Load {
    Load { events, bytes }
}

const MAX: Load = load(10, 100);

#[test]
fn what_does_not_fit_is_handed_back_with_how_much_waits() {
    let mut queue = Queue::default();
    assert_eq!(queue.push('a', load(6, 10), MAX), Ok(()));
    assert_eq!(
        queue.push('b', load(5, 10), MAX),
        Err(NotQueued::Full('b', load(6, 10)))
    );
    assert_eq!(
        queue.push('c', load(4, 91), MAX),
        Err(NotQueued::Full('c', load(6, 10)))
    );
    assert_eq!(queue.push('d', load(4, 90), MAX), Ok(()));
    assert_eq!(queue.load(), MAX);
    assert_eq!(queue.take(6), ['a']);
    assert_eq!(queue.load(), load(4, 90));
}

#[test]
fn one_at_least_is_taken_and_none_is_parted() {
    let mut queue = Queue::default();
    for (item, events) in [('a', 3), ('b', 3), ('c', 1)] {
        assert_eq!(queue.push(item, load(events, 1), MAX), Ok(()));
    }
    assert_eq!(queue.take(2), ['a']);
    assert_eq!(queue.take(4), ['b', 'c']);
    assert_eq!(queue.take(4), Vec::<char>::new());
    assert_eq!(queue.load(), load(0, 0));
}

#[test]
fn a_queue_that_is_closed_gives_what_waits_and_takes_nothing() {
    let mut queue = Queue::default();
    assert_eq!(queue.push('a', load(1, 1), MAX), Ok(()));
    assert_eq!(queue.close(), ['a']);
    assert_eq!(
        queue.push('b', load(1, 1), MAX),
        Err(NotQueued::Closed('b'))
    );
    assert!(queue.is_closed());
}

proptest! {
    #[test]
    fn nothing_is_lost_or_put_before_another(steps in prop::collection::vec((any::<bool>(), 1_u64..6, 1_u64..40), 0..100)) {
        let (mut queue, mut model) = (Queue::default(), Vec::new());
        for (number, (put, events, bytes)) in steps.into_iter().enumerate() {
            let waiting = model.iter().fold(load(0, 0), |sum: Load, (_, one): &(usize, Load)| {
                load(sum.events + one.events, sum.bytes + one.bytes)
            });
            prop_assert_eq!(queue.load(), waiting);
            if put {
                let one = load(events, bytes);
                let fits = waiting.events + events <= MAX.events && waiting.bytes + bytes <= MAX.bytes;
                let expected = if fits { Ok(()) } else { Err(NotQueued::Full(number, waiting)) };
                prop_assert_eq!(queue.push(number, one, MAX), expected);
                if fits {
                    model.push((number, one));
                }
            } else {
                let mut sum = 0;
                let fits = model.iter().take_while(|(_, one)| { sum += one.events; sum <= events }).count();
                let taken = fits.max(1).min(model.len());
                let taken: Vec<usize> = model.drain(..taken).map(|(number, _)| number).collect();
                prop_assert_eq!(queue.take(events), taken);
            }
        }
    }
}
