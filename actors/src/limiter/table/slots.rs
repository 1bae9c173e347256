//! The memory of keys: a hash table in one piece.
//!
//! A slot is the tag of a key, and its state right behind it, so that most lookups touch one line of memory. A tag has its home at
//! `tag * capacity / 2^64`, and lies there or, after others, a little behind: tags are kept in ascending order, so that a search ends
//! as soon as it has gone too far. Some slots behind the last home take what is pushed over the end. There is no capacity that
//! does not do, so that it can grow by a little at a time.
//!
//! States of more than two words lie elsewhere, one piece of memory for each, and the slot says where.

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

/// What a piece of memory costs that is allocated by itself: two words of the allocator's.
const BOX_BYTES: usize = 16;

/// What it takes to say where such a piece is, or that the place for one is free.
const PLACE_BYTES: usize = size_of::<Box<[u64]>>() + size_of::<u32>();

/// The fewest homes.
const CAPACITY_MIN: usize = 8;

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

    /// Whether one more does not make searches long.
    pub(super) const fn has_room(&self) -> bool {
        self.len < room(self.capacity)
    }

    /// Whether far less memory would do.
    pub(super) const fn is_sparse(&self) -> bool {
        self.capacity > CAPACITY_MIN && self.len < self.capacity / 4
    }

    /// A capacity for one more and some room.
    pub(super) const fn larger(&self) -> usize {
        let larger = (self.len + self.len / 4 + CAPACITY_MIN) * 8 / 7;
        larger / 8 * 8
    }

    /// The next capacity, whether it is needed for the number of keys or not.
    pub(super) const fn next(&self) -> usize {
        (self.capacity + self.capacity / 4) / 8 * 8 + CAPACITY_MIN
    }

    /// The bytes of slots with this capacity.
    pub(super) const fn slot_bytes(&self, capacity: usize) -> usize {
        if capacity == 0 {
            return 0;
        }
        let places = if self.state > INLINE_MAX {
            room(capacity) * PLACE_BYTES
        } else {
            0
        };
        (capacity + tail(capacity)) * self.stride * 8 + places
    }

    /// The bytes of a key beside its slot.
    pub(super) const fn far_bytes(&self) -> usize {
        if self.state > INLINE_MAX {
            self.state * 8 + BOX_BYTES
        } else {
            0
        }
    }

    pub(super) const fn bytes(&self) -> usize {
        self.slot_bytes(self.capacity) + self.len * self.far_bytes()
    }

    /// The bytes of the same keys with states of so many words.
    pub(super) fn bytes_with(&self, state: usize) -> usize {
        let other = Self::empty(state);
        other.slot_bytes(self.capacity) + self.len * other.far_bytes()
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

    /// The same keys in a table with another capacity. `None` if they do not fit, which hardly ever happens.
    pub(super) fn resized(&mut self, capacity: usize) -> Option<Self> {
        let mut next = Self::with_capacity(self.state, capacity);
        let mut put = 0;
        for slot in 0..self.slots() {
            let tag = self.tag(slot);
            if tag == 0 {
                continue;
            }
            // They come in order, so that each goes behind the one before.
            let place = next.home(tag).max(put);
            if place >= next.slots() {
                return None;
            }
            let (from, to) = (slot * self.stride, place * self.stride);
            let words = &self.words[from..from + self.stride];
            next.words[to..to + self.stride].copy_from_slice(words);
            put = place + 1;
        }
        next.len = self.len;
        if self.state > INLINE_MAX {
            next.fetch(&mut self.afar);
        }
        Some(next)
    }

    /// Takes over the states that lie elsewhere, without gaps.
    fn fetch(&mut self, afar: &mut [Box<[u64]>]) {
        for slot in 0..self.slots() {
            if self.tag(slot) != 0 {
                let place = &mut self.words[slot * self.stride + 1];
                self.afar.push(std::mem::take(&mut afar[*place as usize]));
                *place = self.afar.len() as u64 - 1;
            }
        }
    }

    /// The same keys with other states; `make` makes each from its tag and what it was.
    pub(super) fn with_states(
        &self,
        state: usize,
        mut make: impl FnMut(u64, &[u64], &mut [u64]),
    ) -> Self {
        let mut next = Self::with_capacity(state, self.capacity);
        for slot in 0..self.slots() {
            let tag = self.tag(slot);
            if tag == 0 {
                continue;
            }
            // The capacity is the same, and so is the place.
            next.words[slot * next.stride] = tag;
            if state > INLINE_MAX {
                next.words[slot * next.stride + 1] = next.allocate();
            }
            make(tag, self.state(slot), next.state_mut(slot));
        }
        next.len = self.len;
        next
    }
}

/// How many keys there may be with so many homes, so that searches stay short.
const fn room(capacity: usize) -> usize {
    capacity / 8 * 7
}

/// How many slots there are behind the last home: for all keys of a small table, and for what hardly ever meets in a large one.
const fn tail(capacity: usize) -> usize {
    let part = capacity / 4 + 5;
    if part > 48 { 48 } else { part }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn grow(slots: &mut Slots) {
        let capacity = slots.larger().max(slots.capacity + 8);
        *slots = slots.resized(capacity).expect("they fit");
    }

    fn check(slots: &Slots, model: &BTreeMap<u64, u64>) {
        assert_eq!(slots.len(), model.len());
        let there: Vec<u64> = (0..slots.slots()).map(|slot| slots.tag(slot)).collect();
        let tags: Vec<u64> = there.into_iter().filter(|&tag| tag != 0).collect();
        assert!(tags.iter().eq(model.keys()), "in ascending order");
        for (&tag, &value) in model {
            let slot = slots.find(tag).expect("it is there");
            assert!(slots.state(slot).iter().all(|&word| word == value));
        }
    }

    proptest! {
        #[test]
        fn it_holds_what_a_map_would_hold(
            state in 1_usize..5,
            steps in prop::collection::vec((0_u8..4, prop_oneof![1_u64..40, (1_u64..4).prop_map(|n| u64::MAX - n), 1_u64..u64::MAX]), 0..400),
        ) {
            let mut slots = Slots::empty(state);
            let mut model = BTreeMap::new();
            for (nth, (what, tag)) in steps.into_iter().enumerate() {
                let value = nth as u64;
                match what {
                    0 => {
                        // One of those that are there.
                        let tag = model.keys().nth(nth % model.len().max(1)).copied();
                        let slot = tag.map(|tag| slots.find(tag).expect("it is there"));
                        if let Some(slot) = slot {
                            slots.remove(slot);
                            model.remove(&tag.expect("it was found"));
                        }
                    }
                    _ => {
                        prop_assert_eq!(slots.find(tag).is_some(), model.contains_key(&tag));
                        let slot = match slots.find(tag) {
                            Some(slot) => slot,
                            None => loop {
                                if slots.has_room() && let Some(slot) = slots.insert(tag) {
                                    break slot;
                                }
                                grow(&mut slots);
                            },
                        };
                        slots.state_mut(slot).fill(value);
                        model.insert(tag, value);
                    }
                }
                check(&slots, &model);
            }
            let doubled = slots.with_states(3, |_, old, new| new.fill(old[0] * 2));
            let model = model.into_iter().map(|(tag, value)| (tag, value * 2)).collect();
            check(&doubled, &model);
        }
    }

    #[test]
    fn states_elsewhere_take_no_more_than_is_counted_and_leave_nothing_behind() {
        let mut slots = Slots::empty(3);
        for nth in 1..=1000_u64 {
            if !slots.has_room() {
                grow(&mut slots);
            }
            slots.insert(nth << 54).expect("there is room");
            // Besides the states: the slots, and a place and a half-word for each.
            let held =
                slots.words.capacity() * 8 + slots.afar.capacity() * 16 + slots.free.capacity() * 4;
            assert_eq!(slots.bytes() - slots.len() * slots.far_bytes(), held);
        }
        for nth in 1..=1000_u64 {
            let slot = slots.find(nth << 54).expect("it is there");
            slots.remove(slot);
        }
        slots = slots.resized(slots.larger()).expect("they fit");
        assert_eq!((slots.afar.len(), slots.free.len()), (0, 0));
        assert!(slots.bytes() < 1000, "{}", slots.bytes());
    }

    #[test]
    fn where_there_is_no_room_behind_the_home_of_a_key_it_is_said() {
        let mut slots = Slots::empty(1);
        assert_eq!(slots.insert(5), None);
        grow(&mut slots);
        let places = slots.slots() - slots.home(u64::MAX);
        for nth in 0..places as u64 {
            assert!(slots.insert(u64::MAX - nth).is_some());
        }
        assert_eq!(slots.insert(u64::MAX - 500), None);
        assert!(slots.insert(1).is_some());
        assert_eq!(slots.len(), places + 1);
    }
}
