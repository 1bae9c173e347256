//! Running one test: on a thread and in a tokio runtime of its own, watched by the thread of the harness.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`run`], [`try_run`] |
//! | `shared.rs` | what both threads know |
//! | `drive.rs` | what the thread of the test does |
//! | `body.rs` | the body of the test, and how it ended |
//! | `host.rs` | the tokio runtime of a test, and the threads of it |
//! | `watch.rs` | the clock on the wall |
//! | `limit.rs` | steps that take no longer than they may |

mod body;
mod drive;
mod host;
mod limit;
mod shared;
mod watch;

use std::future::Future;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use body::Payload;
pub(super) use body::body_of;
pub(crate) use limit::{Limits, Overran};

use super::context::TestContext;
use super::failure::{TestFailure, TestFailures};
use super::options::TestOptions;
use super::outcome::Outcome;
use shared::Shared;
pub(super) use watch::Watch;

/// What a test came to: the ways in which it failed, and what it panicked with, to be handed on.
pub(super) struct Verdict {
    pub(super) failures: TestFailures,
    pub(super) payload: Option<Payload>,
}

/// Runs a test as [`#[mainstay::test]`](macro@crate::test) does, which writes a call of this.
///
/// The test has a thread and a tokio runtime of its own, which are named and made as `options` say, and a context. When `body`
/// has returned, panicked, or was dropped because its time was up, the context is torn down. A test that blocks its thread
/// cannot be dropped: it fails when its time is up, and its thread is left as it is.
///
/// # Panics
///
/// If the test failed, in whatever way, with a text that says all of it. If it panicked itself, that panic is handed on, and
/// the rest is printed.
///
/// With [`should_panic`](TestOptions::should_panic): if it panicked itself, and nothing else is wrong.
#[track_caller]
pub fn run<B, F>(options: TestOptions, body: B)
where
    B: FnOnce(TestContext) -> F + Send + 'static,
    F: Future<Output: Outcome>,
{
    let (name, should_panic) = (options.name.clone(), options.should_panic);
    let verdict = on_a_thread(options, body);
    if should_panic && !verdict.is_a_panic() {
        if let Err(failures) = verdict.failures.into_result() {
            eprintln!("{name}: expected a panic and nothing else: {failures}");
        }
        return;
    }
    verdict.tell(&name);
}

impl Verdict {
    /// The test panicked, and nothing else is wrong.
    fn is_a_panic(&self) -> bool {
        let failures = &self.failures.failures[..];
        self.payload.is_some() && matches!(failures, [TestFailure::Panicked(_)])
    }

    /// Panics if the test has failed.
    #[track_caller]
    pub(super) fn tell(self, name: &str) {
        match (self.failures.into_result(), self.payload) {
            (Ok(()), None) => {}
            (Ok(()), Some(payload)) => resume_unwind(payload),
            (Err(failures), Some(payload)) => {
                eprintln!("{name}: {failures}");
                resume_unwind(payload)
            }
            (Err(failures), None) => panic!("{failures}"),
        }
    }
}

/// Runs a test as [`run`] does, and gives what it came to.
///
/// ```
/// use mainstay::testkit::{TestOptions, try_run};
///
/// let failed = try_run(TestOptions::new("leaky").start_paused(true), |cx| async move {
///     cx.spawn("forgotten", std::future::pending::<()>());
/// });
/// let text = failed.unwrap_err().to_string();
/// assert!(text.contains("the task \"forgotten\""), "{text}");
/// ```
///
/// # Errors
///
/// All ways in which it failed.
pub fn try_run<B, F>(options: TestOptions, body: B) -> Result<(), TestFailures>
where
    B: FnOnce(TestContext) -> F + Send + 'static,
    F: Future<Output: Outcome>,
{
    on_a_thread(options, body).failures.into_result()
}

fn on_a_thread<B, F>(options: TestOptions, body: B) -> Verdict
where
    B: FnOnce(TestContext) -> F + Send + 'static,
    F: Future<Output: Outcome>,
{
    let shared = Arc::new(Shared::default());
    let theirs = Arc::clone(&shared);
    let thread = thread::Builder::new().name(options.name.clone());
    // What it prints goes where the output of this thread goes: the harness sees to that.
    let spawned = thread.spawn(move || {
        let _over = theirs.watch.over_when_dropped();
        drive::drive(options, body, &theirs)
    });
    let thread = match spawned {
        Ok(thread) => thread,
        Err(error) => {
            let failure = TestFailure::Start(format!("no thread: {error}"));
            return Verdict {
                failures: failure.into(),
                payload: None,
            };
        }
    };
    if let Err(stuck) = shared.watch.stand() {
        let failures = shared.stuck(stuck);
        let payload = None;
        return Verdict { failures, payload };
    }
    let payload = thread
        .join()
        .unwrap_or_else(|payload| resume_unwind(payload));
    let failures = shared.failures();
    Verdict { failures, payload }
}
