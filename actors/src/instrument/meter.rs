//! The meter of a process.

use std::sync::Arc;
use std::time::Duration;

use mainstay_supervisors::{ExitReason, Handled, MessageOutcome, Meter, Pid, Process};

use super::board::Board;
use super::series::ProcessSeries;
use crate::metrics::{Outcome, Unit};

/// What the times of messages are recorded in. Said here, so that it need not be looked up for each.
const NANOSECONDS: Unit = Unit::Nanoseconds;

/// Records what one process does.
pub(super) struct ProcessMeter {
    board: Arc<Board>,
    path: Box<str>,
    pid: Pid,
    series: ProcessSeries,
}

impl ProcessMeter {
    pub(super) const fn new(
        board: Arc<Board>,
        path: Box<str>,
        pid: Pid,
        series: ProcessSeries,
    ) -> Self {
        Self {
            board,
            path,
            pid,
            series,
        }
    }
}

impl Meter for ProcessMeter {
    fn started(&self, process: &Process, restarts: u32) {
        self.board.enter(&self.path, process);
        if restarts > 0 {
            self.series.count_restart();
        }
    }

    fn handled(&self, message: &Handled) {
        if let Some(wait) = message.wait
            && let Some(series) = self.series.wait()
        {
            series.record(NANOSECONDS.count_of(wait));
        }
        if message.outcome == MessageOutcome::Done {
            if let Some(series) = self.series.run() {
                series.record(NANOSECONDS.count_of(message.run));
            }
        } else if let Some(series) = self.series.run_as(outcome(message.outcome)) {
            series.record_duration(message.run);
        }
    }

    fn refused(&self) {
        self.series.count_refused();
    }

    fn polled(&self, busy: Duration) {
        if let Some(series) = self.series.busy() {
            series.record_duration(busy);
        }
    }

    fn ended(&self, reason: &ExitReason, unhandled: usize) {
        self.board.leave(&self.path, self.pid);
        if unhandled > 0 {
            self.series.count_unhandled(unhandled);
        }
        if let Some(kind) = kind(reason) {
            self.series.count_error(kind);
        }
    }
}

const fn outcome(outcome: MessageOutcome) -> Outcome {
    match outcome {
        MessageOutcome::Done => Outcome::Success,
        MessageOutcome::Panic => Outcome::Panic,
        MessageOutcome::Cancelled => Outcome::Cancelled,
        // An error, and what may be added.
        _ => Outcome::Error,
    }
}

/// What kind of an abnormal end this is.
const fn kind(reason: &ExitReason) -> Option<&'static str> {
    match reason {
        ExitReason::Failed(_) => Some("failed"),
        ExitReason::Panicked(_) => Some("panicked"),
        ExitReason::Killed => Some("killed"),
        _ => None,
    }
}
