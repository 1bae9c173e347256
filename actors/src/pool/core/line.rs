//! Those who wait, first come, first served.
//!
//! A queue of numbers of entries: nothing is allocated for a wait once as many have waited before. An entry belongs to the one who
//! waits until it knows what has become of it; if that is a connection, which it [finds](Grants) without the lock, until that comes back. Whoever leaves from the middle leaves its number in the queue, which is passed over when its turn comes, or cleared
//! away with others when there are many. Each wait touches its own entry and the ends of the queue and nothing else, as those may be in
//! the cache of another processor.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use super::grants::{Grant, Grants};
use super::report::Refusal;
use super::slot::{NO_KEY, Seat, Who};

/// The number of an entry.
pub(crate) type Key = u32;

/// How many that have left may be in the queue beside as many as wait.
const LEFT_MAX: usize = 16;

/// One word without anything to be dropped, so that it is written where it is: to move it there by way of the stack would be to wait
/// for all that was written before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Vacant {
        /// The one to be used after this.
        next: Key,
    },
    /// Nobody's, but its number is in the queue: it cannot be another's.
    Left,
    /// In the queue.
    Waiting,
    /// A connection lies there for it, of the place of this number, unless it has taken it.
    Granted { number: u32 },
    /// What has become of it is noted beside it.
    Settled { queued: bool },
}

/// What becomes of few.
#[derive(Debug)]
enum Settled<C> {
    /// What it was granted was taken away before it had been taken.
    Revoked(Box<Grant<C>>),
    Refused(Refusal),
}

/// What has become of one who waits.
#[derive(Debug)]
pub(crate) enum Fate<C> {
    Waiting,
    Granted(Grant<C>),
    Revoked(Box<Grant<C>>),
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

/// In lines of memory of its own. All but the last fill the first one, and only that is mostly touched.
#[derive(Debug)]
#[repr(C, align(128))]
struct Entry<C, B> {
    wait: Wait<B>,
    /// Who is to be woken if it waits, unless somebody is about to.
    waker: Option<Waker>,
    stage: Stage,
    settled: Option<Settled<C>>,
}

/// In this order, as what changes with each wait is at the beginning.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Line<C, B> {
    /// Those who wait, in their order, and some who do not any more.
    queue: VecDeque<Key>,
    /// How many wait.
    waiting: u32,
    /// The one to be used next.
    vacant: Key,
    /// Nobody's time is up before this.
    pub(crate) soonest: u64,
    entries: Vec<Entry<C, B>>,
    grants: Arc<Grants<C>>,
}

impl<C, B: Copy> Line<C, B> {
    pub(crate) fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            waiting: 0,
            vacant: NO_KEY,
            soonest: u64::MAX,
            entries: Vec::new(),
            grants: Arc::new(Grants::new()),
        }
    }

    /// Where those who wait find what they were granted.
    pub(crate) const fn grants(&self) -> &Arc<Grants<C>> {
        &self.grants
    }

    /// How many wait, without those who have been granted or refused and do not know yet.
    #[inline]
    pub(crate) const fn len(&self) -> u32 {
        self.waiting
    }

    /// The first who waits.
    #[inline]
    pub(crate) fn head(&mut self) -> Option<(Key, Wait<B>)> {
        loop {
            let key = *self.queue.front()?;
            let entry = &self.entries[key as usize];
            if entry.stage == Stage::Waiting {
                return Some((key, entry.wait));
            }
            self.queue.pop_front();
            self.unqueue(key);
        }
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
        if wait.deadline < self.soonest {
            self.soonest = wait.deadline;
        }
        let key = self.vacant;
        let Some(entry) = self.entries.get_mut(key as usize) else {
            return self.add(wait, waker);
        };
        if let Stage::Vacant { next } = entry.stage {
            self.vacant = next;
        }
        entry.wait = wait;
        entry.waker = Some(waker);
        entry.stage = Stage::Waiting;
        key
    }

    #[cold]
    fn add(&mut self, wait: Wait<B>, waker: Waker) -> Key {
        self.entries.push(Entry {
            wait,
            waker: Some(waker),
            stage: Stage::Waiting,
            settled: None,
        });
        // As many as may wait, or be lent, is far less than that.
        (self.entries.len() - 1) as Key
    }

    /// Grants the first one a connection. Its waker is to be woken, without any lock.
    #[inline]
    pub(crate) fn grant(&mut self, key: Key, seat: Seat) -> Option<Waker> {
        self.grants.tell(key, seat);
        self.queue.pop_front();
        let number = seat.number();
        self.settle(key, Stage::Granted { number })
    }

    /// One gets nothing. Its waker is to be woken, without any lock.
    pub(crate) fn refuse(&mut self, key: Key, refusal: Refusal) -> Option<Waker> {
        let queued = self.queue.front() != Some(&key);
        if !queued {
            self.queue.pop_front();
        }
        self.entries[key as usize].settled = Some(Settled::Refused(refusal));
        self.settle(key, Stage::Settled { queued })
    }

    #[inline]
    fn settle(&mut self, key: Key, stage: Stage) -> Option<Waker> {
        let entry = &mut self.entries[key as usize];
        entry.stage = stage;
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
        if self.queue.len() > 2 * self.waiting as usize + LEFT_MAX {
            self.clear_away();
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

    /// The number of one that does not wait has left the queue.
    fn unqueue(&mut self, key: Key) {
        match &mut self.entries[key as usize].stage {
            Stage::Settled { queued } => *queued = false,
            Stage::Left => self.vacate(key),
            // Who is granted something has left it, and who waits does not.
            Stage::Vacant { .. } | Stage::Waiting | Stage::Granted { .. } => {}
        }
    }

    /// What was granted to one has come back, who took it without being seen: its entry is free.
    #[inline]
    pub(crate) fn vacate(&mut self, key: Key) {
        let next = std::mem::replace(&mut self.vacant, key);
        self.entries[key as usize].stage = Stage::Vacant { next };
    }

    /// What was granted to one by this seat is taken away. If it has not been taken yet, its owner will see.
    pub(crate) fn revoke(&mut self, key: Key, seat: Seat) {
        match self.grants.take_back(seat) {
            Some(grant) => {
                let entry = &mut self.entries[key as usize];
                entry.settled = Some(Settled::Revoked(Box::new(grant)));
                entry.stage = Stage::Settled { queued: false };
            }
            None => self.vacate(key),
        }
    }

    /// Has one that still waits be woken by this waker. The one it had is to be dropped without any lock.
    pub(crate) fn watch(&mut self, key: Key, waker: &Waker) -> Option<Waker> {
        let entry = &mut self.entries[key as usize];
        match &mut entry.waker {
            Some(known) if known.will_wake(waker) => None,
            known => known.replace(waker.clone()),
        }
    }

    #[inline]
    pub(crate) fn is_waiting(&self, key: Key) -> bool {
        self.entries[key as usize].stage == Stage::Waiting
    }

    /// Takes an entry away, and tells what has become of it. The waker is to be dropped without any lock.
    pub(crate) fn take(&mut self, key: Key) -> (Fate<C>, Option<Waker>) {
        let entry = &mut self.entries[key as usize];
        let stage = std::mem::replace(&mut entry.stage, Stage::Left);
        let (waker, settled) = (entry.waker.take(), entry.settled.take());
        self.grants.forget(key);
        let fate = match (stage, settled) {
            (Stage::Waiting, _) => {
                self.has_left();
                return (Fate::Waiting, waker);
            }
            (_, Some(Settled::Refused(refusal))) => Fate::Refused(refusal),
            (_, Some(Settled::Revoked(grant))) => Fate::Revoked(grant),
            (Stage::Granted { number }, None) => match self.grants.take_from(number) {
                Some(grant) => Fate::Granted(grant),
                None => Fate::Refused(Refusal::Closed),
            },
            // Whoever asks has an entry.
            _ => Fate::Refused(Refusal::Closed),
        };
        if stage != (Stage::Settled { queued: true }) {
            self.vacate(key);
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
        let waker = |entry: &mut Entry<C, B>| entry.waker.take();
        self.entries.iter_mut().filter_map(waker).collect()
    }

    /// How many entries belong to somebody. All others can be taken, or are in the queue, in which there are not too many.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        let nobodys =
            |entry: &Entry<C, B>| matches!(entry.stage, Stage::Vacant { .. } | Stage::Left);
        let owned = self.entries.iter().filter(|entry| !nobodys(entry));
        let owned = owned.count();
        let left = self.queue.iter();
        let left = left.filter(|&&key| nobodys(&self.entries[key as usize]));
        let entry = |key: Key| self.entries.get(key as usize);
        let vacant = std::iter::successors(entry(self.vacant), |vacant| match vacant.stage {
            Stage::Vacant { next } => entry(next),
            _ => panic!("one that is not vacant is among those that are"),
        });
        assert_eq!(self.entries.len(), owned + left.count() + vacant.count());
        assert!(self.queue.len() <= 2 * self.waiting as usize + LEFT_MAX);
        owned
    }

    /// What lies there for those who do not know yet.
    #[cfg(test)]
    fn granted<T>(&self, look: impl Fn(&Grant<C>) -> T) -> Vec<T> {
        let granted = self
            .entries
            .iter()
            .filter_map(|entry| match (entry.stage, &entry.settled) {
                (Stage::Granted { number }, _) => self.grants.look(number, &look),
                (_, Some(Settled::Revoked(grant))) => Some(look(grant)),
                _ => None,
            });
        granted.collect()
    }

    /// The seats of those who have been granted a connection and do not know yet.
    #[cfg(test)]
    pub(crate) fn granted_seats(&self) -> Vec<Seat> {
        self.granted(|grant| grant.given.seat)
    }

    /// The seat of a connection that was granted to one who does not know yet.
    #[cfg(test)]
    pub(crate) fn granted_seat(&self, conn: &C) -> Option<Seat>
    where
        C: PartialEq,
    {
        let seats = self.granted(|grant| (grant.given.conn == *conn).then_some(grant.given.seat));
        seats.into_iter().flatten().next()
    }
}
