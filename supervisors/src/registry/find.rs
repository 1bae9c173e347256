//! Who is registered: looking without a lock, waiting, listening, figures.

use std::borrow::Borrow;
use std::hash::Hash;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::entry::{Bucket, Entry, RegistryEntry};
use super::held::Held;
use super::listen::Listener;
use super::stats::RegistryStats;
use super::{Key, Registry, Value};
use crate::process::Process;

impl<K: Key, V: Value> Registry<K, V> {
    /// The owner of a unique key, or the first entry under a shared one. One hash, no lock.
    pub fn whereis<Q>(&self, key: &Q) -> Option<Process>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.book.map.pin().get(key)?.first_process()
    }

    pub(crate) fn entry<Q>(&self, key: &Q) -> Option<Arc<Entry<V>>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.book.map.pin().get(key)?.first()
    }

    /// All entries under a key, in the order of registration.
    pub fn lookup(&self, key: &K) -> Vec<(Process, V)> {
        self.lookup_match(key, |_| true)
    }

    /// The entries under a key whose value matches.
    pub fn lookup_match(&self, key: &K, matches: impl Fn(&V) -> bool) -> Vec<(Process, V)> {
        let entries = self
            .book
            .of(key)
            .into_iter()
            .map(|entry| (entry.process.clone(), entry.value()));
        entries.filter(|(_, value)| matches(value)).collect()
    }

    /// The keys of a process, once for each of its entries, in the order of registration.
    #[must_use]
    pub fn keys(&self, process: &Process) -> Vec<K> {
        let writer = self.book.lock();
        let held = writer.held.get(&process.pid());
        held.map(Held::keys).unwrap_or_default()
    }

    /// The values of a process under a key.
    pub fn values(&self, process: &Process, key: &K) -> Vec<V> {
        let entries = self.book.of_process(process, key);
        entries.iter().map(|entry| entry.value()).collect()
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
        self.book.entries.load(Ordering::Relaxed)
    }

    /// All keys with their first entry, in no order.
    #[must_use]
    pub fn list(&self) -> Vec<(K, Process, V)> {
        let map = self.book.map.pin();
        let first = |(key, bucket): (&K, &Bucket<V>)| {
            let entry = bucket.first()?;
            Some((key.clone(), entry.process.clone(), entry.value()))
        };
        map.iter().filter_map(first).collect()
    }

    /// All entries, in the order of registration, each with the place where it was made.
    #[must_use]
    pub fn entries(&self) -> Vec<RegistryEntry<K, V>> {
        let map = self.book.map.pin();
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
            let changed = self.book.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            // Either the registration is seen here, or the wish to be told is seen there.
            self.book.waiting.raise();
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
        let ledger = self.book.ledger.as_ref();
        let made_at = Location::caller();
        let hold = ledger.map(|ledger| ledger.hold_at("registry listener", "all names", made_at));
        Listener::new(self.book.listeners.subscribe(), hold)
    }

    /// A value kept with the registry itself.
    #[must_use]
    pub fn meta(&self, name: &str) -> Option<V> {
        self.book.meta().get(name).cloned()
    }

    /// Figures for operators.
    #[must_use]
    pub fn stats(&self) -> RegistryStats {
        let book = &self.book;
        RegistryStats {
            entries: self.count(),
            keys: book.map.len(),
            processes: book
                .lock()
                .held
                .values()
                .filter(|held| !held.is_empty())
                .count(),
            registered_total: book.registered.load(Ordering::Relaxed),
            expired_total: book.expired.load(Ordering::Relaxed),
            listeners: book.listeners.receiver_count(),
        }
    }
}
