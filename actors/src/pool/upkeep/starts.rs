//! Tasks that are to be started.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, pending};
use std::pin::Pin;

use mainstay_specs::ServiceName;
use mainstay_supervisors::TaskSupervisorRef;

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tasks that are to be started, one after the other, beside whatever else the keeper minds: a supervisor that is slow or stuck holds up
/// only them. Each holds a ticket of the pool, so that there are no more than places, beside those that close what came back too late.
pub(crate) struct Starts {
    tasks: Option<TaskSupervisorRef>,
    pool: ServiceName,
    waiting: VecDeque<Job>,
    /// The one that is just being started.
    starting: Option<Job>,
}

impl Starts {
    pub(crate) fn new(tasks: Option<TaskSupervisorRef>, pool: ServiceName) -> Self {
        Self {
            tasks,
            pool,
            waiting: VecDeque::new(),
            starting: None,
        }
    }

    /// Has one more started. Without a supervisor it is dropped.
    pub(crate) fn push(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.push_or(task, || {});
    }

    /// Has one more started. If it is never begun, whatever for, this is done instead, after it was dropped.
    pub(crate) fn push_or(
        &mut self,
        task: impl Future<Output = ()> + Send + 'static,
        otherwise: impl FnOnce() + Send + 'static,
    ) {
        let Some(tasks) = self.tasks.clone() else {
            drop(task);
            return otherwise();
        };
        let pool = self.pool.clone();
        let instead = Instead(Some(otherwise));
        self.waiting.push_back(Box::pin(async move {
            // From here on it may be under way, also if nobody waits for the answer any more.
            let otherwise = instead.take();
            if let Err(error) = tasks.async_nolink(task).await {
                // Then the keeper is about to be started anew, too.
                tracing::warn!(%pool, %error, "a task of a connection pool did not start");
                otherwise.into_iter().for_each(|otherwise| otherwise());
            }
        }));
    }

    /// Starts them, and those that are added later. Never returns.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub(crate) async fn run(&mut self) {
        loop {
            if self.starting.is_none() {
                self.starting = self.waiting.pop_front();
            }
            let Some(starting) = &mut self.starting else {
                return pending().await;
            };
            starting.await;
            self.starting = None;
        }
    }
}

/// What is done instead of a task that is not begun: when this is dropped.
struct Instead<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Instead<F> {
    fn take(mut self) -> Option<F> {
        self.0.take()
    }
}

impl<F: FnOnce()> Drop for Instead<F> {
    fn drop(&mut self) {
        if let Some(otherwise) = self.0.take() {
            otherwise();
        }
    }
}

impl fmt::Debug for Starts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Starts")
            .field("pool", &self.pool)
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn what_is_never_begun_is_told_once() {
        let mut starts = Starts::new(None, "db".parse().expect("a name"));
        let told = Arc::new(AtomicU32::new(0));
        let tell = Arc::clone(&told);
        starts.push_or(pending(), move || {
            tell.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(told.load(Ordering::Relaxed), 1);
        // As one that waits when its keeper is ended.
        let tell = Arc::clone(&told);
        drop(Instead(Some(move || {
            tell.fetch_add(1, Ordering::Relaxed);
        })));
        assert_eq!(told.load(Ordering::Relaxed), 2);
        assert!(Instead(Some(|| panic!("it has begun"))).take().is_some());
        drop(starts);
    }
}
