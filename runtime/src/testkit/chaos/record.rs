//! What was done in a test, for its end.

use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mainstay_supervisors::{Pid, Process};
use tokio::task::AbortHandle;

use super::Schedule;
use super::monkey::Log;

#[derive(Default)]
struct Known {
    hung: Vec<(Pid, String)>,
    /// Who was made to fail, in whatever way.
    hit: Vec<Pid>,
    runs: Vec<(Arc<Schedule>, Log)>,
    tasks: Vec<AbortHandle>,
}

#[derive(Default)]
pub(in crate::testkit) struct Chaos(Mutex<Known>);

impl Chaos {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It was told to hang, so that it will have to be killed.
    pub(super) fn hangs(&self, process: &Process) {
        self.lock().hung.push((process.pid(), process.path()));
    }

    /// It was made to fail.
    pub(super) fn hits(&self, process: &Process) {
        self.lock().hit.push(process.pid());
    }

    /// Whether it was made to fail.
    pub(in crate::testkit) fn has_hit(&self, process: &Process) -> bool {
        self.lock().hit.contains(&process.pid())
    }

    /// Whether it was told to hang; of a process whose number is not known, whether one of its path was.
    pub(in crate::testkit) fn is_hung(&self, pid: Option<Pid>, path: &str) -> bool {
        let known = self.lock();
        known.hung.iter().any(|hung| match pid {
            Some(pid) => hung.0 == pid,
            None => hung.1 == path,
        })
    }

    pub(super) fn runs(&self, schedule: &Arc<Schedule>, log: &Log, run: AbortHandle) {
        let mut known = self.lock();
        known.runs.push((Arc::clone(schedule), log.clone()));
        known.tasks.push(run);
    }

    /// A task ends a hang.
    pub(super) fn releases(&self, task: AbortHandle) {
        self.lock().tasks.push(task);
    }

    /// The schedules that were begun, as far as they were carried out, as text.
    pub(in crate::testkit) fn schedules(&self) -> String {
        let known = self.lock();
        let runs = known.runs.iter();
        runs.map(|(schedule, log)| so_far(schedule, log.done()))
            .collect()
    }

    /// No schedule goes on.
    pub(in crate::testkit) fn stop(&self) {
        self.lock().tasks.iter().for_each(AbortHandle::abort);
    }
}

/// It can be read back, and the line on what was not done is passed over then.
fn so_far(schedule: &Schedule, done: usize) -> String {
    let (done, rest) = schedule.strikes.split_at(done);
    let done = Schedule {
        seed: schedule.seed,
        strikes: done.to_vec(),
    };
    match rest.len() {
        0 => done.to_string(),
        count => format!("{done}  # {count} more were not carried out\n"),
    }
}

/// Whether the chaos itself ordered this, which need not come to pass.
pub(in crate::testkit) fn is_ours(place: &Location<'_>) -> bool {
    place.file() == super::monkey::FILE
}
