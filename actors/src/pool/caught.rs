//! What other people do, their panics caught.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::telemetry::panic::{discard, text_of};

/// What an act comes to; nothing if it panics. What it panics with is not dropped, as that could panic again.
pub(super) fn unless_it_panics<T>(act: impl FnOnce() -> T) -> Option<T> {
    let outcome = catch_unwind(AssertUnwindSafe(act));
    outcome.map_err(discard).ok()
}

/// What a future comes to, or what its panic says. Nothing of it is looked at any more after a panic.
pub(crate) async fn caught<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(payload) => {
                let text = text_of(&*payload).to_owned();
                discard(payload);
                Poll::Ready(Err(text))
            }
        },
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What panics once more when it is dropped.
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::panic_any("again");
        }
    }

    #[test]
    fn what_panics_with_something_that_panics_ends_here() {
        assert_eq!(unless_it_panics(|| 1), Some(1));
        let panics = || -> u32 { std::panic::panic_any(Bomb) };
        assert_eq!(unless_it_panics(panics), None);
    }
}
