//! The entries of a supervisor's table, in the order of their keys.

use super::decide::Key;

/// A map for keys that are given out in ascending order: each new entry comes last, so nothing has to be moved or balanced for
/// it, and most are found where their key says. What is taken out leaves a hole; when there are as many holes as entries, they
/// are closed.
#[derive(Debug)]
pub(crate) struct Entries<T> {
    slots: Vec<(Key, Option<T>)>,
    holes: usize,
}

/// So few holes are not worth the while.
const HOLES_MIN: usize = 32;

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            holes: 0,
        }
    }
}

impl<T> Entries<T> {
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.holes
    }

    pub(super) fn reserve(&mut self, entries: usize) {
        self.slots.reserve(entries);
    }

    /// Adds an entry under a key that is not there. Keys that were given out later may be there already.
    pub(super) fn insert(&mut self, key: Key, entry: T) {
        let slot = (key, Some(entry));
        match self.slots.last() {
            Some((last, _)) if *last > key => {
                let place = self.slots.partition_point(|(other, _)| *other < key);
                self.slots.insert(place, slot);
            }
            _ => self.slots.push(slot),
        }
    }

    pub(super) fn get(&self, key: Key) -> Option<&T> {
        self.slots.get(self.place(key)?)?.1.as_ref()
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let place = self.place(key)?;
        self.slots.get_mut(place)?.1.as_mut()
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<T> {
        let place = self.place(key)?;
        let entry = self.slots.get_mut(place)?.1.take()?;
        self.holes += 1;
        if self.holes > HOLES_MIN.max(self.len()) {
            self.slots.retain(|(_, entry)| entry.is_some());
            self.holes = 0;
        }
        Some(entry)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (Key, &T)> {
        let slots = self.slots.iter();
        slots.filter_map(|(key, entry)| Some((*key, entry.as_ref()?)))
    }

    pub(super) fn into_values(self) -> impl Iterator<Item = T> {
        self.slots.into_iter().filter_map(|(_, entry)| entry)
    }

    fn place(&self, key: Key) -> Option<usize> {
        let (first, _) = self.slots.first()?;
        // Where it is, unless keys in between were never used or their holes were closed.
        let straight = usize::try_from(key.checked_sub(*first)?).ok()?;
        if self.slots.get(straight).is_some_and(|(at, _)| *at == key) {
            return Some(straight);
        }
        self.slots.binary_search_by_key(&key, |(at, _)| *at).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert,
        /// A key is used up by a start that fails.
        Skip,
        /// Under a key that was given out before others.
        InsertLate(u64),
        Remove(u64),
        Change(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            6 => Just(Step::Insert),
            1 => Just(Step::Skip),
            1 => any::<u64>().prop_map(Step::InsertLate),
            5 => any::<u64>().prop_map(Step::Remove),
            2 => any::<u64>().prop_map(Step::Change),
        ];
        prop::collection::vec(step, 0..400)
    }

    proptest! {
        #[test]
        fn entries_are_what_a_map_would_hold(steps in steps()) {
            let (mut entries, mut map) = (Entries::default(), BTreeMap::new());
            let mut last: Key = 0;
            for (value, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Insert => {
                        last += 1;
                        entries.insert(last, value);
                        map.insert(last, value);
                    }
                    Step::Skip => last += 1,
                    Step::InsertLate(key) => {
                        let key = key % (last + 1);
                        if !map.contains_key(&key) && entries.place(key).is_none() {
                            entries.insert(key, value);
                            map.insert(key, value);
                        }
                    }
                    Step::Remove(key) => {
                        let key = key % (last + 2);
                        prop_assert_eq!(entries.remove(key), map.remove(&key));
                    }
                    Step::Change(key) => {
                        let key = key % (last + 2);
                        let changed = entries.get_mut(key).map(|entry| *entry = value);
                        prop_assert_eq!(changed, map.get_mut(&key).map(|entry| *entry = value));
                    }
                }
                prop_assert_eq!(entries.len(), map.len());
                for key in 0..last + 2 {
                    prop_assert_eq!(entries.get(key), map.get(&key));
                }
            }
            let held: Vec<(Key, usize)> = entries.iter().map(|(key, value)| (key, *value)).collect();
            prop_assert_eq!(held, map.clone().into_iter().collect::<Vec<_>>());
            let back: Vec<usize> = entries.iter().rev().map(|(_, value)| *value).collect();
            prop_assert_eq!(back, map.values().rev().copied().collect::<Vec<_>>());
            prop_assert_eq!(
                entries.into_values().collect::<Vec<_>>(),
                map.into_values().collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn holes_do_not_outnumber_entries_for_long() {
        let mut entries = Entries::default();
        for key in 1..=10_000 {
            entries.insert(key, ());
        }
        for key in 1..=9_990 {
            entries.remove(key);
        }
        assert_eq!(entries.len(), 10);
        assert!(entries.slots.len() <= 10 + HOLES_MIN);
        assert_eq!(entries.get(9_995), Some(&()));
    }
}
