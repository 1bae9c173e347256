//! Which calls go on in this thread, so that one within another of its service is not counted twice.

use std::cell::RefCell;

thread_local! {
    /// The services of the calls that are on the stack, the outermost first. Empty whenever the thread polls nothing.
    static INSIDE: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// Whether a call of this service goes on.
pub(super) fn is_inside(service: &str) -> bool {
    INSIDE.with_borrow(|inside| inside.contains(&service))
}

/// A call is on the stack while this is there.
pub(super) struct Inside(());

impl Inside {
    pub(super) fn enter(service: &'static str) -> Self {
        INSIDE.with_borrow_mut(|inside| inside.push(service));
        Self(())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.with_borrow_mut(|inside| {
            inside.pop();
        });
    }
}
