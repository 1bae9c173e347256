//! What the handles of a registry share, and the single steps of a change.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use papaya::HashMap as ReadMap;
use rustc_hash::FxBuildHasher;
use tokio::sync::{Notify, broadcast};

use super::entry::{Bucket, Entry};
use super::held::Held;
use super::listen::RegistryEvent;
use super::{Key, Keys, Value};
use crate::flag::Flag;
use crate::ledger::Ledger;
use crate::process::{Pid, Process};

/// How many events a listener may be behind before it loses the oldest.
const LISTENER_BACKLOG: usize = 1024;

/// What is known of processes, for changes.
pub(super) struct Writer<K> {
    /// What each process holds. A process is here from its first registration to its end.
    pub(super) held: HashMap<Pid, Held<K>, FxBuildHasher>,
    pub(super) stopped: bool,
}

/// What all handles of a registry share.
pub(super) struct Book<K, V> {
    pub(super) keys: Keys,
    pub(super) map: ReadMap<K, Bucket<V>, FxBuildHasher>,
    /// All changes are made under it, so that map and keys agree; reads do not take it.
    writer: Mutex<Writer<K>>,
    pub(super) next: AtomicU64,
    pub(super) entries: AtomicUsize,
    pub(super) registered: AtomicU64,
    pub(super) expired: AtomicU64,
    pub(super) changed: Notify,
    pub(super) waiting: Flag,
    pub(super) listeners: broadcast::Sender<RegistryEvent<K, V>>,
    meta: Mutex<HashMap<String, V>>,
    /// Where listeners are noted.
    pub(super) ledger: Option<Ledger>,
}

impl<K: Key, V: Value> Book<K, V> {
    pub(super) fn new(keys: Keys, ledger: Option<Ledger>) -> Self {
        let writer = Writer {
            held: HashMap::default(),
            stopped: false,
        };
        Self {
            keys,
            map: ReadMap::builder().hasher(FxBuildHasher).build(),
            writer: Mutex::new(writer),
            next: AtomicU64::new(1),
            entries: AtomicUsize::new(0),
            registered: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            changed: Notify::new(),
            waiting: Flag::default(),
            listeners: broadcast::Sender::new(LISTENER_BACKLOG),
            meta: Mutex::default(),
            ledger,
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Writer<K>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn meta(&self) -> MutexGuard<'_, HashMap<String, V>> {
        self.meta.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn of(&self, key: &K) -> Vec<Arc<Entry<V>>> {
        let map = self.map.pin();
        map.get(key).map(Bucket::entries).unwrap_or_default()
    }

    pub(super) fn of_process(&self, process: &Process, key: &K) -> Vec<Arc<Entry<V>>> {
        let writer = self.lock();
        let map = self.map.pin();
        let (Some(held), Some(bucket)) = (writer.held.get(&process.pid()), map.get(key)) else {
            return Vec::new();
        };
        held.under(key)
            .iter()
            .filter_map(|id| bucket.get(*id))
            .collect()
    }

    pub(super) fn remove(&self, writer: &mut Writer<K>, key: &K, pid: Pid, id: u64) -> bool {
        if let Some(held) = writer.held.get_mut(&pid) {
            held.remove(id, key);
        }
        self.remove_entry(key, id)
    }

    /// Called under the writer's lock.
    fn remove_entry(&self, key: &K, id: u64) -> bool {
        let map = self.map.pin();
        let Some(removed) = map.get(key).and_then(|bucket| bucket.remove(id)) else {
            return false;
        };
        if removed.left == 0 {
            map.remove(key);
        }
        removed.entry.release();
        self.entries.fetch_sub(1, Ordering::Relaxed);
        true
    }

    /// What frees all keys of a process when it ends.
    pub(super) fn expire(book: Weak<Self>, process: &Process) -> Box<dyn FnOnce() + Send> {
        let pid = process.pid();
        // Weak, or the process would keep itself through its own list of cleanups.
        let process = process.downgrade();
        Box::new(move || {
            let Some(book) = book.upgrade() else { return };
            let mut writer = book.lock();
            let held = writer.held.remove(&pid).unwrap_or_default();
            for (id, key) in held.into_entries() {
                if book.remove_entry(&key, id) {
                    book.expired.fetch_add(1, Ordering::Relaxed);
                    if let Some(process) = process.upgrade() {
                        book.tell(|| RegistryEvent::Expired { key, process });
                    }
                }
            }
        })
    }

    /// Called under the writer's lock, so that events come in the order in which things happened.
    pub(super) fn tell(&self, event: impl FnOnce() -> RegistryEvent<K, V>) {
        if self.listeners.receiver_count() > 0 {
            // All listeners may have gone meanwhile.
            self.listeners.send(event()).ok();
        }
    }

    pub(super) fn tell_waiters(&self) {
        if self.waiting.is_raised() {
            self.changed.notify_waiters();
        }
    }
}
