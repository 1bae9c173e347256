//! Contexts for tests without the macro.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{NAME_MAX, NamespaceName};
use mainstay_supervisors::{Child, Namespace, NamespaceError, NamespacePlan, Runtime};

use super::{Inner, TestContext, World};
use crate::testkit::capture::Sink;
use crate::testkit::failure::TestFailure;
use crate::testkit::leak::Place;
use crate::testkit::logs::Logs;
use crate::testkit::options::{Service, TIMEOUT, TestOptions};
use crate::testkit::outcome::Outcome;
use crate::testkit::run::{Limits, Verdict, body_of};
use crate::testkit::seed;

/// What the namespace of a test is called, unless told otherwise.
const NAME: &str = "test";

/// Makes a [`TestContext`] in a tokio runtime that is there already, such as that of `#[tokio::test]`.
///
/// ```
/// use mainstay::testkit::TestContext;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cx = TestContext::builder().name("shop").start().await?;
/// assert_eq!(cx.namespace().name().as_str(), "shop");
/// cx.finish().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until it is started"]
pub struct TestContextBuilder {
    name: Option<String>,
    services: Vec<Service>,
    more_services: Vec<Child>,
    children: Vec<Child>,
    world: Option<Arc<World>>,
    logs: Logs,
    timeout: Duration,
    detect_leaks: bool,
    seed: Option<u64>,
    made_at: Place,
    /// Whether the environment may say the seed.
    environment: bool,
}

impl TestContextBuilder {
    pub(super) fn new(made_at: Place) -> Self {
        Self {
            name: None,
            services: Service::DEFAULT.to_vec(),
            more_services: Vec::new(),
            children: Vec::new(),
            world: None,
            logs: Logs::default(),
            timeout: TIMEOUT,
            detect_leaks: true,
            seed: None,
            made_at,
            environment: true,
        }
    }

    /// Sets the name of the namespace, which no other of the runtime may have. Default: `test`, or `test-2` and so on if that
    /// is taken.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets which services the namespace has, in this order. Default: [`Service::DEFAULT`].
    pub fn services(mut self, services: impl IntoIterator<Item = Service>) -> Self {
        self.services = services.into_iter().collect();
        self
    }

    /// Adds a service of the application's own, after those before it.
    pub fn service(mut self, service: Child) -> Self {
        self.more_services.push(service);
        self
    }

    /// Adds a child of the application's, which runs when the test begins.
    pub fn child(mut self, child: Child) -> Self {
        self.children.push(child);
        self
    }

    /// Uses this runtime, which may have other namespaces, instead of one of its own. Only the namespace is stopped in the end,
    /// and only what is of the namespace is looked for.
    pub fn runtime(mut self, runtime: &Runtime) -> Self {
        self.world = Some(Arc::new(World::around(runtime.clone())));
        self
    }

    /// Uses the runtime of another context; the last of them to end looks after the runtime. Unlike
    /// [`runtime`](Self::runtime), however many there are, the events of the runtime are read only once.
    pub fn beside(mut self, other: &TestContext) -> Self {
        self.world = Some(Arc::clone(&other.0.world));
        self
    }

    /// Sets how long each step of the teardown may take. Default: [`TIMEOUT`]. The test itself is not limited: that is for
    /// whoever runs it.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets whether what is left after the teardown is an error. Default: it is.
    pub const fn detect_leaks(mut self, detect_leaks: bool) -> Self {
        self.detect_leaks = detect_leaks;
        self
    }

    /// Sets what decides everything that the namespace leaves to chance, unless it is in a runtime that was there before. The
    /// environment variable [`MAINSTAY_TEST_SEED`](crate::testkit::SEED_VARIABLE) goes before it. Default: any.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Starts the namespace, runs `body` with its context, and ends it as [`TestContext::finish`] does, whether `body` returns,
    /// fails or panics. The `body` is not limited, and tasks of its own are not counted: see [`run`](crate::testkit::run)
    /// for both.
    ///
    /// ```
    /// use mainstay::testkit::TestContext;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let test = TestContext::builder().name("shop").run(|cx| async move {
    ///     cx.config().update("open", true).await.map(drop)
    /// });
    /// test.await;
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the `body` and tells the namespace to stop; as nothing was looked for then, that panics.
    ///
    /// # Panics
    ///
    /// If anything went wrong, with a text that says all of it. A panic of `body` is handed on, and the rest is printed.
    pub async fn run<B, F>(self, body: B)
    where
        B: FnOnce(TestContext) -> F,
        F: Future<Output: Outcome>,
    {
        let limits = Limits::unwatched(self.timeout);
        let cx = match self.start().await {
            Ok(cx) => cx,
            Err(error) => panic!("{}", TestFailure::Start(error.to_string())),
        };
        let (failure, payload) = body_of(&Limits::none(), &cx, body).await;
        let mut after = cx.teardown(&limits).await;
        after.failures.splice(0..0, failure);
        let failures = cx.explained(after);
        let name = cx.namespace().name().to_string();
        drop(cx);
        Verdict { failures, payload }.tell(&name);
    }

    /// Starts the namespace. [`TestContext::finish`] has to be called in the end: a context that is dropped without panics,
    /// unless its thread panics already. [`run`](Self::run) sees to all of it.
    ///
    /// # Panics
    ///
    /// If the environment variable [`MAINSTAY_TEST_SEED`](crate::testkit::SEED_VARIABLE) is no number.
    ///
    /// # Errors
    ///
    /// A text that is no name; a name that is taken; a service or child that does not start, in which case nothing is left.
    pub async fn start(self) -> Result<TestContext, NamespaceError> {
        let world = self.world.unwrap_or_else(|| {
            let seed =
                seed::chosen(self.seed, self.environment).unwrap_or_else(|text| panic!("{text}"));
            Arc::new(World::new(seed))
        });
        let mut plan = NamespacePlan::new();
        for service in self.services.iter().map(|service| service.child()) {
            plan = plan.service(service);
        }
        plan = self
            .more_services
            .into_iter()
            .fold(plan, NamespacePlan::service);
        plan = self.children.into_iter().fold(plan, NamespacePlan::child);
        let (namespace, sink) = match self.name {
            Some(name) => start(&world, NamespaceName::new(name)?, plan).await?,
            None => start_nameless(&world, plan).await?,
        };
        world.enter();
        let inner = Inner {
            world,
            namespace,
            sink,
            logs: self.logs,
            timeout: self.timeout,
            detect_leaks: self.detect_leaks,
            supervised: Default::default(),
            linked: Default::default(),
            on_exit: Default::default(),
            tasks: Default::default(),
            waits: Default::default(),
            chaos: Default::default(),
            made_at: self.made_at,
            may_end: Default::default(),
            ending: Default::default(),
        };
        Ok(TestContext(Arc::new(inner)))
    }
}

impl TestContext {
    /// The context of a test with the macro.
    pub(in crate::testkit) async fn of_test(
        options: TestOptions,
        logs: Logs,
    ) -> Result<Self, NamespaceError> {
        let builder = TestContextBuilder {
            name: Some(name_of(&options.name)),
            services: options.services,
            logs,
            detect_leaks: options.detect_leaks,
            seed: options.seed,
            environment: options.environment,
            ..TestContextBuilder::new(options.made_at)
        };
        builder.start().await
    }
}

async fn start(
    world: &World,
    name: NamespaceName,
    plan: NamespacePlan,
) -> Result<(Namespace, Arc<Sink>), NamespaceError> {
    let sink = Arc::new(Sink::default());
    world.collector().expect(&name, &sink);
    let namespace = world.runtime().start_namespace(name, plan).await?;
    world.collector().found(&namespace, &sink);
    Ok((namespace, sink))
}

/// Takes the first name that is free.
async fn start_nameless(
    world: &World,
    plan: NamespacePlan,
) -> Result<(Namespace, Arc<Sink>), NamespaceError> {
    let mut nth = 1_usize;
    loop {
        let name = match nth {
            1 => NAME.to_owned(),
            nth => format!("{NAME}-{nth}"),
        };
        match start(world, NamespaceName::new(name)?, plan.clone()).await {
            Err(NamespaceError::AlreadyRunning(_)) => nth += 1,
            started => return started,
        }
    }
}

/// The last part of the path of a test, as far as it can be a name.
fn name_of(path: &str) -> String {
    let last = path.rsplit("::").next().unwrap_or_default();
    let clean = last.replace(|c: char| c == '/' || c.is_control(), "-");
    let end = clean.floor_char_boundary(NAME_MAX);
    match clean[..end].trim() {
        "" => NAME.to_owned(),
        name => name.to_owned(),
    }
}

impl std::fmt::Debug for TestContextBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestContextBuilder")
            .field("name", &self.name)
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_path_of_a_test_gives_a_name() {
        let long = "ä".repeat(NAME_MAX);
        for path in ["a::b::it_works", "it/works\n", " ", "", long.as_str()] {
            let name = name_of(path);
            assert!(NamespaceName::new(&name).is_ok(), "{path:?} gives {name:?}");
        }
        assert_eq!(name_of("a::b::it_works"), "it_works");
    }
}
