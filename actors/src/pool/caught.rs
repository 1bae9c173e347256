//! Futures of other people, their panics caught.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::telemetry::panic::{discard, text_of};

/// What a future comes to, or what its panic says. Nothing of it is looked at any more after a panic.
pub(super) async fn caught<F: Future>(future: F) -> Result<F::Output, String> {
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
