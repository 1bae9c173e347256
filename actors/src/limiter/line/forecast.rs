//! When one that comes after others can be served.

use crate::limiter::cell::Cell;
use crate::limiter::digest::Digest;
use crate::limiter::method::{At, Method};

/// What one that comes after others can expect.
pub(super) struct Forecast {
    /// In how many nanoseconds; not 0.
    pub(super) wait: u64,
    pub(super) limit: u32,
    /// The most that one call may cost.
    pub(super) max: u32,
}

/// In how many nanoseconds the last of these can be had, if each is taken as soon as it can be; `None` if that is after the end of
/// time. What they cost can be had at once.
fn when(
    method: &Method,
    state: &mut [u64],
    at: At,
    costs: impl Iterator<Item = u32>,
) -> Option<u64> {
    let mut then = at;
    for cost in costs {
        while let Err(wait) = method.take(state, then, cost) {
            // At the end of time, there is nothing left to wait for.
            then.now = then.now.checked_add(wait.max(1))?;
        }
    }
    Some(then.now - at.now)
}

impl Cell {
    /// When so much can be had after others, in no less than `least`.
    pub(super) fn forecast(
        &self,
        digest: Digest,
        ahead: &[u32],
        cost: u32,
        least: u64,
    ) -> Forecast {
        let (terms, at, mut state) = self.copy(digest);
        // Those that cost too much are sent away when it is their turn.
        let all = ahead.iter().copied().chain([cost]);
        let costs = all.filter(|&cost| cost <= terms.dearest);
        let wait = when(&terms.method, &mut state, at, costs).unwrap_or(u64::MAX);
        Forecast {
            wait: wait.max(least).max(1),
            limit: terms.limit,
            max: terms.dearest,
        }
    }
}
