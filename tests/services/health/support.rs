//! Namespaces with a health aggregator, and checks that do as they are told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_actors::HealthAggregator;
use mainstay_actors::health::{CheckResult, HealthCheckable, HealthStatus, NAME, SystemHealth};
use mainstay_supervisors::specs::{
    HealthAggregatorSpec, HealthCheckConfig, NamespaceName, ServiceName, Strategy, SupervisorFlags,
};
use mainstay_supervisors::{Child, Namespace, NamespacePlan, Process, Runtime};
use tokio::sync::Semaphore;

/// A runtime of a test's own with one namespace, whose health aggregator may crash as often as it likes.
pub(super) struct Bed {
    pub(super) runtime: Runtime,
    pub(super) namespace: Namespace,
    pub(super) health: HealthAggregator,
}

impl Bed {
    /// Without any check but those that are registered.
    pub(super) async fn new() -> Self {
        Self::with(plain()).await
    }

    pub(super) async fn with(spec: HealthAggregatorSpec) -> Self {
        Self::with_services([], spec).await
    }

    /// With these services, which are looked at if the spec says so.
    pub(super) async fn with_services(
        services: impl IntoIterator<Item = Child>,
        spec: HealthAggregatorSpec,
    ) -> Self {
        match Self::try_with(services, spec).await {
            Ok(bed) => bed,
            Err(error) => panic!("{error}"),
        }
    }

    pub(super) async fn try_with(
        services: impl IntoIterator<Item = Child>,
        spec: HealthAggregatorSpec,
    ) -> Result<Self, String> {
        let flags = SupervisorFlags::new(Strategy::OneForOne);
        let flags = flags.intensity(u32::MAX, Duration::from_secs(1));
        let plan = NamespacePlan::new().children_flags(flags);
        let plan = services.into_iter().fold(plan, NamespacePlan::service);
        let runtime = Runtime::new();
        let name = NamespaceName::new("bed").expect("a name");
        let plan = plan.child(HealthAggregator::child(spec));
        let started = runtime.start_namespace(name, plan).await;
        let namespace = started.map_err(|error| error.to_string())?;
        let health = HealthAggregator::in_namespace(&namespace).expect("it was started");
        Ok(Self {
            runtime,
            namespace,
            health,
        })
    }

    pub(super) fn add(&self, check: &str, look: &Arc<Look>) {
        self.add_with(check, look, config());
    }

    pub(super) fn add_with(&self, check: &str, look: &Arc<Look>, config: HealthCheckConfig) {
        let registered = self.health.register(name(check), Arc::clone(look), config);
        registered.expect("it is registered");
    }

    pub(super) async fn sweep(&self) -> Arc<SystemHealth> {
        self.health.sweep().await.expect("an answer")
    }

    /// The keeper as it runs now.
    pub(super) fn keeper(&self) -> Process {
        self.namespace.whereis(NAME).expect("the keeper runs")
    }

    pub(super) fn status(&self, check: &str) -> HealthStatus {
        self.health.service(check).expect("it is there").status
    }

    /// Stops all, which must leave nothing to be killed.
    pub(super) async fn end(self) {
        let report = self.runtime.stop(Duration::from_secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
        assert!(self.runtime.roots().is_empty());
    }
}

/// A spec by which only that is checked which is registered.
pub(super) fn plain() -> HealthAggregatorSpec {
    HealthAggregatorSpec::default()
        .foundation(false)
        .tree(false)
}

/// Looked at every ten seconds, on the dot, and believed at once.
pub(super) fn config() -> HealthCheckConfig {
    HealthCheckConfig::default()
        .jitter(0.0)
        .hold(Duration::ZERO)
}

pub(super) fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("a name")
}

pub(super) const fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

/// Lets all that can go on, on this thread, go on.
pub(super) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// What a look comes to.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Find(HealthStatus),
    /// It waits until it is let, and then finds it healthy.
    Wait,
    Panic,
}

/// A check that does as it is told, and counts.
#[derive(Debug)]
pub(super) struct Look {
    act: Mutex<Act>,
    permits: Semaphore,
    begun: AtomicU64,
    ended: AtomicU64,
    under_way: AtomicU64,
    most: AtomicU64,
}

/// A look that is under way, or was cut off.
struct UnderWay<'a>(&'a Look);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Look {
    pub(super) fn that(act: Act) -> Arc<Self> {
        Arc::new(Self {
            act: Mutex::new(act),
            permits: Semaphore::new(0),
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            under_way: AtomicU64::new(0),
            most: AtomicU64::new(0),
        })
    }

    pub(super) fn healthy() -> Arc<Self> {
        Self::finds(HealthStatus::Healthy)
    }

    pub(super) fn finds(status: HealthStatus) -> Arc<Self> {
        Self::that(Act::Find(status))
    }

    pub(super) fn hangs() -> Arc<Self> {
        Self::that(Act::Wait)
    }

    pub(super) fn set(&self, act: Act) {
        *self.act.lock().expect("nobody panics with it") = act;
    }

    pub(super) fn set_status(&self, status: HealthStatus) {
        self.set(Act::Find(status));
    }

    /// Lets one that waits go on.
    pub(super) fn let_go(&self) {
        self.permits.add_permits(1);
    }

    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::SeqCst)
    }

    pub(super) fn ended(&self) -> u64 {
        self.ended.load(Ordering::SeqCst)
    }

    pub(super) fn under_way(&self) -> u64 {
        self.under_way.load(Ordering::SeqCst)
    }

    /// How many were ever under way at a time.
    pub(super) fn most(&self) -> u64 {
        self.most.load(Ordering::SeqCst)
    }
}

impl HealthCheckable for Look {
    async fn self_diagnostic(&self) -> CheckResult {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(under_way, Ordering::SeqCst);
        let _under_way = UnderWay(self);
        let act = self.act.lock().expect("nobody panics with it").clone();
        let status = match act {
            Act::Find(status) => status,
            Act::Wait => {
                let permit = self.permits.acquire().await.expect("it stays open");
                permit.forget();
                HealthStatus::Healthy
            }
            Act::Panic => panic!("as planned"),
        };
        self.ended.fetch_add(1, Ordering::SeqCst);
        CheckResult::new("look", status, format!("found {status}"))
    }
}
