//! Names for processes: unique or shared, with a value each, gone when the process is.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Registry`]: the local one, its reads without a lock |
//! | `entry.rs` | what is registered under a key |
//! | `held.rs` | what a process holds |
//! | `listen.rs` | [`Listener`], [`RegistryEvent`]: who came and went |
//! | `lease.rs` | [`LeaseBackend`]: the face behind which a registry across machines fits |
//! | `stats.rs` | [`RegistryStats`] |

mod entry;
mod held;
mod lease;
mod listen;
mod stats;

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use papaya::HashMap as ReadMap;
use rustc_hash::FxBuildHasher;
use tokio::sync::{Notify, broadcast};

use entry::Bucket;
pub(crate) use entry::Entry;
pub use entry::{Registration, RegistryEntry};
use held::Held;
pub use lease::{Lease, LeaseBackend, LeaseLost};
pub use listen::{Listener, RegistryEvent};
pub use stats::RegistryStats;

use crate::exit::ExitReason;
use crate::flag::Flag;
use crate::ledger::Ledger;
use crate::process::{Pid, Process};

/// How many events a listener may be behind before it loses the oldest.
const LISTENER_BACKLOG: usize = 1024;

/// What can be a key.
pub trait Key: Clone + Eq + Hash + Send + Sync + 'static {}
impl<T: Clone + Eq + Hash + Send + Sync + 'static> Key for T {}

/// What can be registered with a process.
pub trait Value: Clone + Send + Sync + 'static {}
impl<T: Clone + Send + Sync + 'static> Value for T {}

/// How many processes may share a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Keys {
    /// One. The default.
    #[default]
    Unique,
    /// Any number; a process may even come twice.
    Duplicate,
}

/// Why a process was not registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// The key has this owner; it may be the process itself.
    #[error("already registered by {0}")]
    AlreadyRegistered(Process),
    /// The key has this owner, which is ending, as a supervisor above it was killed, and has not come to its end in the time
    /// that it is waited for: see [`Namespace::until_free`](crate::Namespace::until_free).
    #[error(
        "still held by {owner}, which has been ending for {ending_for:?}, since a supervisor above it was killed"
    )]
    Orphaned {
        /// Who has the key.
        owner: Process,
        /// How long ago the supervisor was killed.
        ending_for: Duration,
    },
    /// The process has ended.
    #[error("the process has ended")]
    Dead,
    /// The registry was stopped.
    #[error("the registry was stopped")]
    Stopped,
}

struct Writer<K> {
    /// What each process holds. A process is here from its first registration to its end.
    held: HashMap<Pid, Held<K>, FxBuildHasher>,
    stopped: bool,
}

struct Inner<K, V> {
    keys: Keys,
    map: ReadMap<K, Bucket<V>, FxBuildHasher>,
    /// All changes are made under it, so that map and keys agree; reads do not take it.
    writer: Mutex<Writer<K>>,
    next: AtomicU64,
    entries: AtomicUsize,
    registered: AtomicU64,
    expired: AtomicU64,
    changed: Notify,
    waiting: Flag,
    listeners: broadcast::Sender<RegistryEvent<K, V>>,
    meta: Mutex<HashMap<String, V>>,
    /// Where listeners are noted.
    ledger: Option<Ledger>,
}

/// A registry: processes by key. Cheap to clone; all clones are the same registry.
///
/// A registration belongs to one incarnation: it is gone before the end of the process can be seen, and so before a
/// successor is started; it can never be removed on behalf of another. Finding the owner of a unique key takes no lock,
/// reading a shared one takes that key's; changes take one lock for moments.
pub struct Registry<K, V> {
    inner: Arc<Inner<K, V>>,
}

impl<K: Key, V: Value> Default for Registry<K, V> {
    fn default() -> Self {
        Self::new(Keys::Unique)
    }
}

impl<K: Key, V: Value> Registry<K, V> {
    /// An empty registry.
    #[must_use]
    pub fn new(keys: Keys) -> Self {
        Self::noting(keys, None)
    }

    /// An empty registry that notes its listeners in this ledger: that of the namespace whose processes it is for.
    #[must_use]
    pub fn with_ledger(keys: Keys, ledger: Ledger) -> Self {
        Self::noting(keys, Some(ledger))
    }

    fn noting(keys: Keys, ledger: Option<Ledger>) -> Self {
        let writer = Writer {
            held: HashMap::default(),
            stopped: false,
        };
        Self {
            inner: Arc::new(Inner {
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
            }),
        }
    }

    /// Registers a process under a key.
    ///
    /// # Errors
    ///
    /// A unique key that has a living owner, also if that is the process itself; a process that has ended.
    #[track_caller]
    pub fn register(
        &self,
        process: &Process,
        key: K,
        value: V,
    ) -> Result<Registration<K, V>, RegisterError> {
        self.register_at(process, key, value, Location::caller())
    }

    /// As [`register`](Self::register), from this place in the code.
    pub(crate) fn register_at(
        &self,
        process: &Process,
        key: K,
        value: V,
        made_at: &'static Location<'static>,
    ) -> Result<Registration<K, V>, RegisterError> {
        let inner = &self.inner;
        let id = inner.next.fetch_add(1, Ordering::Relaxed);
        let entry = Arc::new(Entry::new(id, process.clone(), value.clone(), made_at));
        {
            let mut writer = inner.lock();
            if writer.stopped {
                return Err(RegisterError::Stopped);
            }
            let map = inner.map.pin();
            if let Some(owner) = map.get(&key).and_then(Bucket::owner) {
                return Err(RegisterError::AlreadyRegistered(owner.clone()));
            }
            if !writer.held.contains_key(&process.pid()) {
                // Should the process end from here on, its cleanup waits for the lock and finds the entry.
                let expire = Inner::expire(Arc::downgrade(inner), process);
                if process.life().on_end(expire).is_err() {
                    return Err(RegisterError::Dead);
                }
            }
            match map.get(&key) {
                Some(bucket) => bucket.add(&entry),
                None => drop(map.insert(key.clone(), Bucket::new(inner.keys, &entry))),
            }
            let held = writer.held.entry(process.pid()).or_default();
            held.insert(id, &key);
            inner.entries.fetch_add(1, Ordering::Relaxed);
            inner.registered.fetch_add(1, Ordering::Relaxed);
            inner.tell(|| RegistryEvent::Registered {
                key: key.clone(),
                process: process.clone(),
                value,
            });
        }
        inner.tell_waiters();
        Ok(Registration::new(self.clone(), key, entry))
    }

    /// Takes all entries of this process under this key away. Does nothing if there are none; listeners are told all the
    /// same, as in Elixir.
    pub fn unregister(&self, process: &Process, key: &K) {
        self.unregister_match(process, key, |_| true);
    }

    /// Takes those entries of this process under this key away whose value matches. Listeners are told when it has none
    /// left under the key.
    pub fn unregister_match(&self, process: &Process, key: &K, matches: impl Fn(&V) -> bool) {
        let inner = &self.inner;
        let mut ours = inner.of_process(process, key);
        // Outside the lock, as it is the caller's code.
        ours.retain(|entry| matches(&entry.value()));
        let mut writer = inner.lock();
        for entry in &ours {
            inner.remove(&mut writer, key, process.pid(), entry.id);
        }
        let held = writer.held.get(&process.pid());
        if held.is_none_or(|held| held.under(key).is_empty()) {
            inner.tell(|| RegistryEvent::Unregistered {
                key: key.clone(),
                process: process.clone(),
            });
        }
    }

    /// The owner of a unique key, or the first entry under a shared one. One hash, no lock.
    pub fn whereis<Q>(&self, key: &Q) -> Option<Process>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.inner.map.pin().get(key)?.first_process()
    }

    pub(crate) fn entry<Q>(&self, key: &Q) -> Option<Arc<Entry<V>>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.inner.map.pin().get(key)?.first()
    }

    /// All entries under a key, in the order of registration.
    pub fn lookup(&self, key: &K) -> Vec<(Process, V)> {
        self.lookup_match(key, |_| true)
    }

    /// The entries under a key whose value matches.
    pub fn lookup_match(&self, key: &K, matches: impl Fn(&V) -> bool) -> Vec<(Process, V)> {
        let entries = self
            .inner
            .of(key)
            .into_iter()
            .map(|entry| (entry.process.clone(), entry.value()));
        entries.filter(|(_, value)| matches(value)).collect()
    }

    /// The keys of a process, once for each of its entries, in the order of registration.
    #[must_use]
    pub fn keys(&self, process: &Process) -> Vec<K> {
        let writer = self.inner.lock();
        let held = writer.held.get(&process.pid());
        held.map(Held::keys).unwrap_or_default()
    }

    /// The values of a process under a key.
    pub fn values(&self, process: &Process, key: &K) -> Vec<V> {
        let entries = self.inner.of_process(process, key);
        entries.iter().map(|entry| entry.value()).collect()
    }

    /// Changes the value of a process under a unique key; gives the new and the old one. `None` if it has no entry, or the
    /// keys of this registry are shared, so that an entry is not known by its key.
    ///
    /// Other changes wait for `change`, which must not use the registry.
    pub fn update_value(
        &self,
        process: &Process,
        key: &K,
        change: impl FnOnce(&V) -> V,
    ) -> Option<(V, V)> {
        if self.inner.keys == Keys::Duplicate {
            return None;
        }
        let _writer = self.inner.lock();
        let entry = self.entry(key).filter(|entry| entry.process == *process)?;
        Some(entry.update(change))
    }

    /// Calls `send` with all entries under a key at once, in the caller's task; not at all if there are none.
    pub fn dispatch(&self, key: &K, send: impl FnOnce(Vec<(Process, V)>)) {
        let entries = self.lookup(key);
        if !entries.is_empty() {
            send(entries);
        }
    }

    /// How many entries there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.inner.entries.load(Ordering::Relaxed)
    }

    /// All keys with their first entry, in no order.
    #[must_use]
    pub fn list(&self) -> Vec<(K, Process, V)> {
        let map = self.inner.map.pin();
        let first = |(key, bucket): (&K, &Bucket<V>)| {
            let entry = bucket.first()?;
            Some((key.clone(), entry.process.clone(), entry.value()))
        };
        map.iter().filter_map(first).collect()
    }

    /// All entries, in the order of registration, each with the place where it was made.
    #[must_use]
    pub fn entries(&self) -> Vec<RegistryEntry<K, V>> {
        let map = self.inner.map.pin();
        let mut entries: Vec<_> = map
            .iter()
            .flat_map(|(key, bucket)| bucket.entries().into_iter().map(move |entry| (key, entry)))
            .collect();
        entries.sort_by_key(|(_, entry)| entry.id);
        let told = |(key, entry): (&K, Arc<Entry<V>>)| RegistryEntry {
            key: key.clone(),
            process: entry.process.clone(),
            value: entry.value(),
            made_at: entry.made_at,
        };
        entries.into_iter().map(told).collect()
    }

    /// Waits until somebody is registered under the key; at once if somebody is.
    ///
    /// Cancel safety: it may be dropped and called again at will.
    pub async fn wait_for(&self, key: &K) -> Process {
        loop {
            let changed = self.inner.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            // Either the registration is seen here, or the wish to be told is seen there.
            self.inner.waiting.raise();
            if let Some(process) = self.whereis(key) {
                return process;
            }
            changed.await;
        }
    }

    /// A stream of what is registered and unregistered from now on. One that falls behind by 1,024 events loses the
    /// oldest and is told so.
    #[must_use]
    #[track_caller]
    pub fn listen(&self) -> Listener<K, V> {
        let ledger = self.inner.ledger.as_ref();
        let made_at = Location::caller();
        let hold = ledger.map(|ledger| ledger.hold_at("registry listener", "all names", made_at));
        Listener::new(self.inner.listeners.subscribe(), hold)
    }

    /// Keeps a value with the registry itself.
    pub fn put_meta(&self, name: impl Into<String>, value: V) {
        self.inner.meta().insert(name.into(), value);
    }

    /// A value kept with the registry itself.
    #[must_use]
    pub fn meta(&self, name: &str) -> Option<V> {
        self.inner.meta().get(name).cloned()
    }

    /// Removes a value kept with the registry itself.
    pub fn delete_meta(&self, name: &str) -> Option<V> {
        self.inner.meta().remove(name)
    }

    /// Figures for operators.
    #[must_use]
    pub fn stats(&self) -> RegistryStats {
        let inner = &self.inner;
        RegistryStats {
            entries: self.count(),
            keys: inner.map.len(),
            processes: inner
                .lock()
                .held
                .values()
                .filter(|held| !held.is_empty())
                .count(),
            registered_total: inner.registered.load(Ordering::Relaxed),
            expired_total: inner.expired.load(Ordering::Relaxed),
            listeners: inner.listeners.receiver_count(),
        }
    }

    /// Ends the registry: nothing can be registered any more, and all processes that are registered get an exit signal,
    /// as if they were linked to it.
    pub fn stop(&self, reason: &ExitReason) {
        let processes: Vec<Process> = {
            self.inner.lock().stopped = true;
            let map = self.inner.map.pin();
            map.values()
                .flat_map(Bucket::entries)
                .map(|entry| entry.process.clone())
                .collect()
        };
        for process in processes {
            process.exit_as_linked(reason.clone());
        }
    }

    pub(crate) fn release(&self, key: &K, entry: &Entry<V>) -> bool {
        let process = &entry.process;
        let mut writer = self.inner.lock();
        let removed = self.inner.remove(&mut writer, key, process.pid(), entry.id);
        if removed {
            self.inner.tell(|| RegistryEvent::Unregistered {
                key: key.clone(),
                process: process.clone(),
            });
        }
        removed
    }
}

impl<K: Key, V: Value> Inner<K, V> {
    fn lock(&self) -> MutexGuard<'_, Writer<K>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn meta(&self) -> MutexGuard<'_, HashMap<String, V>> {
        self.meta.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, key: &K) -> Vec<Arc<Entry<V>>> {
        let map = self.map.pin();
        map.get(key).map(Bucket::entries).unwrap_or_default()
    }

    fn of_process(&self, process: &Process, key: &K) -> Vec<Arc<Entry<V>>> {
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

    fn remove(&self, writer: &mut Writer<K>, key: &K, pid: Pid, id: u64) -> bool {
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
    fn expire(inner: Weak<Self>, process: &Process) -> Box<dyn FnOnce() + Send> {
        let pid = process.pid();
        // Weak, or the process would keep itself through its own list of cleanups.
        let process = process.downgrade();
        Box::new(move || {
            let Some(inner) = inner.upgrade() else { return };
            let mut writer = inner.lock();
            let held = writer.held.remove(&pid).unwrap_or_default();
            for (id, key) in held.into_entries() {
                if inner.remove_entry(&key, id) {
                    inner.expired.fetch_add(1, Ordering::Relaxed);
                    if let Some(process) = process.upgrade() {
                        inner.tell(|| RegistryEvent::Expired { key, process });
                    }
                }
            }
        })
    }

    /// Called under the writer's lock, so that events come in the order in which things happened.
    fn tell(&self, event: impl FnOnce() -> RegistryEvent<K, V>) {
        if self.listeners.receiver_count() > 0 {
            // All listeners may have gone meanwhile.
            self.listeners.send(event()).ok();
        }
    }

    fn tell_waiters(&self) {
        if self.waiting.is_raised() {
            self.changed.notify_waiters();
        }
    }
}

impl<K, V> Clone for Registry<K, V> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<K: Key, V: Value> fmt::Debug for Registry<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("keys", &self.inner.keys)
            .field("entries", &self.count())
            .finish_non_exhaustive()
    }
}
