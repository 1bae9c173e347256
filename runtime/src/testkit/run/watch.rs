//! The clock on the wall, which goes on when a test blocks its thread or the clock of tokio stands still.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How long a step whose time is up has to notice it. One that does not await never does.
const REACTION: Duration = Duration::from_secs(1);

/// A step that is under way.
struct Step {
    what: String,
    limit: Duration,
    /// `None` for a limit that no clock can hold.
    deadline: Option<Instant>,
    /// Its time is up, and it was told so.
    told: bool,
    time_is_up: Arc<Notify>,
}

#[derive(Default)]
struct State {
    step: Option<Step>,
    over: bool,
}

/// Watches over the thread of a test from another one.
#[derive(Default)]
pub(crate) struct Watch {
    state: Mutex<State>,
    changed: Condvar,
}

/// A step that did not react when its time was up.
#[derive(Debug)]
pub(crate) struct Stuck {
    pub(crate) step: String,
    pub(crate) limit: Duration,
}

impl Watch {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new step begins. The returned bell rings when its time is up.
    pub(crate) fn enter(&self, what: &str, limit: Duration) -> Arc<Notify> {
        let time_is_up = Arc::new(Notify::new());
        self.lock().step = Some(Step {
            what: what.to_owned(),
            limit,
            deadline: Instant::now().checked_add(limit),
            told: false,
            time_is_up: Arc::clone(&time_is_up),
        });
        self.changed.notify_one();
        time_is_up
    }

    /// The thread that is watched will say no more; also when it panics.
    pub(crate) fn over_when_dropped(&self) -> Over<'_> {
        Over(self)
    }

    /// Waits until all is over, and tells each step whose time is up.
    pub(crate) fn stand(&self) -> Result<(), Stuck> {
        let mut state = self.lock();
        while !state.over {
            let left = match &mut state.step {
                Some(step) => step.look()?,
                None => None,
            };
            state = match left {
                Some(left) => {
                    let woken = self.changed.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => {
                    let woken = self.changed.wait(state);
                    woken.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
        Ok(())
    }
}

impl Step {
    /// How long to wait until the next look; for ever, if there is no limit.
    fn look(&mut self) -> Result<Option<Duration>, Stuck> {
        let Some(deadline) = self.deadline else {
            return Ok(None);
        };
        let now = Instant::now();
        if now < deadline {
            return Ok(Some(deadline - now));
        }
        if self.told {
            return Err(Stuck {
                step: self.what.clone(),
                limit: self.limit,
            });
        }
        self.told = true;
        self.time_is_up.notify_one();
        self.deadline = Some(now + REACTION);
        Ok(Some(REACTION))
    }
}

pub(crate) struct Over<'a>(&'a Watch);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.lock().over = true;
        self.0.changed.notify_one();
    }
}
