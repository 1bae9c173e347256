//! The group `limiter`: what a call through a keyed rate limiter costs that is let through, and what a key takes, compared with
//! the keyed limiter of governor.
//!
//! Both sides have a token bucket with a rate that is never reached, keys that are numbers or texts, and a table in which all keys
//! are known: one hot key, or a hundred thousand in an order without order. All have used up half of their tokens before, so that none
//! is idle, which ours would forget when it needs room.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the comparisons |
//! | `calls.rs` | calls on one thread and on two at the same time |
//! | `memory.rs` | the memory of a hundred thousand keys, each side in a process of its own |

mod calls;
mod memory;

use std::num::NonZeroU32;
use std::process::ExitCode;
use std::time::Duration;

use governor::clock::DefaultClock;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use mainstay_actors::limiter::{Limiter, RateKey};
use mainstay_specs::RateLimitConfig;

use crate::{Comparison, Contest, Options, Outcome};
use calls::on_threads;

/// How much of the time of governor a call may take, and how much of its memory a key.
const CALL: f64 = 0.8;
const MEMORY: f64 = 1.0;

/// How many keys there are, where there are many.
const MANY: u64 = 100_000;

/// The tokens of a year, and of a full bucket: more than can be taken.
const TOKENS: u32 = 4_000_000_000;

/// What each key has used up before.
const USED: u32 = TOKENS / 2;

/// 366 days.
const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

type Governor<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock>;

const GROUP: &[Comparison] = &[
    (&["hot.1t"], |options| numbers("hot.1t", 1, 1, options)),
    (&["hot.2t"], |options| numbers("hot.2t", 2, 1, options)),
    (&["100k.1t"], |options| numbers("100k.1t", 1, MANY, options)),
    (&["100k.2t"], |options| numbers("100k.2t", 2, MANY, options)),
    (&["text-hot.1t"], |options| {
        texts("text-hot.1t", 1, 1, options)
    }),
    (&["text-100k.1t"], |options| {
        texts("text-100k.1t", 1, MANY, options)
    }),
    (&["text-100k.2t"], |options| {
        texts("text-100k.2t", 2, MANY, options)
    }),
    (&["refusal.1t"], refusal),
    (&["memory-number"], |options| {
        memory::compare("memory-number", memory::NUMBERS, options)
    }),
    (&["memory-text"], |options| {
        memory::compare("memory-text", memory::TEXTS, options)
    }),
];

/// Runs the group.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    match options.resident() {
        Some(side) => memory::print_resident(side),
        None => crate::run(options, GROUP),
    }
}

fn config(tokens: u32) -> RateLimitConfig {
    RateLimitConfig::token_bucket(tokens, YEAR)
}

fn ours(tokens: u32) -> Outcome<Limiter> {
    Ok(Limiter::new("bench".parse()?, config(tokens))?)
}

fn governor<K: std::hash::Hash + Eq + Clone>(tokens: u32) -> Outcome<Governor<K>> {
    let tokens = NonZeroU32::new(tokens).ok_or("no tokens")?;
    let quota = Quota::with_period(YEAR / tokens.get()).ok_or("no quota")?;
    Ok(RateLimiter::dashmap(quota.allow_burst(tokens)))
}

/// Of governor, whose refusal is no error.
fn refused(when: impl std::fmt::Display) -> Box<dyn std::error::Error + Send + Sync> {
    format!("governor refuses: {when}").into()
}

/// As long as those of users mostly are.
fn text(number: u64) -> String {
    format!("user-{number:08}")
}

fn numbers(name: &'static str, threads: usize, keys: u64, options: &Options) -> Outcome<()> {
    let (ours, theirs) = (ours(TOKENS)?, governor::<u64>(TOKENS)?);
    let used = NonZeroU32::new(USED).ok_or("no tokens")?;
    for key in 0..keys {
        ours.check_n(RateKey::id(key), USED)?;
        let taken = theirs.check_key_n(&key, used)?;
        taken.map_err(refused)?;
    }
    Contest::new([name], "ns", || {
        on_threads(threads, keys, |key| ours.check(RateKey::id(key)).is_ok())
    })
    .peer("governor", [CALL], || {
        on_threads(threads, keys, |key| theirs.check_key(&key).is_ok())
    })
    .run(options)
}

fn texts(name: &'static str, threads: usize, keys: u64, options: &Options) -> Outcome<()> {
    let (ours, theirs) = (ours(TOKENS)?, governor::<String>(TOKENS)?);
    let texts: Vec<String> = (0..keys).map(text).collect();
    let used = NonZeroU32::new(USED).ok_or("no tokens")?;
    for key in &texts {
        ours.check_n(RateKey::user(key), USED)?;
        let taken = theirs.check_key_n(key, used)?;
        taken.map_err(refused)?;
    }
    Contest::new([name], "ns", || {
        on_threads(threads, keys, |key| {
            ours.check(RateKey::user(&texts[key as usize])).is_ok()
        })
    })
    .peer("governor", [CALL], || {
        on_threads(threads, keys, |key| {
            theirs.check_key(&texts[key as usize]).is_ok()
        })
    })
    .run(options)
}

/// A key that has used all it may, for an hour.
fn refusal(options: &Options) -> Outcome<()> {
    let hour = RateLimitConfig::token_bucket(1, Duration::from_secs(3600));
    let ours = Limiter::new("bench".parse()?, hour)?;
    let quota = Quota::with_period(Duration::from_secs(3600)).ok_or("no quota")?;
    let theirs: Governor<u64> = RateLimiter::dashmap(quota);
    ours.check(RateKey::id(0))?;
    theirs.check_key(&0).map_err(refused)?;
    Contest::new(["refusal.1t"], "ns", || {
        on_threads(1, 1, |key| ours.check(RateKey::id(key)).is_err())
    })
    .peer("governor", [CALL], || {
        on_threads(1, 1, |key| theirs.check_key(&key).is_err())
    })
    .run(options)
}
