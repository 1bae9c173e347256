//! What the thread of a test does.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures_util::FutureExt;

use super::host::{BUSY, Host, tasks_left};
use super::{Limits, Overran, Shared, Verdict, failed};
use crate::testkit::context::{Aftermath, TestContext};
use crate::testkit::failure::TestFailure;
use crate::testkit::leak::Leak;
use crate::testkit::logs::{Logs, Subscription};
use crate::testkit::options::TestOptions;
use crate::testkit::outcome::Outcome;
use crate::testkit::panics;

type Payload = Box<dyn Any + Send>;

pub(super) fn drive<B, F>(options: TestOptions, body: B, shared: &Shared) -> Verdict
where
    B: FnOnce(TestContext) -> F,
    F: Future<Output: Outcome>,
{
    let logs = Logs::default();
    let subscription = match Subscription::new(&logs, &options.log) {
        Ok(subscription) => subscription,
        Err(text) => return failed(TestFailure::Start(text)),
    };
    subscription.enter_thread();
    let verdict = match Host::new(options.flavour, subscription) {
        Ok(host) => in_host(host, options, body, shared, &logs),
        Err(error) => failed(TestFailure::Start(format!("no tokio runtime: {error}"))),
    };
    Subscription::leave_thread();
    verdict
}

fn in_host<B, F>(host: Host, options: TestOptions, body: B, shared: &Shared, logs: &Logs) -> Verdict
where
    B: FnOnce(TestContext) -> F,
    F: Future<Output: Outcome>,
{
    let detect_leaks = options.detect_leaks;
    let test = test(options, body, shared, logs);
    let (mut after, payload) = host.tokio.block_on(test);
    shared.watch.enter("ending the tokio runtime", BUSY * 2);
    let busy = host.end();
    if detect_leaks && busy > 0 {
        after.leaks.push(Leak::Threads { count: busy });
    }
    let mut failures = after.into_failures();
    if !failures.failures.is_empty() {
        failures.note("log", &logs.to_string());
    }
    Verdict { failures, payload }
}

/// The test from its start to the end of its teardown.
async fn test<B, F>(
    options: TestOptions,
    body: B,
    shared: &Shared,
    logs: &Logs,
) -> (Aftermath, Option<Payload>)
where
    B: FnOnce(TestContext) -> F,
    F: Future<Output: Outcome>,
{
    let limits = options.limits(Arc::clone(&shared.watch));
    let detect_leaks = options.detect_leaks;
    let starting = TestContext::of_test(options, logs.clone());
    let started = limits.limited("the start of the namespace", starting);
    let cx = match started.await {
        Ok(Ok(cx)) => cx,
        Ok(Err(error)) => return (TestFailure::Start(error.to_string()).into(), None),
        Err(Overran { limit, .. }) => {
            let text = format!("its namespace took longer than {limit:?}");
            return (TestFailure::Start(text).into(), None);
        }
    };
    shared.set_context(&cx);
    let (failure, payload) = body_of(&limits, &cx, body).await;
    let mut after = cx.teardown(&limits).await;
    after.failures.splice(0..0, failure);
    drop(cx);
    // Only now: what the context itself had is gone.
    if detect_leaks {
        let left = tasks_left().await;
        if left > 0 {
            after.leaks.push(Leak::Tasks { count: left });
        }
    }
    (after, payload)
}

/// How a test ended by itself.
enum End {
    Returned(Result<(), String>),
    Panicked(Payload),
    Linked(TestFailure),
}

async fn body_of<B, F>(
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
