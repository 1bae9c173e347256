//! How a test is run.

use std::num::NonZeroUsize;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use mainstay_actors::memory::MemorySetup;
use mainstay_actors::{ConfigServer, MemoryManager, TelemetryService};
use mainstay_specs::{ConfigServerSpec, MemoryManagerSpec, TelemetrySpec};
use mainstay_supervisors::Child;

use super::leak::Place;
use super::run::{Limits, Watch};

/// How long a test may take, and each step of its teardown, unless told otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// What is kept of the log, unless told otherwise.
const LOG: &str = "info";

/// A service that the namespace of a test can have: those that node files know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// The [`TelemetryService`], with metrics and alerts and no rules.
    Telemetry,
    /// The [`ConfigServer`], without content.
    ConfigServer,
    /// The [`MemoryManager`], whose samples are [taken by hand](MemorySetup::by_hand), and whose pressure may be simulated.
    MemoryManager,
}

impl Service {
    /// All there are, in the order in which they are started.
    pub const ALL: &'static [Self] = &[Self::Telemetry, Self::ConfigServer, Self::MemoryManager];

    /// Those that a test has unless told otherwise.
    pub const DEFAULT: &'static [Self] = &[Self::ConfigServer];

    pub(super) fn child(self) -> Child {
        match self {
            Self::Telemetry => TelemetryService::child(TelemetrySpec::default()),
            Self::ConfigServer => ConfigServer::child(ConfigServerSpec::default()),
            Self::MemoryManager => {
                let spec = MemoryManagerSpec::default().simulation(true);
                MemoryManager::child_with(MemorySetup::new(spec).by_hand())
            }
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
    pub(super) made_at: Place,
    timeout: Duration,
    virtual_timeout: Option<Duration>,
    pub(super) seed: Option<u64>,
    pub(super) should_panic: bool,
    pub(super) detect_leaks: bool,
    pub(super) log: String,
    pub(super) environment: bool,
}

impl TestOptions {
    /// The defaults, for a test of this name. What comes after the last `::` becomes the name of its namespace.
    #[track_caller]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            made_at: Location::caller(),
            flavour: Flavour::CurrentThread { paused: false },
            services: Service::DEFAULT.to_vec(),
            timeout: TIMEOUT,
            virtual_timeout: None,
            seed: None,
            should_panic: false,
            detect_leaks: true,
            log: LOG.to_owned(),
            environment: true,
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

    /// Sets which services the namespace has, in this order. Default: [`Service::DEFAULT`].
    pub fn services(mut self, services: impl IntoIterator<Item = Service>) -> Self {
        self.services = services.into_iter().collect();
        self
    }

    /// Sets how long the test may take, and how long each step of its teardown. Default: [`TIMEOUT`].
    ///
    /// If the clock of tokio stands still, this is by the clock on the wall only, and
    /// [`virtual_timeout`](Self::virtual_timeout) is by that of tokio.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long the test may take, and how long each step of its teardown, by a clock of tokio that stands still. It says
    /// nothing of a test whose clock does not.
    ///
    /// Default: no limit. A test that waits for what does not come is found all the same: the clock goes on by a day, nothing
    /// wakes the test, and nothing from outside of tokio does so within two seconds by the clock on the wall.
    pub const fn virtual_timeout(mut self, timeout: Duration) -> Self {
        self.virtual_timeout = Some(timeout);
        self
    }

    pub(super) fn limits(&self, watch: Arc<Watch>) -> Limits {
        if self.flavour == (Flavour::CurrentThread { paused: true }) {
            Limits::paused(self.virtual_timeout, self.timeout, watch)
        } else {
            Limits::watched(self.timeout, watch)
        }
    }

    /// Sets what decides everything that the namespace leaves to chance, such as by how much a backoff is shortened. The
    /// environment variable [`MAINSTAY_TEST_SEED`](super::SEED_VARIABLE) goes before it. Default: any; it is printed if the test
    /// fails.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets whether the test is to panic, so that [`run`](super::run) panics only if the test did so itself and nothing else is
    /// wrong: what else there is, is printed. The macro sees to it where it finds `#[should_panic]`. Default: it is not.
    pub const fn should_panic(mut self, should_panic: bool) -> Self {
        self.should_panic = should_panic;
        self
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

    /// Sets whether environment variables go before what is set here: a test that asserts what it logs, or what a seed makes of it,
    /// is the same everywhere without. Default: they do.
    pub const fn environment(mut self, environment: bool) -> Self {
        self.environment = environment;
        self
    }
}
