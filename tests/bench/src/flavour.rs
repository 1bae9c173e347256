//! The tokio runtimes that the sides of a comparison share.

use tokio::runtime::{Builder, Runtime};

use crate::Outcome;

/// Which scheduler.
#[derive(Clone, Copy, Debug)]
pub enum Flavour {
    /// All on one thread.
    CurrentThread,
    /// Two worker threads; the caller is a task on one of them.
    TwoWorkers,
}

impl Flavour {
    pub(crate) fn build(self) -> Outcome<Stage> {
        let runtime = match self {
            Self::CurrentThread => Builder::new_current_thread().enable_time().build(),
            Self::TwoWorkers => Builder::new_multi_thread()
                .worker_threads(2)
                .enable_time()
                .build(),
        };
        Ok(Stage(runtime?))
    }
}

/// Where rounds are run.
pub(crate) struct Stage(Runtime);

impl Stage {
    /// Makes this the runtime of the thread for as long as what is returned is there.
    pub(crate) fn enter(&self) -> tokio::runtime::EnterGuard<'_> {
        self.0.enter()
    }

    /// Runs a round as a task among the actors, not on the thread outside that only waits.
    pub(crate) fn run<F, T>(&self, round: F) -> Outcome<T>
    where
        F: Future<Output = Outcome<T>> + Send + 'static,
        T: Send + 'static,
    {
        self.0.block_on(async { tokio::spawn(round).await? })
    }
}
