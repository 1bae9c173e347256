use proptest::prelude::*;

use super::*;

fn tick(at: u64) -> Tick {
    Tick(at)
}

/// Stamps of messages of which number `n` was sent at `when(n)`.
fn sent(count: u64, when: impl Fn(u64) -> u64) -> Stamps {
    let stamps = Stamps::new();
    for number in 0..count {
        stamps.put(number, tick(when(number)));
    }
    stamps
}

#[test]
fn nothing_is_known_of_a_message_that_was_not_sent() {
    let stamps = sent(40, |number| number);
    for number in 40..10_000 {
        assert_eq!(stamps.own(number, tick(100)), None, "{number}");
    }
    assert_eq!(Stamps::new().own(0, tick(0)), None);
}

#[test]
fn the_last_32_each_have_their_own() {
    let stamps = sent(1_000, |number| number * number);
    let now = tick(1_000_000);
    for number in 0..1_000 {
        let own = (number >= 968).then_some(tick(number * number));
        assert_eq!(stamps.own(number, now), own, "{number}");
    }
}

#[test]
fn of_messages_sent_evenly_every_stamp_is_exact_at_every_depth() {
    let count = 2_000_000;
    let stamps = sent(count, |number| 5 + 7 * number);
    let now = tick(5 + 7 * count);
    for number in (0..count - 32).step_by(997) {
        let exact = Some(tick(5 + 7 * number));
        assert_eq!(stamps.about(number, count, now), exact, "{number}");
    }
}

#[test]
fn a_stamp_survives_the_wrap_of_the_clock_and_one_just_ahead_is_seen_to_be() {
    let wrap = 1 << STAMP_BITS;
    let stamps = sent(1, |_| wrap - 10);
    assert_eq!(stamps.own(0, tick(wrap + 5)), Some(tick(wrap - 10)));
    let stamps = sent(1, |_| wrap + 3);
    assert_eq!(stamps.own(0, tick(wrap - 2)), Some(tick(wrap + 3)));
}

proptest! {
    #[test]
    fn a_stamp_lies_between_those_of_the_messages_around_it(
        pauses in prop::collection::vec(0_u64..1_000, 100..4_000),
        share in 0.0_f64..1.0,
    ) {
        let mut at = 0;
        let times: Vec<u64> = pauses.iter().map(|pause| { at += pause; at }).collect();
        let count = times.len() as u64;
        let stamps = sent(count, |number| times[number as usize]);
        let number = ((count - 1) as f64 * share) as u64;
        let now = tick(at);
        let depth = count - number;
        match stamps.own(number, now) {
            Some(own) => prop_assert_eq!(own, tick(times[number as usize])),
            None => {
                let about = stamps.about(number, count, now).expect("it was sent").0;
                // No further away than the messages behind it are many.
                let (first, last) = (number.saturating_sub(depth / 4), (count - 1).min(number + depth / 4));
                prop_assert!(times[first as usize] <= about && about <= times[last as usize]);
            }
        }
    }
}
