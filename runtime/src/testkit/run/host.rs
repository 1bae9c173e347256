//! The tokio runtime of a test, and the threads of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::testkit::leak::Looking;
use crate::testkit::logs::Subscription;
use crate::testkit::options::Flavour;

/// A tokio runtime whose threads log to the test, and are counted.
pub(super) struct Host {
    pub(super) tokio: Runtime,
    threads: Arc<AtomicUsize>,
}

impl Host {
    pub(super) fn new(flavour: Flavour, logs: Subscription) -> std::io::Result<Self> {
        let threads = Arc::new(AtomicUsize::new(0));
        let mut builder = match flavour {
            Flavour::CurrentThread { .. } => Builder::new_current_thread(),
            Flavour::MultiThread(_) => Builder::new_multi_thread(),
        };
        match flavour {
            Flavour::CurrentThread { paused } => builder.start_paused(paused),
            Flavour::MultiThread(Some(threads)) => builder.worker_threads(threads.get()),
            Flavour::MultiThread(None) => &mut builder,
        };
        let (started, stopped) = (Arc::clone(&threads), Arc::clone(&threads));
        builder.on_thread_start(move || {
            started.fetch_add(1, Ordering::SeqCst);
            logs.enter_thread();
        });
        builder.on_thread_stop(move || {
            Subscription::leave_thread();
            stopped.fetch_sub(1, Ordering::SeqCst);
        });
        let tokio = builder.enable_all().build()?;
        Ok(Self { tokio, threads })
    }

    /// Ends the runtime with all its tasks; gives how many threads are still busy then, with code that does not await.
    pub(super) fn end(self, busy: Duration) -> usize {
        self.tokio.shutdown_timeout(busy);
        self.threads.load(Ordering::SeqCst)
    }
}

/// How many tasks of this tokio runtime are left when those that end have ended.
pub(super) async fn tasks_left() -> usize {
    let looking = Looking::begin();
    loop {
        let left = tasks_alive();
        if left == 0 || !looking.again().await {
            return left;
        }
    }
}

pub(super) fn tasks_alive() -> usize {
    Handle::current().metrics().num_alive_tasks()
}
