//! The barrier: the end of a process is made known when the last part of it is gone.

use std::fmt;

use super::Process;
use crate::atomic::{AtomicU64, Ordering, fence};

/// Held by every part of an incarnation that holds something of the user's; the last one to be dropped makes the end
/// known. That is the barrier: nothing of an incarnation is alive when its exit can be seen.
///
/// Clones are further parts. The count is kept in the record of the process, which is there anyway.
pub(crate) struct ExitGuard(Process);

impl ExitGuard {
    /// The first part. There is to be one for each process.
    pub(crate) fn new(process: Process) -> Self {
        process.life().parts.add();
        Self(process)
    }

    pub(crate) const fn process(&self) -> &Process {
        &self.0
    }
}

impl Clone for ExitGuard {
    fn clone(&self) -> Self {
        Self::new(self.0.clone())
    }
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        if self.0.life().parts.remove() {
            self.0.finish();
        }
    }
}

impl fmt::Debug for ExitGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExitGuard").field(&self.0).finish()
    }
}

/// How many parts there are: a reference count. Once it is at nothing again, it stays there.
#[derive(Debug, Default)]
pub(super) struct Parts(AtomicU64);

impl Parts {
    /// By whoever holds a part, or makes the first.
    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether it was the last. Then everything that was done with the other parts is seen.
    fn remove(&self) -> bool {
        let was_last = self.0.fetch_sub(1, Ordering::Release) == 1;
        if was_last {
            fence(Ordering::Acquire);
        }
        was_last
    }
}

#[cfg(all(test, mainstay_loom))]
mod loom_tests {
    use loom::cell::UnsafeCell;
    use loom::model;
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    #[test]
    fn the_last_part_and_no_other_sees_what_all_have_done() {
        model(|| {
            let process = Arc::new((Parts::default(), [0, 1, 2].map(UnsafeCell::new)));
            process.0.add();
            let part = |nth: usize| {
                process.0.add();
                let process = Arc::clone(&process);
                thread::spawn(move || {
                    let (parts, work) = &*process;
                    work[nth].with_mut(|_| ());
                    let was_last = parts.remove();
                    if was_last {
                        // Loom fails if one of these may still be written to.
                        work.iter().for_each(|work| work.with(|_| ()));
                    }
                    was_last
                })
            };
            let others = [part(0), part(1)];
            process.1[2].with_mut(|_| ());
            let mut last = usize::from(process.0.remove());
            if last == 1 {
                process.1.iter().for_each(|work| work.with(|_| ()));
            }
            for other in others {
                last += usize::from(other.join().expect("it does not panic"));
            }
            assert_eq!(last, 1);
        });
    }
}
