//! Who has a request in hand: the one who made it, or the actor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mainstay_supervisors::Process;

/// The right to decide what becomes of a request: to carry it out, or to withdraw it. Both sides hold it, and the first to take
/// it has it, so that a request is carried out at most once however often it is made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claim(Arc<AtomicBool>);

impl Claim {
    /// Takes the right; false if the other side has it already.
    pub(crate) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

/// The claim of the one who made the request. Dropping it withdraws a request that the actor has not taken.
#[derive(Debug, Default)]
pub(crate) struct Request(Claim);

impl Request {
    /// The claim for the actor.
    pub(crate) fn claim(&self) -> Claim {
        self.0.clone()
    }

    /// Whether the request was taken back before the actor took it. If so, it never will.
    pub(crate) fn withdraw(&self) -> bool {
        self.0.take()
    }

    /// Waits until `keeper` has ended without having taken the request, and takes it back.
    ///
    /// A request that arrives at the very moment of the end may lie in the mailbox for ever, unanswered.
    pub(crate) async fn lost_with(&self, keeper: &Process) {
        keeper.ended().await;
        if !self.withdraw() {
            // It was taken, and so is answered, or dropped by whoever ends over it.
            std::future::pending().await
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.withdraw();
    }
}
