//! What a process holds, by entry and by key, so that neither its end nor an unregistration walks over all of it.

use std::collections::{BTreeMap, HashMap};

use rustc_hash::FxBuildHasher;

use super::Key;

pub(super) struct Held<K> {
    /// In the order of registration.
    keys: BTreeMap<u64, K>,
    entries: HashMap<K, Vec<u64>, FxBuildHasher>,
}

impl<K> Default for Held<K> {
    fn default() -> Self {
        Self {
            keys: BTreeMap::new(),
            entries: HashMap::default(),
        }
    }
}

impl<K: Key> Held<K> {
    pub(super) fn insert(&mut self, id: u64, key: &K) {
        self.keys.insert(id, key.clone());
        self.entries.entry(key.clone()).or_default().push(id);
    }

    pub(super) fn remove(&mut self, id: u64, key: &K) {
        self.keys.remove(&id);
        if let Some(entries) = self.entries.get_mut(key) {
            entries.retain(|other| *other != id);
            if entries.is_empty() {
                self.entries.remove(key);
            }
        }
    }

    /// The entries under a key, in the order of registration.
    pub(super) fn under(&self, key: &K) -> &[u64] {
        self.entries.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// The keys, once for each entry, in the order of registration.
    pub(super) fn keys(&self) -> Vec<K> {
        self.keys.values().cloned().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn into_entries(self) -> impl Iterator<Item = (u64, K)> {
        self.keys.into_iter()
    }
}
