//! What the server is asked, as text, and without a server: the numbers of a limit in its units.
//!
//! The clock of the server counts microseconds since 1970. A token of a bucket is seldom a whole number of those: with `limit` in
//! each `window` of so many microseconds, it is `window` parts, of which a microsecond has `limit`. Everything that has to be multiplied is
//! multiplied here, in 128 bits; the script only adds and compares, below 2^53.

use mainstay_specs::{Algorithm, RateLimitConfig, WindowStart};

use super::super::digest::Digest;
use super::super::method::Method;

/// Which method of the script it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Bucket,
    Fixed,
    Weighted,
    Log,
}

impl Shape {
    /// What the script calls it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::Fixed => "fixed",
            Self::Weighted => "weighted",
            Self::Log => "log",
        }
    }
}

/// A limit in the units of the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    pub(super) shape: Shape,
    pub(super) limit: u32,
    /// In microseconds.
    pub(super) window: u64,
    pub(super) burst: u32,
    start: WindowStart,
    /// What it decides by, with microseconds in place of nanoseconds.
    pub(super) method: Method,
}

/// By what a taking is known when it is given back: when a bucket is full after it, in whole microseconds and in parts; when its window
/// begins or ends; when it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) whole: u64,
    pub(super) part: u64,
}

impl Policy {
    /// Of a configuration that was found valid: its window is a whole number of microseconds, and at least one.
    pub(super) fn of(config: &RateLimitConfig) -> Self {
        let window = u64::try_from(config.window.as_micros()).unwrap_or(u64::MAX);
        let mut scaled = config.clone();
        scaled.window = std::time::Duration::from_nanos(window);
        Self {
            shape: match config.algorithm {
                Algorithm::FixedWindow => Shape::Fixed,
                Algorithm::SlidingWindow => Shape::Log,
                Algorithm::SlidingWindowApproximate => Shape::Weighted,
                _ => Shape::Bucket,
            },
            limit: config.limit,
            window,
            burst: config.capacity(),
            start: config.window_start,
            method: Method::of(&scaled),
        }
    }

    /// What tells its counts from those of the same limit under other terms, of which they would make no sense.
    pub(super) fn terms(&self) -> String {
        let (name, window) = (self.shape.name(), self.window);
        match self.shape {
            Shape::Bucket => format!("{name}-{}-{window}-{}", self.limit, self.burst),
            Shape::Fixed => {
                let start = match self.start {
                    WindowStart::FirstUse => "first",
                    WindowStart::Aligned => "aligned",
                    _ => "key",
                };
                format!("{name}-{}-{window}-{start}", self.limit)
            }
            Shape::Weighted | Shape::Log => format!("{name}-{}-{window}", self.limit),
        }
    }

    /// The numbers that `take` of the method needs.
    pub(super) fn taking(&self, cost: u32, digest: Digest) -> String {
        let (limit, window) = (self.limit, self.window);
        match self.shape {
            Shape::Bucket => {
                let (taken, taken_part) = self.time_of(cost);
                let (full, full_part) = self.time_of(self.burst);
                let (lack, lack_part) = self.time_of(self.burst.saturating_sub(limit));
                let kept = self.kept();
                format!("{taken} {taken_part} {full} {full_part} {lack} {lack_part} {limit} {kept}")
            }
            Shape::Fixed => {
                let first = u8::from(self.start == WindowStart::FirstUse);
                format!("{cost} {limit} {window} {} {first}", self.phase(digest))
            }
            Shape::Weighted | Shape::Log => format!("{cost} {limit} {window}"),
        }
    }

    /// The numbers that `give` of the method needs.
    pub(super) fn giving(&self, cost: u32, mark: Mark) -> String {
        let Mark { whole, part } = mark;
        match self.shape {
            Shape::Bucket => {
                let (taken, taken_part) = self.time_of(cost);
                let (limit, kept) = (self.limit, self.kept());
                format!("{taken} {taken_part} {whole} {part} {limit} {kept}")
            }
            Shape::Weighted => format!("{cost} {whole} {}", self.window),
            Shape::Fixed | Shape::Log => format!("{cost} {whole}"),
        }
    }

    /// In how long so many tokens come, in whole microseconds and in parts.
    fn time_of(&self, tokens: u32) -> (u128, u128) {
        let parts = u128::from(tokens) * u128::from(self.window);
        let limit = u128::from(self.limit);
        (parts / limit, parts % limit)
    }

    /// For how long a bucket is kept when it is full: it has saved up more than a new one where it holds more than the limit.
    const fn kept(&self) -> u64 {
        if self.burst > self.limit {
            self.window
        } else {
            0
        }
    }

    /// Where in its window the windows of a key begin: evenly over the keys, and the same on all machines.
    fn phase(&self, digest: Digest) -> u64 {
        match self.start {
            // Evenly over the window.
            WindowStart::PerKey => {
                ((u128::from(digest.tag) * u128::from(self.window)) >> 64) as u64
            }
            _ => 0,
        }
    }
}
