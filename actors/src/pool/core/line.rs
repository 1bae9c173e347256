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

#[derive(Debug)]
enum Stage<C> {
    Vacant {
        /// The one to be used after this.
        next: Key,
    },
    /// Nobody's, but its number is in the queue: it cannot be another's.
    Left,
    /// In the queue, to be woken by this, if not by somebody who has it.
    Waiting(Option<Waker>),
    /// A connection lies there for it, unless it has taken it.
    Granted(Seat),
    /// That was taken away before it had been taken. In a box, as it is rare.
    Revoked(Box<Grant<C>>),
    Refused {
        refusal: Refusal,
        queued: bool,
    },
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

/// In a line of memory of its own, which it fills.
#[derive(Debug)]
#[repr(align(64))]
struct Entry<C, B> {
    wait: Wait<B>,
    stage: Stage<C>,
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
            if let Stage::Waiting(_) = entry.stage {
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
        let entry = Entry {
            wait,
            stage: Stage::Waiting(Some(waker)),
        };
        let key = self.vacant;
        let Some(place) = self.entries.get_mut(key as usize) else {
            self.entries.push(entry);
            // As many as may wait, or be lent, is far less than that.
            return (self.entries.len() - 1) as Key;
        };
        if let Stage::Vacant { next } = place.stage {
            self.vacant = next;
        }
        *place = entry;
        key
    }

    /// Grants the first one a connection. Its waker is to be woken, without any lock.
    #[inline]
    pub(crate) fn grant(&mut self, key: Key, seat: Seat) -> Option<Waker> {
        self.grants.tell(key, seat);
        self.queue.pop_front();
        self.settle(key, Stage::Granted(seat))
    }

    /// One gets nothing. Its waker is to be woken, without any lock.
    pub(crate) fn refuse(&mut self, key: Key, refusal: Refusal) -> Option<Waker> {
        let queued = self.queue.front() != Some(&key);
        if !queued {
            self.queue.pop_front();
        }
        self.settle(key, Stage::Refused { refusal, queued })
    }

    #[inline]
    fn settle(&mut self, key: Key, stage: Stage<C>) -> Option<Waker> {
        let entry = &mut self.entries[key as usize];
        let before = std::mem::replace(&mut entry.stage, stage);
        self.has_left();
        match before {
            Stage::Waiting(waker) => waker,
            _ => None,
        }
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
            Stage::Refused { queued, .. } => *queued = false,
            Stage::Left => self.vacate(key),
            // Who is granted something has left it, and who waits does not.
            Stage::Vacant { .. } | Stage::Waiting(_) | Stage::Granted(_) | Stage::Revoked(_) => {}
        }
    }

    /// What was granted to one has come back, who took it without being seen: its entry is free.
    #[inline]
    pub(crate) fn vacate(&mut self, key: Key) {
        let next = std::mem::replace(&mut self.vacant, key);
        self.entries[key as usize].stage = Stage::Vacant { next };
    }

    /// What was granted to one is taken away. If it has not been taken yet, its owner will see.
    pub(crate) fn revoke(&mut self, key: Key) {
        let entry = &mut self.entries[key as usize];
        if let Stage::Granted(seat) = entry.stage
            && let Some(grant) = self.grants.take_back(seat)
        {
            entry.stage = Stage::Revoked(Box::new(grant));
        } else {
            self.vacate(key);
        }
    }

    /// Has one that still waits be woken by this waker. The one it had is to be dropped without any lock.
    pub(crate) fn watch(&mut self, key: Key, waker: &Waker) -> Option<Waker> {
        match &mut self.entries[key as usize].stage {
            Stage::Waiting(Some(known)) if known.will_wake(waker) => None,
            Stage::Waiting(known) => known.replace(waker.clone()),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn is_waiting(&self, key: Key) -> bool {
        matches!(self.entries[key as usize].stage, Stage::Waiting(_))
    }

    /// Takes an entry away, and tells what has become of it. The waker is to be dropped without any lock.
    pub(crate) fn take(&mut self, key: Key) -> (Fate<C>, Option<Waker>) {
        let entry = &mut self.entries[key as usize];
        let stage = std::mem::replace(&mut entry.stage, Stage::Left);
        self.grants.forget(key);
        match stage {
            Stage::Waiting(waker) => {
                self.has_left();
                return (Fate::Waiting, waker);
            }
            Stage::Refused { refusal, queued } => {
                if !queued {
                    self.vacate(key);
                }
                return (Fate::Refused(refusal), None);
            }
            _ => self.vacate(key),
        }
        let fate = match stage {
            Stage::Revoked(grant) => Fate::Revoked(grant),
            Stage::Granted(seat) => match self.grants.take_back(seat) {
                Some(grant) => Fate::Granted(grant),
                None => Fate::Refused(Refusal::Closed),
            },
            // Whoever asks has an entry.
            _ => Fate::Refused(Refusal::Closed),
        };
        (fate, None)
    }

    /// Those who wait, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &Wait<B>)> {
        let waiting = self.queue.iter().filter(|&&key| self.is_waiting(key));
        waiting.map(|&key| (key, self.wait(key)))
    }

    /// The wakers of all who wait, to have them look again.
    pub(crate) fn wakers(&mut self) -> Vec<Waker> {
        let waker = |entry: &mut Entry<C, B>| match &mut entry.stage {
            Stage::Waiting(waker) => waker.take(),
            _ => None,
        };
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
        let granted = self.entries.iter().filter_map(|entry| match &entry.stage {
            Stage::Granted(seat) => {
                let look = |grant: &Grant<C>| (grant.given.seat == *seat).then(|| look(grant));
                self.grants.look(seat.number(), look)?
            }
            Stage::Revoked(grant) => Some(look(grant)),
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
