//! The part of a supervisor that others hold: its mailbox and its table of children.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_specs::{Shutdown, SupervisorFlags};
use tokio::time::Instant;

use super::budget::RestartBudget;
use super::decide::Key;
use super::doom::Doom;
use super::entries::Entries;
use super::inbox::{Inbox, Mailbox};
use super::message::Message;
use super::table::{Entry, Table};
use crate::exit::ExitReason;
use crate::process::{Process, ProcessKind, drop_caught};

/// What a supervisor does about its children: as it was made with, or was told last.
struct Terms {
    strategy: &'static str,
    flags: SupervisorFlags,
}

pub(crate) struct Hub {
    mailbox: Mailbox,
    table: Mutex<Table>,
    terms: Mutex<Terms>,
    /// How many partitions it was made with, if it is a partition supervisor.
    pub(crate) partitions: Option<NonZeroUsize>,
    /// When the supervisor was made.
    pub(crate) since: Instant,
}

impl Hub {
    pub(crate) fn new(
        strategy: &'static str,
        flags: SupervisorFlags,
        partitions: Option<NonZeroUsize>,
    ) -> (Arc<Self>, Inbox) {
        let hub = Arc::new(Self {
            mailbox: Mailbox::default(),
            table: Mutex::default(),
            terms: Mutex::new(Terms { strategy, flags }),
            partitions,
            since: Instant::now(),
        });
        let inbox = Inbox::new(Arc::clone(&hub));
        (hub, inbox)
    }

    pub(super) const fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Held for moments only, never across an await; a poisoned table is still a table.
    pub(crate) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn budget(&self) -> RestartBudget {
        let flags = self.flags();
        self.table().budget(&flags)
    }

    /// What its children's restarts come to.
    pub(crate) fn flags(&self) -> SupervisorFlags {
        self.terms().flags.clone()
    }

    /// The name of its strategy, as trees show it.
    pub(crate) fn strategy(&self) -> &'static str {
        self.terms().strategy
    }

    pub(super) fn set_flags(&self, strategy: &'static str, flags: SupervisorFlags) {
        *self.terms() = Terms { strategy, flags };
    }

    /// Held for moments only, and never while another lock is taken.
    fn terms(&self) -> MutexGuard<'_, Terms> {
        self.terms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends, or drops the message if the supervisor has ended.
    pub(crate) fn send(&self, message: Message) {
        self.mailbox.send(message).ok();
    }

    /// Sends; false if the supervisor has ended.
    pub(crate) fn try_send(&self, message: Message) -> bool {
        self.mailbox.send(message).is_ok()
    }

    pub(crate) fn set_starting(&self, process: Process) {
        self.table().starting = Some(process);
    }

    pub(crate) fn is_starting(&self, process: &Process) -> bool {
        self.table().starting.as_ref() == Some(process)
    }

    /// Has the supervisor, which is about to be killed, kill its children with it; false if it has ended.
    pub(super) fn doom(&self, doom: &Arc<Doom>) -> bool {
        let mut table = self.table();
        if !table.closed {
            table.doom = Some(Arc::clone(doom));
        }
        !table.closed
    }

    /// The supervisor has ended: gives the children that it leaves behind, because it was killed. The runtime keeps
    /// them in mind from here on. What the start functions hold is dropped.
    pub(crate) fn leave(&self) -> Left {
        let (left, entries) = self.close();
        entries.into_values().for_each(drop_caught);
        left
    }

    fn close(&self) -> (Left, Entries<Entry>) {
        let mut table = self.table();
        table.closed = true;
        let entries = table.take_all();
        let alive = entries.iter().filter_map(|(_, entry)| {
            let process = entry.running().filter(|process| process.is_alive())?;
            Some((process.clone(), entry.child.spec().effective_shutdown()))
        });
        let left = Left {
            children: alive.collect(),
            starting: table.starting.take(),
            doom: table.doom.take(),
        };
        // Under the lock: whoever lists the processes finds each in the one place or in the other.
        for (process, shutdown) in left.processes() {
            process.scope_of().runtime.adopt(process, shutdown);
        }
        (left, entries)
    }

    /// Takes a child out of the table.
    pub(crate) fn forget(&self, key: Key) {
        let entry = self.table().remove(key);
        // Without the lock: what the start function holds is the user's.
        drop_caught(entry);
    }
}

/// What a killed supervisor leaves behind.
pub(crate) struct Left {
    children: Vec<(Process, Shutdown)>,
    starting: Option<Process>,
    doom: Option<Arc<Doom>>,
}

impl Left {
    /// All of them, and how each is going to be stopped.
    fn processes(&self) -> impl Iterator<Item = (&Process, Shutdown)> {
        let children = self.children.iter();
        let children = children.map(|(process, shutdown)| (process, *shutdown));
        let starting = self.starting.iter();
        children.chain(starting.map(|process| (process, stop_of_start(process))))
    }

    /// They learn it: each stops in its own way with the same reason, within its shutdown time.
    pub(crate) fn tell(self, reason: &ExitReason) {
        if let Some(doom) = &self.doom {
            for (process, _) in self.processes() {
                doom.kill(process);
            }
            return doom.close();
        }
        for (process, shutdown) in self.processes() {
            orphan(process, shutdown, reason);
        }
    }
}

/// How a process is stopped whose start is not complete. A supervisor goes on with its start, finds the request in its mailbox after
/// it, and stops what it has started.
fn stop_of_start(process: &Process) -> Shutdown {
    match process.kind() {
        ProcessKind::Supervisor => Shutdown::Infinity,
        ProcessKind::Actor | ProcessKind::Task => Shutdown::BrutalKill,
    }
}

fn orphan(process: &Process, shutdown: Shutdown, reason: &ExitReason) {
    match shutdown {
        Shutdown::BrutalKill => process.life().kill(reason.clone()),
        Shutdown::Infinity => process.stop(reason.clone()),
        Shutdown::Timeout(limit) => {
            process.stop(reason.clone());
            kill_after(process, limit);
        }
    }
}

/// Nobody waits for an orphan, so its time is kept by a task of its own.
fn kill_after(process: &Process, limit: Duration) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return;
    };
    let process = process.clone();
    runtime.spawn(async move {
        if tokio::time::timeout(limit, process.ended()).await.is_err() {
            process.kill();
        }
    });
}
