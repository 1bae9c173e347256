//! What the thread of a test does.

use std::future::Future;
use std::sync::Arc;

use super::body::{Payload, body_of};
use super::host::{Host, tasks_alive, tasks_left};
use super::{Limits, Overran, Shared};
use crate::testkit::context::TestContext;
use crate::testkit::failure::TestFailure;
use crate::testkit::leak::Leak;
use crate::testkit::logs::Subscription;
use crate::testkit::options::TestOptions;
use crate::testkit::outcome::Outcome;
use crate::testkit::seed;

/// Runs the test; what is wrong with it is told to `shared`, what it panicked with is given back.
pub(super) fn drive<B, F>(options: TestOptions, body: B, shared: &Shared) -> Option<Payload>
where
    B: FnOnce(TestContext) -> F,
    F: Future<Output: Outcome>,
{
    let subscription = Subscription::new(&shared.logs, &options.log, options.environment);
    let (subscription, seed) = match (
        subscription,
        seed::chosen(options.seed, options.environment),
    ) {
        (Ok(subscription), Ok(seed)) => (subscription, seed),
        (Err(text), _) | (_, Err(text)) => {
            shared.failed([TestFailure::Start(text)]);
            return None;
        }
    };
    shared.set_seed(seed);
    let options = options.seed(seed);
    subscription.enter_thread();
    let payload = match Host::new(options.flavour, subscription) {
        Ok(host) => in_host(host, options, body, shared),
        Err(error) => {
            let text = format!("no tokio runtime: {error}");
            shared.failed([TestFailure::Start(text)]);
            None
        }
    };
    Subscription::leave_thread();
    payload
}

fn in_host<B, F>(host: Host, options: TestOptions, body: B, shared: &Shared) -> Option<Payload>
where
    B: FnOnce(TestContext) -> F,
    F: Future<Output: Outcome>,
{
    let detect_leaks = options.detect_leaks;
    let limits = options.limits(Arc::clone(&shared.watch));
    let payload = host.tokio.block_on(test(options, &limits, body, shared));
    let busy = limits.of_busy_threads();
    let step = "ending the tokio runtime";
    shared
        .watch
        .enter(step, limits.on_the_wall().saturating_add(busy));
    let count = host.end(busy);
    if detect_leaks && count > 0 {
        shared.left(Leak::Threads { count });
    }
    payload
}

/// The test from its start to the end of its teardown.
async fn test<B, F>(
    options: TestOptions,
    limits: &Limits,
    body: B,
    shared: &Shared,
) -> Option<Payload>
where
    B: FnOnce(TestContext) -> F,
    F: Future<Output: Outcome>,
{
    let detect_leaks = options.detect_leaks;
    let starting = TestContext::of_test(options, shared.logs.clone());
    let started = limits.limited("the start of the namespace", starting);
    let cx = match started.await {
        Ok(Ok(cx)) => cx,
        Ok(Err(error)) => {
            shared.failed([TestFailure::Start(error.to_string())]);
            return None;
        }
        Err(Overran { limit, .. }) => {
            let text = format!("its namespace took longer than {limit:?}");
            shared.failed([TestFailure::Start(text)]);
            return None;
        }
    };
    shared.set_context(&cx);
    let (failure, payload) = body_of(limits, &cx, body).await;
    shared.failed(failure);
    let after = cx.teardown(limits).await;
    shared.torn_down(&cx, after);
    drop(cx);
    // Only now: what the context itself had is gone.
    if detect_leaks {
        let looking = limits.of_looking();
        let left = looking.limited("looking for tasks", tasks_left()).await;
        let count = left.unwrap_or_else(|_| tasks_alive());
        if count > 0 {
            shared.left(Leak::Tasks { count });
        }
    }
    payload
}
