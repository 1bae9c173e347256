//! What goes before the Foundation API of a node.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Report};
use crate::path::At;
use crate::{CircuitConfig, RateLimitConfig};

/// Which guards the requests of the Foundation API (`/api/config`, `/api/events`) go through, by what they do.
///
/// In RON: `http: (guards: (config_writes: (rate_limit: (limit: 10, window: "1s"))))`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ApiGuardsSpec {
    /// `GET /api/config`: the operation `api.config.reads`.
    #[serde(skip_serializing_if = "ApiGuard::is_default")]
    pub config_reads: ApiGuard,
    /// `PUT /api/config`: the operation `api.config.writes`.
    #[serde(skip_serializing_if = "ApiGuard::is_default")]
    pub config_writes: ApiGuard,
    /// `GET /api/events`: the operation `api.events.reads`.
    #[serde(skip_serializing_if = "ApiGuard::is_default")]
    pub event_reads: ApiGuard,
    /// `POST /api/events`: the operation `api.events.writes`.
    #[serde(skip_serializing_if = "ApiGuard::is_default")]
    pub event_writes: ApiGuard,
}

/// The guards of one kind of requests, in each namespace: a deadline, a circuit breaker, memory, a rate limit for each client address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ApiGuard {
    /// How long all of a request may take, its body and waiting included, 1 ms to 24 h; `None`: for as long as it takes. Default: 20 s, more
    /// than the body and the service may take together.
    #[serde(with = "crate::duration::optional")]
    pub deadline: Option<Duration>,
    /// The circuit breaker, which counts answers that blame the node (5xx), and none in which a guard refused; `None`: none. Default: that
    /// of all breakers, 5 failures and 30 s, without a `call_timeout`.
    pub circuit: Option<CircuitConfig>,
    /// Whether the memory manager is asked, if the namespace has one: configuration is read as `read` and changed as `control`, events are
    /// read as `read` and stored as `write`. Default: yes.
    pub memory: bool,
    /// The rate limit of each client address; `None`: none. Default: a token bucket, 10,000 in 1 s, which no client reaches that means well.
    pub rate_limit: Option<RateLimitConfig>,
}

impl Default for ApiGuard {
    fn default() -> Self {
        Self {
            deadline: Some(Duration::from_secs(20)),
            circuit: Some(CircuitConfig::default().without_call_timeout()),
            memory: true,
            rate_limit: Some(RateLimitConfig::token_bucket(
                10_000,
                Duration::from_secs(1),
            )),
        }
    }
}

impl ApiGuard {
    /// No guard at all: requests are only counted and measured.
    #[must_use]
    pub const fn off() -> Self {
        Self {
            deadline: None,
            circuit: None,
            memory: false,
            rate_limit: None,
        }
    }

    /// Sets how long all of a request may take.
    #[must_use]
    pub const fn deadline(mut self, deadline: Option<Duration>) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets the circuit breaker.
    #[must_use]
    pub fn circuit(mut self, circuit: Option<CircuitConfig>) -> Self {
        self.circuit = circuit;
        self
    }

    /// Sets whether the memory manager is asked.
    #[must_use]
    pub const fn memory(mut self, asked: bool) -> Self {
        self.memory = asked;
        self
    }

    /// Sets the rate limit of each client address.
    #[must_use]
    pub fn rate_limit(mut self, limit: Option<RateLimitConfig>) -> Self {
        self.rate_limit = limit;
        self
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    fn check(&self, report: &mut Report, at: &At<'_>) {
        if let Some(deadline) = self.deadline
            && !(DEADLINE_MIN..=DEADLINE_MAX).contains(&deadline)
        {
            let found = humantime::format_duration(deadline);
            let message = format!("expected 1ms to 24h, found {found}");
            report.add(Finding::new(at.field("deadline"), message));
        }
        if let Some(circuit) = &self.circuit {
            circuit.check(report, &At::Field(at, "circuit"));
        }
        if let Some(limit) = &self.rate_limit {
            limit.check(report, &At::Field(at, "rate_limit"));
        }
    }
}

const DEADLINE_MIN: Duration = Duration::from_millis(1);
const DEADLINE_MAX: Duration = Duration::from_secs(24 * 3600);

impl ApiGuardsSpec {
    /// Sets the guards of `GET /api/config`.
    #[must_use]
    pub fn config_reads(mut self, guard: ApiGuard) -> Self {
        self.config_reads = guard;
        self
    }

    /// Sets the guards of `PUT /api/config`.
    #[must_use]
    pub fn config_writes(mut self, guard: ApiGuard) -> Self {
        self.config_writes = guard;
        self
    }

    /// Sets the guards of `GET /api/events`.
    #[must_use]
    pub fn event_reads(mut self, guard: ApiGuard) -> Self {
        self.event_reads = guard;
        self
    }

    /// Sets the guards of `POST /api/events`.
    #[must_use]
    pub fn event_writes(mut self, guard: ApiGuard) -> Self {
        self.event_writes = guard;
        self
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        let all = [
            ("config_reads", &self.config_reads),
            ("config_writes", &self.config_writes),
            ("event_reads", &self.event_reads),
            ("event_writes", &self.event_writes),
        ];
        for (field, guard) in all {
            guard.check(report, &At::Field(at, field));
        }
    }
}
