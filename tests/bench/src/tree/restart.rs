//! From a crash until the next incarnation has answered a call.
//!
//! Our worker and the one supervised by hand say when they have started, as a new `ActorRef` is needed to call them. In
//! kameo a reference survives restarts, so there the call is sent right behind the crash and waits in the mailbox.

use std::sync::Arc;
use std::time::Instant;

use kameo::actor::Spawn;
use mainstay_supervisors::{Runtime, Supervisor};
use ractor::{Actor, ActorRef};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::message::{each, total};
use super::{start, tireless, worker};
use crate::by_hand::{ByHand, StopOrder};
use crate::flavour::Stage;
use crate::in_kameo::{self, KameoSupervisor, KameoWorker};
use crate::worker::WorkerMessage;
use crate::{Contest, Flavour, Options, Outcome};

const CRASHES: u32 = 200;
const KAMEO: f64 = 1.0;
const BY_HAND: f64 = 1.3;

pub(super) fn error_on_one_thread(options: &Options) -> Outcome<()> {
    crash(
        Flavour::CurrentThread,
        "restart-error.ct",
        Crash::Error,
        0,
        options,
    )
}

pub(super) fn error_on_two_workers(options: &Options) -> Outcome<()> {
    crash(
        Flavour::TwoWorkers,
        "restart-error.mt",
        Crash::Error,
        0,
        options,
    )
}

pub(super) fn panic_on_one_thread(options: &Options) -> Outcome<()> {
    crash(
        Flavour::CurrentThread,
        "restart-panic.ct",
        Crash::Panic,
        0,
        options,
    )
}

pub(super) fn error_among_siblings(options: &Options) -> Outcome<()> {
    crash(
        Flavour::CurrentThread,
        "restart-error-10k.ct",
        Crash::Error,
        10_000,
        options,
    )
}

#[derive(Clone, Copy)]
enum Crash {
    Error,
    Panic,
}

impl Crash {
    const fn message(self) -> WorkerMessage {
        match self {
            Self::Error => WorkerMessage::Fail,
            Self::Panic => WorkerMessage::Panic,
        }
    }
}

fn crash(
    flavour: Flavour,
    name: &'static str,
    crash: Crash,
    siblings: usize,
    options: &Options,
) -> Outcome<()> {
    let stage = flavour.build()?;
    let runtime = stage.run(async { Ok(Runtime::new()) })?;
    let ours = ours(&stage, &runtime, siblings)?;
    let by_hand = by_hand(&stage, siblings)?;
    let (_supervisor, in_kameo) = in_kameo(&stage, siblings)?;
    Contest::new([name], "ns", || stage.run(Arc::clone(&ours).round(crash)))
        .peer("kameo", [KAMEO], || {
            stage.run(kameo_round(in_kameo.clone(), crash))
        })
        .peer("ractor", [BY_HAND], || {
            stage.run(Arc::clone(&by_hand).round(crash))
        })
        .run(options)
}

/// The worker that crashes, and where its incarnations are told of.
struct Line(
    Mutex<(
        ActorRef<WorkerMessage>,
        UnboundedReceiver<ActorRef<WorkerMessage>>,
    )>,
);

impl Line {
    async fn new(mut births: UnboundedReceiver<ActorRef<WorkerMessage>>) -> Outcome<Arc<Self>> {
        let first = births.recv().await.ok_or("no worker was started")?;
        Ok(Arc::new(Self(Mutex::new((first, births)))))
    }

    async fn round(self: Arc<Self>, crash: Crash) -> Outcome<[f64; 1]> {
        let mut line = self.0.lock().await;
        let (worker, births) = &mut *line;
        let began = Instant::now();
        for _ in 0..CRASHES {
            worker.cast(crash.message())?;
            *worker = births.recv().await.ok_or("the worker was not restarted")?;
            total(worker, None).await?;
        }
        Ok([each(began, CRASHES)])
    }
}

fn ours(stage: &Stage, runtime: &Runtime, siblings: usize) -> Outcome<Arc<Line>> {
    let runtime = runtime.clone();
    stage.run(async move {
        let (births, told) = unbounded_channel();
        let mut supervisor = tireless(Supervisor::one_for_one());
        for sibling in 0..siblings {
            supervisor = supervisor.child(worker(&sibling.to_string(), None));
        }
        start(&runtime, supervisor.child(worker("crashing", Some(births)))).await?;
        Line::new(told).await
    })
}

fn by_hand(stage: &Stage, siblings: usize) -> Outcome<Arc<Line>> {
    stage.run(async move {
        let (births, told) = unbounded_channel();
        let mut children = vec![None; siblings];
        children.push(Some(births));
        Actor::spawn(None, ByHand(StopOrder::AtOnce), children).await?;
        Line::new(told).await
    })
}

type InKameo = (
    kameo::actor::ActorRef<KameoSupervisor<false>>,
    kameo::actor::ActorRef<KameoWorker>,
);

fn in_kameo(stage: &Stage, siblings: usize) -> Outcome<InKameo> {
    stage.run(async move {
        let supervisor = KameoSupervisor::<false>::spawn(());
        for _ in 0..siblings {
            in_kameo::supervise(&supervisor, None).await;
        }
        let worker = in_kameo::supervise(&supervisor, None).await;
        worker.ask(in_kameo::Total).await?;
        Ok((supervisor, worker))
    })
}

async fn kameo_round(
    worker: kameo::actor::ActorRef<KameoWorker>,
    crash: Crash,
) -> Outcome<[f64; 1]> {
    let began = Instant::now();
    for _ in 0..CRASHES {
        match crash {
            Crash::Error => worker.tell(in_kameo::Fail).await?,
            Crash::Panic => worker.tell(in_kameo::Panic).await?,
        }
        worker.ask(in_kameo::Total).await?;
    }
    Ok([each(began, CRASHES)])
}
