//! How long to wait before a restart: exponential, capped, with jitter.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A growing wait before each restart in a row. OTP has none, so it is off unless given.
///
/// The wait before the n-th restart in a row is `min × factor^(n-1)`, at most `max`, of which the share `jitter` is
/// taken away at random, so that children that failed together do not come back together. A child that stayed up for
/// `reset_after` starts counting anew.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Backoff {
    /// The first wait. Default: 100 ms.
    #[serde(with = "crate::duration")]
    pub min: Duration,
    /// The longest wait. Default: 30 s.
    #[serde(with = "crate::duration")]
    pub max: Duration,
    /// By how much each wait is longer than the one before; at least 1. Default: 2.
    pub factor: f64,
    /// The share of the wait that chance may take away, 0 to 1. Default: 0.2.
    pub jitter: f64,
    /// How long a child has to stay up for its failures to be forgotten. Default: 60 s.
    #[serde(with = "crate::duration")]
    pub reset_after: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            min: Duration::from_millis(100),
            max: Duration::from_secs(30),
            factor: 2.0,
            jitter: 0.2,
            reset_after: Duration::from_secs(60),
        }
    }
}

impl Backoff {
    /// The default growth and jitter between these two waits.
    #[must_use]
    pub fn new(min: Duration, max: Duration) -> Self {
        Self {
            min,
            max,
            ..Self::default()
        }
    }

    /// Sets by how much each wait is longer than the one before.
    #[must_use]
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// Sets the share of the wait that chance may take away.
    #[must_use]
    pub const fn jitter(mut self, jitter: f64) -> Self {
        self.jitter = jitter;
        self
    }

    /// Sets how long a child has to stay up for its failures to be forgotten.
    #[must_use]
    pub const fn reset_after(mut self, up: Duration) -> Self {
        self.reset_after = up;
        self
    }

    /// Whether it can be: `min` is at most `max`, the factor finite and at least 1, the jitter a share.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let grows = self.factor.is_finite() && self.factor >= 1.0;
        grows && self.min <= self.max && (0.0..=1.0).contains(&self.jitter)
    }

    /// The wait before the `attempt`-th restart in a row (from 1); `chance` is a random number from 0 to 1.
    #[must_use]
    pub fn delay(&self, attempt: u32, chance: f64) -> Duration {
        if self.min.is_zero() {
            return Duration::ZERO; // Nothing grows from nothing, and 0 × ∞ is no number.
        }
        let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let grown = self.min.as_secs_f64() * self.factor.max(1.0).powi(exponent);
        let capped = grown.min(self.max.as_secs_f64());
        let kept = 1.0 - self.jitter.clamp(0.0, 1.0) * chance.clamp(0.0, 1.0);
        Duration::try_from_secs_f64(capped * kept).unwrap_or(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_to_the_maximum_and_never_past_it() {
        let backoff = Backoff {
            jitter: 0.0,
            max: Duration::from_secs(1),
            ..Backoff::default()
        };
        let waits: Vec<u128> = (1..=6).map(|n| backoff.delay(n, 0.7).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(backoff.delay(u32::MAX, 0.0), Duration::from_secs(1));
        let none = Backoff::new(Duration::ZERO, Duration::from_secs(1));
        assert_eq!(none.delay(u32::MAX, 0.0), Duration::ZERO);
    }

    #[test]
    fn jitter_only_shortens_and_by_its_share_at_most() {
        let backoff = Backoff {
            jitter: 0.5,
            ..Backoff::default()
        };
        assert_eq!(backoff.delay(1, 0.0), Duration::from_millis(100));
        assert_eq!(backoff.delay(1, 1.0), Duration::from_millis(50));
    }
}
