//! How connection pools fare.

use mainstay_supervisors::Namespace;

use super::super::checkable::HealthCheckable;
use super::super::result::CheckResult;
use super::{Home, look};
use crate::ConnectionPoolRegistry;
use crate::pool::{NAME, PoolState, PoolStats};

/// How the connection pools of a namespace fare: `connection_pools_self_check`, and `pool:<name>` for each.
///
/// A pool without any connection, whose last attempts to connect have failed, is down; one that is suspended or being closed, has failed to
/// connect lately, or has people waiting while all connections are lent, is degraded. No connection is touched: the pools' own monitors
/// ping them.
#[derive(Clone, Debug)]
pub struct ConnectionPoolsHealthCheck(Home);

impl ConnectionPoolsHealthCheck {
    /// Looks at the connection pools of this namespace, as they are each time. Keeps nothing up.
    #[must_use]
    pub fn new(namespace: &Namespace) -> Self {
        Self(Home::of(namespace))
    }
}

fn pool(stats: &PoolStats) -> CheckResult {
    let part = format!("pool:{}", stats.name);
    let is_full = stats.leased >= stats.max && stats.waiting > 0;
    let result = if stats.live == 0 && stats.connect_failures > 0 {
        let error = stats.last_error.as_deref().unwrap_or("nobody knows why");
        CheckResult::unhealthy(part, format!("Cannot connect: {error}"))
    } else if stats.state != PoolState::Open {
        CheckResult::degraded(part, "Lends nothing for now")
    } else if is_full {
        CheckResult::degraded(part, "All connections are lent, and people wait")
    } else if stats.connect_failures > 0 {
        CheckResult::degraded(part, "Has failed to connect lately")
    } else {
        CheckResult::healthy(part, "Lends connections")
    };
    result
        .with("live", stats.live)
        .with("idle", stats.idle)
        .with("leased", stats.leased)
        .with("max", stats.max)
        .with("waiting", stats.waiting)
        .with("connect_failures", stats.connect_failures)
}

impl HealthCheckable for ConnectionPoolsHealthCheck {
    async fn self_diagnostic(&self) -> CheckResult {
        const PART: &str = "connection_pools_self_check";
        let found = self.0.find(NAME, |namespace| Some(namespace.clone()));
        look(PART, found, |namespace| {
            let pools = ConnectionPoolRegistry::of(&namespace).names().len();
            CheckResult::healthy(PART, "ConnectionPools operational").with("pools", pools)
        })
    }

    async fn dependency_health_check(&self) -> Vec<CheckResult> {
        let namespace = self.0.namespace();
        let stats = namespace.map(|namespace| ConnectionPoolRegistry::of(&namespace).stats());
        stats.unwrap_or_default().iter().map(pool).collect()
    }
}
