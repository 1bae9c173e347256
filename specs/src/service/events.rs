//! The events of the telemetry service: how many listen, and how much waits for them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Report};
use crate::path::At;
use crate::{Backoff, Faults};

/// The longest queue that any limit of [`EventsSpec`] may allow: it is made whole when somebody begins to listen.
const QUEUE_MAX: u32 = 1 << 20;

/// The events of the telemetry service: how many may listen, how much may wait for them, and what becomes of those that fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct EventsSpec {
    /// The most handlers at a time, at least 1. Default: 64: each that fits an event is called for it.
    pub handlers_max: u32,
    /// The most subscribers at a time, at least 1. Default: 256.
    pub subscribers_max: u32,
    /// How many events may wait for a subscriber before it loses the oldest, 1 to 1,048,576. Default: 256.
    pub backlog_max: u32,
    /// The longest queue that a handler may ask for, 1 to 1,048,576. Default: 65,536.
    pub queue_max: u32,
    /// For how many paths emitters know whether anybody listens, at least 1. Those beyond work too, and find out at each event.
    /// Default: 10,000.
    pub emitters_max: u32,
    /// How long a handler that has panicked is left out before it is tried again. Default: 100 ms to 30 s.
    pub backoff: Backoff,
    /// How long a namespace that ends waits for its queued handlers to get through what waits for them, at most an hour. Measured
    /// by the real clock. Default: 1 s.
    #[serde(with = "crate::duration")]
    pub drain_max: Duration,
}

impl Default for EventsSpec {
    fn default() -> Self {
        Self {
            handlers_max: 64,
            subscribers_max: 256,
            backlog_max: 256,
            queue_max: 1 << 16,
            emitters_max: 10_000,
            backoff: Backoff::default(),
            drain_max: Duration::from_secs(1),
        }
    }
}

impl EventsSpec {
    /// Sets the most handlers at a time.
    #[must_use]
    pub const fn handlers_max(mut self, handlers: u32) -> Self {
        self.handlers_max = handlers;
        self
    }

    /// Sets the most subscribers at a time.
    #[must_use]
    pub const fn subscribers_max(mut self, subscribers: u32) -> Self {
        self.subscribers_max = subscribers;
        self
    }

    /// Sets how many events may wait for a subscriber.
    #[must_use]
    pub const fn backlog_max(mut self, events: u32) -> Self {
        self.backlog_max = events;
        self
    }

    /// Sets the longest queue that a handler may ask for.
    #[must_use]
    pub const fn queue_max(mut self, events: u32) -> Self {
        self.queue_max = events;
        self
    }

    /// Sets for how many paths emitters know whether anybody listens.
    #[must_use]
    pub const fn emitters_max(mut self, paths: u32) -> Self {
        self.emitters_max = paths;
        self
    }

    /// Sets how long a handler that has panicked is left out.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets how long a namespace that ends waits for its queued handlers.
    #[must_use]
    pub const fn drain_max(mut self, limit: Duration) -> Self {
        self.drain_max = limit;
        self
    }

    /// Checks the spec by itself, as it is checked within a node.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its path.
    pub fn validate(&self) -> Result<(), Faults> {
        let mut report = Report::default();
        self.check(&mut report, &At::Root);
        report.without_text()
    }

    pub(super) fn check(&self, report: &mut Report, at: &At<'_>) {
        let mut need = |fine: bool, field: &str, message: String| {
            if !fine {
                report.add(Finding::new(at.field(field), message));
            }
        };
        for (field, count) in [
            ("handlers_max", self.handlers_max),
            ("subscribers_max", self.subscribers_max),
            ("emitters_max", self.emitters_max),
        ] {
            need(count > 0, field, "expected at least 1, found 0".to_owned());
        }
        for (field, length) in [
            ("backlog_max", self.backlog_max),
            ("queue_max", self.queue_max),
        ] {
            let message = format!("expected 1 to {QUEUE_MAX}, found {length}");
            need((1..=QUEUE_MAX).contains(&length), field, message);
        }
        let message =
            "expected min not above max, a finite factor of at least 1, and a jitter from 0 to 1";
        need(self.backoff.is_sound(), "backoff", message.to_owned());
        let message = format!(
            "expected at most 1h, found {}",
            humantime::format_duration(self.drain_max)
        );
        need(
            self.drain_max <= Duration::from_secs(3600),
            "drain_max",
            message,
        );
    }
}
