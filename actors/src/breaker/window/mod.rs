//! The calls that rates are taken of.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Window`], of either shape, and its [`Counts`] |
//! | `calls.rs` | the last so many calls, exactly |
//! | `span.rs` | the calls of the last so long, part by part |

mod calls;
mod span;
#[cfg(test)]
mod tests;

use calls::Calls;
use span::Span;

/// What there is in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) total: u64,
    pub(crate) failed: u64,
    pub(crate) slow: u64,
    /// Failed, slow, or both.
    pub(crate) either: u64,
}

impl Counts {
    fn of(mark: Mark, times: u64) -> Self {
        let count = |is: bool| if is { times } else { 0 };
        Self {
            total: times,
            failed: count(mark.failed),
            slow: count(mark.slow),
            either: count(mark.failed || mark.slow),
        }
    }

    fn add(&mut self, other: Self) {
        self.total += other.total;
        self.failed += other.failed;
        self.slow += other.slow;
        self.either += other.either;
    }

    fn take(&mut self, other: Self) {
        self.total -= other.total;
        self.failed -= other.failed;
        self.slow -= other.slow;
        self.either -= other.either;
    }
}

/// What matters of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) failed: bool,
    pub(crate) slow: bool,
}

impl Mark {
    pub(crate) const GOOD: Self = Self {
        failed: false,
        slow: false,
    };

    pub(crate) const fn is_good(self) -> bool {
        !self.failed && !self.slow
    }
}

/// What shape a window has. Times are in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// No rule asks for rates.
    None,
    Calls(usize),
    Span {
        bucket: u64,
        buckets: usize,
    },
}

/// The calls that rates are taken of.
#[derive(Clone, Debug)]
pub(crate) enum Window {
    None,
    Calls(Calls),
    Span(Span),
}

impl Window {
    pub(crate) fn new(shape: Shape, now: u64) -> Self {
        match shape {
            Shape::None => Self::None,
            Shape::Calls(calls) => Self::Calls(Calls::new(calls)),
            Shape::Span { bucket, buckets } => Self::Span(Span::new(bucket, buckets, now)),
        }
    }

    /// Adds so many calls that were alike, in the part that was current last.
    pub(crate) fn add(&mut self, mark: Mark, times: u64) {
        match self {
            Self::None => {}
            Self::Calls(calls) => calls.add(mark, times),
            Self::Span(span) => span.add(Counts::of(mark, times)),
        }
    }

    /// Forgets what is too old by now; says whether there was anything.
    pub(crate) fn roll(&mut self, now: u64) -> bool {
        match self {
            Self::None | Self::Calls(_) => false,
            Self::Span(span) => span.roll(now),
        }
    }

    pub(crate) const fn counts(&self) -> Counts {
        match self {
            Self::None => Counts {
                total: 0,
                failed: 0,
                slow: 0,
                either: 0,
            },
            Self::Calls(calls) => calls.counts(),
            Self::Span(span) => span.counts(),
        }
    }

    /// The length and the number of the part that was current last, if it has parts.
    pub(crate) const fn part(&self) -> Option<(u64, u64)> {
        match self {
            Self::None | Self::Calls(_) => None,
            Self::Span(span) => Some(span.part()),
        }
    }

    /// The window in another shape, with as much of what it holds as fits: the latest calls of a window of calls, the parts of a
    /// window of time that are recent enough. Between the two kinds nothing can be carried over.
    pub(crate) fn reshaped(self, shape: Shape, now: u64) -> Self {
        match (self, shape) {
            (Self::Calls(calls), Shape::Calls(max)) => Self::Calls(calls.resized(max)),
            (Self::Span(span), Shape::Span { bucket, buckets }) => {
                Self::Span(span.resized(bucket, buckets, now))
            }
            (_, shape) => Self::new(shape, now),
        }
    }
}
