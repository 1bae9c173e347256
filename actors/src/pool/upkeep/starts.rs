//! Tasks that are to be started.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use mainstay_specs::ServiceName;
use mainstay_supervisors::TaskSupervisorRef;

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Who starts tasks at this moment. While processes are started anew, some of those before them may still be about to end.
type Starter = Arc<dyn Fn() -> Option<TaskSupervisorRef> + Send + Sync>;

/// Tasks that are to be started, one after the other, beside whatever else the keeper minds: a supervisor that is slow or stuck holds up
/// only them. Each holds a ticket of the pool, so that there are no more than places, beside those that close what came back too late.
pub(crate) struct Starts {
    starter: Starter,
    pool: ServiceName,
    waiting: VecDeque<Job>,
    /// The one that is just being started.
    starting: Option<Job>,
}

impl Starts {
    pub(crate) fn new(starter: Starter, pool: ServiceName) -> Self {
        Self {
            starter,
            pool,
            waiting: VecDeque::new(),
            starting: None,
        }
    }

    /// Has work started that needs a ticket. If it has not begun when its start fails, or when this is dropped, the ticket is, whoever
    /// still has the task: a supervisor that ends may leave what it was asked for in its mailbox.
    pub(crate) fn push_with<T: Send + 'static, F: Future<Output = ()> + Send>(
        &mut self,
        ticket: T,
        work: impl FnOnce(T) -> F + Send + 'static,
    ) {
        let desk = Arc::new(Mutex::new(Some(ticket)));
        let held = Held(Some(Arc::clone(&desk)));
        let task = async move {
            if let Some(ticket) = taken(&desk) {
                work(ticket).await;
            }
        };
        let (starter, pool) = (Arc::clone(&self.starter), self.pool.clone());
        self.waiting.push_back(Box::pin(async move {
            if start(&starter, &pool, task).await {
                // It begins, or goes with the task.
                held.let_go();
            }
        }));
    }

    /// Has one more started. If it is never begun, whatever for, this is done instead, after it was dropped.
    pub(crate) fn push_or(
        &mut self,
        task: impl Future<Output = ()> + Send + 'static,
        otherwise: impl FnOnce() + Send + 'static,
    ) {
        let (starter, pool) = (Arc::clone(&self.starter), self.pool.clone());
        let instead = Instead(Some(otherwise));
        self.waiting.push_back(Box::pin(async move {
            // From here on it may be under way, also if nobody waits for the answer any more.
            let otherwise = instead.take();
            if !start(&starter, &pool, task).await {
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

/// Starts a task. Whether it has been.
async fn start(
    starter: &Starter,
    pool: &ServiceName,
    task: impl Future<Output = ()> + Send + 'static,
) -> bool {
    let Some(tasks) = starter() else {
        return false;
    };
    let started = tasks.async_nolink(task).await;
    if let Err(error) = &started {
        // Then the keeper is about to be started anew, too; or they were about to end, and others are asked the next time.
        tracing::warn!(%pool, %error, "a task of a connection pool did not start");
    }
    started.is_ok()
}

fn taken<T>(desk: &Mutex<Option<T>>) -> Option<T> {
    desk.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// A ticket that goes with this, if nobody has taken it.
struct Held<T>(Option<Arc<Mutex<Option<T>>>>);

impl<T> Held<T> {
    fn let_go(mut self) {
        self.0 = None;
    }
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        // Without the lock: it is not known what comes of it.
        let ticket = self.0.as_ref().and_then(|desk| taken(desk));
        drop(ticket);
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
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_never_begun_is_told_once() {
        let mut starts = Starts::new(Arc::new(|| None), "db".parse().expect("a name"));
        let told = Arc::new(AtomicU32::new(0));
        let tell = Arc::clone(&told);
        starts.push_or(pending(), move || {
            tell.fetch_add(1, Ordering::Relaxed);
        });
        let ticket = Arc::new(());
        starts.push_with(Arc::clone(&ticket), |_| pending());
        assert_eq!(Arc::strong_count(&ticket), 2);
        let run = tokio::time::timeout(std::time::Duration::from_secs(1), starts.run());
        assert!(run.await.is_err(), "it waits for more");
        assert_eq!(Arc::strong_count(&ticket), 1);
        assert_eq!(told.load(Ordering::Relaxed), 1);
        // As one that waits when its keeper is ended.
        let tell = Arc::clone(&told);
        drop(Instead(Some(move || {
            tell.fetch_add(1, Ordering::Relaxed);
        })));
        assert_eq!(told.load(Ordering::Relaxed), 2);
        assert!(Instead(Some(|| panic!("it has begun"))).take().is_some());
        starts.push_with(Arc::clone(&ticket), |_| pending());
        drop(starts);
        assert_eq!(Arc::strong_count(&ticket), 1);
    }
}
