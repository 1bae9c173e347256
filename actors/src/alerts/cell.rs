//! The state of the alerts, which outlives their keeper.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mainstay_specs::{AlertRule, AlertsSpec};
use mainstay_supervisors::Hold;
use tokio::sync::{Notify, broadcast};
use tokio::time::Instant;

use super::alert::PerformanceAlert;
use super::board::Board;
use super::error::AlertError;
use super::stream::{ALERTS_BACKLOG, AlertEvents};

/// What handles, subscribers and all incarnations of the keeper share.
#[derive(Debug)]
pub(crate) struct Cell {
    board: Mutex<Board>,
    /// `None` once the namespace has ended.
    audience: Mutex<Option<broadcast::Sender<PerformanceAlert>>>,
    mutes: AtomicUsize,
    rounds: AtomicU64,
    /// The keeper is to look at the rules at other times.
    pub(crate) renewed: Notify,
    /// When the present incarnation of the keeper was started.
    started: Mutex<Option<Instant>>,
}

/// The cell as the namespace keeps it. It goes with the namespace, and tells those who still hold the cell.
#[derive(Debug)]
pub(crate) struct Kept(pub(crate) Arc<Cell>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.audience().take();
    }
}

impl Cell {
    pub(crate) fn new(spec: Arc<AlertsSpec>) -> Self {
        Self {
            board: Mutex::new(Board::new(spec)),
            audience: Mutex::new(Some(broadcast::Sender::new(ALERTS_BACKLOG))),
            mutes: AtomicUsize::new(0),
            rounds: AtomicU64::new(0),
            renewed: Notify::new(),
            started: Mutex::default(),
        }
    }

    /// A poisoned lock is taken all the same: the books are right after each entry.
    pub(crate) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn rules(&self) -> Vec<Arc<AlertRule>> {
        self.board().rules().to_vec()
    }

    fn audience(&self) -> MutexGuard<'_, Option<broadcast::Sender<PerformanceAlert>>> {
        self.audience.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses what makes no sense any more.
    pub(crate) fn check_open(&self) -> Result<(), AlertError> {
        self.audience()
            .as_ref()
            .map(drop)
            .ok_or(AlertError::Stopped)
    }

    pub(crate) fn subscribe(&self, hold: Hold) -> Result<AlertEvents, AlertError> {
        let max = self.board().spec().subscribers_max;
        let audience = self.audience();
        let queue = audience.as_ref().ok_or(AlertError::Stopped)?;
        if u32::try_from(queue.receiver_count()).unwrap_or(u32::MAX) >= max {
            return Err(AlertError::TooManySubscribers { max });
        }
        Ok(AlertEvents::new(queue.subscribe(), hold))
    }

    pub(crate) fn subscribers(&self) -> usize {
        self.audience()
            .as_ref()
            .map_or(0, broadcast::Sender::receiver_count)
    }

    pub(crate) fn tell(&self, alert: &PerformanceAlert) {
        if let Some(queue) = &*self.audience() {
            // That nobody listens is no fault.
            queue.send(alert.clone()).ok();
        }
    }

    pub(crate) fn mute(&self) {
        self.mutes.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn unmute(&self) {
        self.mutes.fetch_sub(1, Ordering::AcqRel);
    }

    pub(crate) fn is_muted(&self) -> bool {
        self.mutes.load(Ordering::Acquire) > 0
    }

    /// The rules were looked at once more.
    pub(crate) fn count_round(&self) {
        self.rounds.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::Relaxed)
    }

    /// Takes over what an incarnation of the keeper, just started, goes by.
    pub(crate) fn adopt(&self, spec: &Arc<AlertsSpec>, at: Instant) {
        self.board().adopt(spec);
        *self.started() = Some(at);
    }

    /// Goes by another spec while the keeper runs.
    pub(crate) fn renew(&self, spec: &Arc<AlertsSpec>) -> Result<(), AlertError> {
        let done = self.board().renew(spec);
        self.renewed.notify_one();
        done
    }

    pub(crate) fn uptime(&self) -> Option<std::time::Duration> {
        self.started().map(|at| at.elapsed())
    }

    fn started(&self) -> MutexGuard<'_, Option<Instant>> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
