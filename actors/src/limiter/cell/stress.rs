//! No call is lost or counted twice, whatever else goes on: threads take from a few keys while the memory of these grows and shrinks,
//! others come and go beside them, and the configuration changes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use mainstay_specs::{Algorithm, RateLimitConfig};

use crate::limiter::{Limiter, ManualClock, RateKey};

const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::TokenBucket,
    Algorithm::SlidingWindow,
    Algorithm::SlidingWindowApproximate,
    Algorithm::FixedWindow,
];

/// The keys that are counted.
const HOT: u64 = 8;

/// Threads that take from them.
const THREADS: u64 = 4;

/// How often each takes from each of them.
const ROUNDS: u64 = 200;

/// New keys that come between two rounds.
const OTHERS: u64 = 16;

fn limiter(config: &RateLimitConfig, clock: &ManualClock) -> Limiter {
    let name = "stress".parse().expect("a name");
    Limiter::with_clock(name, config.clone(), clock).expect("it is valid")
}

/// How many calls came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Came {
    hot: [u64; HOT as usize],
    admitted: u64,
    refused: u64,
}

impl Came {
    /// A call; says whether it was let through.
    fn call(&mut self, limiter: &Limiter, key: u64) -> bool {
        let admitted = limiter.check(RateKey::id(key)).is_ok();
        self.admitted += u64::from(admitted);
        self.refused += u64::from(!admitted);
        if let Some(hot) = self.hot.get_mut(key as usize) {
            *hot += u64::from(admitted);
        }
        admitted
    }

    fn and(mut self, other: &Self) -> Self {
        let both = self.hot.iter_mut().zip(other.hot);
        both.for_each(|(sum, more)| *sum += more);
        self.admitted += other.admitted;
        self.refused += other.refused;
        self
    }
}

/// Takes from all hot keys in turn, and lets new ones come between; those of this thread are numbered from `new`. After each round,
/// `between` does something else, and is told the first of the new ones.
fn rounds(limiter: &Limiter, new: u64, between: impl Fn(u64)) -> Came {
    let mut came = Came::default();
    for round in 0..ROUNDS {
        for hot in 0..HOT {
            came.call(limiter, (hot + round) % HOT);
        }
        let first = new + round * OTHERS;
        for key in first..first + OTHERS {
            came.call(limiter, key);
        }
        between(first);
    }
    came
}

/// Runs so many of these at once, and something else until all have ended.
fn at_once(call: impl Fn(u64) -> Came + Sync, meanwhile: impl Fn() + Sync) -> Came {
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                meanwhile();
                thread::yield_now();
            }
        });
        let call = &call;
        let callers: Vec<_> = (1..=THREADS)
            .map(|nth| scope.spawn(move || call(nth)))
            .collect();
        let came = callers
            .into_iter()
            .map(|caller| caller.join().expect("it ends"));
        let came = came.fold(Came::default(), |sum, came| sum.and(&came));
        ended.store(true, Ordering::Relaxed);
        other.join().expect("it ends");
        came
    })
}

fn sweep(limiter: &Limiter) {
    let cell = limiter.cell();
    for number in 0..cell.table.shards() {
        cell.table.sweep(number, cell.clock.now());
    }
}

#[test]
fn exactly_what_there_is_while_others_come_and_are_reset_and_bounds_change() {
    for algorithm in ALGORITHMS {
        let config = RateLimitConfig::new(algorithm, 100, Duration::from_secs(60));
        let config = config.keys_max(1 << 20);
        let limiter = limiter(&config, &ManualClock::default());
        // Half of what has come goes again, and leaves gaps for what comes then.
        let between = |first: u64| {
            for key in (first..first + OTHERS).step_by(2) {
                limiter.reset(RateKey::id(key)).expect("it has a key");
            }
        };
        let came = at_once(
            |nth| rounds(&limiter, nth << 32, between),
            || {
                sweep(&limiter);
                let other = config.clone().keys_max((1 << 20) - 1);
                limiter.reconfigure(other).expect("it is valid");
            },
        );
        assert_eq!(came.hot, [100; HOT as usize], "{algorithm:?}");
        let stats = limiter.stats();
        assert_eq!(
            (stats.admitted, stats.refused),
            (came.admitted, came.refused)
        );
        assert_eq!(stats.keys, HOT + THREADS * ROUNDS * OTHERS / 2);
    }
}

#[test]
fn exactly_what_there_was_and_what_has_come_since_while_idle_keys_are_evicted() {
    let clock = ManualClock::default();
    let config = RateLimitConfig::token_bucket(1000, Duration::from_secs(1000));
    // Fewer than come, and than a token takes to come back: some find no room.
    let limiter = limiter(&config.keys_max(2000), &clock);
    let mut before = Came::default();
    for key in 0..HOT {
        while before.call(&limiter, key) {}
    }
    let came = at_once(
        |nth| {
            // One of them puts the clock on, by half a token.
            let step = Duration::from_millis(if nth == 1 { 500 } else { 0 });
            rounds(&limiter, nth << 32, |_| clock.advance(step))
        },
        || sweep(&limiter),
    );
    let mut after = Came::default();
    for key in 0..HOT {
        while after.call(&limiter, key) {}
    }
    let all = before.and(&came).and(&after);
    assert_eq!(all.hot, [1000 + ROUNDS / 2; HOT as usize]);
    let stats = limiter.stats();
    assert_eq!((stats.admitted, stats.refused), (all.admitted, all.refused));
    assert!(stats.evicted > 0 && stats.keys <= 2000);
}

#[test]
fn exactly_what_there_is_of_one_key_that_all_want_all_the_time() {
    for algorithm in ALGORITHMS {
        let config = RateLimitConfig::new(algorithm, 4000, Duration::from_secs(60));
        let limiter = limiter(&config, &ManualClock::default());
        let hammer = |_| {
            let mut came = Came::default();
            for _ in 0..50_000 {
                came.call(&limiter, 0);
            }
            came
        };
        let came = at_once(hammer, || ());
        assert_eq!(came.hot[0], 4000, "{algorithm:?}");
        let stats = limiter.stats();
        let all = (4000, THREADS * 50_000 - 4000);
        assert_eq!((stats.admitted, stats.refused), all, "{algorithm:?}");
    }
}
