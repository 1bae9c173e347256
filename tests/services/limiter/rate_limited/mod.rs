//! `#[rate_limited]`.

mod answers;
mod keys;
mod names;
mod signatures;
mod together;
mod waits;

use mainstay_actors::limiter::{Limiter, RateKey, RateLimitError};
use mainstay_supervisors::specs::RateLimitConfig;

use super::support::{alone, seconds};

/// What the functions here fail with.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
enum Wrong {
    #[error("it failed")]
    Failed,
    #[error(transparent)]
    Limited(#[from] RateLimitError),
}

/// Lets so many calls of a key through in a minute, all at once.
pub(super) fn minutely(limit: u32) -> Limiter {
    alone(RateLimitConfig::fixed_window(limit, seconds(60)))
}

fn left(limiter: &Limiter, key: RateKey<'_>) -> u32 {
    let status = limiter.status(key).expect("there is a key");
    status.expect("there is a key").remaining
}
