//! From a crash until the next incarnation has answered a call.
//!
//! The caller waits on all sides for the same: that the worker says it has started. In kameo it could send its call right
//! behind the crash instead, as a reference survives restarts there, and so be woken once less; what is asked here is
//! how long the supervision takes.

use kameo::actor::Spawn;
use mainstay_supervisors::{Runtime, Supervisor};
use ractor::Actor;
use tokio::sync::mpsc::unbounded_channel;

use super::incarnations::{Crash, Incarnations, Shared};
use super::{start, tireless, worker};
use crate::by_hand::{ByHand, StopOrder};
use crate::flavour::Stage;
use crate::in_kameo::{self, KameoRef, KameoSupervisor};
use crate::worker::WorkerRef;
use crate::{Contest, Flavour, Options, Outcome};

const CRASHES: u32 = 200;
const KAMEO: f64 = 1.0;
const BY_HAND: f64 = 1.3;
const MANY: usize = 10_000;

pub(super) fn error_on_one_thread(options: &Options) -> Outcome<()> {
    let stage = Flavour::CurrentThread.build()?;
    compare(&stage, ("restart-error.ct", Crash::Error), 0, options)
}

pub(super) fn error_on_two_workers(options: &Options) -> Outcome<()> {
    let stage = Flavour::TwoWorkers.build()?;
    compare(&stage, ("restart-error.mt", Crash::Error), 0, options)
}

pub(super) fn panic_on_one_thread(options: &Options) -> Outcome<()> {
    let stage = Flavour::CurrentThread.build()?;
    compare(&stage, ("restart-panic.ct", Crash::Panic), 0, options)
}

pub(super) fn error_among_siblings(options: &Options) -> Outcome<()> {
    let stage = Flavour::CurrentThread.build()?;
    compare(
        &stage,
        ("restart-error-10k.ct", Crash::Error),
        MANY,
        options,
    )
}

fn compare(
    stage: &Stage,
    (name, crash): (&'static str, Crash),
    siblings: usize,
    options: &Options,
) -> Outcome<()> {
    let (_runtime, ours) = stage.run(ours(siblings))?;
    let by_hand = stage.run(by_hand(siblings))?;
    let (_supervisor, in_kameo) = stage.run(in_kameo(siblings))?;
    Contest::new([name], "ns", || {
        stage.run(Incarnations::round(ours.clone(), crash, CRASHES))
    })
    .peer("kameo", [KAMEO], || {
        stage.run(Incarnations::round(in_kameo.clone(), crash, CRASHES))
    })
    .peer("ractor", [BY_HAND], || {
        stage.run(Incarnations::round(by_hand.clone(), crash, CRASHES))
    })
    .run(options)
}

async fn ours(siblings: usize) -> Outcome<(Runtime, Shared<WorkerRef>)> {
    let (births, told) = unbounded_channel();
    let mut supervisor = tireless(Supervisor::one_for_one());
    for sibling in 0..siblings {
        supervisor = supervisor.child(worker(&sibling.to_string(), None));
    }
    let runtime = Runtime::new();
    start(&runtime, supervisor.child(worker("crashing", Some(births)))).await?;
    Ok((runtime, Incarnations::new(told, 1).await?))
}

async fn by_hand(siblings: usize) -> Outcome<Shared<WorkerRef>> {
    let (births, told) = unbounded_channel();
    let mut children = vec![None; siblings];
    children.push(Some(births));
    Actor::spawn(None, ByHand(StopOrder::AtOnce), children).await?;
    Incarnations::new(told, 1).await
}

type Supervised = (
    kameo::actor::ActorRef<KameoSupervisor<false>>,
    Shared<KameoRef>,
);

async fn in_kameo(siblings: usize) -> Outcome<Supervised> {
    let (births, told) = unbounded_channel();
    let supervisor = KameoSupervisor::<false>::spawn(());
    for _ in 0..siblings {
        in_kameo::supervise(&supervisor, None).await;
    }
    in_kameo::supervise(&supervisor, Some(births)).await;
    Ok((supervisor, Incarnations::new(told, 1).await?))
}
