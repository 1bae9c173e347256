//! How large it is, and how large it should be.

use super::{INLINE_MAX, Slots};

/// What a piece of memory costs that is allocated by itself: two words of the allocator's.
const BOX_BYTES: usize = 16;

/// What it takes to say where such a piece is, or that the place for one is free.
const PLACE_BYTES: usize = size_of::<Box<[u64]>>() + size_of::<u32>();

/// The fewest homes.
const CAPACITY_MIN: usize = 8;

impl Slots {
    /// Whether one more does not make searches long.
    pub(in crate::limiter::table) const fn has_room(&self) -> bool {
        self.len < room(self.capacity)
    }

    /// Whether far less memory would do.
    pub(in crate::limiter::table) const fn is_sparse(&self) -> bool {
        self.capacity > CAPACITY_MIN && self.len < self.capacity / 4
    }

    /// A capacity for one more and some room.
    pub(in crate::limiter::table) const fn larger(&self) -> usize {
        let larger = (self.len + self.len / 4 + CAPACITY_MIN) * 8 / 7;
        larger / 8 * 8
    }

    /// The next capacity, whether it is needed for the number of keys or not.
    pub(in crate::limiter::table) const fn next(&self) -> usize {
        (self.capacity + self.capacity / 4) / 8 * 8 + CAPACITY_MIN
    }

    /// The bytes of slots with this capacity.
    pub(in crate::limiter::table) const fn slot_bytes(&self, capacity: usize) -> usize {
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
    pub(in crate::limiter::table) const fn far_bytes(&self) -> usize {
        if self.state > INLINE_MAX {
            self.state * 8 + BOX_BYTES
        } else {
            0
        }
    }

    pub(in crate::limiter::table) const fn bytes(&self) -> usize {
        self.slot_bytes(self.capacity) + self.len * self.far_bytes()
    }

    /// The bytes of the same keys with states of so many words.
    pub(in crate::limiter::table) fn bytes_with(&self, state: usize) -> usize {
        let other = Self::empty(state);
        other.slot_bytes(self.capacity) + self.len * other.far_bytes()
    }
}

/// How many keys there may be with so many homes, so that searches stay short.
pub(super) const fn room(capacity: usize) -> usize {
    capacity / 8 * 7
}

/// How many slots there are behind the last home: for all keys of a small table, and for what hardly ever meets in a large one.
pub(super) const fn tail(capacity: usize) -> usize {
    let part = capacity / 4 + 5;
    if part > 48 { 48 } else { part }
}
