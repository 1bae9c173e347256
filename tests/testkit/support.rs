//! What the tests of the kit are made of.

use std::time::Duration;

use mainstay::ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use mainstay::specs::ServiceName;
use mainstay::supervisors::{Child, StopToken};
use mainstay::testkit::{Outcome, TestContext, TestFailures, TestOptions, try_run};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// What a test comes to that runs in virtual time and is called as this one.
pub(crate) fn outcome<B, F>(body: B) -> Result<(), TestFailures>
where
    B: FnOnce(TestContext) -> F + Send + 'static,
    F: Future<Output: Outcome>,
{
    try_run(TestOptions::new("inner").start_paused(true), body)
}

/// The text of a test that has to fail.
#[track_caller]
pub(crate) fn failure<B, F>(body: B) -> String
where
    B: FnOnce(TestContext) -> F + Send + 'static,
    F: Future<Output: Outcome>,
{
    text_of(outcome(body))
}

#[track_caller]
pub(crate) fn text_of(outcome: Result<(), TestFailures>) -> String {
    outcome.expect_err("it fails").to_string()
}

pub(crate) fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("a name")
}

/// A task that ends when it is told to.
#[track_caller]
pub(crate) fn idle(id: &str) -> Child {
    Child::task(id, |stop: StopToken| async move { stop.stopped().await })
}

/// An actor that counts, and fails when told to.
pub(crate) struct Counter;

pub(crate) enum Count {
    Up,
    Fail,
    Get(RpcReplyPort<u32>),
}

impl Actor for Counter {
    type Msg = Count;
    type State = u32;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Count>, (): ()) -> Result<u32, ActorProcessingErr> {
        Ok(0)
    }

    async fn handle(
        &self,
        _: ActorRef<Count>,
        message: Count,
        count: &mut u32,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Count::Up => *count += 1,
            Count::Fail => return Err("as told".into()),
            Count::Get(reply) => reply.send(*count)?,
        }
        Ok(())
    }
}

/// The counter as a child that is registered under its id.
#[track_caller]
pub(crate) fn counter(id: &str) -> Child {
    Child::actor(id, || (Counter, ())).name(name(id))
}
