//! The memory of keys: a hash table in one piece.
//!
//! A slot is the tag of a key, and its state right behind it, so that most lookups touch one line of memory. A tag has its home at
//! `tag * capacity / 2^64`, and lies there or, after others, a little behind: tags are kept in ascending order, so that a search ends
//! as soon as it has gone too far. Some slots behind the last home take what is pushed over the end. There is no capacity that
//! does not do, so that it can grow by a little at a time.
//!
//! States of more than two words lie elsewhere, one piece of memory for each, and the slot says where.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Slots`]: finding, inserting, removing |
//! | `size.rs` | how large it is, and how large it should be |
//! | `moved.rs` | the same keys in other memory |
//! | `tests.rs` | that it holds what a map would hold, and no more memory than it says |

mod moved;
mod size;
#[cfg(test)]
mod tests;

use size::{room, tail};

/// See the module.
#[derive(Debug)]
pub(super) struct Slots {
    words: Vec<u64>,
    /// The words of a slot.
    stride: usize,
    /// The number of homes.
    capacity: usize,
    len: usize,
    /// The words of a state.
    state: usize,
    /// States that do not lie in their slots.
    afar: Vec<Box<[u64]>>,
    /// Those of them that are free.
    free: Vec<u32>,
}

/// A state of so many words lies in its slot.
const INLINE_MAX: usize = 2;

impl Slots {
    /// Without memory: there is no room for any key.
    pub(super) const fn empty(state: usize) -> Self {
        let inline = if state > INLINE_MAX { 1 } else { state };
        Self {
            words: Vec::new(),
            stride: 1 + inline,
            capacity: 0,
            len: 0,
            state,
            afar: Vec::new(),
            free: Vec::new(),
        }
    }

    fn with_capacity(state: usize, capacity: usize) -> Self {
        let mut slots = Self::empty(state);
        slots.capacity = capacity;
        slots.words = vec![0; slots.stride * (capacity + tail(capacity))];
        if state > INLINE_MAX {
            slots.afar = Vec::with_capacity(room(capacity));
            slots.free = Vec::with_capacity(room(capacity));
        }
        slots
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Slots, whether somebody has them or not.
    pub(super) fn slots(&self) -> usize {
        self.words.len() / self.stride
    }

    #[inline]
    fn home(&self, tag: u64) -> usize {
        ((u128::from(tag) * self.capacity as u128) >> 64) as usize
    }

    /// The tag in a slot; 0 if it is free.
    #[inline]
    pub(super) fn tag(&self, slot: usize) -> u64 {
        self.words[slot * self.stride]
    }

    /// The state of a key, where that is one word.
    #[inline(always)]
    pub(super) fn word(&mut self, tag: u64) -> Option<&mut u64> {
        let home = self.home(tag);
        let (pairs, _) = self.words.as_chunks_mut::<2>();
        let behind_home = pairs.get_mut(home..)?;
        for [found, word] in behind_home {
            if *found == tag {
                return Some(word);
            }
            if *found == 0 || *found > tag {
                return None;
            }
        }
        None
    }

    /// The slot of a key.
    #[inline]
    pub(super) fn find(&self, tag: u64) -> Option<usize> {
        let mut at = self.home(tag) * self.stride;
        loop {
            let found = *self.words.get(at)?;
            if found == tag {
                return Some(at / self.stride);
            }
            // Those before it that have moved here come first.
            if found == 0 || found > tag {
                return None;
            }
            at += self.stride;
        }
    }

    #[inline]
    pub(super) fn state(&self, slot: usize) -> &[u64] {
        let at = slot * self.stride + 1;
        if self.state > INLINE_MAX {
            &self.afar[self.words[at] as usize]
        } else {
            &self.words[at..at + self.state]
        }
    }

    #[inline]
    pub(super) fn state_mut(&mut self, slot: usize) -> &mut [u64] {
        let at = slot * self.stride + 1;
        if self.state > INLINE_MAX {
            &mut self.afar[self.words[at] as usize]
        } else {
            &mut self.words[at..at + self.state]
        }
    }

    /// Makes a slot for a key that has none; what its state is is not said. `None` if there is no place between its home and
    /// the end, however much there is elsewhere.
    pub(super) fn insert(&mut self, tag: u64) -> Option<usize> {
        let mut slot = self.home(tag);
        while (1..tag).contains(&self.tag_or_end(slot)?) {
            slot += 1;
        }
        let mut gap = slot;
        while self.tag_or_end(gap)? != 0 {
            gap += 1;
        }
        let (from, to) = (slot * self.stride, gap * self.stride);
        self.words.copy_within(from..to, from + self.stride);
        self.words[from] = tag;
        self.len += 1;
        if self.state > INLINE_MAX {
            self.words[from + 1] = self.allocate();
        }
        Some(slot)
    }

    fn tag_or_end(&self, slot: usize) -> Option<u64> {
        self.words.get(slot * self.stride).copied()
    }

    fn allocate(&mut self) -> u64 {
        let memory = vec![0; self.state].into();
        if let Some(place) = self.free.pop() {
            self.afar[place as usize] = memory;
            return u64::from(place);
        }
        self.afar.push(memory);
        self.afar.len() as u64 - 1
    }

    /// Frees a slot. Those behind it that are not at home move up: what was in the next slot may be in this one.
    pub(super) fn remove(&mut self, slot: usize) {
        if self.state > INLINE_MAX {
            let place = self.words[slot * self.stride + 1] as u32;
            self.afar[place as usize] = Box::default();
            self.free.push(place);
        }
        let mut end = slot + 1;
        while let Some(tag) = self.tag_or_end(end)
            && tag != 0
            && self.home(tag) < end
        {
            end += 1;
        }
        let (from, to) = ((slot + 1) * self.stride, end * self.stride);
        self.words.copy_within(from..to, from - self.stride);
        self.words[to - self.stride] = 0;
        self.len -= 1;
    }
}
