//! Registering, changing and taking away.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::book::Book;
use super::entry::{Bucket, Entry};
use super::listen::RegistryEvent;
use super::{Key, Keys, RegisterError, Registration, Registry, Value};
use crate::exit::ExitReason;
use crate::process::Process;

impl<K: Key, V: Value> Registry<K, V> {
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
        let book = &self.book;
        let id = book.next.fetch_add(1, Ordering::Relaxed);
        let entry = Arc::new(Entry::new(id, process.clone(), value.clone(), made_at));
        {
            let mut writer = book.lock();
            if writer.stopped {
                return Err(RegisterError::Stopped);
            }
            let map = book.map.pin();
            if let Some(owner) = map.get(&key).and_then(Bucket::owner) {
                return Err(RegisterError::AlreadyRegistered(owner.clone()));
            }
            if !writer.held.contains_key(&process.pid()) {
                // Should the process end from here on, its cleanup waits for the lock and finds the entry.
                let expire = Book::expire(Arc::downgrade(book), process);
                if process.life().on_end(expire).is_err() {
                    return Err(RegisterError::Dead);
                }
            }
            match map.get(&key) {
                Some(bucket) => bucket.add(&entry),
                None => drop(map.insert(key.clone(), Bucket::new(book.keys, &entry))),
            }
            let held = writer.held.entry(process.pid()).or_default();
            held.insert(id, &key);
            book.entries.fetch_add(1, Ordering::Relaxed);
            book.registered.fetch_add(1, Ordering::Relaxed);
            book.tell(|| RegistryEvent::Registered {
                key: key.clone(),
                process: process.clone(),
                value,
            });
        }
        book.tell_waiters();
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
        let book = &self.book;
        let mut ours = book.of_process(process, key);
        // Outside the lock, as it is the caller's code.
        ours.retain(|entry| matches(&entry.value()));
        let mut writer = book.lock();
        for entry in &ours {
            book.remove(&mut writer, key, process.pid(), entry.id);
        }
        let held = writer.held.get(&process.pid());
        if held.is_none_or(|held| held.under(key).is_empty()) {
            book.tell(|| RegistryEvent::Unregistered {
                key: key.clone(),
                process: process.clone(),
            });
        }
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
        if self.book.keys == Keys::Duplicate {
            return None;
        }
        let _writer = self.book.lock();
        let entry = self.entry(key).filter(|entry| entry.process == *process)?;
        Some(entry.update(change))
    }

    /// Keeps a value with the registry itself.
    pub fn put_meta(&self, name: impl Into<String>, value: V) {
        self.book.meta().insert(name.into(), value);
    }

    /// Removes a value kept with the registry itself.
    pub fn delete_meta(&self, name: &str) -> Option<V> {
        self.book.meta().remove(name)
    }

    /// Ends the registry: nothing can be registered any more, and all processes that are registered get an exit signal,
    /// as if they were linked to it.
    pub fn stop(&self, reason: &ExitReason) {
        let processes: Vec<Process> = {
            self.book.lock().stopped = true;
            let map = self.book.map.pin();
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
        let mut writer = self.book.lock();
        let removed = self.book.remove(&mut writer, key, process.pid(), entry.id);
        if removed {
            self.book.tell(|| RegistryEvent::Unregistered {
                key: key.clone(),
                process: process.clone(),
            });
        }
        removed
    }
}
