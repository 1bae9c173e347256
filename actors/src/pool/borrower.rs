//! Who borrows.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use mainstay_supervisors::{Pid, Process};
use rustc_hash::FxBuildHasher;

use super::core::Holder;

/// Whoever asked for a connection: the process that ran, or else the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Borrower {
    Process(Pid),
    Task(tokio::task::Id),
}

impl fmt::Display for Borrower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(pid) => write!(f, "process {pid}"),
            Self::Task(id) => write!(f, "task {id}"),
        }
    }
}

/// Whoever asks here.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    pub(crate) process: Option<Process>,
    pub(crate) borrower: Option<Borrower>,
}

impl Asker {
    /// For one who does not ask again.
    #[inline]
    pub(crate) fn take(&mut self) -> Self {
        Self {
            process: self.process.take(),
            borrower: self.borrower,
        }
    }

    #[inline]
    pub(crate) fn here() -> Self {
        let process = mainstay_supervisors::current();
        let borrower = match &process {
            Some(process) => Some(Borrower::Process(process.pid())),
            None => tokio::task::try_id().map(Borrower::Task),
        };
        Self { process, borrower }
    }
}

/// The processes that have leases, or had some not long ago. The keeper watches each of them, once.
#[derive(Debug, Default)]
pub(crate) struct Borrowers {
    /// By numbers that nobody chooses, looked for at each lease: by a hash that is fast.
    known: HashMap<Pid, Known, FxBuildHasher>,
    to_watch: Vec<Process>,
}

#[derive(Debug)]
struct Known {
    process: Process,
    leases: u32,
}

impl Borrowers {
    /// Whether the keeper is to be called, as it does not watch this one yet.
    pub(crate) fn lent(&mut self, process: &Process) -> bool {
        match self.known.entry(process.pid()) {
            Entry::Occupied(mut known) => {
                known.get_mut().leases += 1;
                false
            }
            Entry::Vacant(place) => {
                let process = process.clone();
                self.to_watch.push(process.clone());
                place.insert(Known { process, leases: 1 });
                true
            }
        }
    }

    pub(crate) fn returned(&mut self, borrower: Option<Borrower>) {
        if let Some(Borrower::Process(pid)) = borrower
            && let Some(known) = self.known.get_mut(&pid)
        {
            known.leases = known.leases.saturating_sub(1);
        }
    }

    /// Leases were taken away. Those that were granted and never taken do not count among those a process has.
    pub(crate) fn revoked(&mut self, leases: &[Holder<Borrower>]) {
        let taken = leases.iter().filter(|lease| lease.taken);
        taken.for_each(|lease| self.returned(lease.borrower));
    }

    /// One that has ended, or need not be watched any more if it has no leases: whether that is so.
    pub(crate) fn forget(&mut self, pid: Pid, has_ended: bool) -> Option<Process> {
        let idle = |known: &Known| has_ended || known.leases == 0;
        self.known.get(&pid).filter(|known| idle(known))?;
        self.known.remove(&pid).map(|known| known.process)
    }

    /// Those that the keeper does not watch yet.
    pub(crate) fn take_new(&mut self) -> Vec<Process> {
        std::mem::take(&mut self.to_watch)
    }

    /// A keeper that is new watches none of them. Those that come out are to be dropped without any lock.
    #[must_use]
    pub(crate) fn watch_all(&mut self) -> Vec<Process> {
        let known = self.known.values();
        let all = known.map(|known| known.process.clone()).collect();
        std::mem::replace(&mut self.to_watch, all)
    }

    /// What to call a borrower: to be made into text without any lock.
    pub(crate) fn named(&self, borrower: Borrower) -> Named {
        let process = match borrower {
            Borrower::Process(pid) => self.known.get(&pid).map(|known| known.process.clone()),
            Borrower::Task(_) => None,
        };
        Named { borrower, process }
    }
}

/// What a borrower is called.
#[derive(Debug)]
pub(crate) struct Named {
    borrower: Borrower,
    /// If it is known.
    process: Option<Process>,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.process {
            Some(process) => write!(f, "{} ({})", process.path(), process.pid()),
            None => self.borrower.fmt(f),
        }
    }
}
