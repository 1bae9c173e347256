//! Starting 10,000 children and stopping them, in nanoseconds a child. The start is over when the last child has answered
//! a call: by then all have begun to wait for messages.
//!
//! `static`: the children are there from the start and are stopped one after the other, last first, as an ordered tree
//! has to be; by hand too. `dynamic`: each is asked for by a call to the supervisor, and all are stopped at once.

use std::time::Instant;

use mainstay_supervisors::{DynamicSupervisor, ExitReason, Runtime, Supervisor};
use ractor::rpc::CallResult;
use ractor::{Actor, ActorRef};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::message::{each, total};
use super::{start, worker};
use crate::by_hand::{ByHand, ByHandMessage, StopOrder};
use crate::worker::{Births, WorkerMessage};
use crate::{Contest, Flavour, Options, Outcome};

const CHILDREN: u32 = 10_000;
const TARGETS: [f64; 2] = [1.3, 1.3];

pub(super) fn ordered_on_one_thread(options: &Options) -> Outcome<()> {
    let stage = Flavour::CurrentThread.build()?;
    Contest::new(["start-10k.static.ct", "stop-10k.static.ct"], "ns", || {
        stage.run(ordered())
    })
    .peer("ractor", TARGETS, || stage.run(ordered_by_hand()))
    .run(options)
}

pub(super) fn dynamic_on_one_thread(options: &Options) -> Outcome<()> {
    let stage = Flavour::CurrentThread.build()?;
    Contest::new(
        ["start-10k.dynamic.ct", "stop-10k.dynamic.ct"],
        "ns",
        || stage.run(dynamic()),
    )
    .peer("ractor", TARGETS, || stage.run(dynamic_by_hand()))
    .run(options)
}

pub(super) fn dynamic_on_two_workers(options: &Options) -> Outcome<()> {
    let stage = Flavour::TwoWorkers.build()?;
    Contest::new(
        ["start-10k.dynamic.mt", "stop-10k.dynamic.mt"],
        "ns",
        || stage.run(dynamic()),
    )
    .peer("ractor", TARGETS, || stage.run(dynamic_by_hand()))
    .run(options)
}

async fn ordered() -> Outcome<[f64; 2]> {
    let runtime = Runtime::new();
    let (births, mut told) = unbounded_channel();
    let starting = Instant::now();
    let mut supervisor = Supervisor::one_for_one();
    for child in 1..CHILDREN {
        supervisor = supervisor.child(worker(&child.to_string(), None));
    }
    let root = start(&runtime, supervisor.child(worker("last", Some(births)))).await?;
    answered(&mut told).await?;
    let started = each(starting, CHILDREN);
    let stopping = Instant::now();
    root.stop(ExitReason::Shutdown).await?;
    Ok([started, each(stopping, CHILDREN)])
}

async fn ordered_by_hand() -> Outcome<[f64; 2]> {
    let (births, mut told) = unbounded_channel();
    let starting = Instant::now();
    let mut children = vec![None; CHILDREN as usize - 1];
    children.push(Some(births));
    let (root, task) = Actor::spawn(None, ByHand(StopOrder::Reverse), children).await?;
    answered(&mut told).await?;
    let started = each(starting, CHILDREN);
    let stopping = Instant::now();
    root.stop(None);
    task.await?;
    Ok([started, each(stopping, CHILDREN)])
}

async fn dynamic() -> Outcome<[f64; 2]> {
    let runtime = Runtime::new();
    let root = start(&runtime, DynamicSupervisor::new()).await?;
    let (births, mut told) = unbounded_channel();
    let starting = Instant::now();
    for _ in 1..CHILDREN {
        root.start_child(worker("worker", None)).await?;
    }
    root.start_child(worker("worker", Some(births))).await?;
    answered(&mut told).await?;
    let started = each(starting, CHILDREN);
    let stopping = Instant::now();
    root.stop(ExitReason::Shutdown).await?;
    Ok([started, each(stopping, CHILDREN)])
}

async fn dynamic_by_hand() -> Outcome<[f64; 2]> {
    let (root, task) = Actor::spawn(None, ByHand(StopOrder::AtOnce), Vec::new()).await?;
    let (births, mut told) = unbounded_channel();
    let starting = Instant::now();
    for _ in 1..CHILDREN {
        spawn_by_hand(&root, None).await?;
    }
    spawn_by_hand(&root, Some(births)).await?;
    answered(&mut told).await?;
    let started = each(starting, CHILDREN);
    let stopping = Instant::now();
    root.stop(None);
    task.await?;
    Ok([started, each(stopping, CHILDREN)])
}

async fn spawn_by_hand(root: &ActorRef<ByHandMessage>, births: Births) -> Outcome<()> {
    let spawn = |reply| ByHandMessage::Spawn(births, reply);
    match root.call(spawn, None).await {
        Ok(CallResult::Success(_)) => Ok(()),
        Ok(_) | Err(_) => Err("the supervisor is gone".into()),
    }
}

/// Waits until the last child has answered.
async fn answered(told: &mut UnboundedReceiver<ActorRef<WorkerMessage>>) -> Outcome<()> {
    let last = told.recv().await.ok_or("the last child was not started")?;
    total(&last, None).await?;
    Ok(())
}
