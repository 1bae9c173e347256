//! The services of a namespace: which of them run, and how.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`ServicesSpec`] |
//! | `config_server.rs` | [`ConfigServerSpec`] |
//! | `circuit_breakers/` | [`CircuitBreakersSpec`], [`CircuitConfig`] |

mod circuit_breakers;
mod config_server;

pub use circuit_breakers::{
    CallRate, CircuitBreakersSpec, CircuitConfig, CircuitWindow, FailureCount, HalfOpen,
    NamedCircuit, OpenTime, ProbeExpiry, SlowCalls, TripRules,
};
pub use config_server::ConfigServerSpec;

use serde::{Deserialize, Serialize};

use crate::finding::Report;
use crate::path::At;

/// Which of the optional services a namespace runs, and how. A service that is not given is not started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ServicesSpec {
    /// The configuration server. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_server: Option<ConfigServerSpec>,
    /// The circuit breakers. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub circuit_breakers: Option<CircuitBreakersSpec>,
}

impl ServicesSpec {
    /// Runs a configuration server.
    #[must_use]
    pub fn config_server(mut self, spec: ConfigServerSpec) -> Self {
        self.config_server = Some(spec);
        self
    }

    /// Runs circuit breakers.
    #[must_use]
    pub fn circuit_breakers(mut self, spec: CircuitBreakersSpec) -> Self {
        self.circuit_breakers = Some(spec);
        self
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        if let Some(server) = &self.config_server {
            server.check(report, &At::Field(at, "config_server"));
        }
        if let Some(breakers) = &self.circuit_breakers {
            breakers.check(report, &At::Field(at, "circuit_breakers"));
        }
    }
}
