//! One check: how it is run, what it has found, and what that comes to.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mainstay_specs::{CheckKind, HealthCheckConfig, ServiceName};
use tokio::task::AbortHandle;

use super::super::checkable::AnyCheck;
use super::super::machine::{Machine, Pace, Step};
use super::super::moment::Moment;
use super::super::result::{CheckResult, HealthResult, milliseconds};
use super::super::snapshot::ServiceHealth;
use super::super::status::HealthStatus;
use super::pretence::Pretences;

/// Who has registered a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The program. It stays until it is unregistered.
    Program,
    /// Nobody: it was found. It goes when it is found no more, or the program registers one of its name.
    Found,
    /// Nobody yet: the spec names it. It is unknown.
    Spec,
}

/// A run that is under way.
pub(crate) struct Run {
    pub(crate) number: u64,
    pub(crate) begun: Moment,
    /// It has lasted for longer than it may, and that was noted.
    pub(crate) is_late: bool,
    /// A sweep waits for it.
    pub(crate) is_awaited: bool,
    /// Ends it; none until its task is there.
    pub(crate) abort: Option<AbortHandle>,
}

pub(crate) struct Entry {
    pub(crate) name: ServiceName,
    /// None where the spec alone names it.
    pub(crate) check: Option<AnyCheck>,
    pub(crate) origin: Origin,
    /// What the program has said, if it has.
    pub(crate) given: Option<HealthCheckConfig>,
    pub(crate) config: HealthCheckConfig,
    pub(crate) machine: Machine,
    pub(crate) pretences: Pretences,
    registered: Moment,
    since: SystemTime,
    last_success: Option<SystemTime>,
    /// When the next run is to begin.
    pub(crate) due: Duration,
    pub(crate) run: Option<Run>,
    /// The last run has ended after its time.
    was_late: bool,
    last: Option<Found>,
    /// How it looks, until something changes.
    shown: Option<Arc<ServiceHealth>>,
}

/// What was found last.
struct Found {
    result: HealthResult,
    left_out: usize,
    simulated: bool,
}

impl Entry {
    pub(crate) fn new(
        name: ServiceName,
        check: Option<AnyCheck>,
        origin: Origin,
        given: Option<HealthCheckConfig>,
        config: HealthCheckConfig,
        now: Moment,
    ) -> Self {
        Self {
            name,
            check,
            origin,
            given,
            config,
            machine: Machine::default(),
            pretences: Pretences::default(),
            registered: now,
            since: now.wall,
            last_success: None,
            due: now.at,
            run: None,
            was_late: false,
            last: None,
            shown: None,
        }
    }

    pub(crate) const fn pace(&self) -> Pace {
        Pace {
            rise: self.config.rise,
            fall: self.config.fall,
            hold: self.config.hold,
        }
    }

    /// Goes by another configuration.
    pub(crate) fn reconfigure(&mut self, config: HealthCheckConfig) {
        if self.config != config {
            self.config = config;
            self.shown = None;
        }
    }

    /// Whether its run has lasted for longer than it may.
    pub(crate) fn is_stuck(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.is_late)
    }

    /// Whether it has come up, if it is one that has to.
    pub(crate) fn has_come_up(&self) -> bool {
        self.config.kind != CheckKind::Startup || self.machine.status() == HealthStatus::Healthy
    }

    /// Whether it is to be run at all: what has come up need not come up again.
    pub(crate) fn is_runnable(&self) -> bool {
        let is_startup = self.config.kind == CheckKind::Startup;
        let done = is_startup && self.has_come_up() && self.pretences.is_empty();
        self.check.is_some() && self.run.is_none() && !done
    }

    /// A run begins. The next one is due after its interval, less a share that is left to `chance`, from 0 to 1.
    pub(crate) fn begin(&mut self, number: u64, now: Moment, chance: f64) {
        let share = 1.0 - self.config.jitter * chance;
        let interval = self.config.interval;
        // One that is begun a little late does not make all that follow late.
        let begun = if self.due <= now.at && now.at - self.due < interval {
            self.due
        } else {
            now.at
        };
        self.due = (begun + interval.mul_f64(share.clamp(0.0, 1.0))).max(now.at);
        self.run = Some(Run {
            number,
            begun: now,
            is_late: false,
            is_awaited: false,
            abort: None,
        });
    }

    /// A run has ended, or was cut off. After one that was late nobody knows, and so the next is due at once; after a second one it is due as
    /// ever, as a check that is always a little slower than it may be would be run without a pause.
    pub(crate) fn end(&mut self, is_late: bool, now: Duration) {
        self.shown = None;
        let was_late = std::mem::replace(&mut self.was_late, is_late);
        if is_late && !was_late {
            self.due = self.due.min(now);
        }
    }

    /// When the run that is under way has lasted for as long as it may.
    pub(crate) fn limit_at(&self) -> Option<Duration> {
        let run = self.run.as_ref().filter(|run| !run.is_late)?;
        Some(run.begun.at + self.config.time_limit)
    }

    /// When the whole may come to fare otherwise as this one may be unknown no more.
    pub(crate) fn grace_end(&self) -> Duration {
        self.registered.at + self.config.grace
    }

    /// Notes what was found.
    pub(crate) fn on_result(
        &mut self,
        result: HealthResult,
        left_out: usize,
        now: Moment,
    ) -> Option<Step> {
        let (result, simulated) = self.pretences.put_on(result, now.at);
        let status = result.status;
        if status == HealthStatus::Healthy {
            self.last_success = Some(now.wall);
        }
        self.last = Some(Found {
            result,
            left_out,
            simulated,
        });
        self.shown = None;
        let step = self.machine.on_result(now.at, status, &self.pace());
        self.stepped(step, now)
    }

    /// Notes that the run that is under way has lasted for too long, if it has.
    pub(crate) fn expire(&mut self, now: Moment) -> Option<Option<Step>> {
        if self.limit_at()? > now.at {
            return None;
        }
        if let Some(run) = &mut self.run {
            run.is_late = true;
        }
        Some(self.time_out(now))
    }

    /// Notes that there was no answer in time.
    pub(crate) fn time_out(&mut self, now: Moment) -> Option<Step> {
        let limit = self.config.time_limit;
        let check = CheckResult::unhealthy(self.name.to_string(), TIMEOUT)
            .with("time_limit_ms", milliseconds::number(limit))
            .timed(limit);
        let result = HealthResult::at(vec![check], now.wall, limit);
        self.on_result(result, 0, now)
    }

    /// Changes what is to be changed as time has gone by.
    pub(crate) fn tend(&mut self, now: Moment) -> Option<Step> {
        if self.pretences.expire(now.at) {
            self.due = now.at;
        }
        let step = self.machine.tend(now.at, &self.pace());
        self.stepped(step, now)
    }

    fn stepped(&mut self, step: Option<Step>, now: Moment) -> Option<Step> {
        if step.is_some() {
            self.since = now.wall;
            self.shown = None;
        }
        step
    }

    /// When there is something to do for it, if nothing else happens.
    pub(crate) fn next(&self, now: Duration) -> Option<Duration> {
        let due = self.is_runnable().then_some(self.due);
        let held = self.machine.held_until(&self.pace());
        let grace = Some(self.grace_end()).filter(|at| *at > now);
        let all = [due, held, grace, self.limit_at(), self.pretences.next()];
        all.into_iter().flatten().min()
    }

    pub(crate) fn in_grace(&self, now: Duration) -> bool {
        now < self.grace_end()
    }

    /// Whether it looks otherwise than it was last shown.
    pub(crate) fn is_out_of_date(&self, now: Duration) -> bool {
        let in_grace = self.in_grace(now);
        self.shown
            .as_ref()
            .is_none_or(|shown| shown.in_grace != in_grace)
    }

    /// How it looks at `now`.
    pub(crate) fn show(&mut self, now: Duration) -> Arc<ServiceHealth> {
        let in_grace = self.in_grace(now);
        let shown = self.shown.take().filter(|shown| shown.in_grace == in_grace);
        let shown = shown.unwrap_or_else(|| Arc::new(self.picture(in_grace)));
        self.shown = Some(Arc::clone(&shown));
        shown
    }

    /// The words for how it fares now.
    pub(crate) fn message(&self) -> String {
        match &self.last {
            Some(found) => found.result.message().to_owned(),
            None if self.check.is_none() => NOBODY.to_owned(),
            None => NOT_YET.to_owned(),
        }
    }

    fn picture(&self, in_grace: bool) -> ServiceHealth {
        let last = self.last.as_ref();
        let result = last.map(|found| &found.result);
        ServiceHealth {
            name: self.name.clone(),
            status: self.machine.status(),
            message: self.message(),
            checks: result
                .map(|result| result.checks.clone())
                .unwrap_or_default(),
            checks_left_out: last.map_or(0, |found| found.left_out),
            overall_score: result.map_or(HealthStatus::Unknown.score(), |it| it.overall_score),
            timestamp: result.map(|result| result.timestamp),
            duration: result.map_or(Duration::ZERO, |result| result.duration),
            importance: self.config.importance,
            kind: self.config.kind,
            weight: self.config.weight,
            tags: self.config.tags.clone(),
            pending: self.machine.pending(),
            since: self.since,
            last_success: self.last_success,
            consecutive_failures: self.machine.failures(),
            running_since: self.run.as_ref().map(|run| run.begun.wall),
            in_grace,
            depends_on: self.config.depends_on.clone(),
            depends_on_unknown: Vec::new(),
            impaired_by: Vec::new(),
            cause_chain: Vec::new(),
            simulated: last.is_some_and(|found| found.simulated),
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(abort) = self.run.take().and_then(|run| run.abort) {
            abort.abort();
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Entry");
        out.field("name", &self.name).field("origin", &self.origin);
        out.field("machine", &self.machine).finish_non_exhaustive()
    }
}

/// As the seed has it.
pub(crate) const TIMEOUT: &str = "Health check timeout";
const NOBODY: &str = "nobody has registered this check";
const NOT_YET: &str = "it was not looked at yet";
