//! Whether the node lives, by a thread that stands outside of everything it watches.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Watchdog`]: the handle; the thread and its heartbeats |
//! | `judge.rs` | whether what was heard so far means that the node lives: pure |
//! | `liveness.rs` | [`Liveness`]: the answer |
//! | `door.rs` | answering HTTP in place of an executor that does not, with the feature `http` |
//!
//! ```text
//! executor                         thread "mainstay-watchdog"
//!   heartbeat <──── spawned ─────── now and then, one at a time
//!      └──── counts ──────────────> judge ──> Liveness ──> Node::liveness, GET /livez
//!   roots of trees <── looked at ──┘   └─ the executor is blocked: the thread itself
//!                                         accepts on the node's port and says 503
//! ```
//!
//! A checker that lives inside the loop it checks says "fine" for as long as that loop is frozen, or says nothing. So this one is a thread of the
//! operating system, which asks the executor for one thing only: to run an empty task. What it asks is never whether something that the node *needs* is
//! there: who is restarted for a database that is down has one more trouble.
//!
//! What a blocked executor looks like from outside: connections are taken by the operating system, and nobody answers. The thread holds a second
//! handle of the same listening socket. Once it has found the executor blocked, it accepts from it and answers every request with 503, and leaves
//! off as soon as the executor runs again. So one port is enough, there is nothing to be set up, and as long as all is well the thread
//! touches no connection.
//!
//! What it does not see: some of several threads of the executor that are blocked, as long as one gets on. Then the node serves, if with less,
//! and the health of the namespaces tells which process it is.

#[cfg(feature = "http")]
mod door;
mod judge;
mod liveness;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mainstay_specs::WatchdogSpec;
use mainstay_supervisors::Process;
use tokio::runtime::Handle;

#[cfg(feature = "http")]
pub(crate) use door::Door;
use judge::Judge;
pub use liveness::Liveness;

/// Ends its thread when it is dropped.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shared: Arc<Shared>,
    _ends: Sender<()>,
}

#[derive(Debug)]
struct Shared {
    verdict: Mutex<Liveness>,
    #[cfg(feature = "http")]
    door: Door,
}

impl Shared {
    fn verdict(&self) -> MutexGuard<'_, Liveness> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watchdog {
    /// Watches the executor that this is called in, and the roots that `roots` gives: `None` ends it.
    ///
    /// # Errors
    ///
    /// If there can be no more threads.
    pub(crate) fn start(
        spec: &WatchdogSpec,
        roots: impl Fn() -> Option<Vec<Process>> + Send + 'static,
    ) -> std::io::Result<Self> {
        let (ends, ended) = mpsc::channel();
        let shared = Arc::new(Shared {
            verdict: Mutex::new(Liveness::Alive),
            #[cfg(feature = "http")]
            door: Door::default(),
        });
        let thread = Thread {
            shared: Arc::clone(&shared),
            executor: Handle::current(),
            heartbeats: Arc::default(),
            asked: 0,
            judge: Judge::new(spec.blocked_after),
            tick: (spec.blocked_after / TICKS).min(TICK_MAX),
        };
        thread::Builder::new()
            .name("mainstay-watchdog".to_owned())
            .spawn(move || thread.run(&ended, roots))?;
        Ok(Self {
            shared,
            _ends: ends,
        })
    }

    /// What it has found last.
    pub(crate) fn liveness(&self) -> Liveness {
        self.shared.verdict().clone()
    }

    /// Where it answers when the executor does not.
    #[cfg(feature = "http")]
    pub(crate) fn door(&self) -> &Door {
        &self.shared.door
    }
}

struct Thread {
    shared: Arc<Shared>,
    executor: Handle,
    /// How many the executor has answered, and how many it was asked for.
    heartbeats: Arc<AtomicU64>,
    asked: u64,
    judge: Judge,
    tick: Duration,
}

impl Thread {
    fn run(mut self, ended: &Receiver<()>, roots: impl Fn() -> Option<Vec<Process>>) {
        let mut last = Instant::now();
        #[cfg(feature = "http")]
        let mut porter = door::Porter::default();
        loop {
            self.ask();
            #[cfg(feature = "http")]
            let pause = porter
                .pause()
                .map_or(self.tick, |pause| pause.min(self.tick));
            #[cfg(not(feature = "http"))]
            let pause = self.tick;
            match ended.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
            let Some(roots) = roots() else { return };
            let now = Instant::now();
            // A machine that has slept, or was stopped, has not stood still for all that time.
            let passed = now.duration_since(last).min(2 * pause);
            last = now;
            let verdict = self.judge(passed, &roots);
            drop(roots);
            #[cfg(feature = "http")]
            porter.serve(&self.shared.door, &verdict, now);
            self.say(&verdict);
        }
    }

    /// Asks for a heartbeat, unless one is still to come.
    fn ask(&mut self) {
        if self.heartbeats.load(Ordering::Relaxed) < self.asked {
            return;
        }
        self.asked += 1;
        let (heartbeats, nth) = (Arc::clone(&self.heartbeats), self.asked);
        self.executor
            .spawn(async move { heartbeats.store(nth, Ordering::Relaxed) });
    }

    fn judge(&mut self, passed: Duration, roots: &[Process]) -> Liveness {
        let heard = self.heartbeats.load(Ordering::Relaxed) >= self.asked;
        let roots = roots.iter().map(judge::Root::of);
        self.judge.judge(passed, heard, roots)
    }

    fn say(&self, verdict: &Liveness) {
        let before = std::mem::replace(&mut *self.shared.verdict(), verdict.clone());
        match (before.is_alive(), verdict.is_alive()) {
            (true, false) => tracing::error!("the node counts as dead: {verdict}"),
            (false, true) => tracing::warn!("the node lives again; before, {before}"),
            _ => {}
        }
    }
}

/// So often it looks before it finds something blocked, and at least this often.
const TICKS: u32 = 20;
const TICK_MAX: Duration = Duration::from_millis(500);
