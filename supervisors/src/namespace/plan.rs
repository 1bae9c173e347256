//! What a namespace is to hold.

use std::panic::Location;

use mainstay_specs::{RestartLimit, Strategy, SupervisorFlags};

use super::CHILDREN;
use crate::start::Child;
use crate::supervisor::Supervisor;

/// What a namespace is to hold: services first, in order, then the application's children.
///
/// The services and the supervisor of the children stand under one rest_for_one supervisor, so that what comes later,
/// and may use what comes before, is restarted with it.
#[derive(Clone, Debug, Default)]
#[must_use = "a plan does nothing until a namespace is started from it"]
pub struct NamespacePlan {
    services: Vec<Child>,
    children: Vec<Child>,
    children_flags: SupervisorFlags,
    root_limit: RestartLimit,
}

impl NamespacePlan {
    /// Neither services nor children.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a service, after those before it.
    pub fn service(mut self, service: Child) -> Self {
        self.services.push(service);
        self
    }

    /// Adds a child of the application.
    pub fn child(mut self, child: Child) -> Self {
        self.children.push(child);
        self
    }

    /// Sets how the application's children are supervised. Default: OTP's defaults.
    pub fn children_flags(mut self, flags: SupervisorFlags) -> Self {
        self.children_flags = flags;
        self
    }

    /// Sets how often the root may restart a service, or the supervisor of the children, before it gives up and the namespace ends. Default:
    /// [`RestartLimit::default`], 3 times within 5 seconds.
    ///
    /// A supervisor of children that gives up once in a longer time than that is restarted without end: with a period as long as that, times the
    /// intensity, the namespace ends instead.
    ///
    /// A period of zero is found when a namespace is started from the plan, which fails with [`NamespaceError::Start`](super::NamespaceError::Start)
    /// of [`SpecError::ZeroPeriod`](crate::SpecError::ZeroPeriod) before anything has been started.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use mainstay_specs::RestartLimit;
    /// use mainstay_supervisors::{NamespacePlan, Runtime};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let plan = NamespacePlan::new().root_limit(RestartLimit::new(1, Duration::from_secs(3600)));
    /// let runtime = Runtime::new();
    /// let app = runtime.start_namespace("app".parse()?, plan).await?;
    /// assert_eq!(app.root().ok_or("it runs")?.budget().intensity, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn root_limit(mut self, limit: RestartLimit) -> Self {
        self.root_limit = limit;
        self
    }

    pub(super) fn tree(self, made_at: &'static Location<'static>) -> Supervisor {
        let children = Supervisor::new(self.children_flags).children(self.children);
        let root = Supervisor::new(root_flags(self.root_limit))
            .children(self.services)
            .with_room();
        root.child(Child::supervisor(CHILDREN, children).with_made_at(made_at))
    }
}

/// How the root of a namespace behaves that may restart so often.
pub(super) fn root_flags(limit: RestartLimit) -> SupervisorFlags {
    SupervisorFlags::new(Strategy::RestForOne).intensity(limit.intensity, limit.period)
}
