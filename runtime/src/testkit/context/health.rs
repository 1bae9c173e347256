//! Whether all that should run does.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use mainstay_specs::Restart;
use mainstay_supervisors::{NodeState, Process, TreeNode};
use tokio::time::Instant;

use super::{TestContext, WaitError};

/// Who does not run and should: at least one, or the namespace as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct Unhealthy {
    /// The ids from the root down to each, and what is with it.
    pub found: Vec<(String, NodeState)>,
}

impl fmt::Display for Unhealthy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not healthy:")?;
        for (path, state) in &self.found {
            let state = match state {
                NodeState::Restarting => "is being restarted",
                _ => "does not run",
            };
            write!(f, "\n  {path} {state}")?;
        }
        Ok(())
    }
}

impl TestContext {
    /// Waits until all these names are held in the namespace; at once if they are. A process is registered when its start is
    /// complete. Gives the processes in the order of the names.
    ///
    /// Cancel safety: it may be dropped and called again at will.
    ///
    /// # Errors
    ///
    /// [`WaitError`] with the first name that nobody holds when the time is up.
    #[track_caller]
    pub fn wait_for_services_ready(
        &self,
        names: &[&str],
        limit: Duration,
    ) -> impl Future<Output = Result<Vec<Process>, WaitError>> + Send + use<> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let wait = self.waiting(&format!("the names {names:?}"), Location::caller());
        let cx = self.clone();
        async move {
            let _wait = wait;
            let begun = Instant::now();
            let mut found = Vec::with_capacity(names.len());
            for name in &names {
                let left = limit.saturating_sub(begun.elapsed());
                found.push(cx.held(name, left, limit).await?);
            }
            Ok(found)
        }
    }

    /// Whether the namespace runs, and in it all children but those that have ended and are not to be restarted. Sends no message,
    /// and waits for nobody: for a namespace that comes to be healthy, ask again, as
    /// [`assert_eventually!`](crate::assert_eventually) does.
    ///
    /// # Errors
    ///
    /// [`Unhealthy`] with all who do not run.
    pub fn namespace_healthy(&self) -> Result<(), Unhealthy> {
        let name = self.namespace().name().to_string();
        let mut found = Vec::new();
        match self.namespace().tree() {
            Some(tree) if self.namespace().is_running() => look(&tree, &name, &mut found),
            _ => found.push((name, NodeState::Stopped)),
        }
        if found.is_empty() {
            return Ok(());
        }
        Err(Unhealthy { found })
    }
}

fn look(node: &TreeNode, path: &str, found: &mut Vec<(String, NodeState)>) {
    let may_have_ended = matches!(node.restart, Some(Restart::Temporary | Restart::Transient));
    match node.state {
        NodeState::Running => {}
        NodeState::Stopped if may_have_ended => {}
        state => found.push((path.to_owned(), state)),
    }
    for child in &node.children {
        look(child, &format!("{path}/{}", child.id), found);
    }
}
