//! The body of a test, and how it ended.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt;

use super::Limits;
use crate::testkit::context::TestContext;
use crate::testkit::failure::TestFailure;
use crate::testkit::outcome::Outcome;
use crate::testkit::panics;

pub(crate) type Payload = Box<dyn Any + Send>;

/// How a test ended by itself.
enum End {
    Returned(Result<(), String>),
    Panicked(Payload),
    Linked(TestFailure),
}

/// Runs the body until it ends, a linked child crashes or its time is up.
pub(crate) async fn body_of<B, F>(
    limits: &Limits,
    cx: &TestContext,
    body: B,
) -> (Option<TestFailure>, Option<Payload>)
where
    B: FnOnce(TestContext) -> F,
    F: Future<Output: Outcome>,
{
    // The call is a part of it, as it may panic as well.
    let theirs = cx.clone();
    let body = AssertUnwindSafe(async move { body(theirs).await.into_result() });
    let mut body = Box::pin(body.catch_unwind());
    let either = async {
        tokio::select! {
            biased;
            end = &mut body => end.map_or_else(End::Panicked, End::Returned),
            failure = cx.linked().crash() => End::Linked(failure),
        }
    };
    let end = limits.limited("the test", either).await;
    // Looked at before what it holds is gone.
    let timed_out = end.as_ref().err();
    let timed_out = timed_out.map(|overran| cx.timed_out("the test", *overran));
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(body)));
    let (failure, payload) = match (end, timed_out) {
        (Ok(End::Returned(Ok(()))), _) => (None, None),
        (Ok(End::Returned(Err(text))), _) => (Some(TestFailure::Returned(text)), None),
        (Ok(End::Panicked(payload)), _) => panicked(payload),
        (Ok(End::Linked(failure)), _) => (Some(failure), None),
        (Err(_), timed_out) => (timed_out.map(TestFailure::TimedOut), None),
    };
    match dropped {
        Err(late) if failure.is_none() => panicked(late),
        _ => (failure, payload),
    }
}

fn panicked(payload: Payload) -> (Option<TestFailure>, Option<Payload>) {
    let text = panics::text_of(&*payload);
    (Some(TestFailure::Panicked(text)), Some(payload))
}
