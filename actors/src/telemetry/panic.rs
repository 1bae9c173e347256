//! Panics of other people's code, caught.

use std::any::Any;

/// What a panic says of itself.
pub(crate) fn text_of(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic whose payload is not a text")
}

/// Drops what a panic carried, whose own destructor may panic in turn; what that one carries is not dropped at all.
pub(crate) fn discard(payload: Box<dyn Any + Send>) {
    if let Err(again) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
}

/// Does something that may run other people's code. A panic of it ends here, and is told by the hook for panics only.
pub(crate) fn guard(act: impl FnOnce()) {
    // What it leaves half-done is its own.
    if let Err(payload) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(act)) {
        discard(payload);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{catch_unwind, panic_any};

    use super::*;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic_any(Self)
        }
    }

    #[test]
    fn a_payload_that_panics_when_it_is_dropped_does_no_harm() {
        let payload = catch_unwind(|| panic_any(Bomb)).expect_err("a panic");
        assert_eq!(text_of(&*payload), "a panic whose payload is not a text");
        discard(payload);
    }

    #[test]
    fn texts_of_both_kinds_are_told() {
        let fixed = catch_unwind(|| panic!("fixed")).expect_err("a panic");
        assert_eq!(text_of(&*fixed), "fixed");
        let made = catch_unwind(|| panic!("made of {}", 2)).expect_err("a panic");
        assert_eq!(text_of(&*made), "made of 2");
    }
}
