//! What the methods decide, to the nanosecond.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Key`]: a key on its own |
//! | `properties.rs` | they decide as the model does, whatever comes |
//! | `buckets.rs` | rates of buckets |
//! | `cases.rs` | windows, changes, the largest numbers |

mod buckets;
mod cases;
mod properties;

use std::time::Duration;

use mainstay_specs::{Algorithm, Inherit, RateLimitConfig};

use super::{At, Method};

/// A key on its own.
#[derive(Debug)]
struct Key {
    method: Method,
    state: Vec<u64>,
    at: At,
}

impl Key {
    fn new(config: &RateLimitConfig, now: u64, phase: u64) -> Self {
        config.validate().expect("it is valid");
        let method = Method::of(config);
        let mut state = vec![0; method.words()];
        let at = At { now, phase };
        method.begin(&mut state, at);
        Self { method, state, at }
    }

    fn take(&mut self, cost: u32) -> Result<u64, u64> {
        let taken = self.method.take(&mut self.state, self.at, cost);
        taken.map(|look| look.left.floor())
    }

    fn left(&self) -> u64 {
        self.method.look(&self.state, self.at).left.floor()
    }

    fn change(&mut self, config: &RateLimitConfig, inherit: Inherit) {
        let method = Method::of(config);
        let mut state = vec![0; method.words()];
        method.inherit(&mut state, (&self.method, &self.state), self.at, inherit);
        (self.method, self.state) = (method, state);
    }
}

const SECOND: u64 = 1_000_000_000;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::TokenBucket,
    Algorithm::SlidingWindow,
    Algorithm::SlidingWindowApproximate,
    Algorithm::FixedWindow,
];
