//! How a test is run.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use mainstay_actors::ConfigServer;
use mainstay_specs::ConfigServerSpec;
use mainstay_supervisors::Child;

use super::run::{A_YEAR, Limits, Watch};

/// How long a test may take, and each step of its teardown, unless told otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// What is kept of the log, unless told otherwise.
const LOG: &str = "info";

/// A service that the namespace of a test can have: those that node files know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// The [`ConfigServer`], without content.
    ConfigServer,
}

impl Service {
    /// All there are, in the order in which they are started.
    pub const ALL: &'static [Self] = &[Self::ConfigServer];

    pub(super) fn child(self) -> Child {
        match self {
            Self::ConfigServer => ConfigServer::child(ConfigServerSpec::default()),
        }
    }
}

/// What a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flavour {
    /// The thread of the test; the clock may stand still and jump when all wait.
    CurrentThread { paused: bool },
    /// Threads beside that of the test, as many as tokio thinks fit unless told.
    MultiThread(Option<NonZeroUsize>),
}

/// How a test is run: what stands in the brackets of [`#[mainstay::test]`](macro@crate::test), for [`run`](super::run) and
/// [`try_run`](super::try_run).
#[derive(Clone, Debug)]
#[must_use = "options do nothing until a test is run with them"]
pub struct TestOptions {
    pub(super) name: String,
    pub(super) flavour: Flavour,
    pub(super) services: Vec<Service>,
    timeout: Option<Duration>,
    pub(super) detect_leaks: bool,
    pub(super) log: String,
}

impl TestOptions {
    /// The defaults, for a test of this name. What comes after the last `::` becomes the name of its namespace.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            flavour: Flavour::CurrentThread { paused: false },
            services: Service::ALL.to_vec(),
            timeout: None,
            detect_leaks: true,
            log: LOG.to_owned(),
        }
    }

    /// Lets the clock of tokio stand still, and jump to the next timer when all wait. It needs one thread: it and
    /// [`multi_thread`](Self::multi_thread) exclude each other, and the one that is called last counts.
    pub const fn start_paused(mut self, paused: bool) -> Self {
        self.flavour = Flavour::CurrentThread { paused };
        self
    }

    /// Runs what the test spawns on as many threads as tokio thinks fit.
    pub const fn multi_thread(mut self) -> Self {
        self.flavour = Flavour::MultiThread(None);
        self
    }

    /// Runs what the test spawns on this many threads.
    pub const fn worker_threads(mut self, threads: NonZeroUsize) -> Self {
        self.flavour = Flavour::MultiThread(Some(threads));
        self
    }

    /// Sets which services the namespace has, in this order. Default: [`Service::ALL`].
    pub fn services(mut self, services: impl IntoIterator<Item = Service>) -> Self {
        self.services = services.into_iter().collect();
        self
    }

    /// Sets how long the test may take, by the clock of tokio and by that on the wall, and how long each step of its teardown.
    ///
    /// Default: [`TIMEOUT`]. If the clock of tokio stands still, it may go on for a year by that one: a test that waits for what
    /// does not come ends at once, and one that lets an hour pass does not.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub(super) fn limits(&self, watch: Arc<Watch>) -> Limits {
        let paused = self.flavour == Flavour::CurrentThread { paused: true };
        let on_the_wall = self.timeout.unwrap_or(TIMEOUT);
        let by_tokio = match self.timeout {
            None if paused => A_YEAR,
            _ => on_the_wall,
        };
        Limits::watched(by_tokio, on_the_wall, watch)
    }

    /// Sets whether what is left after the teardown fails the test. Default: it does.
    pub const fn detect_leaks(mut self, detect_leaks: bool) -> Self {
        self.detect_leaks = detect_leaks;
        self
    }

    /// Sets what is kept of the log, as `tracing-subscriber` reads filters: `"debug"`, `"mainstay_supervisors=trace,info"`. The
    /// environment variable [`MAINSTAY_TEST_LOG`](super::LOG_VARIABLE) goes before it. Default: `"info"`.
    pub fn log(mut self, filter: impl Into<String>) -> Self {
        self.log = filter.into();
        self
    }
}
