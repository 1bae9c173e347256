//! What is over which budget, and what is to be done.

use std::collections::BTreeMap;
use std::time::Duration;

use mainstay_specs::{BudgetsSpec, MemoryBudget, ServiceName};
use mainstay_supervisors::Pid;

use super::event::BudgetEventKind;
use super::victim::{Candidate, choose};

/// By which part of a budget a process has to be under it to be within it again, so that one that wavers is not told at each look.
const BACK_AT: u64 = 10;

/// Over which of its budgets a process is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Over {
    #[default]
    None,
    Soft,
    Hard,
}

/// What a process that has a budget holds.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) name: ServiceName,
    pub(super) pid: Pid,
    /// `None`: not measured.
    pub(super) bytes: Option<u64>,
    pub(super) growth: i64,
}

/// Something to be told, and to be done if it is one of those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) name: ServiceName,
    pub(super) pid: Pid,
    pub(super) bytes: u64,
    pub(super) limit: u64,
    pub(super) kind: BudgetEventKind,
}

/// What is known of one incarnation.
#[derive(Debug)]
struct Known {
    pid: Pid,
    over: Over,
    /// It was told to take no messages.
    refused: bool,
    told_unmeasured: bool,
    /// Its restart was told of, which it does not come to in a dry run.
    told_restart: bool,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Watch {
    known: BTreeMap<ServiceName, Known>,
    restarted: Option<Duration>,
}

impl Watch {
    /// What comes of this look. A restart last, at most one, and none unless `is_idle`: while another one is under way.
    pub(super) fn look(
        &mut self,
        spec: &BudgetsSpec,
        seen: &[Seen],
        is_idle: bool,
        now: Duration,
    ) -> Vec<Finding> {
        let mut findings = self.forget(spec, seen);
        for budget in &spec.services {
            if let Some(seen) = seen.iter().find(|seen| seen.name == budget.name) {
                self.judge(budget, seen, spec.dry_run, &mut findings);
            }
        }
        if is_idle {
            findings.extend(self.restart(spec, seen, now));
        }
        findings
    }

    /// Forgets those that do not have their names any more, or whose names have no budgets: they take messages again.
    fn forget(&mut self, spec: &BudgetsSpec, seen: &[Seen]) -> Vec<Finding> {
        let stays = |name: &ServiceName, known: &mut Known| {
            let mut budgets = spec.services.iter();
            let mut seen = seen.iter();
            budgets.any(|budget| budget.name == *name)
                && seen.any(|seen| seen.name == *name && seen.pid == known.pid)
        };
        let gone = self.known.extract_if(.., |name, known| !stays(name, known));
        let refused = gone.filter(|(_, known)| known.refused);
        refused
            .map(|(name, known)| opened(&name, known.pid))
            .collect()
    }

    /// Has all take messages again that were told not to, as nobody looks after them from now on. At the next look, if there is one, they
    /// are told anew.
    pub(super) fn open(&mut self) -> Vec<Finding> {
        let all = self.known.iter_mut();
        let refused = all.filter_map(|(name, known)| {
            let was_refused = std::mem::take(&mut known.refused);
            was_refused.then(|| opened(name, known.pid))
        });
        refused.collect()
    }

    fn judge(
        &mut self,
        budget: &MemoryBudget,
        seen: &Seen,
        dry_run: bool,
        findings: &mut Vec<Finding>,
    ) {
        let fresh = || Known {
            pid: seen.pid,
            over: Over::None,
            refused: false,
            told_unmeasured: false,
            told_restart: false,
        };
        let known = self.known.entry(budget.name.clone()).or_insert_with(fresh);
        let Some(bytes) = seen.bytes else {
            if !std::mem::replace(&mut known.told_unmeasured, true) {
                findings.push(finding(seen, 0, BudgetEventKind::NotMeasured));
            }
            if std::mem::take(&mut known.refused) {
                findings.push(finding(seen, 0, BudgetEventKind::IntakeOpened));
            }
            return;
        };
        let before = known.over;
        let after = over(budget, bytes, before);
        known.over = after;
        let (soft, hard) = (budget.soft.unwrap_or(0), budget.hard.unwrap_or(0));
        let tell = |limit, kind| finding(seen, limit, kind);
        if after >= Over::Soft && before < Over::Soft && budget.soft.is_some() {
            findings.push(tell(soft, BudgetEventKind::SoftExceeded));
        }
        if after == Over::Hard && before < Over::Hard {
            findings.push(tell(hard, BudgetEventKind::HardExceeded));
            if dry_run && !budget.critical {
                findings.push(tell(hard, BudgetEventKind::WouldRefuse));
            }
        }
        if after < Over::Hard {
            known.told_restart = false;
        }
        let refuses = after == Over::Hard && !budget.critical && !dry_run;
        if std::mem::replace(&mut known.refused, refuses) != refuses {
            let kind = if refuses {
                BudgetEventKind::IntakeRefused
            } else {
                BudgetEventKind::IntakeOpened
            };
            findings.push(tell(hard, kind));
        }
        if before > Over::None && after == Over::None {
            let limit = budget.soft.unwrap_or(hard);
            findings.push(tell(limit, BudgetEventKind::Within));
        }
    }

    fn restart(&mut self, spec: &BudgetsSpec, seen: &[Seen], now: Duration) -> Option<Finding> {
        let waits = |at: Duration| now.saturating_sub(at) < spec.restart_interval;
        if self.restarted.is_some_and(waits) {
            return None;
        }
        let safe = |name: &ServiceName| {
            let mut budgets = spec.services.iter();
            budgets.any(|budget| budget.name == *name && budget.restart_safe && !budget.critical)
        };
        let may = |seen: &&Seen| {
            let known = self.known.get(&seen.name);
            known.is_some_and(|known| known.over == Over::Hard && !known.told_restart)
                && seen.bytes.is_some()
                && safe(&seen.name)
        };
        let candidates: Vec<Candidate<'_>> = seen.iter().filter(may).map(candidate).collect();
        let chosen = choose(&candidates)?;
        let seen = seen.iter().find(|seen| seen.name.as_str() == chosen.name)?;
        let budget = spec.services.iter().find(|it| it.name == seen.name)?;
        self.restarted = Some(now);
        // One that was not restarted all the same comes to its turn again.
        self.known.get_mut(&seen.name)?.told_restart = spec.dry_run;
        let kind = if spec.dry_run {
            BudgetEventKind::WouldRestart
        } else {
            BudgetEventKind::Restarting
        };
        Some(finding(seen, budget.hard.unwrap_or(0), kind))
    }
}

fn candidate(seen: &Seen) -> Candidate<'_> {
    Candidate {
        name: seen.name.as_str(),
        bytes: seen.bytes.unwrap_or(0),
        growth: seen.growth,
    }
}

/// One that is not looked after any more takes messages again.
fn opened(name: &ServiceName, pid: Pid) -> Finding {
    Finding {
        name: name.clone(),
        pid,
        bytes: 0,
        limit: 0,
        kind: BudgetEventKind::IntakeOpened,
    }
}

fn finding(seen: &Seen, limit: u64, kind: BudgetEventKind) -> Finding {
    Finding {
        name: seen.name.clone(),
        pid: seen.pid,
        bytes: seen.bytes.unwrap_or(0),
        limit,
        kind,
    }
}

fn over(budget: &MemoryBudget, bytes: u64, before: Over) -> Over {
    let is_over = |limit: Option<u64>, was_over: bool| {
        limit.is_some_and(|limit| {
            let back = if was_over { limit / BACK_AT } else { 0 };
            bytes >= limit - back
        })
    };
    if is_over(budget.hard, before == Over::Hard) {
        Over::Hard
    } else if is_over(budget.soft, before >= Over::Soft) {
        Over::Soft
    } else {
        Over::None
    }
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests;
