//! What is to be done when the test has ended.

use std::future::Future;
use std::panic::{AssertUnwindSafe, Location};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;

use super::TestContext;
use crate::testkit::failure::TestFailure;
use crate::testkit::leak::Place;
use crate::testkit::outcome::Outcome;
use crate::testkit::panics;
use crate::testkit::run::{Limits, Overran};

type Done = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

struct Callback {
    key: Option<String>,
    made_at: Place,
    call: Box<dyn FnOnce() -> Done + Send>,
}

#[derive(Default)]
struct Callbacks {
    list: Vec<Callback>,
    /// All have run; none is taken any more.
    over: bool,
}

#[derive(Default)]
pub(super) struct OnExit(Mutex<Callbacks>);

impl OnExit {
    fn lock(&self) -> MutexGuard<'_, Callbacks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False if it comes too late.
    fn add(&self, callback: Callback) -> bool {
        let mut callbacks = self.lock();
        if callbacks.over {
            return false;
        }
        let same = |other: &&mut Callback| other.key.is_some() && other.key == callback.key;
        match callbacks.list.iter_mut().find(same) {
            Some(other) => *other = callback,
            None => callbacks.list.push(callback),
        }
        true
    }

    fn next(&self) -> Option<Callback> {
        let mut callbacks = self.lock();
        let next = callbacks.list.pop();
        callbacks.over = next.is_none();
        next
    }

    /// Runs all, also those that are added meanwhile, each within the limit; gives what went wrong.
    pub(super) async fn run(&self, limits: &Limits) -> Vec<TestFailure> {
        let mut failures = Vec::new();
        while let Some(callback) = self.next() {
            let made_at = callback.made_at;
            let step = format!("the on_exit callback of {made_at}");
            let called = AssertUnwindSafe(async move { (callback.call)().await }).catch_unwind();
            let text = match limits.limited(&step, called).await {
                Ok(Ok(Ok(()))) => continue,
                Ok(Ok(Err(error))) => format!("returned an error: {error}"),
                Ok(Err(payload)) => format!("panicked: {}", panics::text_of(&*payload)),
                Err(Overran { limit, .. }) => {
                    format!("took longer than {}", humantime::format_duration(limit))
                }
            };
            failures.push(TestFailure::OnExit { made_at, text });
        }
        failures
    }
}

impl TestContext {
    /// Has something done when the test has ended, in whatever way, and its children have been stopped; before the namespace
    /// is. What was added last is done first; all is done, also if some of it fails, which fails the test.
    ///
    /// Each callback has as much time as the test. One that adds others has them done as well. One that holds the context keeps it
    /// until it has run: without the macro, see to it that [`finish`](Self::finish) is called.
    ///
    /// # Panics
    ///
    /// If all callbacks have run already.
    #[track_caller]
    pub fn on_exit<C, F>(&self, callback: C)
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future<Output: Outcome> + Send + 'static,
    {
        self.add_on_exit(None, Location::caller(), callback);
    }

    /// As [`on_exit`](Self::on_exit); a callback with the same key is replaced, and its place in the order is kept.
    ///
    /// # Panics
    ///
    /// If all callbacks have run already.
    #[track_caller]
    pub fn on_exit_as<C, F>(&self, key: impl Into<String>, callback: C)
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future<Output: Outcome> + Send + 'static,
    {
        self.add_on_exit(Some(key.into()), Location::caller(), callback);
    }

    #[track_caller]
    fn add_on_exit<C, F>(&self, key: Option<String>, made_at: Place, callback: C)
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future<Output: Outcome> + Send + 'static,
    {
        let call = Box::new(move || -> Done {
            let done = callback();
            Box::pin(async move { done.await.into_result() })
        });
        let added = self.0.on_exit.add(Callback { key, made_at, call });
        assert!(added, "on_exit was called after all callbacks had run");
    }
}
