//! The configuration server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use super::foundation::{is_usual_breaker, usual_breaker};
use crate::finding::{Finding, Report};
use crate::path::At;
use crate::{Args, CircuitConfig, RateLimitConfig};

/// The configuration server: what it starts with, how much it takes, and what guards it against too much of it.
///
/// In RON: `config_server: (initial: (size: 1), update_limit: (limit: 10, window: "1s"), breaker: None)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ConfigServerSpec {
    /// The content to start with: a map or a struct with named fields. Goes over that of [`file`](Self::file). Default: none.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "bare")]
    pub initial: Option<Args>,
    /// A RON file with the content to start with. In a node file a relative path is taken from the folder of that file.
    /// UTF-8 only, as it stands in a file. Default: none.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "lossy")]
    pub file: Option<PathBuf>,
    /// The most subscribers at a time, at least 1. Default: 1,024: each costs a task and a queue.
    pub subscribers_max: u32,
    /// The most bytes that keys and values may take together, at least 1. Default: 1 MiB, as every change is copied.
    pub bytes_max: u64,
    /// The deepest nesting of values, 1 to 128. Default: 20. Values are walked with one stack frame a level.
    pub depth_max: u32,
    /// The most decoded values that are kept for readers who share them; 0 keeps none. Default: 1,024. What is decoded is bounded by
    /// `bytes_max` each.
    pub cache_max: u32,
    /// How many updates there may be, of all callers together: one that comes too soon is refused, and told when to come back. Reads are
    /// free; forced updates and resets, with which an operator helps himself, are not counted. `None`: as many as come. Default: a token
    /// bucket of 100 in 60 s.
    #[serde(skip_serializing_if = "is_usual_limit")]
    pub update_limit: Option<RateLimitConfig>,
    /// The circuit breaker of all that changes anything: it opens when the server is down or does not answer; what it refuses, as too much waits for it, is
    /// no failure. Reads need no server and have none. `None`: no breaker. Default: it opens on the fifth failure in 60 s, for 30 s, and sets no limit of time
    /// to a change, which has one of its handle; a breaker that is given has the `call_timeout` that its configuration says.
    #[serde(skip_serializing_if = "is_usual_breaker")]
    pub breaker: Option<CircuitConfig>,
}

fn usual_limit() -> RateLimitConfig {
    RateLimitConfig::token_bucket(100, Duration::from_secs(60))
}

#[allow(clippy::ref_option)] // serde's signature
fn is_usual_limit(limit: &Option<RateLimitConfig>) -> bool {
    *limit == Some(usual_limit())
}

impl Default for ConfigServerSpec {
    fn default() -> Self {
        Self {
            initial: None,
            file: None,
            subscribers_max: 1024,
            bytes_max: 1 << 20,
            depth_max: 20,
            cache_max: 1024,
            update_limit: Some(usual_limit()),
            breaker: Some(usual_breaker()),
        }
    }
}

impl ConfigServerSpec {
    /// Sets the content to start with.
    #[must_use]
    pub fn initial(mut self, content: Args) -> Self {
        self.initial = Some(content);
        self
    }

    /// Sets the RON file with the content to start with.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Sets the most subscribers at a time.
    #[must_use]
    pub const fn subscribers_max(mut self, subscribers: u32) -> Self {
        self.subscribers_max = subscribers;
        self
    }

    /// Sets the most bytes that keys and values may take together.
    #[must_use]
    pub const fn bytes_max(mut self, bytes: u64) -> Self {
        self.bytes_max = bytes;
        self
    }

    /// Sets the deepest nesting of values.
    #[must_use]
    pub const fn depth_max(mut self, depth: u32) -> Self {
        self.depth_max = depth;
        self
    }

    /// Sets the most decoded values that are kept.
    #[must_use]
    pub const fn cache_max(mut self, values: u32) -> Self {
        self.cache_max = values;
        self
    }

    /// Sets how many updates there may be; `None` for as many as come.
    #[must_use]
    pub fn update_limit(mut self, limit: impl Into<Option<RateLimitConfig>>) -> Self {
        self.update_limit = limit.into();
        self
    }

    /// Sets the circuit breaker of all that changes anything; `None` for none.
    #[must_use]
    pub fn breaker(mut self, breaker: impl Into<Option<CircuitConfig>>) -> Self {
        self.breaker = breaker.into();
        self
    }

    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        let mut need = |fine: bool, field: &str, message: String| {
            if !fine {
                report.add(Finding::new(at.field(field), message));
            }
        };
        need(
            self.initial.as_ref().is_none_or(Args::is_map_like),
            "initial",
            "expected a map or a struct with named fields".to_owned(),
        );
        need(
            self.file
                .as_ref()
                .is_none_or(|file| file.to_str().is_some_and(|path| !path.is_empty())),
            "file",
            "expected a path in UTF-8 that is not empty".to_owned(),
        );
        need(
            self.subscribers_max > 0,
            "subscribers_max",
            "expected at least 1, found 0".to_owned(),
        );
        need(
            self.bytes_max > 0,
            "bytes_max",
            "expected at least 1, found 0".to_owned(),
        );
        need(
            (1..=NESTING_MAX).contains(&self.depth_max),
            "depth_max",
            format!("expected 1 to {NESTING_MAX}, found {}", self.depth_max),
        );
        if let Some(limit) = &self.update_limit {
            limit.check(report, &At::Field(at, "update_limit"));
        }
        if let Some(breaker) = &self.breaker {
            breaker.check(report, &At::Field(at, "breaker"));
        }
    }
}

/// The deepest nesting of values that [`ConfigServerSpec::depth_max`] may allow.
const NESTING_MAX: u32 = 128;

/// Writes the content without the `Some` that `ron` puts around a raw value.
fn bare<S: Serializer>(content: &Option<Args>, serializer: S) -> Result<S::Ok, S::Error> {
    content.clone().unwrap_or_default().serialize(serializer)
}

/// Writes even a path that validation would refuse, so that writing never fails.
fn lossy<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    let path = path.as_deref().unwrap_or_else(|| Path::new(""));
    path.to_string_lossy().serialize(serializer)
}
