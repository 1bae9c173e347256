//! Those who wait, first come, first served.
//!
//! A queue of numbers of entries: nothing is allocated for a wait once as many have waited before. An entry belongs to the one who
//! waits, who alone takes it away; what was granted or refused lies in it until then. Whoever leaves from the middle leaves its number
//! in the queue, which is passed over when its turn comes, or cleared away with others when there are many. Each wait touches its own
//! entry and the ends of the queue and nothing else, as those may be in the cache of another processor.

use std::collections::VecDeque;
use std::task::Waker;

use super::report::Refusal;
use super::slot::{Given, Who};

/// The number of an entry.
pub(crate) type Key = u32;

/// How many that have left may be in the queue beside as many as wait.
const LEFT_MAX: usize = 16;

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
    /// Vacant once whoever waited has gone.
    fate: Fate<C>,
    /// Its number is in the queue: it cannot be another's.
    queued: bool,
    waker: Option<Waker>,
    wait: Wait<B>,
}

#[derive(Debug)]
pub(crate) struct Line<C, B> {
    entries: Vec<Entry<C, B>>,
    vacant: Vec<Key>,
    /// Those who wait, in their order, and some who do not any more; the first one does.
    queue: VecDeque<Key>,
    /// How many wait.
    waiting: u32,
    /// Nobody's time is up before this.
    pub(crate) soonest: u64,
}

impl<C, B: Copy> Line<C, B> {
    pub(crate) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            vacant: Vec::new(),
            queue: VecDeque::new(),
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
        self.queue.front().copied()
    }

    #[inline]
    pub(crate) fn wait(&self, key: Key) -> &Wait<B> {
        &self.entries[key as usize].wait
    }

    pub(crate) fn push_back(&mut self, wait: Wait<B>, waker: Waker) -> Key {
        let key = self.enter(wait, waker);
        self.queue.push_back(key);
        key
    }

    /// For one that had its turn already: before those who came after it.
    pub(crate) fn push_in_order(&mut self, wait: Wait<B>, waker: Waker) -> Key {
        let key = self.enter(wait, waker);
        let later = |&other: &Key| {
            let is_later = self.wait(other).entered > wait.entered;
            is_later && self.is_waiting(other)
        };
        let place = self.queue.iter().position(later);
        self.queue.insert(place.unwrap_or(self.queue.len()), key);
        key
    }

    fn enter(&mut self, wait: Wait<B>, waker: Waker) -> Key {
        self.waiting += 1;
        self.soonest = self.soonest.min(wait.deadline);
        let entry = Entry {
            fate: Fate::Waiting,
            queued: true,
            waker: Some(waker),
            wait,
        };
        if let Some(key) = self.vacant.pop() {
            self.entries[key as usize] = entry;
            return key;
        }
        self.entries.push(entry);
        // As many as may wait is far less than that.
        (self.entries.len() - 1) as Key
    }

    /// Ends the wait of one whose fate is known. Its waker is to be woken, without any lock.
    #[inline]
    pub(crate) fn settle(&mut self, key: Key, fate: Fate<C>) -> Option<Waker> {
        let entry = &mut self.entries[key as usize];
        entry.fate = fate;
        let waker = entry.waker.take();
        self.has_left();
        waker
    }

    /// One who waited does not any more.
    #[inline]
    fn has_left(&mut self) {
        self.waiting -= 1;
        if self.waiting == 0 {
            self.soonest = u64::MAX;
        }
        self.trim();
        if self.queue.len() > 2 * self.waiting as usize + LEFT_MAX {
            self.clear_away();
        }
    }

    /// Sees to it that the first one in the queue waits.
    #[inline]
    fn trim(&mut self) {
        while let Some(&key) = self.queue.front() {
            if self.is_waiting(key) {
                return;
            }
            self.queue.pop_front();
            self.unqueue(key);
        }
    }

    #[cold]
    fn clear_away(&mut self) {
        for _ in 0..self.queue.len() {
            let Some(key) = self.queue.pop_front() else {
                return;
            };
            if self.is_waiting(key) {
                self.queue.push_back(key);
            } else {
                self.unqueue(key);
            }
        }
    }

    #[inline]
    fn unqueue(&mut self, key: Key) {
        let entry = &mut self.entries[key as usize];
        entry.queued = false;
        if let Fate::Vacant = entry.fate {
            self.vacant.push(key);
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

    #[inline]
    pub(crate) fn is_waiting(&self, key: Key) -> bool {
        matches!(self.entries[key as usize].fate, Fate::Waiting)
    }

    /// Takes an entry away, with the waker that is to be dropped without any lock.
    #[inline]
    pub(crate) fn take(&mut self, key: Key) -> (Fate<C>, Option<Waker>) {
        let entry = &mut self.entries[key as usize];
        let fate = std::mem::replace(&mut entry.fate, Fate::Vacant);
        let waker = entry.waker.take();
        if !entry.queued {
            self.vacant.push(key);
        }
        if let Fate::Waiting = fate {
            self.has_left();
        }
        (fate, waker)
    }

    /// Those who wait, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &Wait<B>)> {
        let waiting = self.queue.iter().filter(|&&key| self.is_waiting(key));
        waiting.map(|&key| (key, self.wait(key)))
    }

    /// The wakers of all who wait, to have them look again.
    pub(crate) fn wakers(&mut self) -> Vec<Waker> {
        let waiting = |entry: &&mut Entry<C, B>| matches!(entry.fate, Fate::Waiting);
        let entries = self.entries.iter_mut().filter(waiting);
        entries.filter_map(|entry| entry.waker.take()).collect()
    }

    /// How many entries belong to somebody. All others can be taken, or are in the queue, in which there are not too many.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        let owned = |entry: &&Entry<C, B>| !matches!(entry.fate, Fate::Vacant);
        let owned = self.entries.iter().filter(owned).count();
        let left = |&&key: &&Key| matches!(self.entries[key as usize].fate, Fate::Vacant);
        let left = self.queue.iter().filter(left).count();
        assert_eq!(self.entries.len(), owned + left + self.vacant.len());
        assert!(self.queue.len() <= 2 * self.waiting as usize + LEFT_MAX);
        owned
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
    pub(crate) fn granted_seat(&self, conn: &C) -> Option<super::Seat>
    where
        C: PartialEq,
    {
        let seat = |entry: &Entry<C, B>| match &entry.fate {
            Fate::Granted(given) if given.conn == *conn => Some(given.seat),
            _ => None,
        };
        self.entries.iter().find_map(seat)
    }
}
