//! Steps that take no longer than they may, by either clock.

use std::fmt;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::Notify;

use super::watch::Watch;
use crate::testkit::failure::TestClock;
use crate::testkit::leak::{GRACE, GRACE_ON_THE_WALL};

/// How far a paused clock goes on before it is asked whether the test still gets anywhere, unless it has a limit of its own. A
/// clock that stands still is moved on when all wait, so this says nothing of how long a test takes.
pub(crate) const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// Between what times threads may be busy when the tokio runtime has ended.
const BUSY_MIN: Duration = Duration::from_secs(1);
const BUSY_MAX: Duration = Duration::from_secs(10);

/// How long what is outside of tokio, a socket or a thread, has to wake a test on a paused clock that waits for nothing else.
const OUTSIDE: Duration = Duration::from_secs(2);

/// Which clock was up first, and what it allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Overran {
    pub(crate) clock: TestClock,
    pub(crate) limit: Duration,
    /// There was no limit by the paused clock, but nothing that the step waits for comes.
    pub(crate) is_idle: bool,
}

impl fmt::Display for Overran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = humantime::format_duration(self.limit);
        match self.clock {
            TestClock::Tokio if self.is_idle => write!(
                f,
                "waits for what does not come: the paused clock went on by {limit}, and nothing woke it"
            ),
            TestClock::Tokio => write!(f, "took longer than {limit}"),
            TestClock::Wall => write!(f, "took longer than {limit} by the clock on the wall"),
        }
    }
}

/// Limits each step of a test. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Limits {
    /// [`Duration::MAX`] for none.
    by_tokio: Duration,
    on_the_wall: Duration,
    /// The limit by tokio is none that somebody has set: whoever goes on after it may.
    is_soft: bool,
    /// Nobody watches a test that brings its own tokio runtime.
    watch: Option<Arc<Watch>>,
}

impl Limits {
    pub(crate) const fn unwatched(limit: Duration) -> Self {
        Self {
            by_tokio: limit,
            on_the_wall: limit,
            is_soft: false,
            watch: None,
        }
    }

    /// Of a test whose clock moves by itself.
    pub(crate) const fn watched(limit: Duration, watch: Arc<Watch>) -> Self {
        Self {
            by_tokio: limit,
            on_the_wall: limit,
            is_soft: false,
            watch: Some(watch),
        }
    }

    /// Of a test whose clock stands still.
    pub(crate) fn paused(
        by_tokio: Option<Duration>,
        on_the_wall: Duration,
        watch: Arc<Watch>,
    ) -> Self {
        Self {
            by_tokio: by_tokio.unwrap_or(A_DAY),
            on_the_wall,
            is_soft: by_tokio.is_none(),
            watch: Some(watch),
        }
    }

    /// For what nobody limits.
    pub(crate) const fn none() -> Self {
        Self::unwatched(Duration::MAX)
    }

    /// How long a step may take by the clock on the wall.
    pub(crate) const fn on_the_wall(&self) -> Duration {
        self.on_the_wall
    }

    /// How long threads may be busy when the tokio runtime has ended.
    pub(crate) fn of_busy_threads(&self) -> Duration {
        self.on_the_wall.clamp(BUSY_MIN, BUSY_MAX)
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
            ..self.clone()
        }
    }

    /// For looking for what is left, which has its own time whatever the test has.
    pub(crate) fn of_looking(&self) -> Self {
        Self {
            by_tokio: GRACE * 2,
            on_the_wall: GRACE_ON_THE_WALL * 2,
            is_soft: false,
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
        let bell = bell.as_deref();
        let mut future = Counted {
            future: pin!(future),
            polls: 0,
        };
        loop {
            match round(&mut future, bell, passed(self.by_tokio)).await {
                Round::Done(output) => return Ok(output),
                Round::Rung => return Err(self.overran(TestClock::Wall)),
                Round::Over if self.is_soft => {}
                Round::Over => return Err(self.overran(TestClock::Tokio)),
            }
            // When a round begins and when it is over, a future is polled without being woken.
            let unwoken = future.polls + 2;
            match round(&mut future, bell, outside()).await {
                Round::Done(output) => return Ok(output),
                Round::Rung => return Err(self.overran(TestClock::Wall)),
                Round::Over if future.polls > unwoken => {}
                Round::Over => return Err(self.overran(TestClock::Tokio)),
            }
        }
    }

    const fn overran(&self, clock: TestClock) -> Overran {
        let (limit, is_idle) = match clock {
            TestClock::Tokio => (self.by_tokio, self.is_soft),
            TestClock::Wall => (self.on_the_wall, false),
        };
        Overran {
            clock,
            limit,
            is_idle,
        }
    }
}

/// A future, and how often it was polled.
struct Counted<'a, F> {
    future: Pin<&'a mut F>,
    polls: u64,
}

impl<F: Future> Future for Counted<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.polls += 1;
        self.future.as_mut().poll(cx)
    }
}

/// What came first.
enum Round<T> {
    Done(T),
    Rung,
    Over,
}

async fn round<F: Future>(
    future: &mut Counted<'_, F>,
    bell: Option<&Notify>,
    over: impl Future<Output = ()>,
) -> Round<F::Output> {
    let rung = async {
        match bell {
            Some(bell) => bell.notified().await,
            None => pending().await,
        }
    };
    tokio::select! {
        biased;
        output = future => Round::Done(output),
        () = rung => Round::Rung,
        () = over => Round::Over,
    }
}

/// Waits that long by the clock of tokio. No timer is set for one without end, to which a paused clock would jump.
async fn passed(limit: Duration) {
    if limit == Duration::MAX {
        pending().await
    }
    tokio::time::sleep(limit).await;
}

/// Waits a moment by the clock on the wall, while a paused clock does stand still: tokio does not move it on while something
/// blocks.
async fn outside() {
    let (keep, gone) = mpsc::channel::<()>();
    let waited = tokio::task::spawn_blocking(move || gone.recv_timeout(OUTSIDE));
    waited.await.ok();
    drop(keep);
}
