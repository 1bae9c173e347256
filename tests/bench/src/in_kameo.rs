//! The worker and its supervisor in kameo, with the supervision that kameo brings.

use std::convert::Infallible;
use std::time::Duration;

use kameo::actor::{Actor, ActorRef, Spawn};
use kameo::error::SendError;
use kameo::mailbox;
use kameo::message::{Context, Message};
use kameo::supervision::SupervisionStrategy;
use tokio::sync::mpsc::UnboundedSender;

use crate::Outcome;
use crate::worker::{Failed, PANIC};

/// Told of every incarnation once it has started.
pub(crate) type Births = Option<UnboundedSender<KameoRef>>;

pub(crate) type KameoRef = ActorRef<KameoWorker>;

pub(crate) struct KameoWorker(u64);

impl Actor for KameoWorker {
    type Args = Births;
    type Error = Failed;

    async fn on_start(births: Births, myself: ActorRef<Self>) -> Result<Self, Failed> {
        if let Some(births) = births {
            births.send(myself).map_err(|_| Failed)?;
        }
        Ok(Self(0))
    }
}

pub(crate) struct Total;
pub(crate) struct Fail;
pub(crate) struct Panic;

impl Message<Total> for KameoWorker {
    type Reply = u64;

    async fn handle(&mut self, _: Total, _: &mut Context<Self, u64>) -> u64 {
        self.0
    }
}

impl Message<Fail> for KameoWorker {
    type Reply = Result<(), Failed>;

    async fn handle(&mut self, _: Fail, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        Err(Failed)
    }
}

impl Message<Panic> for KameoWorker {
    type Reply = ();

    async fn handle(&mut self, _: Panic, _: &mut Context<Self, ()>) {
        panic!("{PANIC}")
    }
}

/// A supervisor; kameo has the strategy on the type.
pub(crate) struct KameoSupervisor<const ALL: bool>;

impl<const ALL: bool> Actor for KameoSupervisor<ALL> {
    type Args = ();
    type Error = Infallible;

    fn supervision_strategy() -> SupervisionStrategy {
        if ALL {
            SupervisionStrategy::OneForAll
        } else {
            SupervisionStrategy::OneForOne
        }
    }

    async fn on_start((): (), _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

/// Starts a child that may be restarted as often as it likes, with a mailbox like ractor's.
pub(crate) async fn supervise<const ALL: bool>(
    supervisor: &ActorRef<KameoSupervisor<ALL>>,
    births: Births,
) -> KameoRef {
    KameoWorker::supervise(supervisor, births)
        .restart_limit(u32::MAX, Duration::from_secs(1))
        .spawn_with_mailbox(mailbox::unbounded())
        .await
}

/// Calls a worker. Sent while the one before is being cleared away, the message comes back, to be sent again.
pub(crate) async fn total(worker: &KameoRef) -> Outcome<u64> {
    loop {
        match worker.ask(Total).await {
            Ok(total) => return Ok(total),
            Err(SendError::ActorRestarting(_)) => {}
            Err(error) => return Err(error.to_string().into()),
        }
    }
}
