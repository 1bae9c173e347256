//! What was done in a test, for its end.

use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mainstay_supervisors::{Pid, Process};
use tokio::task::AbortHandle;

use super::Schedule;

#[derive(Default)]
struct Known {
    hung: Vec<(Pid, String)>,
    schedules: Vec<String>,
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

    /// Whether it was told to hang; of a process whose number is not known, whether one of its path was.
    pub(in crate::testkit) fn is_hung(&self, pid: Option<Pid>, path: &str) -> bool {
        let known = self.lock();
        known.hung.iter().any(|hung| match pid {
            Some(pid) => hung.0 == pid,
            None => hung.1 == path,
        })
    }

    pub(super) fn runs(&self, schedule: &Schedule, run: AbortHandle) {
        let mut known = self.lock();
        known.schedules.push(schedule.to_string());
        known.tasks.push(run);
    }

    /// A task ends a hang.
    pub(super) fn releases(&self, task: AbortHandle) {
        self.lock().tasks.push(task);
    }

    /// The schedules that were begun, as text.
    pub(in crate::testkit) fn schedules(&self) -> String {
        self.lock().schedules.concat()
    }

    /// No schedule goes on.
    pub(in crate::testkit) fn stop(&self) {
        self.lock().tasks.iter().for_each(AbortHandle::abort);
    }
}

/// Whether the chaos itself ordered this, which need not come to pass.
pub(in crate::testkit) fn is_ours(place: &Location<'_>) -> bool {
    place.file() == super::monkey::FILE
}
