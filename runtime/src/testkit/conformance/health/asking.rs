//! It may be asked by many at once, and be given up on.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use futures_util::future::join_all;
use mainstay_actors::health::HealthCheckable;

use super::{Violation, within};
use crate::testkit::conformance::same;

/// How often a question is given up on after as many polls.
const POLLS: usize = 16;

pub(super) async fn can_be_given_up<C: HealthCheckable>(check: &C) -> Result<(), Violation> {
    const RULE: &str = "a question that is given up on halfway does not spoil the next";
    let name = within(check.self_diagnostic()).await?.name;
    for polls in 1..=POLLS {
        let is_done = give_up(check.deep_health_check(), polls).await;
        let again = within(check.deep_health_check()).await?;
        let is_there = again.checks.iter().any(|part| part.name == name);
        same(RULE, &is_there, &true)?;
        if is_done {
            break;
        }
    }
    Ok(())
}

/// Polls a future so often and drops it; whether it was done by then.
async fn give_up(future: impl Future, polls: usize) -> bool {
    let mut future = pin!(future);
    for _ in 0..polls {
        let poll = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await;
        if poll {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

pub(super) async fn can_be_done_by_many_at_once<C: HealthCheckable>(
    check: &C,
) -> Result<(), Violation> {
    const RULE: &str = "all who ask at the same time get an answer";
    const MANY: usize = 16;
    let asked = (0..MANY).map(|_| check.deep_health_check());
    let answers = within(join_all(asked)).await?;
    let name = within(check.self_diagnostic()).await?.name;
    let whole = answers.iter();
    let whole = whole.filter(|answer| answer.checks.iter().any(|part| part.name == name));
    same(RULE, &whole.count(), &MANY)
}
