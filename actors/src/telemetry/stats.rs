//! What operators see.

use std::time::Duration;

use serde::{Serialize, Serializer};
use tokio::time::Instant;

use super::seat::Seat;

/// The state of a namespace's events. As JSON, durations are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TelemetryStatus {
    /// Whether the keeper runs, so that suspended handlers are tried again and queued ones get their threads. Events are told in
    /// any case.
    pub available: bool,
    /// How long the keeper that runs now has been running; `None` while there is none.
    #[serde(rename = "uptime_ms", serialize_with = "milliseconds")]
    pub uptime: Option<Duration>,
    /// The handlers, in the order in which they were attached.
    pub handlers: Vec<HandlerStatus>,
    /// How many subscribers there are.
    pub subscribers_count: usize,
    /// For how many paths there are emitters, as far as they are known.
    pub emitters_count: usize,
    /// How many events somebody listened to.
    pub events_count: u64,
    /// How many events nobody was told of, as they were the end of a longer chain of handlers than there may be.
    pub too_deep_count: u64,
}

/// The state of a handler. As JSON, durations are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HandlerStatus {
    /// Its name.
    pub name: String,
    /// What it listens to.
    pub pattern: String,
    /// Its queue, if it has one.
    pub queue: Option<QueueStatus>,
    /// Whether it is called; false while it is left out for having panicked.
    pub working: bool,
    /// For how much longer it is left out; `None` if it is not, or if the keeper has not decided yet.
    #[serde(rename = "suspended_for_ms", serialize_with = "milliseconds")]
    pub suspended_for: Option<Duration>,
    /// How often it was called.
    pub calls_count: u64,
    /// How often it has panicked.
    pub panics_count: u64,
    /// What it said when it panicked last.
    pub last_panic: Option<String>,
    /// How many events it has missed while it was left out.
    pub skipped_count: u64,
    /// How many events it has missed because its queue was full.
    pub dropped_count: u64,
    /// How many events it was not told of, because it had emitted them itself.
    pub own_count: u64,
    /// How long all its calls took together.
    #[serde(rename = "busy_ms", serialize_with = "milliseconds_of")]
    pub busy: Duration,
    /// How long the longest of them took. An inline handler takes this time from those who emit.
    #[serde(rename = "longest_ms", serialize_with = "milliseconds_of")]
    pub longest: Duration,
}

/// The state of a handler's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QueueStatus {
    /// How many events wait.
    pub waiting: usize,
    /// How many may wait.
    pub capacity: usize,
}

impl HandlerStatus {
    /// The state of a handler at `now`; `None` for a subscriber.
    pub(crate) fn of(seat: &Seat, now: Instant) -> Option<Self> {
        let handler = seat.handler()?;
        let counts = handler.counts().read();
        let (panics_count, last_panic, until) = handler.failures();
        let queue = seat.queued().map(|(_, queue)| QueueStatus {
            waiting: queue.len(),
            capacity: queue.capacity(),
        });
        Some(Self {
            name: handler.name().to_owned(),
            pattern: seat.pattern.to_string(),
            queue,
            working: handler.is_working(),
            suspended_for: until.map(|until| until.saturating_duration_since(now)),
            calls_count: counts.calls,
            panics_count,
            last_panic,
            skipped_count: counts.skipped,
            dropped_count: counts.dropped,
            own_count: counts.own,
            busy: counts.busy,
            longest: counts.longest,
        })
    }
}

fn milliseconds<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => milliseconds_of(duration, serializer),
        None => serializer.serialize_none(),
    }
}

fn milliseconds_of<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64() * 1000.0)
}
