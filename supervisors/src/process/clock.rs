//! The clock by which messages and polls are measured.
//!
//! It is read twice for every message, and so is the one thing that has to be cheap: the counter of the processor where that
//! runs evenly, the clock of the system elsewhere. In tests it is tokio's, which stands still when that does.

use std::time::Duration;

#[cfg(not(feature = "test-util"))]
mod source {
    /// The first one in a program finds out how fast the counter runs, which takes about a millisecond, and 200 at most.
    #[derive(Clone, Debug)]
    pub(super) struct Source {
        counter: quanta::Clock,
        /// The nanoseconds of 2^[`SHIFT`] ticks.
        scale: u64,
    }

    /// So many ticks are a second or more wherever there is such a counter, so that to round their nanoseconds matters less than how well
    /// it is known how fast it runs, and no more than fit into 64 bits even where it counts a thousand times a second.
    const SHIFT: u32 = 32;

    impl Source {
        pub(super) fn new() -> Self {
            let counter = quanta::Clock::new();
            let scale = counter.delta_as_nanos(0, 1 << SHIFT);
            Self { counter, scale }
        }

        #[inline]
        pub(super) fn now(&self) -> u64 {
            self.counter.raw()
        }

        #[inline]
        pub(super) fn nanos(&self, ticks: u64) -> u64 {
            // As `delta_as_nanos` does it, without a call.
            ((u128::from(ticks) * u128::from(self.scale)) >> SHIFT) as u64
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn ticks_are_the_nanoseconds_that_they_are_to_the_clock() {
            let source = Source::new();
            for ticks in [0, 1, 1000, 1 << 32, 1 << 45, 1 << 55] {
                let expected = source.counter.delta_as_nanos(0, ticks);
                let apart = source.nanos(ticks).abs_diff(expected);
                assert!(apart <= 1 + expected / 1_000_000_000, "{ticks}: {apart}");
            }
        }
    }
}

#[cfg(feature = "test-util")]
mod source {
    use tokio::time::Instant;

    #[derive(Clone, Debug)]
    pub(super) struct Source(Instant);

    impl Source {
        pub(super) fn new() -> Self {
            Self(Instant::now())
        }

        pub(super) fn now(&self) -> u64 {
            u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
        }

        // As the other one has it.
        #[allow(clippy::unused_self)]
        pub(super) const fn nanos(&self, ticks: u64) -> u64 {
            ticks
        }
    }
}

/// A point in time, as a [`Clock`] was read. Only that clock and its clones can say how far apart two of them are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(pub(super) u64);

/// A clock for measuring how long something takes, cheaper to read than [`std::time::Instant`]; processes are measured by such
/// ones. It does not count the time in which the machine sleeps. All its clones run alike.
///
/// With the feature `test-util` it is tokio's, and stands still when that does.
///
/// ```
/// use mainstay_supervisors::Clock;
///
/// let clock = Clock::new();
/// let began = clock.now();
/// let took = clock.between(began, clock.now());
/// assert!(took.as_secs() < 60);
/// ```
#[derive(Clone, Debug)]
pub struct Clock(source::Source);

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock {
    /// A clock. The first one in a program takes a millisecond, and 200 at most, to find out how fast the processor counts.
    #[must_use]
    pub fn new() -> Self {
        Self(source::Source::new())
    }

    /// What time it is.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Tick {
        Tick(self.0.now())
    }

    /// How long from `start` to `end`; nothing if it was read in the other order, as on two processors it may be.
    #[inline]
    #[must_use]
    pub fn between(&self, start: Tick, end: Tick) -> Duration {
        Duration::from_nanos(self.nanos_between(start, end))
    }

    /// The nanoseconds from `start` to `end`, as [`between`](Self::between) has it, for those to whom the way over a [`Duration`]
    /// is too long.
    #[inline]
    #[must_use]
    pub fn nanos_between(&self, start: Tick, end: Tick) -> u64 {
        self.0.nanos(end.0.saturating_sub(start.0))
    }
}
