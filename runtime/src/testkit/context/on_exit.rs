//! What is to be done when the test has ended.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
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

/// What a call came to: a result, or a panic.
type Called = Result<Result<(), String>, Box<dyn Any + Send>>;

/// A callback that has begun.
struct UnderWay {
    made_at: Place,
    call: Pin<Box<dyn Future<Output = Called> + Send>>,
}

impl UnderWay {
    fn begin(callback: Callback) -> Self {
        let called = AssertUnwindSafe(async move { (callback.call)().await });
        Self {
            made_at: callback.made_at,
            call: Box::pin(called.catch_unwind()),
        }
    }
}

#[derive(Default)]
pub(super) struct OnExit {
    callbacks: Mutex<Callbacks>,
    under_way: tokio::sync::Mutex<Option<UnderWay>>,
}

impl OnExit {
    fn lock(&self) -> MutexGuard<'_, Callbacks> {
        self.callbacks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
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

    /// Runs all, also those that are added meanwhile, each within the limit; tells what went wrong as it comes up.
    ///
    /// Cancel safety: when this is dropped, the callback that runs is kept, and the next call goes on with it.
    pub(super) async fn run(&self, limits: &Limits, mut failed: impl FnMut(TestFailure)) {
        let mut under_way = self.under_way.lock().await;
        loop {
            if under_way.is_none() {
                *under_way = self.next().map(UnderWay::begin);
            }
            let Some(current) = &mut *under_way else {
                return;
            };
            let step = format!("the on_exit callback of {}", current.made_at);
            let ended = limits.limited(&step, &mut current.call).await;
            let UnderWay { made_at, call } = under_way.take().unwrap_or_else(|| unreachable!());
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(call)));
            let texts = [text_of(ended), dropped.err().map(panicked)];
            for text in texts.into_iter().flatten() {
                failed(TestFailure::OnExit { made_at, text });
            }
        }
    }
}

/// What a callback that has run, or was given up, did wrong.
fn text_of(ended: Result<Called, Overran>) -> Option<String> {
    match ended {
        Ok(Ok(Ok(()))) => None,
        Ok(Ok(Err(error))) => Some(format!("returned an error: {error}")),
        Ok(Err(payload)) => Some(panicked(payload)),
        Err(overran) => Some(overran.to_string()),
    }
}

fn panicked(payload: Box<dyn Any + Send>) -> String {
    let text = panics::text_of(&*payload);
    // What it does when it is dropped is nothing of ours.
    catch_unwind(AssertUnwindSafe(|| drop(payload))).ok();
    format!("panicked: {text}")
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
