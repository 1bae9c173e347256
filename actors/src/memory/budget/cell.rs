//! What the process that looks after budgets and its successors share.

use std::sync::Mutex;

use super::super::cell::lock;
use super::event::BudgetEventKind;
use super::restart::Restart;
use super::stats::BudgetStats;
use super::watch::Watch;

/// What the cell keeps of budgets.
#[derive(Debug, Default)]
pub(crate) struct Budgets {
    pub(super) watch: Mutex<Watch>,
    /// A restart that was begun. Kept here, so that a process that was stopped for it is started whoever is there to do it.
    pub(super) restart: Mutex<Option<Restart>>,
    stats: Mutex<BudgetStats>,
}

impl Budgets {
    pub(crate) fn stats(&self) -> BudgetStats {
        *lock(&self.stats)
    }

    pub(super) fn count_look(&self) {
        lock(&self.stats).looks += 1;
    }

    pub(super) fn count(&self, kind: &BudgetEventKind) {
        let mut stats = lock(&self.stats);
        match kind {
            BudgetEventKind::SoftExceeded => stats.soft_exceeded += 1,
            BudgetEventKind::HardExceeded => stats.hard_exceeded += 1,
            BudgetEventKind::IntakeRefused => stats.refused += 1,
            BudgetEventKind::Restarted => stats.restarts += 1,
            BudgetEventKind::RestartFailed(_) => stats.restarts_failed += 1,
            BudgetEventKind::WouldRefuse | BudgetEventKind::WouldRestart => stats.dry += 1,
            BudgetEventKind::Within
            | BudgetEventKind::CannotRefuse
            | BudgetEventKind::IntakeOpened
            | BudgetEventKind::Restarting
            | BudgetEventKind::NotMeasured => {}
        }
    }
}
