//! Looking at what may just be being restarted.

use std::time::Duration;

use mainstay_specs::ServiceName;
use mainstay_supervisors::Namespace;
use tokio::time::timeout;

use super::super::checkable::HealthCheckable;
use super::super::result::{CheckResult, HealthResult};
use super::Home;

/// A check of a service that is waited for, for a moment, if it does not run: a supervisor starts it again at once, and who looks in
/// between would have it down until the next look.
#[derive(Debug)]
pub(super) struct Patient<C> {
    home: Home,
    name: ServiceName,
    check: C,
}

impl<C> Patient<C> {
    pub(super) fn new(namespace: &Namespace, name: ServiceName, check: C) -> Self {
        let home = Home::of(namespace);
        Self { home, name, check }
    }

    async fn settle(&self) {
        let Some(namespace) = self.home.namespace() else {
            return;
        };
        let registry = namespace.registry().clone();
        // It is not kept up meanwhile.
        drop(namespace);
        if registry.whereis(self.name.as_str()).is_none() {
            // Whether it has come is seen by who looks next.
            timeout(PATIENCE, registry.wait_for(&self.name)).await.ok();
        }
    }
}

/// A quarter of what a sweep may take if it is told nothing else.
const PATIENCE: Duration = Duration::from_millis(20);

impl<C: HealthCheckable> HealthCheckable for Patient<C> {
    async fn self_diagnostic(&self) -> CheckResult {
        self.settle().await;
        self.check.self_diagnostic().await
    }

    async fn dependency_health_check(&self) -> Vec<CheckResult> {
        self.settle().await;
        self.check.dependency_health_check().await
    }

    async fn deep_health_check(&self) -> HealthResult {
        self.settle().await;
        self.check.deep_health_check().await
    }
}
