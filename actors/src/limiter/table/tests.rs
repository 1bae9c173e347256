//! Bounds, attacks, forgetting.

use std::collections::HashMap;
use std::time::Duration;

use mainstay_specs::{Algorithm, Inherit, RateLimitConfig};
use proptest::prelude::*;

use super::*;
use crate::limiter::method::{Method, Worth};

const SECOND: u64 = 1_000_000_000;

const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::TokenBucket,
    Algorithm::SlidingWindow,
    Algorithm::SlidingWindowApproximate,
    Algorithm::FixedWindow,
];

fn digest(number: u64) -> Digest {
    // Even over all bits, as digests are (the finalizer of SplitMix64).
    let mix = |number: u64| {
        let mixed = (number ^ number >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    };
    Digest {
        place: mix(number.wrapping_mul(2).wrapping_add(1)),
        tag: mix(number.wrapping_add(0x9E37_79B9_7F4A_7C15)).max(1),
    }
}

fn table(config: &RateLimitConfig) -> Table {
    config.validate().expect("it is valid");
    Table::new(config, Terms::of(config, 1))
}

/// As a limiter does it; `None` if there is no room.
fn take(table: &Table, digest: Digest, now: u64, cost: u32) -> Option<Result<u64, u64>> {
    let number = table.shard_of(digest);
    for _ in 0..2 {
        let mut shard = table.lock(number);
        let at = shard.at(now, digest.tag);
        if let Some(slot) = table.seat(&mut shard, at) {
            let took = shard.take(slot, at, cost);
            return Some(took.map(|look| look.left.floor()));
        }
        drop(shard);
        if !table.make_room(now, number) {
            break;
        }
    }
    None
}

/// What the counters say is what there is, and within the bounds.
fn check_bounds(table: &Table, config: &RateLimitConfig) {
    let (mut keys, mut bytes) = (0, 0);
    for number in 0..table.shards() {
        let shard = table.lock(number);
        keys += shard.slots.len() as u64;
        bytes += shard.slots.bytes() as u64;
    }
    assert_eq!((table.keys(), table.bytes()), (keys, bytes));
    assert!(keys <= u64::from(config.keys_max));
    assert!(bytes <= config.bytes_max);
}

fn config() -> impl Strategy<Value = RateLimitConfig> {
    let algorithms = ALGORITHMS.to_vec();
    let bytes = 2000_u64..30_000;
    (
        prop::sample::select(algorithms),
        1_u32..10,
        1_u32..200,
        bytes,
    )
        .prop_map(|(algorithm, limit, keys, bytes)| {
            let config = RateLimitConfig::new(algorithm, limit, Duration::from_secs(1));
            config.keys_max(keys).bytes_max(bytes)
        })
}

#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Take(u64, u32),
    Sweep,
    Forget(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        1 => (0_u64..SECOND).prop_map(Step::Pass),
        1 => Just(Step::Pass(2 * SECOND)),
        20 => (0_u64..300, 1_u32..4).prop_map(|(key, cost)| Step::Take(key, cost)),
        1 => Just(Step::Sweep),
        1 => (0_u64..300).prop_map(Step::Forget),
    ];
    prop::collection::vec(step, 1..400)
}

proptest! {
    #[test]
    fn within_its_bounds_it_decides_as_a_table_without_any(config in config(), steps in steps()) {
        let table = table(&config);
        let method = Method::of(&config);
        let mut model: HashMap<u64, Vec<u64>> = HashMap::new();
        let mut now = 0;
        for step in steps {
            match step {
                Step::Pass(time) => now += time,
                Step::Sweep => for number in 0..table.shards() {
                    table.sweep(number, now);
                },
                Step::Forget(key) => {
                    table.forget(digest(key));
                    model.remove(&key);
                }
                Step::Take(key, cost) => {
                    let cost = cost.min(config.limit);
                    let at = At { now, phase: digest(key).tag };
                    if let Some(took) = take(&table, digest(key), now, cost) {
                        let state = model.entry(key).or_insert_with(|| {
                            let mut state = vec![0; method.words()];
                            method.begin(&mut state, at);
                            state
                        });
                        let expected = method.take(state, at, cost);
                        prop_assert_eq!(took, expected.map(|look| look.left.floor()));
                    } else {
                        // Whoever has used something is not the one who finds no room.
                        let known = model.get(&key).map(|state| method.worth(state, now));
                        prop_assert!(known.is_none_or(|worth| worth != Worth::Debt));
                    }
                }
            }
            check_bounds(&table, &config);
        }
    }
}

#[test]
fn new_keys_without_end_neither_take_more_memory_nor_reset_a_limit() {
    let config = RateLimitConfig::token_bucket(100, Duration::from_secs(1000)).keys_max(10_000);
    let table = table(&config);
    let hot = digest(u64::MAX);
    for _ in 0..100 {
        assert!(take(&table, hot, 0, 1).expect("there is room").is_ok());
    }
    let mut crowded = 0;
    for number in 0..50_000 {
        // A quarter of an hour of it.
        let now = number * 18_000_000;
        crowded += u32::from(take(&table, digest(number), now, 1).is_none());
        if number % 1000 == 0 {
            check_bounds(&table, &config);
            let wait = take(&table, hot, now, 100).expect("it is there");
            assert_eq!(wait, Err(1000 * SECOND - now));
        }
    }
    // A key is idle after ten seconds, in which 555 others come.
    assert!(table.keys() < 10_000);
    assert_eq!(crowded, 0);
}

#[test]
fn where_all_are_busy_a_new_key_finds_no_room_and_the_others_stay_as_they_are() {
    let config = RateLimitConfig::fixed_window(1, Duration::from_secs(60)).keys_max(1000);
    let table = table(&config);
    for number in 0..1000 {
        assert_eq!(take(&table, digest(number), 0, 1), Some(Ok(0)));
    }
    for number in 1000..3000 {
        assert_eq!(take(&table, digest(number), 1, 1), None);
    }
    for number in 0..1000 {
        let refused = take(&table, digest(number), 1, 1).expect("it is there");
        assert!(refused.is_err());
    }
    check_bounds(&table, &config);
    assert_eq!(take(&table, digest(5000), 60 * SECOND, 1), Some(Ok(0)));
}

#[test]
fn what_new_keys_share_is_one_limit() {
    let config = RateLimitConfig::token_bucket(2, Duration::from_secs(2));
    let table = table(&config);
    let terms = Terms::of(&config, 1);
    assert!(table.take_of_crowd(&terms, 0, 1).is_ok());
    assert!(table.take_of_crowd(&terms, 1, 1).is_ok());
    assert_eq!(
        table.take_of_crowd(&terms, 2, 1).expect_err("all is gone"),
        Crowded::Limited(SECOND - 2)
    );
    assert_eq!(
        table.take_of_crowd(&terms, 2, 3).expect_err("too much"),
        Crowded::TooCostly(2)
    );
}

#[test]
fn the_time_of_what_new_keys_share_does_not_go_backwards_between_shards() {
    for algorithm in ALGORITHMS {
        let config = RateLimitConfig::new(algorithm, 4, Duration::from_secs(10));
        let table = table(&config);
        let terms = Terms::of(&config, 1);
        let take = |now, cost| table.take_of_crowd(&terms, now * SECOND, cost);
        assert!(take(105, 2).is_ok());
        let later = take(103, 2).expect("there are two more").0;
        let refused = take(101, 1).expect_err("all is gone");
        assert_eq!(
            take(105, 1).expect_err("all is gone"),
            refused,
            "{algorithm:?}"
        );
        table.refund_crowd(100 * SECOND, 1, later.mark, 2);
        assert!(take(104, 2).is_ok(), "{algorithm:?}");
        assert!(take(104, 1).is_err(), "{algorithm:?}");
    }
}

#[test]
fn of_many_resets_none_lets_too_much_come_back() {
    let config = RateLimitConfig::token_bucket(1, Duration::from_secs(10)).keys_max(100);
    let table = table(&config);
    let mut marks = Vec::new();
    for number in 0..40 {
        assert_eq!(take(&table, digest(number), 0, 1), Some(Ok(0)));
        marks.push(table.lock(0).epoch());
    }
    for number in 0..20 {
        table.forget(digest(number));
    }
    let good = |number: usize| {
        let tag = digest(number as u64).tag;
        table.lock(0).is_good(tag, marks[number])
    };
    assert!(
        (0..40).all(|number| !good(number)),
        "not all can be told apart"
    );
    let now = table.lock(0).epoch();
    table.forget(digest(30));
    assert!(!table.lock(0).is_good(digest(30).tag, now));
    assert!(table.lock(0).is_good(digest(31).tag, now));
}

#[test]
fn a_sweep_gives_memory_back() {
    let config = RateLimitConfig::token_bucket(1, Duration::from_secs(1)).keys_max(1_000_000);
    let table = table(&config);
    for number in 0..100_000 {
        assert!(take(&table, digest(number), 0, 1).is_some());
    }
    let full = table.bytes();
    assert!(full < 100_000 * 23, "{full} bytes");
    for number in 0..table.shards() {
        table.sweep(number, SECOND);
    }
    assert_eq!(table.keys(), 0);
    assert!(table.bytes() < 30_000, "{} bytes", table.bytes());
    check_bounds(&table, &config);
}

#[test]
fn logs_are_counted_and_given_back() {
    let config = RateLimitConfig::sliding_window(100, Duration::from_secs(1)).bytes_max(100_000);
    let table = table(&config);
    let found = (0..1000).filter(|&number| take(&table, digest(number), 0, 1).is_some());
    let found = found.count();
    assert_eq!(found, 114, "of 824 bytes each, and their slots");
    check_bounds(&table, &config);
    for number in 1000..2000 {
        assert!(take(&table, digest(number), number * SECOND, 1).is_some());
    }
    check_bounds(&table, &config);
}

#[test]
fn a_clock_that_goes_backwards_has_no_effect() {
    let config = RateLimitConfig::token_bucket(10, Duration::from_secs(10));
    let table = table(&config);
    assert_eq!(take(&table, digest(1), 5 * SECOND, 10), Some(Ok(0)));
    assert_eq!(take(&table, digest(1), 2 * SECOND, 1), Some(Err(SECOND)));
    assert_eq!(take(&table, digest(1), 6 * SECOND, 1), Some(Ok(0)));
    assert_eq!(take(&table, digest(1), 0, 1), Some(Err(SECOND)));
}

#[test]
fn other_terms_hold_for_all_keys_and_their_bytes() {
    let was = RateLimitConfig::token_bucket(10, Duration::from_secs(10)).keys_max(5000);
    let table = table(&was);
    for number in 0..2000 {
        take(&table, digest(number), 0, 4)
            .expect("there is room")
            .expect("it may");
    }
    let next = was.clone();
    let mut next = next.burst_limit(20);
    next.limit = 20;
    let terms = Terms::of(&next, 2);
    assert_eq!(table.change(&next, terms, 0, Inherit::Keep), Ok(()));
    for number in 0..2000 {
        let left = take(&table, digest(number), 0, 1).expect("it is there");
        assert_eq!(left, Ok(15));
    }
    check_bounds(&table, &next);
    // An odd rate takes a word more; another algorithm takes what it takes.
    let mut odd = RateLimitConfig::token_bucket(1009, Duration::from_secs(10));
    odd.bytes_max = 10_000;
    let refused = table.change(&odd, Terms::of(&odd, 3), 0, Inherit::Keep);
    assert!(refused.is_err_and(|needed| needed > 2000 * 24));
    odd.bytes_max = 1 << 20;
    assert_eq!(
        table.change(&odd, Terms::of(&odd, 3), 0, Inherit::Keep),
        Ok(())
    );
    assert_eq!(take(&table, digest(7), 0, 1), Some(Ok(1009 - 6)));
    check_bounds(&table, &odd);
    let log = RateLimitConfig::sliding_window(3, Duration::from_secs(1));
    assert_eq!(
        table.change(&log, Terms::of(&log, 4), 0, Inherit::Reset),
        Ok(())
    );
    assert_eq!(take(&table, digest(7), 0, 1), Some(Ok(2)));
    check_bounds(&table, &log);
}
