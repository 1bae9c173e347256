//! A lock for what is held for less time than a thread takes to go to sleep: the shards of a limiter, the cell of a pool.

use std::hint::spin_loop;
use std::panic::RefUnwindSafe;
use std::thread::{sleep, yield_now};
use std::time::Duration;

use spin::mutex::{SpinMutex, SpinMutexGuard};

/// A lock that is held for some tens of nanoseconds.
///
/// Taken and given back with one write that no other processor may come between, where one that lets waiting threads sleep needs
/// two, and a call of the system as soon as two meet. It lies right before what it is for, and so on the same line of memory as the
/// beginning of that.
///
/// Whoever finds it taken waits longer and longer without touching it, as each look takes the line away from the holder: who
/// holds it may then well take it some more times, which is the fastest for all. There is no order among those who wait. As the holder
/// may not be running, or move many keys to other memory, they soon let other threads run, and then sleep.
///
/// `FIRST` is for how long one that finds it taken waits before its first look: twice as long for each one more. It pays where whoever
/// has it comes back for it at once, and mostly leaves little time in between.
///
/// A panic of the holder gives it back, and whoever comes next goes on: but for wakers that are cloned, no code of others may run under
/// it, and what is under it is to be whole whenever something may panic.
#[derive(Debug)]
pub(crate) struct Lock<T, const FIRST: u32 = 0>(SpinMutex<T>);

/// As the locks of the standard library are.
impl<T, const FIRST: u32> RefUnwindSafe for Lock<T, FIRST> {}

pub(crate) type Guard<'a, T> = SpinMutexGuard<'a, T>;

impl<T: Default, const FIRST: u32> Default for Lock<T, FIRST> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T, const FIRST: u32> Lock<T, FIRST> {
    pub(crate) const fn new(of: T) -> Self {
        Self(SpinMutex::new(of))
    }

    #[inline(always)]
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        match self.0.try_lock() {
            Some(guard) => guard,
            None => self.wait(),
        }
    }

    #[cfg(test)]
    pub(crate) fn is_taken(&self) -> bool {
        self.0.is_locked()
    }

    #[cold]
    #[inline(never)]
    fn wait(&self) -> Guard<'_, T> {
        let mut nth = FIRST;
        loop {
            pause(nth);
            nth = nth.saturating_add(1);
            // Looked at first: a try takes the line away from others even if it fails.
            if !self.0.is_locked()
                && let Some(guard) = self.0.try_lock()
            {
                return guard;
            }
        }
    }
}

/// So many times twice as long as before, up to some microseconds, and then as long as that: from one look to the next whoever has it
/// may well give it back and take it again, so that it takes some looks to see it free.
const DOUBLED: u32 = 7;

/// To so many, which take some tens of microseconds together: by then whoever has it does not run.
const SPUN: u32 = DOUBLED + 8;

/// From then on to so many, if there are other threads to run, they do.
const YIELDED: u32 = SPUN + 4;

/// After that, also threads with less priority get to run, of which one may be the holder.
const NAP: Duration = Duration::from_micros(50);

/// Lets time go by before the lock is looked at for the `nth` time.
fn pause(nth: u32) {
    match nth {
        ..SPUN => (0..1 << nth.min(DOUBLED)).for_each(|_: u32| spin_loop()),
        SPUN..YIELDED => yield_now(),
        _ => sleep(NAP),
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;
    use std::thread;

    use super::*;

    #[test]
    fn nobody_sees_what_another_has_half_done() {
        let lock = <Lock<_>>::new([0_u64; 2]);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        let [one, other] = &mut *lock.lock();
                        assert_eq!(one, other);
                        *one += 1;
                        *other += 1;
                    }
                });
            }
        });
        assert_eq!(*lock.lock(), [80_000; 2]);
    }

    #[test]
    fn whoever_has_waited_for_so_long_that_it_sleeps_gets_it_as_well() {
        let lock = <Lock<_>>::new(0);
        let mut held = lock.lock();
        thread::scope(|scope| {
            let waiting: Vec<_> = (0..3).map(|_| scope.spawn(|| *lock.lock() += 1)).collect();
            // As long as the others take at least until they sleep.
            (0..=YIELDED + 3).for_each(pause);
            assert!(waiting.iter().all(|waiting| !waiting.is_finished()));
            *held += 10;
            drop(held);
        });
        assert_eq!(*lock.lock(), 13);
    }

    #[test]
    fn one_who_panics_gives_it_back() {
        let lock = <Lock<_>>::new(0);
        let panicked = catch_unwind(|| {
            let mut held = lock.lock();
            *held = 7;
            panic!("while it is held");
        });
        assert!(panicked.is_err());
        assert_eq!(*lock.lock(), 7);
    }
}
