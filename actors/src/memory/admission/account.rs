//! How many bytes are promised: to operations that have begun, and have not taken them yet or still have them.

use crate::atomic::{AtomicU64, Ordering};

/// The bytes that are promised.
#[derive(Debug)]
pub(crate) struct Account(AtomicU64);

/// There is no room for so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full {
    /// How many are promised already.
    pub(crate) reserved: u64,
}

impl Default for Account {
    fn default() -> Self {
        Self(AtomicU64::new(0))
    }
}

impl Account {
    pub(crate) fn reserved(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
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
            let swapped =
                self.0
                    .compare_exchange_weak(reserved, next, Ordering::Relaxed, Ordering::Relaxed);
            match swapped {
                Ok(_) => return Ok(()),
                Err(now) => reserved = now,
            }
        }
    }

    /// So many that were promised are promised no more.
    pub(crate) fn give_back(&self, bytes: u64) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
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

    proptest! {
        #[test]
        fn it_adds_up_whatever_comes(steps in prop::collection::vec((any::<bool>(), 0..200_u64, 0..500_u64), 0..50)) {
            let account = Account::default();
            let mut held: Vec<u64> = Vec::new();
            for (takes, bytes, room) in steps {
                let before: u64 = held.iter().sum();
                prop_assert_eq!(account.reserved(), before);
                if takes {
                    let fits = before + bytes <= room;
                    prop_assert_eq!(account.take(bytes, Some(room)).is_ok(), fits);
                    held.extend(fits.then_some(bytes));
                } else if let Some(bytes) = held.pop() {
                    account.give_back(bytes);
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
}
