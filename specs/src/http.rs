//! The node's HTTP server.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};

use crate::ApiGuardsSpec;
use crate::finding::{Finding, Report};
use crate::path::At;

/// Whether, where and for whom the node answers HTTP: health, metrics, the tree, the dashboard.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct HttpSpec {
    /// Whether to listen at all. Default: yes, since the default address is reachable from this machine only.
    #[serde(skip_serializing_if = "is_true")]
    pub enabled: bool,
    /// The address to listen on; port 0 takes a free one. Default: `127.0.0.1:4000`. Another than a loopback address needs
    /// a [`token`](Self::token).
    #[serde(deserialize_with = "address")]
    pub bind: SocketAddr,
    /// What callers have to present as a bearer token; not empty. Default: none; a node then makes one when it
    /// boots and prints it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// To whom more is told of the health of the node than how it is. Default: to those who may read everything else.
    #[serde(skip_serializing_if = "HealthDetails::is_default")]
    pub health_details: HealthDetails,
    /// Which guards the requests of the Foundation API go through. Default: all of [`ApiGuard::default`](crate::ApiGuard).
    #[serde(skip_serializing_if = "ApiGuardsSpec::is_default")]
    pub guards: ApiGuardsSpec,
}

/// To whom a node tells more of its health than how it is: which services there are, how each fares, and the words in which its checks say so,
/// which may tell of what is inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HealthDetails {
    /// To nobody.
    Never,
    /// To whoever presents the token; on a loopback address, to everybody.
    #[default]
    Authorized,
    /// To everybody, though the words of the checks only to whoever presents the token; on a loopback address, to everybody.
    Always,
}

impl HealthDetails {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for HttpSpec {
    fn default() -> Self {
        Self::new(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4000))
    }
}

impl HttpSpec {
    /// Listens on `bind`, without a token.
    #[must_use]
    pub fn new(bind: SocketAddr) -> Self {
        Self {
            enabled: true,
            bind,
            token: None,
            health_details: HealthDetails::Authorized,
            guards: ApiGuardsSpec::default(),
        }
    }

    /// No HTTP at all.
    #[must_use]
    pub fn disabled() -> Self {
        Self {
            enabled: false,
            ..Self::default()
        }
    }

    /// Sets what callers have to present.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Sets to whom more is told of the health of the node than how it is.
    #[must_use]
    pub const fn health_details(mut self, details: HealthDetails) -> Self {
        self.health_details = details;
        self
    }

    /// Sets which guards the requests of the Foundation API go through.
    #[must_use]
    pub fn guards(mut self, guards: ApiGuardsSpec) -> Self {
        self.guards = guards;
        self
    }

    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        if self.token.as_ref().is_some_and(String::is_empty) {
            let message = "expected a token that is not empty";
            report.add(Finding::new(at.field("token"), message));
        }
        self.guards.check(report, &At::Field(at, "guards"));
        let open = !self.bind.ip().to_canonical().is_loopback();
        if self.enabled && open && self.token.is_none() {
            let message = format!(
                "expected a token beside an address others can reach, found {} alone",
                self.bind
            );
            let finding = Finding::new(at.field("bind"), message);
            report.add(
                finding
                    .and_on(at.field("token"))
                    .and_on(at.field("enabled")),
            );
        }
    }
}

/// Does not show the token.
impl fmt::Debug for HttpSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSpec")
            .field("enabled", &self.enabled)
            .field("bind", &self.bind)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("health_details", &self.health_details)
            .field("guards", &self.guards)
            .finish()
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_true(value: &bool) -> bool {
    *value
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        let expected = "an address such as \"127.0.0.1:4000\"";
        D::Error::invalid_value(Unexpected::Str(&text), &expected)
    })
}
