//! What the tests of processes, supervisors and registries are made of.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Bed`]: a runtime for one test, which has to be empty in the end |
//! | `actor.rs` | [`Probe`]: an actor that does what a test orders |
//! | `drops.rs` | [`OnDrop`], [`Release`]: when something was dropped |
//! | `log.rs` | [`Log`]: the events of a runtime, as lines of text |
//! | `notes.rs` | [`Notes`]: what happened, in order |

mod actor;
mod drops;
mod log;
mod notes;

use std::future::Future;
use std::sync::Once;
use std::time::Duration;

use mainstay_supervisors::specs::ChildId;
use mainstay_supervisors::{
    Blueprint, ChildStatus, Delivery, EventKind, Process, Runtime, StartError, SupervisorRef,
};

pub use actor::{Acting, Order, Outcome, Probe, order};
pub use drops::{OnDrop, Release};
pub use log::{Log, text_of};
pub use notes::Notes;

/// Panics whose text begins so are part of a test and are not printed.
pub const ON_PURPOSE: &str = "on purpose";

/// Longer than anything in a test takes; in virtual time it passes at once when nothing can happen any more.
const FOREVER: Duration = Duration::from_secs(120);

/// A runtime for one test.
#[derive(Debug)]
pub struct Bed {
    /// The runtime.
    pub runtime: Runtime,
}

impl Default for Bed {
    fn default() -> Self {
        Self::new()
    }
}

impl Bed {
    /// A runtime that forgets no event.
    #[must_use]
    pub fn new() -> Self {
        Self {
            runtime: runtime(1 << 16),
        }
    }

    /// Starts a tree with the id `root`.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub async fn start(&self, supervisor: impl Into<Blueprint>) -> SupervisorRef {
        self.try_start(supervisor).await.expect("the tree starts")
    }

    /// Starts a tree with the id `root`, or tells why it did not start.
    ///
    /// # Errors
    ///
    /// As [`Runtime::start`].
    pub async fn try_start(
        &self,
        supervisor: impl Into<Blueprint>,
    ) -> Result<SupervisorRef, StartError> {
        within(self.runtime.start("root", supervisor)).await
    }

    /// All events from the first on.
    #[must_use]
    pub fn log(&self) -> Log {
        Log::new(self.runtime.events_after(0))
    }

    /// The process with this path that was started last. It may have ended since.
    ///
    /// # Panics
    ///
    /// If there was none.
    #[must_use]
    pub fn started(&self, path: &str) -> Process {
        let ours = self
            .all_started()
            .into_iter()
            .rfind(|process| process.path() == path);
        ours.expect("it was started")
    }

    fn all_started(&self) -> Vec<Process> {
        let mut events = self.runtime.events_after(0);
        let mut processes = Vec::new();
        while let Some(delivery) = events.try_next() {
            let Delivery::Event(event) = delivery else {
                panic!("the history is too short for this test: {delivery:?}")
            };
            if let EventKind::Started { process, .. } = event.kind {
                processes.push(process);
            }
        }
        processes
    }

    /// Stops what runs and asserts that nothing had to be killed and nothing is left.
    ///
    /// # Panics
    ///
    /// If something is.
    pub async fn end(self) {
        let report = within(self.runtime.stop(FOREVER)).await;
        assert_eq!(report.killed, Vec::<String>::new());
        self.assert_empty();
    }

    /// Asserts that no process that ever ran here is alive.
    ///
    /// # Panics
    ///
    /// If one is.
    pub fn assert_empty(&self) {
        assert_eq!(self.runtime.roots(), []);
        for process in self.all_started() {
            assert!(!process.is_alive(), "{process} is left");
        }
    }
}

/// A child's id.
///
/// # Panics
///
/// If the text is no name.
#[must_use]
pub fn id(text: &str) -> ChildId {
    ChildId::new(text).expect("a name")
}

/// The process of a child that runs.
///
/// # Panics
///
/// If there is none.
pub async fn running(supervisor: &SupervisorRef, child: &str) -> Process {
    let status = status(supervisor, child).await;
    let Some(ChildStatus::Running(process)) = status else {
        panic!("{child} does not run: {status:?}")
    };
    process
}

/// What a supervisor says of a child; `None` if it knows none of this id.
///
/// # Panics
///
/// If the supervisor is not there.
pub async fn status(supervisor: &SupervisorRef, child: &str) -> Option<ChildStatus> {
    let children = within(supervisor.which_children()).await;
    let children = children.expect("the supervisor is there");
    let child = children.into_iter().find(|info| info.id.as_str() == child);
    child.map(|info| info.status)
}

/// The future's value. A future that never comes to an end fails the test, in virtual time at once.
///
/// # Panics
///
/// If it does not come to an end.
pub async fn within<F: Future>(future: F) -> F::Output {
    let result = tokio::time::timeout(FOREVER, future).await;
    result.expect("nothing happens any more, and the test still waits")
}

/// A runtime that keeps this many events. Every runtime of a test binary is made by this or by [`Bed::new`]: the hook that
/// keeps panics on purpose quiet has to be there before the runtime's, which is then in front and sees them all.
#[must_use]
pub fn runtime(history: usize) -> Runtime {
    quiet_panics();
    Runtime::with_history(history)
}

fn quiet_panics() {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let text = info.payload_as_str().unwrap_or_default();
            if !text.starts_with(ON_PURPOSE) {
                before(info);
            }
        }));
    });
}
