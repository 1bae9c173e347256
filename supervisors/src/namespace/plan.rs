//! What a namespace is to hold.

use std::panic::Location;
use std::time::Duration;

use mainstay_specs::SupervisorFlags;

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

    pub(super) fn tree(self, made_at: &'static Location<'static>) -> Supervisor {
        let children = Supervisor::new(self.children_flags).children(self.children);
        let root = Supervisor::rest_for_one()
            .intensity(3, Duration::from_secs(5))
            .children(self.services)
            .with_room();
        root.child(Child::supervisor(CHILDREN, children).with_made_at(made_at))
    }
}
