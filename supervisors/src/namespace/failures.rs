//! Starts that are to fail, because a test wants it.

use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Namespace;
use crate::exit::Failure;

/// Starts of a child that are to fail: see [`Namespace::fail_next_start`]. Only with the feature `test-util`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StartFailure {
    /// The path of the child.
    pub path: String,
    /// How many of its starts are still to fail.
    pub times: u32,
    /// With what.
    pub error: Failure,
    /// Where it was asked for.
    pub made_at: &'static Location<'static>,
}

/// Such as `the next 2 starts of app/children/a are to fail with "no disk", asked for at src/a.rs:12:9`.
impl fmt::Display for StartFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            times,
            error,
            made_at,
        } = self;
        match times {
            1 => write!(f, "the next start of {path} is")?,
            _ => write!(f, "the next {times} starts of {path} are")?,
        }
        write!(f, " to fail with \"{error}\", asked for at {made_at}")
    }
}

/// What is still to fail, in the order in which it was asked for.
#[derive(Debug, Default)]
pub(super) struct StartFailures(Mutex<Vec<StartFailure>>);

impl StartFailures {
    fn lock(&self) -> MutexGuard<'_, Vec<StartFailure>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Namespace {
    /// Has the next start of a child fail with this error, be it its first, a restart, or one that was asked for. Its start
    /// function is not called; what follows is what follows when a start function returns this error.
    ///
    /// `path` is the one that [`Process::path`](crate::Process::path) tells: `app/children/a` is the child `a` of the application in the
    /// namespace `app`. The child need not be there yet. Of children that share a path, whichever is started next fails. What
    /// was asked for several times holds for as many starts, in this order. Only with the feature `test-util`.
    ///
    /// ```
    /// use mainstay_supervisors::{Child, Runtime};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let runtime = Runtime::new();
    /// let app = runtime.namespace("app").await?;
    /// app.fail_next_start("app/children/a", "no disk");
    ///
    /// let child = Child::task("a", |stop| async move { stop.stopped().await });
    /// let error = app.start_child(child.clone()).await.unwrap_err();
    /// assert_eq!(error.to_string(), "the child did not start: no disk");
    /// app.start_child(child).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn fail_next_start(
        &self,
        path: impl Into<String>,
        error: impl Into<Box<dyn Error + Send + Sync>>,
    ) {
        self.fail_next_starts(path, 1, error);
    }

    /// As [`fail_next_start`](Self::fail_next_start), for so many starts. Only with the feature `test-util`.
    #[track_caller]
    pub fn fail_next_starts(
        &self,
        path: impl Into<String>,
        times: u32,
        error: impl Into<Box<dyn Error + Send + Sync>>,
    ) {
        let failure = StartFailure {
            path: path.into(),
            times,
            error: Failure::new(error),
            made_at: Location::caller(),
        };
        if times > 0 {
            self.inner.failures.lock().push(failure);
        }
    }

    /// The starts that are to fail and have not been tried, in the order in which they were asked for. It can be asked when the
    /// namespace has ended. Only with the feature `test-util`.
    #[must_use]
    pub fn pending_start_failures(&self) -> Vec<StartFailure> {
        self.inner.failures.lock().clone()
    }

    /// The error with which a start of this child is to fail now.
    pub(crate) fn take_start_failure(&self, path: &str) -> Option<Failure> {
        let mut failures = self.inner.failures.lock();
        let index = failures.iter().position(|failure| failure.path == path)?;
        failures[index].times -= 1;
        match failures[index].times {
            0 => Some(failures.remove(index).error),
            _ => Some(failures[index].error.clone()),
        }
    }
}
