//! Counting up.

use std::sync::atomic::{AtomicU64, Ordering};

use thread_local::ThreadLocal;

use super::bump;
use super::place::in_own_place;

/// A number that many threads add to.
#[derive(Debug, Default)]
pub(crate) struct LiveCounter {
    slots: ThreadLocal<Box<Slot>>,
    /// Of threads that are ending.
    shared: AtomicU64,
}

/// What one thread has added, alone on its line of cache.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Slot(AtomicU64);

impl LiveCounter {
    #[inline]
    pub(crate) fn add(&self, by: u64) {
        match self.slots.get() {
            Some(slot) => bump(&slot.0, by),
            None => self.add_first(by),
        }
    }

    /// Out of the way, so that what is done for every other addition is all in the caller.
    #[cold]
    fn add_first(&self, by: u64) {
        match in_own_place(|| self.slots.get_or_default()) {
            Some(slot) => bump(&slot.0, by),
            None => {
                self.shared.fetch_add(by, Ordering::Relaxed);
            }
        }
    }

    /// All that was added, modulo 2^64. Never less than what was there before, of any thread.
    pub(crate) fn total(&self) -> u64 {
        let slots = self.slots.iter();
        let shared = self.shared.load(Ordering::Relaxed);
        slots.fold(shared, |sum: u64, slot| {
            sum.wrapping_add(slot.0.load(Ordering::Relaxed))
        })
    }

    /// What it takes on the heap, about.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.slots.iter().count() * (size_of::<Slot>() + SLOT_ENTRY_BYTES)
    }
}

/// What the list of slots takes for each thread.
pub(super) const SLOT_ENTRY_BYTES: usize = 2 * size_of::<usize>();

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn every_addition_of_every_thread_is_counted_once() {
        let counter = LiveCounter::default();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..50_000).for_each(|_| counter.add(2)));
            }
        });
        assert_eq!(counter.total(), 400_000);
    }

    #[test]
    fn threads_that_come_and_go_leave_their_counts_and_no_slots() {
        let counter = LiveCounter::default();
        for _ in 0..100 {
            thread::scope(|scope| {
                scope.spawn(|| counter.add(1));
            });
        }
        assert_eq!(counter.total(), 100);
        // Other tests run beside this one and hold thread numbers, so that a slot may not be had again at once.
        assert!(counter.heap_bytes() < 50 * (size_of::<Slot>() + SLOT_ENTRY_BYTES));
    }

    #[test]
    fn what_is_counted_while_a_thread_ends_is_counted() {
        struct AtTheEnd(Arc<LiveCounter>);
        impl Drop for AtTheEnd {
            fn drop(&mut self) {
                self.0.add(3);
            }
        }
        thread_local!(static END: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) });
        let counter = Arc::new(LiveCounter::default());
        let told = Arc::clone(&counter);
        let thread = thread::spawn(move || {
            END.with(|end| *end.borrow_mut() = Some(AtTheEnd(Arc::clone(&told))));
            told.add(4);
        });
        thread.join().unwrap();
        assert_eq!(
            (counter.total(), counter.shared.load(Ordering::Relaxed)),
            (7, 3)
        );
    }

    #[test]
    fn a_total_that_is_read_meanwhile_never_goes_back() {
        let counter = LiveCounter::default();
        thread::scope(|scope| {
            let writers =
                [(); 2].map(|()| scope.spawn(|| (0..100_000).for_each(|_| counter.add(1))));
            let mut last = 0;
            while !writers.iter().all(thread::ScopedJoinHandle::is_finished) {
                let now = counter.total();
                assert!(now >= last, "{now} after {last}");
                last = now;
            }
        });
        assert_eq!(counter.total(), 200_000);
    }
}
