//! Ten minutes of chaos over a whole node, by virtual time: processes are killed, crash and hang, the database goes away and comes back,
//! memory becomes scarce, the configuration changes, and all the while clients work. In the end every promise is kept.
//!
//! What is done when, and what each client wants, is decided by a seed; a failure says which, and what was done. What follows from it may
//! differ a little from run to run, as tokio lets chance decide which of two things that are ready comes first.
//!
//! `MAINSTAY_CHAOS_SEED=7 cargo test -p mainstay-tests
//! --test chaos one_seed` repeats it, and `MAINSTAY_CHAOS_MINUTES` makes it shorter or longer.
//!
//! | file | holds |
//! |---|---|
//! | `run.rs` | one run: boot, chaos, calm, audit |
//! | `node.rs`, `wanted.rs` | the node, and its spec |
//! | `database.rs` | a database that has outages, and events that are kept there |
//! | `strikes.rs` | processes that are struck, by the test kit's schedules |
//! | `weather.rs` | what else is done to the node: outages, scarce memory, changed settings |
//! | `reloads.rs` | that it is to go by another spec, in place or with restarts |
//! | `load/` | the clients |
//! | `book.rs` | what clients were promised |
//! | `story.rs` | what supervisors did, and that there was a reason for each of it |
//! | `causes.rs` | why a process ended that nobody had struck |
//! | `unexplained.rs` | that it is noticed when there was none |
//! | `audit/` | what has to hold in the end |
//! | `traffic/` | the same for those who ask over HTTP, by the clock on the wall |

// What is allowed in tests is allowed in their helpers.
#![allow(clippy::unwrap_used)]

mod audit;
mod book;
mod causes;
mod database;
mod load;
mod node;
mod reloads;
mod run;
mod story;
mod strikes;
mod traffic;
mod unexplained;
mod wanted;
mod weather;

use std::time::Duration;

use run::{LASTING, MINUTES_MAX, run};

/// A test for each seed, so that they run side by side.
macro_rules! seeds {
    ($($name:ident: $seed:literal,)*) => {$(
        #[test]
        fn $name() {
            run($seed, LASTING);
        }
    )*};
}

seeds! {
    every_promise_is_kept_with_seed_1: 1,
    every_promise_is_kept_with_seed_2: 2,
    every_promise_is_kept_with_seed_3: 3,
    every_promise_is_kept_with_seed_4: 4,
    every_promise_is_kept_with_seed_5: 5,
    every_promise_is_kept_with_seed_6: 6,
    every_promise_is_kept_with_seed_7: 7,
    every_promise_is_kept_with_seed_8: 8,
    every_promise_is_kept_with_seed_9: 9,
    every_promise_is_kept_with_seed_10: 10,
    every_promise_is_kept_with_seed_11: 11,
    every_promise_is_kept_with_seed_12: 12,
    every_promise_is_kept_with_seed_13: 13,
    every_promise_is_kept_with_seed_14: 14,
    every_promise_is_kept_with_seed_15: 15,
    every_promise_is_kept_with_seed_16: 16,
    every_promise_is_kept_with_seed_17: 17,
    every_promise_is_kept_with_seed_18: 18,
    every_promise_is_kept_with_seed_19: 19,
    every_promise_is_kept_with_seed_20: 20,
}

#[test]
fn every_promise_is_kept_with_the_one_seed_of_the_environment() {
    let Ok(seed) = std::env::var("MAINSTAY_CHAOS_SEED") else {
        println!("MAINSTAY_CHAOS_SEED is not set: nothing to do");
        return;
    };
    let seed = seed.parse().expect("a whole number");
    let minutes = std::env::var("MAINSTAY_CHAOS_MINUTES").ok();
    let minutes = minutes.map(|minutes| minutes.parse().expect("a whole number"));
    let minutes = minutes.unwrap_or(LASTING.as_secs() / 60);
    assert!(
        (1..=MINUTES_MAX).contains(&minutes),
        "MAINSTAY_CHAOS_MINUTES is {minutes}, expected 1 to {MINUTES_MAX}: the limit of `quota` goes by three hours"
    );
    println!("{}", run(seed, Duration::from_secs(60 * minutes)));
}
