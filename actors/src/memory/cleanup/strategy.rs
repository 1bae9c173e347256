//! What frees memory: the trait, what it is told, and what it tells.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use mainstay_specs::{CleanupClass, ServiceName};
use mainstay_supervisors::Namespace;
use tokio::time::Instant;

use super::request::CleanupPriority;

/// What a cleanup comes to, some time.
pub type CleanupAnswer<'a> =
    Pin<Box<dyn Future<Output = Result<CleanupReport, CleanupError>> + Send + 'a>>;

/// A way to free memory of a service.
///
/// It runs in a task of its own and never twice at a time. Whatever it does is kept to itself: a panic is told and not passed on; what takes
/// longer than its time limit is dropped, and not started again before it has ended; what it says to have freed is a hint, and what counts is
/// what the allocator says. Where nothing measures that, only the level of pressure tells whether it helped.
///
/// It is to await rather than to block: what blocks cannot be dropped, and keeps its thread from the rest of the program. A service may ask
/// for the pressure, or for another cleanup, while it is being cleaned: neither waits for anything.
///
/// The suite `mainstay::testkit::conformance::memory_cleanup` says what is expected.
pub trait MemoryCleanup: fmt::Debug + Send + Sync + 'static {
    /// What it costs those whose memory it frees.
    fn class(&self) -> CleanupClass;

    /// How long a run may take; by default what the spec says.
    fn time_limit(&self) -> Option<Duration> {
        None
    }

    /// How long it rests after a run at least; by default what the spec says, which is the least in any case.
    fn min_interval(&self) -> Option<Duration> {
        None
    }

    /// Frees memory of the service, as much as the options say or as it has.
    ///
    /// Cancel safety: it is dropped at its deadline, and is to leave the service whole then.
    fn cleanup<'a>(
        &'a self,
        namespace: &'a Namespace,
        service: &'a ServiceName,
        options: &'a CleanupOptions,
    ) -> CleanupAnswer<'a>;
}

/// What is asked of a run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CleanupOptions {
    /// How urgent it is.
    pub priority: CleanupPriority,
    /// How many bytes to free, if that is known: there is no need for more.
    pub target: Option<u64>,
    /// When the run is dropped.
    pub deadline: Instant,
    /// How much to give up, from 0, what will not be missed, to 1, all there is. It follows pressure, and grows when the run before was in
    /// vain.
    pub aggressiveness: f64,
    /// How long to keep what is kept by age, if whoever asked for the cleanup has said so.
    pub retention: Option<Duration>,
}

impl CleanupOptions {
    /// Options of a run until `deadline`, to try a strategy with: everything is to go.
    #[must_use]
    pub const fn all(deadline: Instant) -> Self {
        Self {
            priority: CleanupPriority::Emergency,
            target: None,
            deadline,
            aggressiveness: 1.0,
            retention: None,
        }
    }

    /// Sets how many bytes to free.
    #[must_use]
    pub const fn target(mut self, bytes: u64) -> Self {
        self.target = Some(bytes);
        self
    }

    /// Sets how much to give up, from 0 to 1.
    #[must_use]
    pub const fn aggressiveness(mut self, share: f64) -> Self {
        self.aggressiveness = share;
        self
    }

    /// Sets how long to keep what is kept by age.
    #[must_use]
    pub const fn retention(mut self, time: Duration) -> Self {
        self.retention = Some(time);
        self
    }

    /// How long to keep what is kept by age, where that is `usual` as long as there is room: as long up to an aggressiveness of one half,
    /// from there on ever less, down to `least` at 1. What whoever asked has said goes over it, but not below `least`.
    #[must_use]
    pub fn kept_for(&self, usual: Duration, least: Duration) -> Duration {
        let usual = self.retention.unwrap_or(usual).max(least);
        let urge = (self.aggressiveness.clamp(0.0, 1.0) * 2.0 - 1.0).max(0.0);
        usual - (usual - least).mul_f64(urge)
    }
}

/// What a run says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CleanupReport {
    /// How many bytes it has freed, as far as it knows.
    pub bytes: Option<u64>,
    /// How many things have gone: entries, events.
    pub entries: u64,
}

impl CleanupReport {
    /// So many things have gone, and nobody knows how large they were.
    #[must_use]
    pub const fn entries(entries: u64) -> Self {
        Self {
            bytes: None,
            entries,
        }
    }

    /// So many things have gone, with so many bytes.
    #[must_use]
    pub const fn freed(entries: u64, bytes: u64) -> Self {
        Self {
            bytes: Some(bytes),
            entries,
        }
    }
}

/// Why a strategy has not freed what it was to free.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CleanupError {
    /// The service is not there, or not now.
    #[error("there is no service `{0}` here now")]
    NoService(ServiceName),
    /// It is made for another service.
    #[error("expected the service `{expected}`, found `{found}`")]
    OtherService {
        /// Which it is made for.
        expected: &'static str,
        /// Which it was to clean.
        found: ServiceName,
    },
    /// The service has refused or failed.
    #[error(transparent)]
    Failed(Box<dyn Error + Send + Sync>),
}

impl CleanupError {
    /// The service has refused or failed for this reason.
    #[must_use]
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(aggressiveness: f64) -> CleanupOptions {
        CleanupOptions {
            aggressiveness,
            ..CleanupOptions::all(Instant::now())
        }
    }

    const DAY: Duration = Duration::from_secs(24 * 3600);
    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn what_is_kept_by_age_is_kept_for_less_the_more_urgent_it_is() {
        let kept = [0.0, 0.5, 0.75, 1.0, 7.0].map(|urge| options(urge).kept_for(DAY, HOUR));
        let between = HOUR + (DAY - HOUR) / 2;
        assert_eq!(kept, [DAY, DAY, between, HOUR, HOUR]);
    }

    #[tokio::test]
    async fn whoever_asks_may_say_how_long_but_nothing_younger_than_the_least_goes() {
        let minute = Duration::from_secs(60);
        assert_eq!(options(0.0).retention(2 * DAY).kept_for(DAY, HOUR), 2 * DAY);
        assert_eq!(options(0.0).retention(minute).kept_for(DAY, HOUR), HOUR);
        assert_eq!(options(1.0).retention(minute).kept_for(DAY, HOUR), HOUR);
    }
}
