//! Subscribers, and those who ask for silence.

use std::sync::Arc;

use mainstay_supervisors::Hold;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::alert::PerformanceAlert;
use super::cell::Cell;
use crate::config::Lagged;

/// How many alerts a subscriber may be behind before it loses the oldest.
pub const ALERTS_BACKLOG: usize = 256;

/// All alerts from a certain moment on, fired and resolved: a stream with a bounded queue.
///
/// It goes on over crashes and restarts of the alerts' keeper, and ends with the namespace. Dropping it ends the subscription. While
/// it is there it is noted in the namespace's [`Ledger`](mainstay_supervisors::Ledger).
#[derive(Debug)]
pub struct AlertEvents {
    alerts: broadcast::Receiver<PerformanceAlert>,
    _hold: Hold,
}

impl AlertEvents {
    pub(crate) const fn new(alerts: broadcast::Receiver<PerformanceAlert>, hold: Hold) -> Self {
        Self {
            alerts,
            _hold: hold,
        }
    }

    /// The next alert; `None` once the namespace has ended and all was read.
    ///
    /// # Errors
    ///
    /// [`Lagged`] with the number of alerts that were lost, if more than [`ALERTS_BACKLOG`] were waiting. The stream goes on with the
    /// oldest that is left; the history may have what was lost.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn next(&mut self) -> Option<Result<PerformanceAlert, Lagged>> {
        match self.alerts.recv().await {
            Ok(alert) => Some(Ok(alert)),
            Err(RecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
            Err(RecvError::Closed) => None,
        }
    }

    /// The next alert, if there is one already.
    ///
    /// # Errors
    ///
    /// [`Lagged`], as of [`next`](Self::next).
    pub fn try_next(&mut self) -> Option<Result<PerformanceAlert, Lagged>> {
        match self.alerts.try_recv() {
            Ok(alert) => Some(Ok(alert)),
            Err(TryRecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

/// No rule begins to fire while this is there, but those that are not to be muted. What would fire goes on waiting, and fires after;
/// what fires already may be resolved. It is noted in the namespace's [`Ledger`](mainstay_supervisors::Ledger).
#[derive(Debug)]
#[must_use = "the alerts are muted as long as this is there"]
pub struct Muted {
    cell: Arc<Cell>,
    _hold: Hold,
}

impl Muted {
    pub(crate) fn new(cell: Arc<Cell>, hold: Hold) -> Self {
        cell.mute();
        Self { cell, _hold: hold }
    }
}

impl Drop for Muted {
    fn drop(&mut self) {
        self.cell.unmute();
    }
}
