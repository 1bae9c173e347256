//! What many calls came to.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

/// What one call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Op<T, E> {
    /// It returned a value.
    Ok(T),
    /// It returned an error.
    Err(E),
    /// It panicked, with this text.
    Panicked(String),
}

/// A call with its number and its time.
pub(super) struct Timed<T, E> {
    pub(super) nth: usize,
    pub(super) begun: Instant,
    pub(super) ended: Instant,
    pub(super) op: Op<T, E>,
}

/// What many calls came to, and how long they took. The figures are exact: they are taken from all calls, not from samples.
#[derive(Clone, Debug)]
#[must_use = "the calls may have failed"]
pub struct LoadReport<T, E> {
    ops: Vec<Op<T, E>>,
    /// How long each took, shortest first.
    sorted: Vec<Duration>,
    duration: Duration,
}

impl<T, E> LoadReport<T, E> {
    pub(super) fn new(mut done: Vec<Timed<T, E>>) -> Self {
        done.sort_by_key(|timed| timed.nth);
        let begun = done.iter().map(|timed| timed.begun).min();
        let ended = done.iter().map(|timed| timed.ended).max();
        let mut sorted: Vec<Duration> = done
            .iter()
            .map(|timed| timed.ended.duration_since(timed.begun))
            .collect();
        sorted.sort();
        Self {
            ops: done.into_iter().map(|timed| timed.op).collect(),
            sorted,
            duration: begun
                .zip(ended)
                .map(|(begun, ended)| ended.duration_since(begun))
                .unwrap_or_default(),
        }
    }

    /// What each call came to, in the order of their numbers.
    #[must_use]
    pub fn ops(&self) -> &[Op<T, E>] {
        &self.ops
    }

    /// What each call came to, in the order of their numbers.
    #[must_use]
    pub fn into_ops(self) -> Vec<Op<T, E>> {
        self.ops
    }

    /// How many calls were made.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.ops.len()
    }

    fn count(&self, is_one: impl Fn(&Op<T, E>) -> bool) -> usize {
        self.ops.iter().filter(|op| is_one(op)).count()
    }

    /// How many returned a value.
    #[must_use]
    pub fn ok(&self) -> usize {
        self.count(|op| matches!(op, Op::Ok(_)))
    }

    /// How many returned an error.
    #[must_use]
    pub fn err(&self) -> usize {
        self.count(|op| matches!(op, Op::Err(_)))
    }

    /// How many panicked.
    #[must_use]
    pub fn panicked(&self) -> usize {
        self.count(|op| matches!(op, Op::Panicked(_)))
    }

    /// The values that were returned, in the order of the calls.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.ops.iter().filter_map(|op| match op {
            Op::Ok(value) => Some(value),
            Op::Err(_) | Op::Panicked(_) => None,
        })
    }

    /// From the beginning of the first call to the end of the last.
    #[must_use]
    pub const fn duration(&self) -> Duration {
        self.duration
    }

    /// How many calls were made in a second; `None` if they took no time, as is usual where the clock is paused.
    #[must_use]
    pub fn ops_per_second(&self) -> Option<f64> {
        let secs = self.duration.as_secs_f64();
        (secs > 0.0).then(|| self.ops.len() as f64 / secs)
    }

    /// The time within which this percentage of the calls were done: the smallest that was measured and is so. Nothing if no
    /// call was made.
    #[must_use]
    pub fn percentile(&self, percent: u8) -> Duration {
        let rank = (self.sorted.len() * usize::from(percent.min(100))).div_ceil(100);
        let at = rank.saturating_sub(1);
        self.sorted.get(at).copied().unwrap_or_default()
    }

    /// The time within which half of the calls were done.
    #[must_use]
    pub fn p50(&self) -> Duration {
        self.percentile(50)
    }

    /// The time within which 95 of 100 calls were done.
    #[must_use]
    pub fn p95(&self) -> Duration {
        self.percentile(95)
    }

    /// The time within which 99 of 100 calls were done.
    #[must_use]
    pub fn p99(&self) -> Duration {
        self.percentile(99)
    }

    /// The time of the longest call.
    #[must_use]
    pub fn max(&self) -> Duration {
        self.percentile(100)
    }
}

/// In one line.
impl<T, E> fmt::Display for LoadReport<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (total, ok, err, panicked) = (self.total(), self.ok(), self.err(), self.panicked());
        write!(f, "{total} calls in {:?}", self.duration)?;
        if let Some(rate) = self.ops_per_second() {
            write!(f, " ({rate:.0}/s)")?;
        }
        write!(f, ": {ok} ok, {err} errors, {panicked} panics; ")?;
        let (p50, p95, p99, max) = (self.p50(), self.p95(), self.p99(), self.max());
        write!(f, "p50 {p50:?}, p95 {p95:?}, p99 {p99:?}, max {max:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn percentiles_are_times_that_were_measured() {
        let begun = Instant::now();
        let timed = |nth: u64| Timed {
            nth: usize::try_from(nth).expect("it is small"),
            begun,
            ended: begun + Duration::from_millis(nth + 1),
            op: Op::<u64, ()>::Ok(nth),
        };
        let report = LoadReport::new((0..200).rev().map(timed).collect());
        let millis = Duration::from_millis;
        let percentiles = (report.p50(), report.p95(), report.p99(), report.max());
        assert_eq!(
            percentiles,
            (millis(100), millis(190), millis(198), millis(200))
        );
        assert_eq!(
            (report.percentile(0), report.percentile(1)),
            (millis(1), millis(2))
        );
        assert_eq!(report.ops_per_second(), Some(1000.0));
        assert!(report.values().copied().eq(0..200));
    }

    #[test]
    fn no_calls_have_no_figures() {
        let report = LoadReport::<(), ()>::new(Vec::new());
        assert_eq!((report.total(), report.max()), (0, Duration::ZERO));
        assert_eq!(report.ops_per_second(), None);
    }
}
