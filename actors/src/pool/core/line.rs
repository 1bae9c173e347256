//! Those who wait, first come, first served.
//!
//! A list through a slab: nothing is allocated for a wait once as many have waited before, and whoever leaves is taken out at once.
//! An entry belongs to the one who waits, who alone takes it away; what was granted or refused lies in it until then.

use std::task::Waker;

use super::report::Refusal;
use super::slot::{Given, Who};

/// The number of an entry.
pub(crate) type Key = u32;

const NONE: Key = Key::MAX;

#[derive(Debug)]
pub(crate) enum Fate<C> {
    Vacant,
    Waiting,
    Granted(Given<C>),
    Refused(Refusal),
}

/// One who waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait<B> {
    pub(crate) who: Who<B>,
    /// When it came.
    pub(crate) entered: u64,
    /// When its time is up.
    pub(crate) deadline: u64,
}

#[derive(Debug)]
struct Entry<C, B> {
    fate: Fate<C>,
    wait: Wait<B>,
    waker: Option<Waker>,
    before: Key,
    after: Key,
}

#[derive(Debug)]
pub(crate) struct Line<C, B> {
    entries: Vec<Entry<C, B>>,
    vacant: Vec<Key>,
    head: Key,
    tail: Key,
    /// How many are in the list.
    waiting: u32,
    /// No deadline in the list is before this.
    pub(crate) soonest: u64,
}

impl<C, B: Copy> Line<C, B> {
    pub(crate) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            vacant: Vec::new(),
            head: NONE,
            tail: NONE,
            waiting: 0,
            soonest: u64::MAX,
        }
    }

    /// How many wait, without those who have been granted or refused and do not know yet.
    #[inline]
    pub(crate) const fn len(&self) -> u32 {
        self.waiting
    }

    /// The number of the first who waits.
    #[inline]
    pub(crate) fn head(&self) -> Option<Key> {
        (self.head != NONE).then_some(self.head)
    }

    #[inline]
    pub(crate) fn wait(&self, key: Key) -> &Wait<B> {
        &self.entries[key as usize].wait
    }

    pub(crate) fn push_back(&mut self, wait: Wait<B>, waker: Waker) -> Key {
        let key = self.enter(wait, waker);
        let before = std::mem::replace(&mut self.tail, key);
        self.entries[key as usize].before = before;
        match self.entries.get_mut(before as usize) {
            Some(entry) => entry.after = key,
            None => self.head = key,
        }
        key
    }

    /// For one that had its turn already: before those who came after it.
    pub(crate) fn push_in_order(&mut self, wait: Wait<B>, waker: Waker) -> Key {
        let later = |(_, other): &(Key, &Wait<B>)| other.entered > wait.entered;
        let after = self.iter().find(later).map_or(NONE, |(key, _)| key);
        if after == NONE {
            return self.push_back(wait, waker);
        }
        let key = self.enter(wait, waker);
        let before = std::mem::replace(&mut self.entries[after as usize].before, key);
        match self.entries.get_mut(before as usize) {
            Some(entry) => entry.after = key,
            None => self.head = key,
        }
        let entry = &mut self.entries[key as usize];
        (entry.before, entry.after) = (before, after);
        key
    }

    fn enter(&mut self, wait: Wait<B>, waker: Waker) -> Key {
        self.waiting += 1;
        self.soonest = self.soonest.min(wait.deadline);
        let entry = Entry {
            fate: Fate::Waiting,
            wait,
            waker: Some(waker),
            before: NONE,
            after: NONE,
        };
        if let Some(key) = self.vacant.pop() {
            self.entries[key as usize] = entry;
            return key;
        }
        self.entries.push(entry);
        // As many as may wait is far less than that.
        (self.entries.len() - 1) as Key
    }

    /// Takes one out of the list, whose fate is known. Its waker is to be woken, without any lock.
    pub(crate) fn settle(&mut self, key: Key, fate: Fate<C>) -> Option<Waker> {
        self.unlink(key);
        let entry = &mut self.entries[key as usize];
        entry.fate = fate;
        entry.waker.take()
    }

    fn unlink(&mut self, key: Key) {
        let Entry { before, after, .. } = self.entries[key as usize];
        match self.entries.get_mut(before as usize) {
            Some(entry) => entry.after = after,
            None => self.head = after,
        }
        match self.entries.get_mut(after as usize) {
            Some(entry) => entry.before = before,
            None => self.tail = before,
        }
        self.waiting -= 1;
        if self.waiting == 0 {
            self.soonest = u64::MAX;
        }
    }

    /// Has one that still waits be woken by this waker. The one it had is to be dropped without any lock.
    pub(crate) fn watch(&mut self, key: Key, waker: &Waker) -> Option<Waker> {
        let entry = &mut self.entries[key as usize];
        match &entry.waker {
            Some(known) if known.will_wake(waker) => None,
            _ => entry.waker.replace(waker.clone()),
        }
    }

    pub(crate) fn is_waiting(&self, key: Key) -> bool {
        matches!(self.entries[key as usize].fate, Fate::Waiting)
    }

    /// Takes an entry away, with the waker that is to be dropped without any lock.
    pub(crate) fn take(&mut self, key: Key) -> (Fate<C>, Option<Waker>) {
        if self.is_waiting(key) {
            self.unlink(key);
        }
        let entry = &mut self.entries[key as usize];
        let taken = (
            std::mem::replace(&mut entry.fate, Fate::Vacant),
            entry.waker.take(),
        );
        self.vacant.push(key);
        taken
    }

    /// Those who wait, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &Wait<B>)> {
        let next = |&key: &Key| Some(self.entries[key as usize].after).filter(|&key| key != NONE);
        let keys = std::iter::successors(self.head(), next);
        keys.map(|key| (key, &self.entries[key as usize].wait))
    }

    /// The wakers of all who wait, to have them look again.
    pub(crate) fn wakers(&mut self) -> Vec<Waker> {
        let waiting = |entry: &&mut Entry<C, B>| matches!(entry.fate, Fate::Waiting);
        let entries = self.entries.iter_mut().filter(waiting);
        entries.filter_map(|entry| entry.waker.take()).collect()
    }

    /// How many entries have been neither taken away nor left.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        self.entries.len() - self.vacant.len()
    }

    /// The seats of those who have been granted a connection and do not know yet.
    #[cfg(test)]
    pub(crate) fn granted_seats(&self) -> Vec<super::Seat> {
        let seat = |entry: &Entry<C, B>| match &entry.fate {
            Fate::Granted(given) => Some(given.seat),
            _ => None,
        };
        self.entries.iter().filter_map(seat).collect()
    }

    /// The seat of a connection that was granted to one who does not know yet.
    #[cfg(test)]
    pub(crate) fn granted_seat(&self, conn: C) -> Option<super::Seat>
    where
        C: PartialEq,
    {
        let seat = |entry: &Entry<C, B>| match &entry.fate {
            Fate::Granted(given) if given.conn == conn => Some(given.seat),
            _ => None,
        };
        self.entries.iter().find_map(seat)
    }
}
