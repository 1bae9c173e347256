//! The process that looks after budgets.
//!
//! All it knows lies in the cell: a successor goes on where it was, also with a restart that was begun.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{BudgetsSpec, ChildId, ChildSpec, ServiceName};
use mainstay_supervisors::{
    Child, Namespace, Process, StartContext, StartError, Started, StopToken,
};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

use super::super::cell::{MemoryCell, lock};
use super::super::error::MemoryStartError;
use super::super::event::MemoryEvent;
use super::super::handle::MemoryManager;
use super::super::tracker::Look;
use super::event::{BudgetEvent, BudgetEventKind};
use super::restart::{Restart, Step};
use super::watch::{Finding, Seen};
use crate::telemetry::{Emitter, MEMORY_BUDGET, Metadata, TelemetryService};

/// The id of the process, under the supervisor of the service.
const BUDGETS: &str = "budgets";

/// How long is waited for a supervisor with a restart, before it is looked at budgets again.
const STEP: Duration = Duration::from_secs(5);

/// Who looks at the budgets, as a child beside the keeper.
#[track_caller]
pub(crate) fn child() -> Child {
    // A name is not empty, short, and without `/` and white space: this one is.
    let id = ChildId::new(BUDGETS).expect("a name");
    Child::from_start(ChildSpec::new(id), |cx| async move { start(cx) })
}

fn start(cx: StartContext) -> Result<Started, StartError> {
    let namespace = cx.namespace();
    let namespace = namespace.ok_or_else(|| StartError::failed(MemoryStartError::NoNamespace))?;
    let telemetry = TelemetryService::in_namespace(&namespace);
    let keeper = Keeper {
        cell: MemoryManager::of(&namespace).cell,
        emitter: telemetry.and_then(|telemetry| telemetry.event(MEMORY_BUDGET.event_path()).ok()),
        namespace,
    };
    Ok(cx.spawn_task(move |stop| keeper.keep(stop)).into())
}

/// The first is due after as long as the others.
fn ticks(every: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + every, every);
    // After a pause it is looked once, and not for each time that was missed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

struct Keeper {
    cell: Arc<MemoryCell>,
    namespace: Namespace,
    emitter: Option<Emitter>,
}

impl Keeper {
    async fn keep(self, stop: StopToken) {
        let mut every = self.cell.terms().spec().budgets.check_interval;
        let mut ticks = ticks(every);
        loop {
            tokio::select! {
                biased;
                () = stop.stopped() => break,
                () = self.cell.renewed.notified() => {
                    let now = self.cell.terms().spec().budgets.check_interval;
                    if now != every {
                        (every, ticks) = (now, self::ticks(now));
                    }
                    continue;
                }
                _ = ticks.tick() => {}
            }
            self.look();
            tokio::select! {
                biased;
                () = stop.stopped() => break,
                () = self.go_on() => {}
            }
        }
        // Nobody else would have them take messages again.
        let findings = lock(&self.cell.budgets.watch).open();
        self.carry_out_all(findings, &[]);
    }

    fn look(&self) {
        let terms = self.cell.terms();
        let spec = &terms.spec().budgets;
        self.cell.budgets.count_look();
        self.cell.tracker.sweep();
        let now = self.cell.clock.now();
        let (seen, processes): (Vec<Seen>, Vec<Process>) = spec
            .services
            .iter()
            .filter_map(|budget| self.seen(&budget.name, spec, now))
            .unzip();
        let is_idle = lock(&self.cell.budgets.restart).is_none();
        let findings = lock(&self.cell.budgets.watch).look(spec, &seen, is_idle, now);
        self.carry_out_all(findings, &processes);
    }

    /// Of processes that are among these or, if they have lost their names, among all. With those that have ended nothing is to be done.
    fn carry_out_all(&self, findings: Vec<Finding>, named: &[Process]) {
        for finding in findings {
            let is_it = |process: &&Process| process.pid() == finding.pid;
            let named = named.iter().find(is_it).cloned();
            let process = named.or_else(|| self.namespace.processes().iter().find(is_it).cloned());
            if let Some(process) = process {
                self.carry_out(finding, &process);
            }
        }
    }

    /// What the process holds that has this name now.
    fn seen(
        &self,
        name: &ServiceName,
        spec: &BudgetsSpec,
        now: Duration,
    ) -> Option<(Seen, Process)> {
        let process = self.namespace.whereis(name.as_str())?;
        let look = Look {
            now,
            window: spec.growth_window,
        };
        let tracker = &self.cell.tracker;
        let (sample, growth) = tracker.look_at(&process, name, look, spec.tracked_max);
        let seen = Seen {
            name: name.clone(),
            pid: process.pid(),
            bytes: sample.bytes(),
            growth: growth.map_or(0, |growth| growth.bytes),
        };
        Some((seen, process))
    }

    fn carry_out(&self, mut finding: Finding, process: &Process) {
        match finding.kind {
            BudgetEventKind::IntakeRefused if !process.refuse_messages(true) => {
                finding.kind = BudgetEventKind::CannotRefuse;
            }
            // Nothing was closed that could be opened.
            BudgetEventKind::IntakeOpened if !process.refuse_messages(false) => return,
            BudgetEventKind::Restarting => match Restart::new(&self.namespace, process, &finding) {
                Some(restart) => *lock(&self.cell.budgets.restart) = Some(restart),
                None => {
                    let reason = "its supervisor is not there".to_owned();
                    finding.kind = BudgetEventKind::RestartFailed(reason);
                }
            },
            _ => {}
        }
        self.tell(finding);
    }

    /// Goes on with the restart that was begun, if there is one. What a supervisor was asked to do it does, whether somebody waits or
    /// not; so waiting may be given up at any time, and gone on with later.
    async fn go_on(&self) {
        let Some(mut restart) = lock(&self.cell.budgets.restart).clone() else {
            return;
        };
        // When the time is up, it stays as it is until the next look.
        timeout(STEP, self.step(&mut restart)).await.ok();
    }

    async fn step(&self, restart: &mut Restart) {
        if !restart.stopped {
            if let Err(reason) = restart.stop().await {
                self.keep_restart(None);
                return self.tell_restart(restart, BudgetEventKind::RestartFailed(reason));
            }
            self.keep_restart(Some(restart));
        }
        let kind = match restart.start().await {
            Step::Done => BudgetEventKind::Restarted,
            Step::Over(reason) => BudgetEventKind::RestartFailed(reason),
            Step::Again(reason) => {
                let told = std::mem::replace(&mut restart.told, true);
                self.keep_restart(Some(restart));
                if !told {
                    self.tell_restart(restart, BudgetEventKind::RestartFailed(reason));
                }
                return;
            }
        };
        self.keep_restart(None);
        self.tell_restart(restart, kind);
    }

    fn keep_restart(&self, restart: Option<&Restart>) {
        *lock(&self.cell.budgets.restart) = restart.cloned();
    }

    fn tell_restart(&self, restart: &Restart, kind: BudgetEventKind) {
        self.tell(Finding {
            name: restart.name.clone(),
            pid: restart.pid,
            bytes: restart.bytes,
            limit: restart.limit,
            kind,
        });
    }

    fn tell(&self, finding: Finding) {
        let Finding {
            name,
            pid,
            bytes,
            limit,
            kind,
        } = finding;
        self.cell.budgets.count(&kind);
        let error = match &kind {
            BudgetEventKind::RestartFailed(reason) => reason.as_str(),
            _ => "",
        };
        let namespace = self.namespace.name().as_str();
        tracing::warn!(namespace, service = %name, %pid, bytes, limit, error, "memory budget: {}", kind.as_str());
        if let Some(emitter) = &self.emitter {
            emitter.emit(|| {
                let metadata = Metadata::new()
                    .with("service", name.as_str().to_owned())
                    .with("process", pid.to_string())
                    .with("kind", kind.as_str())
                    .with("error", error.to_owned())
                    .with("namespace", namespace.to_owned());
                ([("bytes", bytes), ("limit", limit)], metadata)
            });
        }
        let at = self.cell.clock.now();
        let event = BudgetEvent {
            service: name,
            pid,
            kind,
            bytes,
            limit,
            at,
        };
        self.cell.tell(&MemoryEvent::Budget(event));
    }
}
