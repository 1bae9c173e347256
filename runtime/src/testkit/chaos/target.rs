//! Finding the process that is meant.

use mainstay_supervisors::{Namespace, Process};

use crate::testkit::capture::is_named;

/// Why nobody was struck.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// No process has this name, id or path.
    #[error("no process {target:?}; there are {there:?}")]
    Unknown {
        /// What was looked for.
        target: String,
        /// The paths of the processes of the namespace.
        there: Vec<String>,
    },
    /// Several have it.
    #[error("{target:?} may be any of {candidates:?}")]
    Ambiguous {
        /// What was looked for.
        target: String,
        /// The paths of those that have it.
        candidates: Vec<String>,
    },
    /// The process has ended meanwhile, or was to fail in some way before.
    #[error("{0} has ended, or is to fail already")]
    Struck(String),
}

pub(super) fn find(namespace: &Namespace, target: &str) -> Result<Process, TargetError> {
    if let Some(process) = namespace.whereis(target).filter(Process::is_alive) {
        return Ok(process);
    }
    let all = namespace.processes();
    let meant = |process: &&Process| is_named(&process.path(), target);
    let candidates: Vec<&Process> = all.iter().filter(meant).collect();
    let paths = |processes: &[&Process]| processes.iter().map(|it| it.path()).collect();
    let target = target.to_owned();
    match candidates[..] {
        [process] => Ok(process.clone()),
        [] => Err(TargetError::Unknown {
            target,
            there: all.iter().map(Process::path).collect(),
        }),
        _ => Err(TargetError::Ambiguous {
            target,
            candidates: paths(&candidates),
        }),
    }
}
