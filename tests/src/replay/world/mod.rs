//! The world of a scenario: its tree on the real supervisors, and everything a step does to it.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Tree`]: what a replay sees of it |
//! | `build.rs` | documents to specs, children and supervisors |
//! | `added.rs` | children that are added by key |
//! | `attempt.rs` | one start attempt, as its script says |
//! | `worker.rs` | workers: tasks and actors |
//! | `call.rs` | one step's call, and its result |
//! | `request.rs` | the calls that ask a supervisor |
//! | `tree.rs` | the tree after a step |
//! | `directory.rs` | which process is which |
//! | `journal.rs` | what happened, in one order |
//! | `reports.rs` | what supervisors report, as the traces write it |
//! | `terms.rs`, `reasons.rs` | errors and reasons as the traces write them |

mod added;
mod attempt;
mod build;
mod call;
mod directory;
mod journal;
mod reasons;
mod reports;
mod request;
mod terms;
mod tree;
mod worker;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_supervisors::{Process, Runtime};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::answers::Call;
use super::drive::Inexpressible;
use super::gates::Gates;
use super::log::Log;
use super::matching::Event;
use super::plan::SupervisorPlan;
use super::scenario::Op;
use super::script::Attempts;
pub(super) use build::name;
use directory::Directory;
use journal::Journal;
pub(super) use reasons::{exit_reason, reason_text};

/// The tree of one scenario, on a runtime of its own.
#[derive(Debug)]
pub(super) struct Tree {
    stage: Arc<Stage>,
    follower: JoinHandle<()>,
}

/// What start functions and calls share.
#[derive(Debug)]
struct Stage {
    runtime: Runtime,
    root_plan: Arc<SupervisorPlan>,
    root: Mutex<Root>,
    gates: Gates,
    attempts: Attempts,
    directory: Arc<Directory>,
    journal: Arc<Journal>,
    /// A living process that is nobody's child here.
    stranger: Process,
}

#[derive(Clone, Debug)]
enum Root {
    Starting,
    NotStarted,
    Started(Process),
}

/// How long the end of a world may take, all of it being killed.
const END: Duration = Duration::from_secs(5);

impl Tree {
    pub(super) async fn new(root_plan: Arc<SupervisorPlan>) -> Result<Self, Inexpressible> {
        build::check(&root_plan)?;
        let runtime = Runtime::new();
        let stranger = build::stranger(&runtime).await?;
        let directory = Arc::new(Directory::default());
        let journal = Journal::new(runtime.events(), Arc::clone(&directory));
        let follower = journal.follow();
        let stage = Arc::new(Stage {
            runtime,
            root_plan,
            root: Mutex::new(Root::Starting),
            gates: Gates::default(),
            attempts: Attempts::default(),
            directory,
            journal,
            stranger,
        });
        Ok(Self { stage, follower })
    }

    /// What a step does, ready to be done.
    pub(super) fn perform(&self, op: &Op) -> Result<Call, Inexpressible> {
        call::of(&self.stage, op)
    }

    pub(super) fn events(&self) -> &Log<Event> {
        &self.stage.journal.events
    }

    pub(super) fn reports(&self) -> &Log<Value> {
        &self.stage.journal.reports
    }

    pub(super) fn root_state(&self) -> Value {
        match &*self.stage.root() {
            Root::Starting => json!("starting"),
            Root::NotStarted => json!("not_started"),
            Root::Started(process) => match process.exit_reason() {
                None => json!("alive"),
                Some(reason) => json!({"exited": reason_text(&reason)}),
            },
        }
    }

    /// The tree as it is; empty when the root is not running.
    pub(super) async fn tree(&self) -> Vec<Value> {
        tree::take(&self.stage.directory).await
    }

    /// Ends everything, however it is.
    pub(super) async fn close(self) {
        // The verdict is out; what cannot even be killed is not waited for.
        let _ = tokio::time::timeout(END, self.stage.runtime.stop(Duration::ZERO)).await;
        self.follower.abort();
    }
}

impl Stage {
    fn root(&self) -> MutexGuard<'_, Root> {
        self.root.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
