//! What can be asked how it fares.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;

use tokio::time::Instant;

use super::result::{CheckResult, HealthResult};

/// Something that can be asked how it fares.
///
/// It says how itself does ([`self_diagnostic`](Self::self_diagnostic)) and how what it needs does
/// ([`dependency_health_check`](Self::dependency_health_check)); the rest is provided. It is asked in the background, in a task of its
/// own, with a time limit and never twice at the same time: if it panics or hangs, only its own entry shows that. It is not to occupy the
/// thread: what waits is to await.
///
/// It looks at the things themselves, and asks no other service how that fares, as that could ask back: who depends on whom is said with
/// `depends_on` of [`HealthCheckConfig`](mainstay_specs::HealthCheckConfig).
///
/// ```
/// use mainstay_actors::health::{CheckResult, HealthCheckable, HealthStatus};
///
/// struct Disk {
///     free: u64,
/// }
///
/// impl HealthCheckable for Disk {
///     async fn self_diagnostic(&self) -> CheckResult {
///         let result = match self.free {
///             0 => CheckResult::unhealthy("disk", "the disk is full"),
///             1..1000 => CheckResult::degraded("disk", "the disk is nearly full"),
///             _ => CheckResult::healthy("disk", "there is room"),
///         };
///         result.with("free", self.free)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let found = Disk { free: 10 }.health_check().await;
/// assert_eq!((found.status, found.overall_score), (HealthStatus::Degraded, 0.5));
/// # }
/// ```
pub trait HealthCheckable: Send + Sync + 'static {
    /// How it fares itself.
    fn self_diagnostic(&self) -> impl Future<Output = CheckResult> + Send;

    /// How what it needs fares, as far as it can see. Provided: it needs nothing.
    fn dependency_health_check(&self) -> impl Future<Output = Vec<CheckResult>> + Send {
        async { Vec::new() }
    }

    /// Both, at the same time: the worst is its status, the mean its score. Provided.
    fn health_check(&self) -> impl Future<Output = HealthResult> + Send {
        async {
            let begun = Instant::now();
            let (own, needed) =
                tokio::join!(self.self_diagnostic(), self.dependency_health_check());
            let mut checks = vec![own];
            checks.extend(needed);
            HealthResult::of(checks, begun.elapsed())
        }
    }

    /// What an aggregator asks for. Provided: [`health_check`](Self::health_check); one that can look more closely does.
    fn deep_health_check(&self) -> impl Future<Output = HealthResult> + Send {
        self.health_check()
    }
}

impl<T: HealthCheckable> HealthCheckable for Arc<T> {
    fn self_diagnostic(&self) -> impl Future<Output = CheckResult> + Send {
        (**self).self_diagnostic()
    }

    fn dependency_health_check(&self) -> impl Future<Output = Vec<CheckResult>> + Send {
        (**self).dependency_health_check()
    }

    fn health_check(&self) -> impl Future<Output = HealthResult> + Send {
        (**self).health_check()
    }

    fn deep_health_check(&self) -> impl Future<Output = HealthResult> + Send {
        (**self).deep_health_check()
    }
}

/// A function that looks at something, as what can be asked; see [`check_fn`].
pub struct FnCheck<F>(F, &'static Location<'static>);

/// Makes a function that looks at something what can be asked how it fares.
///
/// ```
/// use mainstay_actors::health::{CheckResult, HealthCheckable, HealthStatus, check_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let check = check_fn(|| async { CheckResult::healthy("queue", "it is short") });
/// assert_eq!(check.deep_health_check().await.status, HealthStatus::Healthy);
/// # }
/// ```
#[track_caller]
pub fn check_fn<F, A>(look: F) -> FnCheck<F>
where
    F: Fn() -> A + Send + Sync + 'static,
    A: Future<Output = CheckResult> + Send + 'static,
{
    FnCheck(look, Location::caller())
}

impl<F, A> HealthCheckable for FnCheck<F>
where
    F: Fn() -> A + Send + Sync + 'static,
    A: Future<Output = CheckResult> + Send + 'static,
{
    async fn self_diagnostic(&self) -> CheckResult {
        let begun = Instant::now();
        let result = (self.0)().await;
        result.timed(begun.elapsed())
    }
}

impl<F> fmt::Debug for FnCheck<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FnCheck({})", self.1)
    }
}

/// What is asked, whatever its type.
pub(crate) type AnyCheck = Arc<dyn Checked>;

pub(crate) trait Checked: Send + Sync {
    /// Holds the check for as long as it runs, be it registered still or not.
    fn run(self: Arc<Self>) -> Pin<Box<dyn Future<Output = HealthResult> + Send>>;
}

impl<T: HealthCheckable> Checked for T {
    fn run(self: Arc<Self>) -> Pin<Box<dyn Future<Output = HealthResult> + Send>> {
        Box::pin(async move { self.deep_health_check().await })
    }
}
