//! Going by another spec while the node runs.
//!
//! ```text
//!  new spec ── validate ── diff with the spec it goes by ── anything refused? ── steps, in order ── report
//!                 │                                            │                    │
//!                 └ faults: nothing was touched                └ nothing touched    └ one fails: it is put back, the rest is left
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | `Node::reload`: one at a time, from the first to the last step |
//! | `plan.rs` | from what is different to steps: pure |
//! | `step.rs` | carrying out one step |
//! | `family.rs` | which children a change of some concerns: pure |
//! | `children.rs` | supervisors and their children |
//! | `rest.rs` | a service and all that comes after it |
//! | `services.rs` | the services that go by another spec in place |
//! | `source.rs` | [`ReadSpec`], [`SourceError`]: reading the spec again |
//! | `signals.rs` | what it has come to, told to telemetry |
//! | `report.rs`, `error.rs` | [`ReloadReport`]; [`ReloadError`] |

mod children;
mod error;
mod family;
mod plan;
mod report;
mod rest;
mod services;
mod signals;
mod source;
mod step;

use std::sync::Arc;

use mainstay_specs::{NodeSpec, SpecChange};
use mainstay_supervisors::{ProcessKind, current};
use tokio::sync::{OwnedMutexGuard, watch};

pub use error::{ReloadError, ReloadFailure};
use plan::{Planned, steps};
pub use report::ReloadReport;
pub(super) use source::SpecSource;
pub use source::{ReadSpec, SourceError};

use super::{Node, NodeBuilder, State};

/// What a node goes by: who checks and makes things, and the spec that it has become.
pub(super) struct Course {
    pub(super) builder: Arc<NodeBuilder>,
    pub(super) spec: NodeSpec,
}

impl Node {
    /// Goes by another spec from now on: what is not different runs on untouched, what can be changed in place is, what cannot is
    /// restarted where it stands. See [`NodeSpec::diff`] for what takes what.
    ///
    /// The spec is checked whole before anything is touched. Then the changes are made one after the other, namespaces that go first, and
    /// those that come last. At the first that fails it ends: what has failed is put back as it was, as far as that can be started, and
    /// what was done before stays done. The node goes by what has become of it then, so that the next reload makes up for the rest.
    ///
    /// There is one reload at a time: a second one waits, and is compared with what the first has made.
    ///
    /// A process of the node may ask for it, but not within a start, its own or, for a start function, that of what it is to start: the reload
    /// may have to wait for that. One that a reload stops is stopped while it waits for the reload, in the time that its `shutdown` gives it.
    /// Who asks is known of a process only: a start that waits for a reload which a task that it has spawned asks for is not refused, and waits
    /// for itself. Starts of another node in the program may ask.
    ///
    /// # Errors
    ///
    /// [`ReloadError::Starting`], [`ReloadError::Spec`], [`ReloadError::Refused`], [`ReloadError::Stopping`]: nothing has changed.
    /// [`ReloadError::Failed`], with what was done and what not.
    ///
    /// Cancel safety: once polled it goes on by itself when this is dropped.
    pub async fn reload(&self, spec: &NodeSpec) -> Result<ReloadReport, ReloadError> {
        if let Some(process) = starting(&self.0) {
            return Err(ReloadError::Starting(process));
        }
        let (state, spec) = (Arc::clone(&self.0), spec.clone());
        let reloading = tokio::spawn(async move {
            let course = Arc::clone(state.course()).lock_owned().await;
            reload(&state, course, spec).await
        });
        // It does not panic; a runtime that goes down takes it along.
        reloading.await.unwrap_or(Err(ReloadError::Stopping))
    }

    /// Goes by what its [source](NodeBuilder::source) says now, as [`reload`](Self::reload) does. A second one does not wait.
    ///
    /// # Errors
    ///
    /// [`SourceError`], also if it is asked for within a start; but for a step that has failed, nothing has changed.
    ///
    /// Cancel safety: once polled it goes on by itself when this is dropped.
    pub async fn reload_source(&self) -> Result<ReloadReport, SourceError> {
        reload_source(&self.0).await
    }

    /// The spec that it goes by: that of the boot, and what was reloaded since. Waits for a reload that is under way, and so is not for
    /// starts, for which that may wait: see [`watch_spec`](Self::watch_spec).
    pub async fn spec(&self) -> NodeSpec {
        self.0.course().lock().await.spec.clone()
    }

    /// The spec that it goes by, also while a reload is under way: each step of that is one change of it.
    #[must_use]
    pub fn watch_spec(&self) -> watch::Receiver<Arc<NodeSpec>> {
        self.0.in_force().subscribe()
    }
}

/// As [`Node::reload_source`].
pub(crate) async fn reload_source(state: &Arc<State>) -> Result<ReloadReport, SourceError> {
    if let Some(process) = starting(state) {
        return Err(SourceError::Starting(process));
    }
    let course = Arc::clone(state.course()).try_lock_owned();
    let course = course.map_err(|_| SourceError::Busy)?;
    let builder = Arc::clone(&course.builder);
    let source = builder.source.clone().ok_or(SourceError::NoSource)?;
    let state = Arc::clone(state);
    let reloading = tokio::spawn(async move {
        // A disk may take its time.
        let read = tokio::task::spawn_blocking(move || source.read(&builder)).await;
        let Ok(read) = read else {
            return Err(SourceError::NoSource); // Only a runtime that goes down does not run it.
        };
        let ReadSpec { spec, name, text } = read.map_err(|error| {
            let error = SourceError::Read(error);
            let count = error.faults().map_or(1, |faults| faults.as_slice().len());
            signals::tell_refused(&state, count, &error);
            error
        })?;
        let done = reload(&state, course, spec).await;
        done.map_err(|error| SourceError::Reload { error, name, text })
    });
    // As above.
    reloading.await.unwrap_or(Err(SourceError::NoSource))
}

/// The path of who asks, if that is within a start of this node: of a process that is waited for, or of a supervisor, in which start functions
/// run.
fn starting(state: &State) -> Option<String> {
    let process = current().filter(|process| state.runtime().owns(process))?;
    let starts = process.is_starting() || process.kind() == ProcessKind::Supervisor;
    starts.then(|| process.path())
}

async fn reload(
    state: &Arc<State>,
    mut course: OwnedMutexGuard<Course>,
    spec: NodeSpec,
) -> Result<ReloadReport, ReloadError> {
    if state.is_stopping() {
        return Err(ReloadError::Stopping);
    }
    if let Err(faults) = course.builder.validate(&spec) {
        signals::tell_refused(state, faults.as_slice().len(), &faults);
        return Err(faults.into());
    }
    let diff = course.spec.diff(&spec);
    let refused: Vec<SpecChange> = diff.refused().cloned().collect();
    if !refused.is_empty() {
        tracing::warn!(
            changes = refused.len(),
            "a spec was refused: it takes a new node"
        );
        let (count, error) = (refused.len(), ReloadError::Refused(refused));
        signals::tell_refused(state, count, &error);
        return Err(error);
    }
    let names = spec.namespaces.iter();
    state.expect(names.map(|namespace| namespace.name.clone()).collect());
    let done = carry_out(state, &mut course, &spec, steps(diff.changes())).await;
    match &done {
        Ok(report) => tracing::info!(changes = report.applied.len(), "reloaded"),
        Err(error) => tracing::error!(%error, "reloading has failed"),
    }
    done
}

async fn carry_out(
    state: &Arc<State>,
    course: &mut Course,
    spec: &NodeSpec,
    steps: Vec<Planned>,
) -> Result<ReloadReport, ReloadError> {
    let mut applied = Vec::new();
    let mut steps = steps.into_iter();
    while let Some(planned) = steps.next() {
        let done = if state.is_stopping() {
            Err(ReloadFailure::stopping(&planned.step))
        } else {
            step::carry_out(state, course, spec, &planned).await
        };
        let Planned { changes, .. } = planned;
        state.set_in_force(&course.spec);
        signals::tell(state, &changes, done.as_ref().err());
        if let Err(failure) = done {
            let left = changes.into_iter();
            let left = left.chain(steps.flat_map(|planned| planned.changes));
            return Err(ReloadError::Failed {
                applied,
                failure,
                left: left.collect(),
            });
        }
        for change in &changes {
            tracing::info!(path = %change.path, effect = %change.effect, "reloaded");
        }
        applied.extend(changes);
    }
    Ok(ReloadReport { applied })
}
