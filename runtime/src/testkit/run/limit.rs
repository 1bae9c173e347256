//! Steps that take no longer than they may, by either clock.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::watch::Watch;
use crate::testkit::failure::Clock;

/// A clock that stands still is moved on when all wait, so a limit by it says nothing of how long a test takes, only that it
/// waits for what does not come. Unless told otherwise it is one that tests do not reach.
pub(crate) const A_YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Which clock was up first, and what it allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Overran {
    pub(crate) clock: Clock,
    pub(crate) limit: Duration,
}

/// Limits each step of a test. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Limits {
    by_tokio: Duration,
    on_the_wall: Duration,
    /// Nobody watches a test that brings its own tokio runtime.
    watch: Option<Arc<Watch>>,
}

impl Limits {
    pub(crate) const fn unwatched(limit: Duration) -> Self {
        Self {
            by_tokio: limit,
            on_the_wall: limit,
            watch: None,
        }
    }

    pub(crate) const fn watched(
        by_tokio: Duration,
        on_the_wall: Duration,
        watch: Arc<Watch>,
    ) -> Self {
        Self {
            by_tokio,
            on_the_wall,
            watch: Some(watch),
        }
    }

    /// How long a step may take by the clock of tokio.
    pub(crate) const fn by_tokio(&self) -> Duration {
        self.by_tokio
    }

    /// For a step that has the same limit itself, and a moment to do about it.
    pub(crate) fn doubled(&self) -> Self {
        Self {
            by_tokio: self.by_tokio.saturating_mul(2),
            on_the_wall: self.on_the_wall.saturating_mul(2),
            watch: self.watch.clone(),
        }
    }

    /// What the future comes to, unless a clock is up before. It is polled first, so that it may be done at the last moment.
    pub(crate) async fn limited<F: Future>(
        &self,
        step: &str,
        future: F,
    ) -> Result<F::Output, Overran> {
        let watch = self.watch.as_ref();
        let bell = watch.map(|watch| watch.enter(step, self.on_the_wall));
        let on_the_wall = async {
            match &bell {
                Some(bell) => bell.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            output = future => Ok(output),
            () = on_the_wall => Err(Overran {
                clock: Clock::Wall,
                limit: self.on_the_wall,
            }),
            () = tokio::time::sleep(self.by_tokio) => Err(Overran {
                clock: Clock::Tokio,
                limit: self.by_tokio,
            }),
        }
    }
}
