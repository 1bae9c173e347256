//! The trait, and a type for each algorithm.

use std::future::{Future, ready};

use mainstay_specs::{Algorithm, RateLimitConfig, ServiceName};

use super::admission::Admission;
use super::error::{RateLimitError, RegisterLimiterError};
use super::handle::Limiter;
use super::key::RateKey;
use super::stats::RateLimitStatus;

/// What every limiter can do, wherever it keeps its counts.
///
/// The answers are futures because a limit that is shared by machines has to be asked for. Those of a [`Limiter`] are ready at
/// once; it has methods of its own for callers who need no future.
pub trait RateLimiter: Send + Sync {
    /// Lets a call through that costs so much, or refuses it and takes nothing.
    fn check_rate_limit(
        &self,
        key: Option<RateKey<'_>>,
        cost: u32,
    ) -> impl Future<Output = Result<Admission, RateLimitError>> + Send;

    /// Lets a key begin anew.
    fn reset_rate_limit(
        &self,
        key: Option<RateKey<'_>>,
    ) -> impl Future<Output = Result<(), RateLimitError>> + Send;

    /// What a key has left; takes nothing. None for a call without a key that is let through.
    fn rate_limit_status(
        &self,
        key: Option<RateKey<'_>>,
    ) -> impl Future<Output = Result<Option<RateLimitStatus>, RateLimitError>> + Send;
}

impl RateLimiter for Limiter {
    fn check_rate_limit(
        &self,
        key: Option<RateKey<'_>>,
        cost: u32,
    ) -> impl Future<Output = Result<Admission, RateLimitError>> + Send {
        ready(self.check_n(key, cost))
    }

    fn reset_rate_limit(
        &self,
        key: Option<RateKey<'_>>,
    ) -> impl Future<Output = Result<(), RateLimitError>> + Send {
        ready(self.reset(key))
    }

    fn rate_limit_status(
        &self,
        key: Option<RateKey<'_>>,
    ) -> impl Future<Output = Result<Option<RateLimitStatus>, RateLimitError>> + Send {
        ready(self.status(key))
    }
}

const fn name_of(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::SlidingWindow => "sliding_window",
        Algorithm::SlidingWindowApproximate => "sliding_window_approximate",
        Algorithm::FixedWindow => "fixed_window",
        _ => "token_bucket",
    }
}

/// A type of limiter of which the algorithm is known.
macro_rules! kind {
    ($(#[$doc:meta])* $name:ident, [$($algorithm:pat),+], $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(Limiter);

        impl $name {
            /// A limiter that stands alone.
            ///
            /// # Errors
            ///
            /// [`RegisterLimiterError::Config`], [`RegisterLimiterError::OtherAlgorithm`].
            pub fn new(
                name: ServiceName,
                config: RateLimitConfig,
            ) -> Result<Self, RegisterLimiterError> {
                Self::check_algorithm(&config)?;
                Limiter::new(name, config).map(Self)
            }

            fn check_algorithm(config: &RateLimitConfig) -> Result<(), RegisterLimiterError> {
                match config.algorithm {
                    $($algorithm)|+ => Ok(()),
                    other => Err(RegisterLimiterError::OtherAlgorithm {
                        expected: $expected,
                        found: name_of(other),
                    }),
                }
            }

            /// The limiter, which can do more.
            #[must_use]
            pub const fn limiter(&self) -> &Limiter {
                &self.0
            }
        }

        impl TryFrom<Limiter> for $name {
            type Error = RegisterLimiterError;

            fn try_from(limiter: Limiter) -> Result<Self, RegisterLimiterError> {
                Self::check_algorithm(&limiter.config())?;
                Ok(Self(limiter))
            }
        }

        impl RateLimiter for $name {
            fn check_rate_limit(
                &self,
                key: Option<RateKey<'_>>,
                cost: u32,
            ) -> impl Future<Output = Result<Admission, RateLimitError>> + Send {
                self.0.check_rate_limit(key, cost)
            }

            fn reset_rate_limit(
                &self,
                key: Option<RateKey<'_>>,
            ) -> impl Future<Output = Result<(), RateLimitError>> + Send {
                self.0.reset_rate_limit(key)
            }

            fn rate_limit_status(
                &self,
                key: Option<RateKey<'_>>,
            ) -> impl Future<Output = Result<Option<RateLimitStatus>, RateLimitError>> + Send {
                self.0.rate_limit_status(key)
            }
        }
    };
}

kind! {
    /// Tokens that come evenly: [`Algorithm::TokenBucket`].
    TokenBucketLimiter, [Algorithm::TokenBucket], "token_bucket"
}

kind! {
    /// A window that slides: [`Algorithm::SlidingWindow`], exactly, or [`Algorithm::SlidingWindowApproximate`], as the configuration
    /// says.
    SlidingWindowLimiter,
    [Algorithm::SlidingWindow, Algorithm::SlidingWindowApproximate],
    "sliding_window or sliding_window_approximate"
}

kind! {
    /// Windows that follow each other: [`Algorithm::FixedWindow`].
    FixedWindowLimiter, [Algorithm::FixedWindow], "fixed_window"
}
