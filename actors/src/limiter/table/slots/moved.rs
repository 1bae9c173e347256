//! The same keys in other memory.

use super::{INLINE_MAX, Slots};

impl Slots {
    /// The same keys in a table with another capacity. `None` if they do not fit, which hardly ever happens.
    pub(in crate::limiter::table) fn resized(&mut self, capacity: usize) -> Option<Self> {
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
    pub(in crate::limiter::table) fn with_states(
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
