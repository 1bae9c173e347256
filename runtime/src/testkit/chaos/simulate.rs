//! A crash, and the incarnation after it.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use mainstay_specs::ServiceName;
use mainstay_supervisors::{Event, EventKind, Process};
use tokio::time::timeout;

use super::TargetError;
use crate::testkit::capture::{Matcher, Unexpected};
use crate::testkit::context::TestContext;

/// How long [`TestContext::simulate_crash`] waits for the successor.
const LIMIT: Duration = Duration::from_secs(5);

/// Why there is no successor.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrashError {
    /// There was nobody to crash.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// It was not started again in time.
    #[error("{old} was not restarted: {seen}")]
    NotRestarted {
        /// The process that was killed.
        old: String,
        /// What happened since.
        seen: Unexpected,
    },
    /// It was started again, but nobody took the name in time.
    #[error("{new} was started, but nobody is registered as {name:?}")]
    NotRegistered {
        /// The successor.
        new: String,
        /// The name by which the process was known.
        name: String,
    },
}

/// The next start of a child.
struct Successor<'a> {
    path: &'a str,
    old: &'a Process,
}

impl Matcher<Event> for Successor<'_> {
    fn matches(&self, event: &Event) -> bool {
        let EventKind::Started { process, .. } = &event.kind else {
            return false;
        };
        process != self.old && process.path() == self.path
    }
}

impl fmt::Display for Successor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "started {} after {}", self.path, self.old.pid())
    }
}

impl TestContext {
    /// Kills a process and waits until its supervisor has started another one in its place, which has its name if it had one; at
    /// most 5 seconds of tokio's clock. Gives the old one and the new one.
    ///
    /// # Errors
    ///
    /// [`CrashError`]: nobody to kill, or nobody after it.
    #[track_caller]
    pub fn simulate_crash(
        &self,
        target: &str,
    ) -> impl Future<Output = Result<(Process, Process), CrashError>> + Send + use<> {
        self.simulate_crash_within(target, LIMIT)
    }

    /// As [`simulate_crash`](Self::simulate_crash), with another limit, such as for a child whose restart waits.
    ///
    /// # Errors
    ///
    /// As of [`simulate_crash`](Self::simulate_crash).
    #[track_caller]
    pub fn simulate_crash_within(
        &self,
        target: &str,
        limit: Duration,
    ) -> impl Future<Output = Result<(Process, Process), CrashError>> + Send + use<> {
        let what = format!("the successor of {target:?}");
        let wait = self.waiting(&what, Location::caller());
        let (cx, target) = (self.clone(), target.to_owned());
        async move {
            let _wait = wait;
            cx.crash_and_wait(&target, limit).await
        }
    }

    async fn crash_and_wait(
        &self,
        target: &str,
        limit: Duration,
    ) -> Result<(Process, Process), CrashError> {
        let old = self.process(target)?;
        let name = self.whereis(target).filter(|holder| *holder == old);
        let path = old.path();
        let mut events = self.events().from_now();
        old.kill();
        let next = Successor {
            path: &path,
            old: &old,
        };
        let found = events.wait_for(next, limit).await;
        let event = found.map_err(|seen| CrashError::NotRestarted {
            old: old.to_string(),
            seen,
        })?;
        let new = event.kind.process().clone();
        if name.is_some() {
            self.named_anew(target, &old, &new, limit).await?;
        }
        Ok((old, new))
    }

    /// Waits until somebody else has the name.
    async fn named_anew(
        &self,
        target: &str,
        old: &Process,
        new: &Process,
        limit: Duration,
    ) -> Result<(), CrashError> {
        let nobody = || CrashError::NotRegistered {
            new: new.to_string(),
            name: target.to_owned(),
        };
        let name = ServiceName::new(target).map_err(|_| nobody())?;
        let registered = async {
            // Its names are free by then.
            old.ended().await;
            self.namespace().registry().wait_for(&name).await
        };
        timeout(limit, registered).await.map_err(|_| nobody())?;
        Ok(())
    }
}
