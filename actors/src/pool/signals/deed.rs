//! What happens seldom, and what is said of it.

use std::panic::Location;

use mainstay_specs::{PoolConfig, ServiceName};
use mainstay_supervisors::Namespace;

use super::kind::Kind;
use crate::pool::error::{ConnectError, PoolPath};
use crate::pool::health::{Step, Verdict};
use crate::pool::upkeep::Loan;
use crate::telemetry::{Measurements, Metadata, Value};

/// Something of a pool that happens seldom.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed<'a> {
    Started(&'a PoolConfig),
    ConnectFailed {
        /// So many in a row.
        failures: u32,
        error: &'a ConnectError,
    },
    /// The leases of one borrower that has ended.
    Reclaimed(&'a [Loan]),
    LeaseWarned(&'a Loan),
    Revoked(&'a Loan),
    Sick {
        looks: u32,
        step: Step,
        reason: &'a str,
    },
    Recovered {
        looks: u32,
    },
    Barred(&'a ServiceName),
    Unbarred(&'a ServiceName),
    Reconfigured(&'a PoolConfig),
    Rotated {
        connections: u32,
    },
    Drained {
        revoked: u64,
    },
    /// One waits for itself, or would have.
    SelfDeadlock {
        borrower: Option<&'a str>,
        taken_at: &'static Location<'static>,
    },
    /// A lease was checked in that had been taken away, or is of another pool.
    CheckinRefused {
        of: Option<&'a PoolPath>,
    },
}

impl Deed<'_> {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Started(_) => Kind::Started,
            Self::ConnectFailed { .. } => Kind::ConnectFailed,
            Self::Reclaimed(_) => Kind::Reclaimed,
            Self::LeaseWarned(_) => Kind::LeaseWarned,
            Self::Revoked(_) => Kind::Revoked,
            Self::Sick { .. } => Kind::Sick,
            Self::Recovered { .. } => Kind::Recovered,
            Self::Barred(_) => Kind::Barred,
            Self::Unbarred(_) => Kind::Unbarred,
            Self::Reconfigured(_) => Kind::Reconfigured,
            Self::Rotated { .. } => Kind::Rotated,
            Self::Drained { .. } => Kind::Drained,
            Self::SelfDeadlock { .. } => Kind::SelfDeadlock,
            Self::CheckinRefused { .. } => Kind::CheckinRefused,
        }
    }

    /// What counts how often it happens.
    pub(super) const fn counter(&self) -> Option<&'static str> {
        match self {
            Self::ConnectFailed { .. } => Some("foundation.connection_pool.connect_failures"),
            Self::Reclaimed(_) => Some("foundation.connection_pool.reclaimed"),
            Self::Revoked(_) => Some("foundation.connection_pool.revoked"),
            _ => None,
        }
    }

    pub(super) const fn count(&self) -> u64 {
        match self {
            Self::Reclaimed(loans) => loans.len() as u64,
            _ => 1,
        }
    }

    pub(super) fn measurements(&self) -> Measurements {
        match self {
            Self::Started(config) | Self::Reconfigured(config) => [
                ("min_size", u64::from(config.min_size)),
                ("max_size", u64::from(config.max_size)),
            ]
            .into(),
            Self::ConnectFailed { failures, .. } => [("failures", u64::from(*failures))].into(),
            Self::Reclaimed(loans) => [("leases", loans.len() as u64)].into(),
            Self::LeaseWarned(loan) | Self::Revoked(loan) => {
                let held = u64::try_from(loan.held.as_millis()).unwrap_or(u64::MAX);
                [("held_ms", held)].into()
            }
            Self::Sick { looks, .. } | Self::Recovered { looks } => {
                [("looks", u64::from(*looks))].into()
            }
            Self::Barred(_)
            | Self::Unbarred(_)
            | Self::SelfDeadlock { .. }
            | Self::CheckinRefused { .. } => [("count", 1_u64)].into(),
            Self::Rotated { connections } => [("connections", u64::from(*connections))].into(),
            Self::Drained { revoked } => [("revoked", *revoked)].into(),
        }
    }

    pub(super) fn metadata(&self, pool: &ServiceName, namespace: &Namespace) -> Metadata {
        let metadata = base(pool, namespace);
        match self {
            Self::ConnectFailed { error, .. } => metadata.with("error", Value::text_of(error)),
            Self::Reclaimed(loans) => match loans.first() {
                Some(loan) => lease(metadata, loan),
                None => metadata,
            },
            Self::LeaseWarned(loan) | Self::Revoked(loan) => lease(metadata, loan),
            Self::Sick { step, reason, .. } => metadata
                .with("step", step.as_str())
                .with("reason", Value::text_of(reason)),
            Self::Barred(breaker) | Self::Unbarred(breaker) => metadata.with("breaker", *breaker),
            Self::SelfDeadlock { borrower, taken_at } => metadata
                .with("borrower", borrower.unwrap_or_default().to_owned())
                .with("taken_at", taken_at.to_string()),
            Self::CheckinRefused { of } => metadata
                .with("reason", checkin_reason(*of))
                .with("of", of.map(PoolPath::to_string).unwrap_or_default()),
            _ => metadata,
        }
    }
}

/// Why a lease could not be taken back.
pub(super) const fn checkin_reason(of: Option<&PoolPath>) -> &'static str {
    match of {
        Some(_) => "foreign",
        None => "revoked",
    }
}

impl Verdict {
    /// What is told of it.
    pub(crate) const fn deed(self, reason: &str) -> Option<Deed<'_>> {
        match self {
            Self::Nothing => None,
            Self::Sick { looks, step } => Some(Deed::Sick {
                looks,
                step,
                reason,
            }),
            Self::Recovered { looks } => Some(Deed::Recovered { looks }),
        }
    }
}

pub(super) fn base(pool: &ServiceName, namespace: &Namespace) -> Metadata {
    let metadata = Metadata::new().with("pool", pool);
    metadata.with("namespace", namespace.name())
}

pub(super) fn lease(metadata: Metadata, loan: &Loan) -> Metadata {
    let borrower = loan.borrower.clone().unwrap_or_default();
    metadata
        .with("borrower", borrower)
        .with("taken_at", loan.taken_at.to_string())
}
