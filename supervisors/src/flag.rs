//! A flag for two sides of which each does one thing and then looks for what the other has done.

use crate::atomic::{AtomicBool, Ordering, fence};

/// Up for good once it is raised.
///
/// One side raises it and then looks for what the other has done. The other does it and then looks at the flag. Whatever
/// the order in which this happens, at least one of the two finds what the other did: both cannot miss each other. (Writes
/// and reads of the two places would not do, as a processor may read before its own write is seen by others; hence the fence
/// between what each side does and what it looks at.)
#[derive(Debug, Default)]
pub(crate) struct Flag(AtomicBool);

impl Flag {
    /// Raises it, before the caller looks.
    pub(crate) fn raise(&self) {
        self.0.store(true, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    /// Whether it is up, after what the caller did.
    pub(crate) fn is_raised(&self) -> bool {
        fence(Ordering::SeqCst);
        self.0.load(Ordering::Acquire)
    }
}

#[cfg(all(test, mainstay_loom))]
mod loom_tests {
    use loom::model;
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicUsize;
    use loom::thread;

    use super::*;

    #[test]
    fn two_sides_cannot_both_miss_what_the_other_did() {
        model(|| {
            let flag = Arc::new(Flag::default());
            let done = Arc::new(AtomicUsize::new(0));
            let doer = {
                let (flag, done) = (Arc::clone(&flag), Arc::clone(&done));
                thread::spawn(move || {
                    done.store(1, Ordering::Relaxed);
                    flag.is_raised()
                })
            };
            flag.raise();
            let found = done.load(Ordering::Relaxed) == 1;
            let told = doer.join().unwrap();
            assert!(found || told);
        });
    }

    #[test]
    fn of_several_who_do_something_none_is_missed() {
        model(|| {
            let flag = Arc::new(Flag::default());
            let done = Arc::new(AtomicUsize::new(0));
            let doers: Vec<_> = [1, 2]
                .map(|bit| {
                    let (flag, done) = (Arc::clone(&flag), Arc::clone(&done));
                    thread::spawn(move || {
                        done.fetch_or(bit, Ordering::Relaxed);
                        if flag.is_raised() { bit } else { 0 }
                    })
                })
                .into();
            flag.raise();
            let found = done.load(Ordering::Relaxed);
            let told: usize = doers.into_iter().map(|doer| doer.join().unwrap()).sum();
            assert_eq!(found | told, 3);
        });
    }
}
