//! Running one test: on a thread and in a tokio runtime of its own, watched by the thread of the harness.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`run`], [`try_run`] |
//! | `drive.rs` | what the thread of the test does |
//! | `host.rs` | the tokio runtime of a test, and the threads of it |
//! | `watch.rs` | the clock on the wall |
//! | `limit.rs` | steps that take no longer than they may |

mod drive;
mod host;
mod limit;
mod watch;

use std::any::Any;
use std::future::Future;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

pub(crate) use limit::{A_YEAR, Limits, Overran};

use super::context::{TestContext, WeakContext};
use super::failure::{Clock, TestFailure, TestFailures, TimedOut};
use super::options::TestOptions;
use super::outcome::Outcome;
use watch::Stuck;
pub(super) use watch::Watch;

/// What a test came to: the ways in which it failed, and what it panicked with, to be handed on.
#[derive(Default)]
struct Verdict {
    failures: TestFailures,
    payload: Option<Box<dyn Any + Send>>,
}

/// What both threads know.
#[derive(Default)]
struct Shared {
    watch: Arc<Watch>,
    /// For a word on what runs, should the thread of the test not give one.
    context: Mutex<Option<WeakContext>>,
}

impl Shared {
    fn set_context(&self, context: &TestContext) {
        let mut slot = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        *slot = Some(context.downgrade());
    }

    fn context(&self) -> Option<TestContext> {
        let slot = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref()?.upgrade()
    }
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
#[track_caller]
pub fn run<B, F>(options: TestOptions, body: B)
where
    B: FnOnce(TestContext) -> F + Send + 'static,
    F: Future<Output: Outcome>,
{
    let name = options.name.clone();
    let Verdict { failures, payload } = on_a_thread(options, body);
    match (failures.into_result(), payload) {
        (Ok(()), None) => {}
        (Ok(()), Some(payload)) => resume_unwind(payload),
        (Err(failures), Some(payload)) => {
            eprintln!("{name}: {failures}");
            resume_unwind(payload)
        }
        (Err(failures), None) => panic!("{failures}"),
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
        Err(error) => return failed(TestFailure::Start(format!("no thread: {error}"))),
    };
    match shared.watch.stand() {
        Ok(()) => thread
            .join()
            .unwrap_or_else(|payload| resume_unwind(payload)),
        Err(stuck) => failed(TestFailure::TimedOut(of_stuck(stuck, &shared))),
    }
}

fn failed(failure: TestFailure) -> Verdict {
    Verdict {
        failures: failure.into(),
        payload: None,
    }
}

fn of_stuck(Stuck { step, limit }: Stuck, shared: &Shared) -> TimedOut {
    let context = shared.context();
    TimedOut {
        step,
        limit,
        clock: Clock::Wall,
        is_stuck: true,
        waits: context.as_ref().map(TestContext::waits).unwrap_or_default(),
        running: context
            .as_ref()
            .map(TestContext::running)
            .unwrap_or_default(),
    }
}
