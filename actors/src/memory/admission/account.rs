//! How many bytes are promised: to operations that have begun, and have not taken them yet, or have not said so.
//!
//! What an operation says to have taken stays promised until a sample that was begun later is in: from then on it is measured, and would
//! count twice.

use crate::atomic::{AtomicBool, AtomicU64, Ordering};

/// The bytes that are promised.
#[derive(Debug)]
pub(crate) struct Account {
    reserved: AtomicU64,
    /// How many of these were taken, and no sample has seen it.
    taken: AtomicU64,
    /// Samples are taken.
    is_watched: AtomicBool,
}

/// What was taken before a sample was begun. Promised no more once that is in; unless it is, the next one settles it.
#[derive(Debug)]
#[must_use = "the next sample settles it unless this one does"]
pub(crate) struct Unseen<'a> {
    account: &'a Account,
    bytes: u64,
}

impl Unseen<'_> {
    /// The sample is in.
    pub(crate) fn settle(mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        self.account.give_back(bytes);
    }
}

impl Drop for Unseen<'_> {
    fn drop(&mut self) {
        self.account.taken.fetch_add(self.bytes, Ordering::AcqRel);
    }
}

/// There is no room for so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full {
    /// How many are promised already.
    pub(crate) reserved: u64,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            reserved: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            is_watched: AtomicBool::new(false),
        }
    }
}

impl Account {
    pub(crate) fn reserved(&self) -> u64 {
        self.reserved.load(Ordering::Relaxed)
    }

    /// Whether there would be room.
    pub(crate) fn check(&self, bytes: u64, room: Option<u64>) -> Result<(), Full> {
        let reserved = self.reserved();
        fits(reserved, bytes, room).map(drop)
    }

    /// Promises so many, if all that are promised stay within the room; none is no bound.
    pub(crate) fn take(&self, bytes: u64, room: Option<u64>) -> Result<(), Full> {
        let mut reserved = self.reserved();
        loop {
            let next = fits(reserved, bytes, room)?;
            let swapped = self.reserved.compare_exchange_weak(
                reserved,
                next,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            match swapped {
                Ok(_) => return Ok(()),
                Err(now) => reserved = now,
            }
        }
    }

    /// So many that were promised are promised no more.
    pub(crate) fn give_back(&self, bytes: u64) {
        self.reserved.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// So many that were promised have been taken. Where nobody takes samples, they are promised no more.
    pub(crate) fn taken(&self, bytes: u64) {
        if self.is_watched.load(Ordering::Relaxed) {
            // Who sees this sees what was taken.
            self.taken.fetch_add(bytes, Ordering::AcqRel);
        } else {
            self.give_back(bytes);
        }
    }

    /// A sample is begun, which sees what was taken so far.
    pub(crate) fn begin_sample(&self) -> Unseen<'_> {
        let bytes = self.taken.swap(0, Ordering::AcqRel);
        Unseen {
            account: self,
            bytes,
        }
    }

    /// Whether samples are taken from now on.
    pub(crate) fn set_watched(&self, is_watched: bool) {
        self.is_watched.store(is_watched, Ordering::Relaxed);
        if !is_watched {
            self.begin_sample().settle();
        }
    }
}

fn fits(reserved: u64, bytes: u64, room: Option<u64>) -> Result<u64, Full> {
    let full = Full { reserved };
    let next = reserved.checked_add(bytes).ok_or(full)?;
    match room {
        Some(room) if next > room => Err(full),
        _ => Ok(next),
    }
}

#[cfg(test)]
#[cfg(not(mainstay_loom))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_promised_stays_within_the_room() {
        let account = Account::default();
        assert_eq!(account.take(60, Some(100)), Ok(()));
        assert_eq!(account.take(41, Some(100)), Err(Full { reserved: 60 }));
        assert_eq!(account.check(40, Some(100)), Ok(()));
        assert_eq!(account.take(40, Some(100)), Ok(()));
        account.give_back(60);
        assert_eq!(account.reserved(), 40);
    }

    #[test]
    fn without_a_bound_only_what_cannot_be_counted_is_refused() {
        let account = Account::default();
        assert_eq!(account.take(u64::MAX, None), Ok(()));
        assert_eq!(account.take(1, None), Err(Full { reserved: u64::MAX }));
    }

    #[test]
    fn what_was_taken_is_promised_until_a_sample_that_was_begun_later_is_in() {
        let account = Account::default();
        account.set_watched(true);
        assert_eq!(account.take(100, None), Ok(()));
        account.taken(60);
        let sample = account.begin_sample();
        // The sample does not see this.
        account.taken(30);
        assert_eq!(account.reserved(), 100);
        sample.settle();
        assert_eq!(account.reserved(), 40);
        // One that has failed settles nothing.
        drop(account.begin_sample());
        assert_eq!(account.reserved(), 40);
        account.begin_sample().settle();
        assert_eq!(account.reserved(), 10);
    }

    #[test]
    fn where_nobody_takes_samples_what_was_taken_is_promised_no_more() {
        let account = Account::default();
        assert_eq!(account.take(100, None), Ok(()));
        account.taken(60);
        assert_eq!(account.reserved(), 40);
        account.set_watched(true);
        account.taken(30);
        assert_eq!(account.reserved(), 40);
        account.set_watched(false);
        assert_eq!(account.reserved(), 10);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Take(u64, u64),
        GiveBack,
        Taken(u64),
        Sample(bool),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..200_u64, 0..500_u64).prop_map(|(bytes, room)| Step::Take(bytes, room)),
            2 => Just(Step::GiveBack),
            2 => (0..200_u64).prop_map(Step::Taken),
            1 => any::<bool>().prop_map(Step::Sample),
        ]
    }

    proptest! {
        #[test]
        fn it_adds_up_whatever_comes(steps in prop::collection::vec(step(), 0..50)) {
            let account = Account::default();
            account.set_watched(true);
            let (mut held, mut unseen): (Vec<u64>, u64) = (Vec::new(), 0);
            for step in steps {
                let before = held.iter().sum::<u64>() + unseen;
                prop_assert_eq!(account.reserved(), before);
                match step {
                    Step::Take(bytes, room) => {
                        let fits = before + bytes <= room;
                        prop_assert_eq!(account.take(bytes, Some(room)).is_ok(), fits);
                        held.extend(fits.then_some(bytes));
                    }
                    Step::GiveBack => {
                        if let Some(bytes) = held.pop() {
                            account.give_back(bytes);
                        }
                    }
                    Step::Taken(most) => {
                        if let Some(last) = held.last_mut() {
                            let taken = most.min(*last);
                            *last -= taken;
                            unseen += taken;
                            account.taken(taken);
                        }
                    }
                    Step::Sample(has_measured) => {
                        let sample = account.begin_sample();
                        if has_measured {
                            sample.settle();
                            unseen = 0;
                        }
                    }
                }
            }
        }
    }
}

#[cfg(all(test, mainstay_loom))]
mod loom_tests {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    #[test]
    fn two_who_take_at_once_never_get_more_than_there_is() {
        loom::model(|| {
            let account = Arc::new(Account::default());
            let other = {
                let account = Arc::clone(&account);
                thread::spawn(move || account.take(60, Some(100)).is_ok())
            };
            let mine = account.take(60, Some(100)).is_ok();
            let theirs = other.join().expect("no panic");
            assert_eq!(u64::from(mine) + u64::from(theirs), 1);
            assert_eq!(account.reserved(), 60);
            account.give_back(60);
            assert_eq!(account.reserved(), 0);
        });
    }

    #[test]
    fn what_is_taken_during_a_sample_is_settled_once_by_this_one_or_the_next() {
        loom::model(|| {
            let account = Arc::new(Account::default());
            account.set_watched(true);
            account.take(100, None).expect("there is room");
            let other = {
                let account = Arc::clone(&account);
                thread::spawn(move || account.taken(60))
            };
            account.taken(10);
            account.begin_sample().settle();
            let reserved = account.reserved();
            assert!(reserved == 90 || reserved == 30, "{reserved}");
            other.join().expect("no panic");
            account.begin_sample().settle();
            assert_eq!(account.reserved(), 30);
        });
    }
}
