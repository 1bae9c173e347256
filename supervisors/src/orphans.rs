//! Orphans: processes whose supervisor was killed. They are kept in mind until they have ended, and what they hold is waited for.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_specs::Shutdown;
use tokio::time::{Instant, timeout, timeout_at};

use crate::census::walk;
use crate::namespace::{NamespaceInner, ServiceRegistry};
use crate::process::{Pid, Process};
use crate::registry::RegisterError;
use crate::runtime::{Core, StopReport, Time, chosen, lives_in};
use crate::supervisor::kill_tree;

/// How long an orphan is waited for after it was killed: it may run code that does not await.
const GRACE: Duration = Duration::from_secs(1);

/// How long an orphan is waited for that may take as long as it likes to stop.
const ENDLESS: Duration = Duration::from_secs(60);

/// All that have not ended.
#[derive(Default)]
pub(crate) struct Orphans(Mutex<HashMap<Pid, Orphan>>);

#[derive(Clone)]
struct Orphan {
    process: Process,
    /// How it is being stopped.
    shutdown: Shutdown,
    /// When its supervisor was killed.
    since: Instant,
}

impl Orphan {
    /// Until when it is waited for.
    fn deadline(&self) -> Instant {
        let limit = match self.shutdown {
            Shutdown::BrutalKill => GRACE,
            Shutdown::Timeout(limit) => limit.saturating_add(GRACE),
            Shutdown::Infinity => ENDLESS,
        };
        // A limit beyond what can be told is one of those that have none.
        let deadline = self.since.checked_add(limit);
        deadline.unwrap_or_else(|| self.since + ENDLESS)
    }
}

impl Orphans {
    fn lock(&self) -> MutexGuard<'_, HashMap<Pid, Orphan>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Keeps a process whose supervisor was killed, and which is being stopped like this, in mind until it has ended.
    pub(crate) fn adopt(self: &Arc<Self>, process: &Process, shutdown: Shutdown) {
        let pid = process.pid();
        let orphan = Orphan {
            process: process.clone(),
            shutdown,
            since: Instant::now(),
        };
        self.orphans.lock().insert(pid, orphan);
        let core = Arc::clone(self);
        let forget = Box::new(move || {
            let orphan = core.orphans.lock().remove(&pid);
            drop(orphan);
        });
        let life = process.life();
        life.on_ended(forget).unwrap_or_else(|forget| forget());
    }

    /// All that live in this namespace, or in any.
    pub(crate) fn all_orphans(&self, namespace: Option<&Arc<NamespaceInner>>) -> Vec<Process> {
        let orphans = self.orphans.lock();
        chosen(orphans.values().map(|orphan| &orphan.process), namespace)
    }

    /// One that lives in this namespace, or in any.
    fn any_orphan(&self, namespace: Option<&Arc<NamespaceInner>>) -> Option<Process> {
        let orphans = self.orphans.lock();
        let mut processes = orphans.values().map(|orphan| &orphan.process);
        processes.find(|it| lives_in(it, namespace)).cloned()
    }

    /// Waits for all, and kills those that have not ended when the time is up.
    pub(crate) async fn end_orphans(
        &self,
        namespace: Option<&Arc<NamespaceInner>>,
        time: Time,
        report: &mut StopReport,
    ) {
        while let Some(orphan) = self.any_orphan(namespace) {
            if timeout(time.left(), orphan.ended()).await.is_err() {
                report.add(&kill_tree(&orphan).await);
            }
        }
    }

    /// The orphan that this process is, or below which it stands, and with which it ends.
    fn orphan_above(&self, process: &Process) -> Option<Orphan> {
        let mut seen = BTreeMap::new();
        loop {
            let mut tops: Vec<Orphan> = self.orphans.lock().values().cloned().collect();
            tops.retain(|orphan| !seen.contains_key(&orphan.process.pid()));
            if tops.is_empty() {
                return None;
            }
            for top in tops {
                let mut below = BTreeMap::new();
                walk(top.process.clone(), &mut below);
                if below.contains_key(&process.pid()) {
                    return Some(top);
                }
                // Who has left one of these meanwhile, because its supervisor was killed, is an orphan by now.
                seen.append(&mut below);
            }
        }
    }

    /// Waits for the end of whoever holds this name, if that is an orphan or stands below one.
    pub(crate) async fn until_free(
        &self,
        names: &ServiceRegistry,
        name: &str,
    ) -> Result<(), RegisterError> {
        while let Some(owner) = names.whereis(name) {
            let Some(orphan) = self.orphan_above(&owner) else {
                if owner.is_alive() {
                    return Err(RegisterError::AlreadyRegistered(owner));
                }
                // It has ended since, and its name went before that could be seen.
                continue;
            };
            if timeout_at(orphan.deadline(), owner.ended()).await.is_ok() {
                continue;
            }
            // The orphan above it may have been killed over this, and it has its own time since.
            let late = |orphan: &Orphan| orphan.deadline() <= Instant::now();
            if let Some(orphan) = self.orphan_above(&owner).filter(late) {
                let millis = orphan.since.elapsed().as_millis();
                return Err(RegisterError::Orphaned {
                    owner,
                    ending_for: Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)),
                });
            }
        }
        Ok(())
    }
}
