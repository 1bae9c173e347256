//! Counting what happens often, on the thread it happens on.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Tally`]: who counts where |
//! | `place.rs` | [`Place`]: the counts of one thread, and of those that have no place |
//! | `places.rs` | [`Places`]: all places of a tally |
//! | `looks.rs` | [`Looks`](looks::Looks): which refusals look at the clock |
//! | `count.rs` | a number and the generation it is of, in one word |
//! | `tests.rs` | threads |

mod count;
mod looks;
mod place;
mod places;
#[cfg(all(test, not(mainstay_loom)))]
mod tests;

use crate::atomic::{AtomicU64, Ordering};
use count::Count;
use place::Place;
pub(crate) use places::MANY;
use places::Places;

/// Successes and refusals that nothing hangs on at the moment: counted apart by different threads, gathered by whoever needs the
/// sum.
///
/// A thread *owns* a place and is the only one who writes there, so that counting is a load and a store, without a locked
/// instruction. It takes the first free one it comes by, and keeps it; after its end the place belongs to the next thread that
/// lies at the same address. There is a fixed number of places: a thread that finds none counts with others, by compare and
/// exchange, which is slower and as exact. So does one that has no address, as its thread-locals are gone.
///
/// # When a success is seen
///
/// Nobody waits for a thread that is about to count: it may be held up between the look whether it may count and the moment it
/// does, while somebody else gathers, or begins a generation. Such a success is seen by whoever gathers next. For this
///
/// 1. none is ever lost: numbers only grow, and what is gathered is their growth;
/// 2. none is counted in another generation than its own: the word that holds the number holds the generation too, and is
///    written as a whole. What turns up when its generation is over is *late*;
/// 3. whatever happens after a success, such as a call that was made because of it, sees it.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Which thread owns a place; 0 while it is free. It stands in the place as well, for the owner; this is for the others, who
    /// would wait for what the owner writes there.
    owners: Box<[AtomicU64]>,
    places: Places,
    /// Not 0 once threads count where they own nothing.
    crowded: AtomicU64,
}

/// What became of a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    Yes,
    /// It was, and it is time to gather: before this thread has counted as many again.
    Due,
    /// It may not be counted here.
    No,
}

/// What was counted since it was last gathered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gathered {
    /// Successes of the present generation.
    pub(crate) successes: u64,
    /// Successes of generations before.
    pub(crate) late: u64,
}

impl Gathered {
    const fn and(self, other: Self) -> Self {
        Self {
            successes: self.successes + other.successes,
            late: self.late + other.late,
        }
    }
}

impl Tally {
    /// With so many places, or the next power of two.
    pub(crate) fn new(places: usize) -> Self {
        let places = places.next_power_of_two();
        Self {
            owners: (0..places).map(|_| AtomicU64::new(FREE)).collect(),
            places: Places::new(places),
            crowded: AtomicU64::new(0),
        }
    }

    /// Counts a success of this generation, which whoever asks has just seen to be the present one.
    #[inline(always)]
    pub(crate) fn success(&self, me: Thread, generation: u64) -> Counted {
        match self.owned(me) {
            Some(place) => place.success(Count::none_of(generation)),
            None => self.success_elsewhere(me, generation),
        }
    }

    #[cold]
    #[inline(never)]
    fn success_elsewhere(&self, me: Thread, generation: u64) -> Counted {
        match self.find(me) {
            Some(place) => place.success(Count::none_of(generation)),
            None => self.common(me).common_success(Count::none_of(generation)),
        }
    }

    /// Counts a refusal, unless it is one that is to look at the clock; says whether it did.
    #[inline(always)]
    pub(crate) fn refuse(&self, me: Thread) -> bool {
        match self.owned(me) {
            Some(place) => place.refuse(),
            None => self.refuse_elsewhere(me),
        }
    }

    #[cold]
    #[inline(never)]
    fn refuse_elsewhere(&self, me: Thread) -> bool {
        match self.find(me) {
            Some(place) => place.refuse(),
            None => self.common(me).common_refuse(),
        }
    }

    /// Counts a refusal that has looked at the clock, and what it has seen there.
    pub(crate) fn refuse_by_the_clock(&self, me: Thread, now: u64) {
        match self.find(me) {
            Some(place) => place.refuse_by_the_clock(now),
            None => self.common(me).common_refuse_by_the_clock(now),
        }
    }

    /// The next refusal of each thread looks at the clock.
    pub(crate) fn look_soon(&self) {
        self.places.all().iter().for_each(Place::look_soon);
    }

    /// What was counted since this was last done. Only one at a time may do this.
    pub(crate) fn gather(&self, generation: u64) -> Gathered {
        let none = Count::none_of(generation);
        let owned = self.owners.iter().zip(self.places.all());
        // Whoever counts has taken the place before: who sees the one sees the other.
        let owned = owned.filter(|(owner, _)| owner.load(Ordering::Acquire) != FREE);
        let owned = owned.map(|(_, place)| place.gather(none));
        let owned = owned.fold(Gathered::default(), Gathered::and);
        if self.crowded.load(Ordering::Acquire) == 0 {
            return owned;
        }
        let common = self.places.all().iter();
        let common = common.map(|place| place.gather_common(none));
        common.fold(owned, Gathered::and)
    }

    /// How many refusals there were, ever.
    pub(crate) fn refusals(&self) -> u64 {
        self.places.all().iter().map(Place::refusals).sum()
    }

    /// The place of this thread, if it is where it is looked for first.
    #[inline(always)]
    fn owned(&self, me: Thread) -> Option<&Place> {
        let first = self.places.at(me.first());
        first.filter(|place| place.is_of(me))
    }

    /// The place of this thread: its own, or the first free one, which is its own from now on.
    fn find(&self, me: Thread) -> Option<&Place> {
        if me == Thread::NOBODY {
            return None;
        }
        let places = self.places.all();
        let take = |nth: usize| {
            let nth = (me.first() + nth) & (self.owners.len() - 1);
            let (owner, place) = (&self.owners[nth], &places[nth]);
            match owner.load(Ordering::Relaxed) {
                mine if mine == me.0 => return Some(place),
                FREE => {}
                _ => return None,
            }
            let taken = owner.compare_exchange(FREE, me.0, Ordering::AcqRel, Ordering::Relaxed);
            taken.ok()?;
            place.is_now_of(me);
            Some(place)
        };
        (0..self.owners.len()).find_map(take)
    }

    /// Where a thread counts that owns no place.
    fn common(&self, me: Thread) -> &Place {
        if self.crowded.load(Ordering::Relaxed) == 0 {
            self.crowded.store(1, Ordering::Release);
        }
        let places = self.places.all();
        &places[me.first() & (places.len() - 1)]
    }
}

/// No thread has this address.
const FREE: u64 = 0;

/// A thread, by where its thread-locals lie.
///
/// No two that run at the same time have the same. One that comes later may have that of one that has ended, and with it the
/// place: memory is given to another only after its owner is done with it, so that what the one has written the other sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thread(u64);

thread_local! {
    static HERE: std::cell::Cell<u8> = const { std::cell::Cell::new(0) };
}

impl Thread {
    /// One that has no thread-locals any more. No thread has this address either.
    const NOBODY: Self = Self(1);

    /// This one.
    #[inline(always)]
    pub(crate) fn current() -> Self {
        let address = HERE.try_with(|here| std::ptr::from_ref(here).addr() as u64);
        address.map_or(Self::NOBODY, Self)
    }

    #[inline(always)]
    const fn first(self) -> usize {
        // What lies close together in memory is spread over all places.
        (self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as usize
    }
}

#[cfg(all(test, mainstay_loom))]
impl Thread {
    /// For threads of a model, which are none of the system's.
    pub(crate) const fn numbered(number: u64) -> Self {
        Self(number + 2)
    }

    pub(crate) const fn nobody() -> Self {
        Self::NOBODY
    }
}

#[cfg(all(test, not(mainstay_loom)))]
impl Tally {
    /// As if this thread had counted so many more successes, of the generation of its last.
    pub(crate) fn skip(&self, successes: u64) {
        if let Some(place) = self.find(Thread::current()) {
            place.skip(successes);
        }
    }
}
