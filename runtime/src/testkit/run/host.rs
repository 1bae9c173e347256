//! The tokio runtime of a test, and the threads of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::{Instant, sleep};

use crate::testkit::leak::{GRACE, LOOK};
use crate::testkit::logs::Subscription;
use crate::testkit::options::Flavour;

/// How long threads may be busy when the runtime has ended.
pub(super) const BUSY: Duration = Duration::from_secs(1);

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
    pub(super) fn end(self) -> usize {
        self.tokio.shutdown_timeout(BUSY);
        self.threads.load(Ordering::SeqCst)
    }
}

/// How many tasks of this tokio runtime are left when those that end have ended.
pub(super) async fn tasks_left() -> usize {
    let metrics = Handle::current().metrics();
    let begun = Instant::now();
    loop {
        let left = metrics.num_alive_tasks();
        if left == 0 || begun.elapsed() >= GRACE {
            return left;
        }
        sleep(LOOK).await;
    }
}
