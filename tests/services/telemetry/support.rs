//! Namespaces with a telemetry service.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_actors::Telemetry;
use mainstay_actors::telemetry::{Event, HandlerStatus};
use mainstay_supervisors::specs::{EventsSpec, NamespaceName, ServiceName, TelemetrySpec};
use mainstay_supervisors::{Namespace, NamespacePlan, Process, Runtime};

/// A runtime of a test's own with one namespace.
pub(crate) struct Bed {
    pub(crate) runtime: Runtime,
    pub(crate) namespace: Namespace,
}

impl Bed {
    pub(crate) async fn new() -> Self {
        Self::with(TelemetrySpec::default()).await
    }

    pub(crate) async fn with_events(spec: EventsSpec) -> Self {
        Self::with(TelemetrySpec::default().events(spec)).await
    }

    pub(crate) async fn with(spec: TelemetrySpec) -> Self {
        match Self::try_with(spec).await {
            Ok(bed) => bed,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn try_with(spec: TelemetrySpec) -> Result<Self, String> {
        let plan = NamespacePlan::new().service(Telemetry::child(spec));
        let runtime = Runtime::new();
        let name = NamespaceName::new("bed").expect("a name");
        let namespace = runtime.start_namespace(name, plan).await;
        let namespace = namespace.map_err(|error| error.to_string())?;
        Ok(Self { runtime, namespace })
    }

    pub(crate) fn telemetry(&self) -> Telemetry {
        Telemetry::in_namespace(&self.namespace).expect("it was started")
    }

    /// The process of this name, as it runs now.
    pub(crate) fn process(&self, name: &str) -> Process {
        self.namespace.whereis(name).expect("it runs")
    }

    pub(crate) async fn successor(&self, name: &str, old: &Process) -> Process {
        old.ended().await;
        let name = ServiceName::new(name).expect("a name");
        let next = self.namespace.registry().wait_for(&name).await;
        assert_ne!(&next, old);
        next
    }

    /// What the ledger of the namespace holds.
    pub(crate) fn held(&self) -> Vec<(&'static str, String)> {
        let held = self.namespace.ledger().held().into_iter();
        held.map(|holding| (holding.what, holding.name)).collect()
    }

    /// Stops all, which must leave nothing to be killed, and nothing held.
    pub(crate) async fn end(self) {
        let ledger = self.namespace.ledger().clone();
        let report = self.runtime.stop(Duration::from_secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
        assert!(self.runtime.roots().is_empty());
        assert!(ledger.held().is_empty(), "{:?}", ledger.held());
    }
}

/// What a handler was told, as lines.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    pub(crate) fn note(&self, line: impl Into<String>) {
        self.0.lock().expect("nobody panics here").push(line.into());
    }

    pub(crate) fn listener(&self) -> impl Fn(&Event) + Send + Sync + 'static + use<> {
        let heard = self.clone();
        move |event| heard.note(event.to_string())
    }

    /// What was told since the last time it was asked for.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("nobody panics here"))
    }
}

/// What is known of a handler.
pub(crate) fn handler(telemetry: &Telemetry, name: &str) -> HandlerStatus {
    let handlers = telemetry.status().handlers;
    let mut found = handlers.into_iter().filter(|handler| handler.name == name);
    found.next().expect("it is attached")
}

/// Lets all that can go on, on this thread, go on.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[allow(clippy::needless_pass_by_value)] // For `map_err`.
pub(crate) fn text(error: impl ToString) -> String {
    error.to_string()
}

/// Longer than anything here takes, by the real clock.
pub(crate) const LONG: Duration = Duration::from_secs(60);
