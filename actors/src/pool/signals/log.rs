//! The lines of the log.

use mainstay_specs::ServiceName;
use mainstay_supervisors::WeakNamespace;

use super::deed::{Deed, checkin_reason};
use super::kind::KINDS;

pub(super) fn log(namespace: &WeakNamespace, pool: &ServiceName, deed: &Deed<'_>) {
    let namespace = namespace.upgrade();
    let namespace = namespace
        .as_ref()
        .map(|namespace| namespace.name().as_str());
    let (pool, event) = (pool.as_str(), KINDS[deed.kind() as usize].path);
    match deed {
        Deed::ConnectFailed { failures, error } => {
            tracing::warn!(namespace, pool, event, failures, %error, "connection pool");
        }
        Deed::Reclaimed(loans) => {
            let (leases, borrower) = (
                loans.len(),
                loans.first().and_then(|one| one.borrower.as_deref()),
            );
            tracing::warn!(namespace, pool, event, leases, borrower, "connection pool");
        }
        Deed::LeaseWarned(loan) | Deed::Revoked(loan) => {
            let (borrower, taken_at) = (loan.borrower.as_deref(), loan.taken_at);
            tracing::warn!(namespace, pool, event, borrower, %taken_at, held = ?loan.held, "connection pool");
        }
        Deed::Sick {
            looks,
            step,
            reason,
        } => {
            let step = step.as_str();
            tracing::error!(
                namespace,
                pool,
                event,
                looks,
                step,
                reason,
                "connection pool"
            );
        }
        Deed::Barred(breaker) | Deed::Unbarred(breaker) => {
            tracing::warn!(namespace, pool, event, %breaker, "connection pool");
        }
        Deed::SelfDeadlock { borrower, taken_at } => {
            tracing::warn!(namespace, pool, event, borrower, %taken_at, "connection pool");
        }
        Deed::CheckinRefused { of } => {
            let (reason, of) = (checkin_reason(*of), of.map(ToString::to_string));
            tracing::warn!(namespace, pool, event, reason, of, "connection pool");
        }
        Deed::Started(_)
        | Deed::Recovered { .. }
        | Deed::Reconfigured(_)
        | Deed::Rotated { .. }
        | Deed::Drained { .. } => tracing::info!(namespace, pool, event, "connection pool"),
    }
}
