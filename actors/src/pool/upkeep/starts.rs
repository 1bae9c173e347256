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
        let Some(tasks) = self.tasks.clone() else {
            return;
        };
        let pool = self.pool.clone();
        self.waiting.push_back(Box::pin(async move {
            if let Err(error) = tasks.async_nolink(task).await {
                // Then the keeper is about to be started anew, too.
                tracing::warn!(%pool, %error, "a task of a connection pool did not start");
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

impl fmt::Debug for Starts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Starts")
            .field("pool", &self.pool)
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}
