//! What is told and was not read by everybody yet.

use std::collections::VecDeque;

use crate::event_store::queue::Load;

/// What somebody has still to read, of all that was ever told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// How many items came before.
    items: u64,
    /// How many events came before.
    events: u64,
}

#[derive(Debug)]
struct Slot<T> {
    item: T,
    load: Load,
    /// How many have not read it. Who reads in order has read all before, so that it never rises from one to the one before.
    left: usize,
}

/// Items in order, until all have read them or there are too many.
#[derive(Debug)]
pub(crate) struct Ring<T> {
    kept: VecDeque<Slot<T>>,
    /// That of the first that is kept.
    first: Place,
    load: Load,
    readers: usize,
}

impl<T> Default for Ring<T> {
    fn default() -> Self {
        Self {
            kept: VecDeque::new(),
            first: Place::default(),
            load: Load::default(),
            readers: 0,
        }
    }
}

impl<T: Clone> Ring<T> {
    /// One more who reads what comes from now on, if there are not as many as there may be.
    pub(crate) fn join(&mut self, max: usize) -> Option<Place> {
        if self.readers >= max {
            return None;
        }
        self.readers += 1;
        Some(Place {
            items: self.first.items + self.kept.len() as u64,
            events: self.first.events + self.load.events,
        })
    }

    /// One who was there reads no more.
    pub(crate) fn leave(&mut self, place: Place) {
        self.readers -= 1;
        let from = self.index(place.items);
        for slot in self.kept.iter_mut().skip(from) {
            slot.left -= 1;
        }
        self.forget_what_was_read();
    }

    pub(crate) const fn readers(&self) -> usize {
        self.readers
    }

    /// Puts an item to the end, which counts as so many events of so many bytes. The oldest go while there is more than `max`; the new one
    /// stays, whatever it is.
    pub(crate) fn push(&mut self, item: T, load: Load, max: Load) {
        if self.readers == 0 {
            return;
        }
        self.load.events += load.events;
        self.load.bytes += load.bytes;
        let left = self.readers;
        self.kept.push_back(Slot { item, load, left });
        while self.kept.len() > 1 && (self.load.events > max.events || self.load.bytes > max.bytes)
        {
            self.forget_first();
        }
    }

    /// What is to be read from this place, which moves on: the item there, or how many events were lost. `None` if there is none yet.
    pub(crate) fn read(&mut self, place: &mut Place) -> Option<Result<T, u64>> {
        if place.items < self.first.items {
            let lost = self.first.events - place.events;
            *place = self.first;
            return Some(Err(lost));
        }
        let nth = self.index(place.items);
        let slot = self.kept.get_mut(nth)?;
        place.items += 1;
        place.events += slot.load.events;
        slot.left -= 1;
        let item = slot.item.clone();
        self.forget_what_was_read();
        Some(Ok(item))
    }

    fn index(&self, items: u64) -> usize {
        let nth = items.saturating_sub(self.first.items);
        usize::try_from(nth).unwrap_or(usize::MAX)
    }

    fn forget_what_was_read(&mut self) {
        while self.kept.front().is_some_and(|slot| slot.left == 0) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some(slot) = self.kept.pop_front() {
            self.first.items += 1;
            self.first.events += slot.load.events;
            self.load.events -= slot.load.events;
            self.load.bytes -= slot.load.bytes;
        }
    }

    #[cfg(test)]
    pub(crate) fn load(&self) -> Load {
        self.load
    }
}
