//! The events of a runtime, as lines of text.

use mainstay_supervisors::{Delivery, EventKind, EventStream, ExitReason};

use super::within;

/// The events of a runtime, as lines of text:
///
/// ```text
/// started root/a
/// started root/a again 2
/// exited root/a: killed
/// terminated a: killed
/// start error a: no disk
/// shutdown error a: killed
/// shutdown error a: killed (3)
/// gave up root
/// ```
#[derive(Debug)]
pub struct Log {
    events: EventStream,
    lines: Vec<String>,
}

impl Log {
    pub(super) const fn new(events: EventStream) -> Self {
        Self {
            events,
            lines: Vec::new(),
        }
    }

    /// Reads until this line has come, and gives the lines since the last call, this one included.
    ///
    /// # Panics
    ///
    /// If it never comes.
    pub async fn until(&mut self, line: &str) -> Vec<String> {
        self.until_count(line, 1).await
    }

    /// As [`until`](Self::until), for the n-th time since the last call.
    ///
    /// # Panics
    ///
    /// If it never comes.
    pub async fn until_count(&mut self, line: &str, count: usize) -> Vec<String> {
        let mut left = count;
        while left > 0 {
            let delivery = within(self.events.next()).await;
            let text = text_of_delivery(delivery);
            left -= usize::from(text == line);
            self.lines.push(text);
        }
        std::mem::take(&mut self.lines)
    }

    /// What has come since the last call.
    ///
    /// # Panics
    ///
    /// If the history was too short.
    pub fn take(&mut self) -> Vec<String> {
        while let Some(delivery) = self.events.try_next() {
            self.lines.push(text_of_delivery(Some(delivery)));
        }
        std::mem::take(&mut self.lines)
    }
}

fn text_of_delivery(delivery: Option<Delivery>) -> String {
    match delivery {
        Some(Delivery::Event(event)) => text_of_event(&event.kind),
        other => panic!("the history is too short for this test: {other:?}"),
    }
}

fn text_of_event(event: &EventKind) -> String {
    match event {
        EventKind::Started {
            process,
            restarts: 0,
        } => format!("started {}", process.path()),
        EventKind::Started { process, restarts } => {
            format!("started {} again {restarts}", process.path())
        }
        EventKind::Exited { process, reason } => {
            format!("exited {}: {}", process.path(), text_of(reason))
        }
        EventKind::ChildTerminated { child, reason, .. } => {
            format!("terminated {child}: {}", text_of(reason))
        }
        EventKind::StartError { child, error, .. } => format!("start error {child}: {error}"),
        EventKind::ShutdownError {
            child,
            reason,
            count,
            ..
        } => {
            let times = if *count == 1 {
                String::new()
            } else {
                format!(" ({count})")
            };
            format!("shutdown error {child}: {}{times}", text_of(reason))
        }
        EventKind::GaveUp { supervisor, .. } => format!("gave up {}", supervisor.path()),
        other => format!("{other:?}"),
    }
}

/// A reason as text; of a panic without its place.
#[must_use]
pub fn text_of(reason: &ExitReason) -> String {
    match reason {
        ExitReason::Panicked(panic) => format!("panicked: {}", panic.message()),
        other => other.to_string(),
    }
}
