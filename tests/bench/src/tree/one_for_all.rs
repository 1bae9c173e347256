//! Ten children that are all restarted when one of them crashes: until all have started anew and one has answered.

use kameo::actor::Spawn;
use mainstay_supervisors::{Runtime, Supervisor};
use tokio::sync::mpsc::unbounded_channel;

use super::incarnations::{Crash, Incarnations, Shared};
use super::{start, tireless, worker};
use crate::in_kameo::{self, KameoRef, KameoSupervisor};
use crate::worker::WorkerRef;
use crate::{Contest, Flavour, Options, Outcome};

const CHILDREN: usize = 10;
const CRASHES: u32 = 20;
const TARGET: f64 = 1.0;

pub(super) fn on_one_thread(options: &Options) -> Outcome<()> {
    compare(Flavour::CurrentThread, "one-for-all-10.ct", options)
}

pub(super) fn on_two_workers(options: &Options) -> Outcome<()> {
    compare(Flavour::TwoWorkers, "one-for-all-10.mt", options)
}

fn compare(flavour: Flavour, name: &'static str, options: &Options) -> Outcome<()> {
    let stage = flavour.build()?;
    let (_runtime, ours) = stage.run(ours())?;
    let (_supervisor, in_kameo) = stage.run(in_kameo())?;
    Contest::new([name], "ns", || {
        stage.run(Incarnations::round(ours.clone(), Crash::Error, CRASHES))
    })
    .peer("kameo", [TARGET], || {
        stage.run(Incarnations::round(in_kameo.clone(), Crash::Error, CRASHES))
    })
    .run(options)
}

async fn ours() -> Outcome<(Runtime, Shared<WorkerRef>)> {
    let (births, told) = unbounded_channel();
    let mut supervisor = tireless(Supervisor::one_for_all());
    for child in 0..CHILDREN {
        supervisor = supervisor.child(worker(&child.to_string(), Some(births.clone())));
    }
    let runtime = Runtime::new();
    start(&runtime, supervisor).await?;
    Ok((runtime, Incarnations::new(told, CHILDREN).await?))
}

type Supervised = (
    kameo::actor::ActorRef<KameoSupervisor<true>>,
    Shared<KameoRef>,
);

async fn in_kameo() -> Outcome<Supervised> {
    let (births, told) = unbounded_channel();
    let supervisor = KameoSupervisor::<true>::spawn(());
    for _ in 0..CHILDREN {
        in_kameo::supervise(&supervisor, Some(births.clone())).await;
    }
    Ok((supervisor, Incarnations::new(told, CHILDREN).await?))
}
