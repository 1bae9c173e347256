//! Beginning and ending runs.

use mainstay_specs::ServiceName;
use tokio::task::AbortHandle;

use super::super::bound::{Bounds, bound};
use super::super::checkable::AnyCheck;
use super::super::machine::Step;
use super::super::moment::Moment;
use super::super::result::{CheckResult, HealthResult};
use super::{Book, Entry, Stepped};

/// A run to be begun.
pub(crate) struct Work {
    pub(crate) name: ServiceName,
    pub(crate) number: u64,
    pub(crate) check: AnyCheck,
}

/// How a run has ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Answered(HealthResult),
    Panicked(String),
}

/// What the end of a run means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    /// It was the run that was waited for, and nobody has ended it before.
    pub(crate) is_ours: bool,
    /// It has ended after its time.
    pub(crate) is_late: bool,
    /// That was not noted before.
    pub(crate) is_unnoticed: bool,
    /// It was the last that a sweep has waited for.
    pub(crate) sweep_is_done: bool,
}

impl Book {
    /// Begins the runs that are due. `chance` gives numbers from 0 to 1.
    pub(crate) fn begin_due(&mut self, now: Moment, mut chance: impl FnMut() -> f64) -> Vec<Work> {
        let due = |entry: &&mut Entry| entry.is_runnable() && entry.due <= now.at;
        let due = self.entries.values_mut().filter(due);
        let runs = &mut self.runs;
        due.map(|entry| begin(entry, runs, now, chance())).collect()
    }

    /// Begins all runs that are not under way, for a sweep that waits for all that are, but those whose time is up already. How many that
    /// are is [`awaited`](Self::awaited).
    pub(crate) fn begin_all(&mut self, now: Moment, mut chance: impl FnMut() -> f64) -> Vec<Work> {
        let (runs, mut work) = (&mut self.runs, Vec::new());
        self.awaited = 0;
        for entry in self.entries.values_mut() {
            if entry.is_runnable() {
                work.push(begin(entry, runs, now, chance()));
            }
            if let Some(run) = entry.run.as_mut().filter(|run| !run.is_late) {
                run.is_awaited = true;
                self.awaited += 1;
            }
        }
        work
    }

    pub(crate) const fn awaited(&self) -> usize {
        self.awaited
    }

    /// The task of a run is there. If the run was ended meanwhile, so is the task.
    pub(crate) fn attach(&mut self, name: &ServiceName, number: u64, abort: AbortHandle) {
        let run = self
            .entries
            .get_mut(name)
            .and_then(|entry| entry.run.as_mut());
        match run.filter(|run| run.number == number) {
            Some(run) => run.abort = Some(abort),
            None => abort.abort(),
        }
    }

    /// A run has ended. What it has found after its time was up counts for nothing, but the check can be run again.
    pub(crate) fn finish(
        &mut self,
        name: &ServiceName,
        number: u64,
        outcome: Outcome,
        now: Moment,
    ) -> Ended {
        let bounds = Bounds {
            parts: self.spec.parts_max as usize,
            text: self.spec.text_max as usize,
        };
        let Some(entry) = self.entries.get_mut(name) else {
            return Ended::default();
        };
        let Some(run) = entry.run.take_if(|run| run.number == number) else {
            return Ended::default();
        };
        self.is_dirty = true;
        let mut ended = Ended {
            is_ours: true,
            is_late: run.is_late || now.at >= run.begun.at + entry.config.time_limit,
            is_unnoticed: false,
            sweep_is_done: false,
        };
        // It may have been too long before anybody has noted that.
        ended.is_unnoticed = ended.is_late && !run.is_late;
        let step = if ended.is_unnoticed {
            entry.time_out(now)
        } else if ended.is_late {
            entry.tend(now)
        } else {
            let (result, left_out) = bound(result(outcome, name, now), bounds, now.wall);
            entry.on_result(result, left_out, now)
        };
        entry.end(ended.is_late, now.at);
        let stepped = stepped(entry, step, now);
        stepped.into_iter().for_each(|stepped| self.note(stepped));
        if run.is_awaited {
            self.awaited = self.awaited.saturating_sub(1);
            ended.sweep_is_done = self.awaited == 0;
        }
        ended
    }

    /// Notes all that has come about as time has gone by; how many runs have come to last for too long.
    pub(crate) fn tend(&mut self, now: Moment) -> u64 {
        let (mut late, mut steps) = (0, Vec::new());
        for entry in self.entries.values_mut() {
            let expired = entry.expire(now);
            late += u64::from(expired.is_some());
            // What comes of it is known now.
            let run = entry
                .run
                .as_mut()
                .filter(|run| run.is_late && run.is_awaited);
            if let Some(run) = run {
                run.is_awaited = false;
                self.awaited = self.awaited.saturating_sub(1);
            }
            let step = expired.flatten().or_else(|| entry.tend(now));
            self.is_dirty |= entry.is_out_of_date(now.at);
            steps.extend(stepped(entry, step, now));
        }
        steps.into_iter().for_each(|stepped| self.note(stepped));
        late
    }

    /// Ends the run of a check that is under way, if there is one.
    pub(super) fn end_run(&mut self, name: &ServiceName) {
        let Some(entry) = self.entries.get_mut(name) else {
            return;
        };
        let Some(run) = entry.run.take() else {
            return;
        };
        entry.end(false, run.begun.at);
        if run.is_awaited {
            self.awaited = self.awaited.saturating_sub(1);
        }
        if let Some(abort) = run.abort {
            abort.abort();
        }
    }

    /// Nobody waits any more.
    pub(crate) fn end_sweep(&mut self) {
        self.awaited = 0;
        let runs = self
            .entries
            .values_mut()
            .filter_map(|entry| entry.run.as_mut());
        runs.for_each(|run| run.is_awaited = false);
    }
}

fn begin(entry: &mut Entry, runs: &mut u64, now: Moment, chance: f64) -> Work {
    *runs += 1;
    entry.begin(*runs, now, chance);
    // Only what has a check is run.
    let check = entry.check.clone();
    let check = check.unwrap_or_else(|| unreachable!("a check that is run is there"));
    Work {
        name: entry.name.clone(),
        number: *runs,
        check,
    }
}

fn stepped(entry: &Entry, step: Option<Step>, at: Moment) -> Option<Stepped> {
    step.map(|step| Stepped {
        service: entry.name.clone(),
        step,
        message: entry.message(),
        at,
    })
}

fn result(outcome: Outcome, name: &ServiceName, now: Moment) -> HealthResult {
    match outcome {
        Outcome::Answered(result) => result,
        Outcome::Panicked(text) => {
            let message = format!("the check has panicked: {text}");
            let check = CheckResult::unhealthy(name.to_string(), message);
            HealthResult::at(vec![check], now.wall, std::time::Duration::ZERO)
        }
    }
}
