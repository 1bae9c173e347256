//! The context of a test.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`TestContext`]: what a test has |
//! | `builder.rs` | [`TestContextBuilder`], for tests without the macro |
//! | `world.rs` | the runtime, which several contexts may share |
//! | `supervised.rs` | children of the test |
//! | `linked.rs` | children that take the test with them |
//! | `on_exit.rs` | what is to be done when the test has ended |
//! | `tasks.rs` | tasks of the test |
//! | `waits.rs` | what of the kit the test waits for |
//! | `teardown.rs` | the end |

mod builder;
mod linked;
mod on_exit;
mod supervised;
mod tasks;
mod teardown;
mod waits;
mod world;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::Duration;

use mainstay_actors::ConfigServer;
use mainstay_specs::{NameError, ServiceName};
use mainstay_supervisors::{Namespace, Process, Runtime, ServiceRef};
use ractor::Message;
use tokio::task::JoinHandle;

pub use builder::TestContextBuilder;
use linked::Linked;
use on_exit::OnExit;
pub use supervised::SUPERVISED;
pub use supervised::SuperviseError;
use supervised::Supervised;
use tasks::Tasks;
pub(super) use teardown::Aftermath;
use teardown::Ending;
use waits::Waits;
pub(super) use world::World;

use super::capture::{Capture, Sink, Supervision};
use super::chaos::Chaos;
use super::logs::Logs;

pub(super) struct Inner {
    world: Arc<World>,
    namespace: Namespace,
    sink: Arc<Sink>,
    logs: Logs,
    supervised: Supervised,
    linked: Linked,
    on_exit: OnExit,
    tasks: Tasks,
    waits: Waits,
    chaos: Chaos,
    /// Of each step of the teardown, where nobody watches.
    timeout: Duration,
    detect_leaks: bool,
    ending: Ending,
}

/// What a test has: a namespace with a whole tree of its own, and the means to look at it and to disturb it. Cheap to clone.
///
/// It is handed to the test by [`#[mainstay::test]`](macro@crate::test), which also takes care of its end. Without the macro it comes
/// from [`builder`](Self::builder), and [`finish`](Self::finish) ends it.
///
/// The end is always the same, whatever the test came to: the children of the test are stopped, the last started first; the
/// callbacks of [`on_exit`](Self::on_exit) run, the last added first; the namespace is stopped; then nothing may be left.
#[derive(Clone)]
pub struct TestContext(Arc<Inner>);

/// A context that does not keep what it has.
pub(super) struct WeakContext(Weak<Inner>);

impl WeakContext {
    pub(super) fn upgrade(&self) -> Option<TestContext> {
        self.0.upgrade().map(TestContext)
    }
}

/// Nobody has a name within the time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// The text is no name.
    #[error("the name {text:?}: {error}")]
    Name {
        /// What was given.
        text: String,
        /// What is wrong with it.
        error: NameError,
    },
    /// Nobody has the name when the time is up.
    #[error("nobody is registered as {name:?} after {limit:?}; registered: {registered:?}")]
    Timeout {
        /// The name.
        name: String,
        /// How long was waited.
        limit: Duration,
        /// The names that somebody has.
        registered: Vec<String>,
    },
}

impl TestContext {
    /// A context for a test without the macro.
    pub fn builder() -> TestContextBuilder {
        TestContextBuilder::new()
    }

    pub(super) fn downgrade(&self) -> WeakContext {
        WeakContext(Arc::downgrade(&self.0))
    }

    /// The runtime, which is the test's own unless the builder was told otherwise. What is started in it outside of the
    /// namespace has to be stopped by the test.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        self.0.world.runtime()
    }

    /// The namespace of the test.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.0.namespace
    }

    /// The config server of the namespace.
    ///
    /// # Panics
    ///
    /// If the test was told to have none.
    #[must_use]
    #[track_caller]
    pub fn config(&self) -> ConfigServer {
        let config = ConfigServer::in_namespace(&self.0.namespace);
        let Some(config) = config else {
            panic!("this test has no config server: add `config_server` to its services")
        };
        config
    }

    /// A reference to whoever has this name when a message is sent.
    ///
    /// # Panics
    ///
    /// If the text is no name.
    #[must_use]
    #[track_caller]
    pub fn service<M: Message>(&self, name: impl AsRef<str>) -> ServiceRef<M> {
        let text = name.as_ref();
        match ServiceName::new(text) {
            Ok(name) => self.0.namespace.service(name),
            Err(error) => panic!("the name {text:?}: {error}"),
        }
    }

    /// The process that has this name in the namespace.
    #[must_use]
    pub fn whereis(&self, name: &str) -> Option<Process> {
        self.0.namespace.whereis(name)
    }

    /// Waits until somebody has this name in the namespace; at once if somebody has.
    ///
    /// Cancel safety: it may be dropped and called again at will.
    ///
    /// # Errors
    ///
    /// [`WaitError`], with the names that are there, when the time is up.
    #[track_caller]
    pub fn wait_for(
        &self,
        name: &str,
        limit: Duration,
    ) -> impl Future<Output = Result<Process, WaitError>> + Send + use<> {
        let text = name.to_owned();
        let wait = self.waiting(&format!("the name {text:?}"), Location::caller());
        let cx = self.clone();
        async move {
            let _wait = wait;
            let name = ServiceName::new(&text).map_err(|error| WaitError::Name {
                text: text.clone(),
                error,
            })?;
            let found = cx.0.namespace.wait_for(&name, limit).await;
            found.ok_or_else(|| WaitError::Timeout {
                name: text,
                limit,
                registered: cx.names(),
            })
        }
    }

    fn names(&self) -> Vec<String> {
        let services = self.0.namespace.services();
        let names = services.iter().map(|(name, _, _)| name.to_string());
        names.collect()
    }

    /// The supervision events of this namespace, from its start on; those of others are not among them.
    pub fn events(&self) -> Capture<Supervision> {
        Capture::new(Supervision::new(&self.0.world, &self.0.sink))
    }

    /// What was logged on the threads of this test.
    #[must_use]
    pub fn logs(&self) -> &Logs {
        &self.0.logs
    }

    /// Spawns a task that is known by name: should it still run after the teardown, it is named together with where it was
    /// spawned, and aborted. Nothing stops it before: a task has to end by itself.
    ///
    /// For a task that is stopped with the test, take [`start_supervised`](Self::start_supervised).
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[track_caller]
    pub fn spawn<F>(&self, name: impl Into<String>, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let handle = tokio::spawn(future);
        let abort = handle.abort_handle();
        self.0.tasks.add(name.into(), Location::caller(), abort);
        handle
    }

    pub(super) fn chaos(&self) -> &Chaos {
        &self.0.chaos
    }

    pub(super) fn linked(&self) -> &Linked {
        &self.0.linked
    }

    /// What runs, as a picture.
    pub(super) fn running(&self) -> String {
        let tree = self.0.namespace.tree();
        let mut text = tree.map(|tree| tree.to_string()).unwrap_or_default();
        for (name, made_at) in self.0.tasks.alive() {
            text.push_str(&format!("the task {name:?}, spawned at {made_at}\n"));
        }
        text
    }
}

impl fmt::Debug for TestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestContext")
            .field("namespace", &self.0.namespace)
            .finish_non_exhaustive()
    }
}
