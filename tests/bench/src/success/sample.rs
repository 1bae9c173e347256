//! Times of single calls.

use std::time::{Duration, Instant};

#[derive(Debug, Default)]
pub(super) struct Sample(Vec<Duration>);

impl Sample {
    pub(super) fn time<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = call();
        self.0.push(began.elapsed());
        done
    }

    pub(super) async fn time_async<T>(&mut self, call: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let done = call.await;
        self.0.push(began.elapsed());
        done
    }

    pub(super) fn join(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self.0.sort_unstable();
        self
    }

    pub(super) fn sorted(self) -> Self {
        self.join(Self::default())
    }

    /// Of a sample that was sorted.
    pub(super) fn percentile(&self, percent: usize) -> Duration {
        let nth = (self.0.len() * percent).div_ceil(100).max(1) - 1;
        self.0.get(nth).copied().unwrap_or_default()
    }

    pub(super) fn times(&self) -> impl Iterator<Item = Duration> {
        self.0.iter().copied()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
