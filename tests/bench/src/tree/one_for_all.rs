//! Ten children that are all restarted when one of them crashes: until all have started anew and one has answered.

use std::sync::Arc;
use std::time::Instant;

use kameo::actor::Spawn;
use mainstay_supervisors::{Runtime, Supervisor};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::message::{each, total};
use super::{start, tireless, worker};
use crate::in_kameo::{self, KameoSupervisor};
use crate::worker::WorkerMessage;
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
    let runtime = stage.run(async { Ok(Runtime::new()) })?;
    let handle = runtime.clone();
    let ours = stage.run(async move { Team::ours(&handle).await })?;
    let (supervisor, theirs) = stage.run(Team::in_kameo())?;
    let compared = Contest::new([name], "ns", || stage.run(our_round(Arc::clone(&ours))))
        .peer("kameo", [TARGET], || {
            stage.run(kameo_round(Arc::clone(&theirs)))
        })
        .run(options);
    drop(supervisor);
    compared
}

/// Where the incarnations of all ten are told of, in the order in which they start.
struct Team<R> {
    births: UnboundedReceiver<R>,
    /// One of the present ten.
    member: R,
}

type Shared<R> = Arc<Mutex<Team<R>>>;

impl<R> Team<R> {
    async fn new(mut births: UnboundedReceiver<R>) -> Outcome<Shared<R>> {
        let member = next_ten(&mut births).await?;
        Ok(Arc::new(Mutex::new(Self { births, member })))
    }
}

impl Team<ractor::ActorRef<WorkerMessage>> {
    async fn ours(runtime: &Runtime) -> Outcome<Shared<ractor::ActorRef<WorkerMessage>>> {
        let (births, told) = unbounded_channel();
        let mut supervisor = tireless(Supervisor::one_for_all());
        for child in 0..CHILDREN {
            supervisor = supervisor.child(worker(&child.to_string(), Some(births.clone())));
        }
        start(runtime, supervisor).await?;
        Self::new(told).await
    }
}

type KameoRef<A> = kameo::actor::ActorRef<A>;

impl Team<KameoRef<in_kameo::KameoWorker>> {
    async fn in_kameo() -> Outcome<(
        KameoRef<KameoSupervisor<true>>,
        Shared<KameoRef<in_kameo::KameoWorker>>,
    )> {
        let (births, told) = unbounded_channel();
        let supervisor = KameoSupervisor::<true>::spawn(());
        for _ in 0..CHILDREN {
            in_kameo::supervise(&supervisor, Some(births.clone())).await;
        }
        Ok((supervisor, Self::new(told).await?))
    }
}

/// Waits until ten have started; gives the last.
async fn next_ten<R>(births: &mut UnboundedReceiver<R>) -> Outcome<R> {
    let mut last = None;
    for _ in 0..CHILDREN {
        last = births.recv().await;
    }
    last.ok_or_else(|| "a worker was not restarted".into())
}

async fn our_round(team: Shared<ractor::ActorRef<WorkerMessage>>) -> Outcome<[f64; 1]> {
    let mut team = team.lock().await;
    let began = Instant::now();
    for _ in 0..CRASHES {
        team.member.cast(WorkerMessage::Fail)?;
        team.member = next_ten(&mut team.births).await?;
        total(&team.member, None).await?;
    }
    Ok([each(began, CRASHES)])
}

async fn kameo_round(team: Shared<KameoRef<in_kameo::KameoWorker>>) -> Outcome<[f64; 1]> {
    let mut team = team.lock().await;
    let began = Instant::now();
    for _ in 0..CRASHES {
        team.member.tell(in_kameo::Fail).await?;
        team.member = next_ten(&mut team.births).await?;
        team.member.ask(in_kameo::Total).await?;
    }
    Ok([each(began, CRASHES)])
}
