//! The account of a process, to which its heap memory is charged: with the feature `memory-attribution`, and if the allocator
//! of the program charges. Else there is none, and nothing is done.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::Process;
#[cfg(not(feature = "memory-attribution"))]
use absent as kind;
use kind::Slot;
pub(super) use kind::{Charging, Hold};
#[cfg(feature = "memory-attribution")]
use present as kind;

/// The account of one incarnation, from before its start to its end.
#[derive(Debug)]
pub(super) struct Charged(Slot);

impl Charged {
    /// An account for a process that is about to be started.
    pub(super) fn open() -> Self {
        Self(Slot::open())
    }

    /// What this thread allocates from here on is charged to the process, until what is returned is dropped. Nothing changes once
    /// the process has ended.
    #[inline]
    pub(super) fn enter(&self) -> Charging {
        self.0.enter()
    }

    /// Keeps the account open beyond the end of the process, for what goes on being charged.
    pub(super) fn hold(&self) -> Hold {
        self.0.hold()
    }

    /// The process has ended. What is left of its memory is shown as that of ended processes from here on.
    pub(super) fn close(&self) {
        self.0.close();
    }

    /// Live bytes; `None` if nobody measures them, or the process has ended.
    pub(super) fn live(&self) -> Option<u64> {
        self.0.live()
    }
}

pin_project! {
    /// A future whose polls are charged to a process, without being part of it.
    pub(crate) struct ChargedTo<'a, F> {
        process: &'a Process,
        #[pin]
        future: F,
    }
}

impl<'a, F> ChargedTo<'a, F> {
    pub(crate) const fn new(process: &'a Process, future: F) -> Self {
        Self { process, future }
    }
}

impl<F: Future> Future for ChargedTo<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _charging = this.process.life().charged.enter();
        this.future.poll(cx)
    }
}

#[cfg(feature = "memory-attribution")]
mod present {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use crate::heap::{self, Account, Entered, OUTSIDE};

    #[derive(Debug)]
    pub(in super::super) struct Slot {
        /// Read at each poll: the number of the account, or that of none.
        id: AtomicU32,
        account: Mutex<Option<Account>>,
    }

    pub(in super::super) type Charging = Option<Entered>;
    pub(in super::super) type Hold = Option<Account>;

    impl Slot {
        pub(super) fn open() -> Self {
            let account = heap::open();
            let id = account.as_ref().map_or(OUTSIDE, Account::id);
            Self {
                id: AtomicU32::new(id),
                account: Mutex::new(account),
            }
        }

        fn lock(&self) -> MutexGuard<'_, Option<Account>> {
            self.account.lock().unwrap_or_else(PoisonError::into_inner)
        }

        #[inline]
        pub(super) fn enter(&self) -> Charging {
            let id = self.id.load(Ordering::Relaxed);
            (id != OUTSIDE).then(|| Entered::new(id))
        }

        pub(super) fn hold(&self) -> Hold {
            self.lock().clone()
        }

        pub(super) fn close(&self) {
            let mut account = self.lock();
            // Under the lock: who finds no account to hold finds no number either.
            self.id.store(OUTSIDE, Ordering::Relaxed);
            let account_of = account.take();
            drop(account);
            drop(account_of);
        }

        pub(super) fn live(&self) -> Option<u64> {
            let account = self.hold()?;
            Some(account.live())
        }
    }
}

#[cfg(not(feature = "memory-attribution"))]
mod absent {
    #[derive(Debug)]
    pub(in super::super) struct Slot;

    /// Nothing is charged.
    pub(in super::super) struct Charging;
    /// Nothing is held.
    pub(in super::super) struct Hold;

    impl Slot {
        pub(super) const fn open() -> Self {
            Self
        }

        #[inline]
        #[expect(clippy::unused_self, reason = "as it is with the feature")]
        pub(super) const fn enter(&self) -> Charging {
            Charging
        }

        pub(super) const fn hold(&self) -> Hold {
            Hold
        }

        pub(super) const fn close(&self) {}

        pub(super) const fn live(&self) -> Option<u64> {
            None
        }
    }
}
