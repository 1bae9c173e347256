//! The node's HTTP server.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};

use crate::finding::{Finding, Report};
use crate::path::At;

/// Whether, where and for whom the node answers HTTP: health, metrics, the tree, the dashboard.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
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
}

impl Default for HttpSpec {
    fn default() -> Self {
        Self::new(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4000))
    }
}

impl HttpSpec {
    /// Listens on `bind`, without a token.
    #[must_use]
    pub const fn new(bind: SocketAddr) -> Self {
        Self {
            enabled: true,
            bind,
            token: None,
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

    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        if self.token.as_ref().is_some_and(String::is_empty) {
            let message = "expected a token that is not empty";
            report.add(Finding::new(at.field("token"), message));
        }
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
