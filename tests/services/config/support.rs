//! Namespaces with a config server, and ways to end its actor.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mainstay_actors::config::{ConfigServer, ConfigValue, NAME};
use mainstay_supervisors::specs::{
    Args, ConfigServerSpec, NamespaceName, ServiceName, Strategy, SupervisorFlags,
};
use mainstay_supervisors::{Child, Namespace, NamespacePlan, Process, Runtime};

/// A runtime of a test's own with one namespace.
pub(super) struct Bed {
    pub(super) runtime: Runtime,
    pub(super) namespace: Namespace,
}

impl Bed {
    /// With a config server that starts with this content.
    pub(super) async fn with(content: &str) -> Self {
        Self::with_spec(spec(content)).await
    }

    pub(super) async fn with_spec(spec: ConfigServerSpec) -> Self {
        Self::with_child(ConfigServer::child(spec)).await
    }

    /// With this child, which may crash as often as it likes.
    pub(super) async fn with_child(child: Child) -> Self {
        match Self::try_with(child).await {
            Ok(bed) => bed,
            Err(error) => panic!("{error}"),
        }
    }

    /// With this child, or the reason why it did not start.
    pub(super) async fn try_with(child: Child) -> Result<Self, String> {
        Self::named("bed", child).await
    }

    /// With this child in a namespace of this name.
    pub(super) async fn named(namespace: &str, child: Child) -> Result<Self, String> {
        let flags = SupervisorFlags::new(Strategy::OneForOne);
        let flags = flags.intensity(u32::MAX, Duration::from_secs(1));
        let plan = NamespacePlan::new().children_flags(flags).child(child);
        let runtime = runtime();
        let started = runtime.start_namespace(name(namespace), plan).await;
        let namespace = started.map_err(|error| error.to_string())?;
        Ok(Self { runtime, namespace })
    }

    pub(super) fn config(&self) -> ConfigServer {
        ConfigServer::in_namespace(&self.namespace).expect("a config server was started")
    }

    /// The actor as it runs now.
    pub(super) fn keeper(&self) -> Process {
        self.namespace.whereis(NAME).expect("the actor runs")
    }

    /// Waits until `old` has ended and another one runs in its place.
    pub(super) async fn successor(&self, old: &Process) -> Process {
        old.ended().await;
        let name = ServiceName::new(NAME).expect("a name");
        let next = self.namespace.registry().wait_for(&name).await;
        assert_ne!(&next, old);
        next
    }

    /// Stops all, which must leave nothing to be killed.
    pub(super) async fn end(self) {
        let report = self.runtime.stop(Duration::from_secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
        assert!(self.runtime.roots().is_empty());
    }
}

/// A runtime whose commits are logged.
pub(super) fn runtime() -> Runtime {
    super::commits::listen();
    Runtime::new()
}

pub(super) fn name(text: &str) -> NamespaceName {
    NamespaceName::new(text).expect("a name")
}

pub(super) fn args(content: &str) -> Args {
    Args::from_ron(content).expect("RON")
}

/// Without guards, as it is the server itself that is looked at.
pub(super) fn spec(content: &str) -> ConfigServerSpec {
    let server = ConfigServerSpec::default().initial(args(content));
    server.update_limit(None).breaker(None)
}

pub(super) fn value(ron: &str) -> ConfigValue {
    args(ron).decode().expect("a value")
}

/// A value as JSON.
pub(super) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("JSON")
}

/// Polls a future once, and gives what it came to.
pub(super) fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Lets all that can go on, on this thread, go on.
pub(super) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// What a future comes to that must not wait for anything.
pub(super) fn at_once<F: Future>(future: F) -> F::Output {
    poll_once(pin!(future)).expect("it waits for nothing")
}

/// A file that is gone after the test.
pub(super) struct TempFile(PathBuf);

impl TempFile {
    pub(super) fn new(content: impl AsRef<[u8]>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let nth = NEXT.fetch_add(1, Ordering::Relaxed);
        let file = format!("mainstay-config-{}-{nth}.ron", std::process::id());
        let path = std::env::temp_dir().join(file);
        std::fs::write(&path, content).expect("a file");
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}
