//! The workers of scenarios. They wait to be told how to exit, or to be asked to stop, and then do as they are written.
//!
//! Half of them are tasks and half are plain ractor actors; a child may be the one now and the other when it is
//! restarted.

use std::time::Duration;

use mainstay_supervisors::{ExitReason, Process, StartContext, StartError, StopToken};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::oneshot;

use super::reasons::exit_reason;
use crate::replay::scenario::OnTerminate;

/// A running worker.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) process: Process,
    /// Absent for an actor, which is told by message.
    order: Option<oneshot::Sender<ExitReason>>,
}

impl Worker {
    pub(super) fn task(cx: StartContext, on_terminate: OnTerminate) -> Self {
        let (order, ordered) = oneshot::channel();
        let process = cx.spawn_task(|stop| run_task(stop, ordered, on_terminate));
        Self {
            process,
            order: Some(order),
        }
    }

    pub(super) async fn actor(
        cx: StartContext,
        on_terminate: OnTerminate,
    ) -> Result<Self, StartError> {
        let process = cx.spawn_actor(WorkerActor(on_terminate), ()).await?;
        Ok(Self {
            process,
            order: None,
        })
    }

    /// Has it exit by itself with this reason; false if it is there no more.
    pub(super) fn order(&mut self, reason: ExitReason) -> bool {
        match self.order.take() {
            Some(order) => order.send(reason).is_ok(),
            None => match self.process.actor_ref::<ExitReason>() {
                Some(actor) => actor.send_message(reason).is_ok(),
                None => false,
            },
        }
    }
}

async fn run_task(
    stop: StopToken,
    ordered: oneshot::Receiver<ExitReason>,
    on_terminate: OnTerminate,
) -> Result<(), ExitReason> {
    tokio::select! {
        Ok(reason) = ordered => Err(reason),
        () = stop.stopped() => terminate(&on_terminate).await,
    }
}

/// `Ok` is an end as asked: `shutdown`, or `killed` when that is what the supervisor came to.
async fn terminate(on_terminate: &OnTerminate) -> Result<(), ExitReason> {
    match on_terminate {
        OnTerminate::Prompt => Ok(()),
        OnTerminate::Slow(ms) => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            Ok(())
        }
        OnTerminate::Hang => std::future::pending().await,
        OnTerminate::Exit(reason) => Err(exit_reason(reason)),
    }
}

struct WorkerActor(OnTerminate);

impl Actor for WorkerActor {
    type Msg = ExitReason;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<ExitReason>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<ExitReason>,
        reason: ExitReason,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        Err(reason.into())
    }

    async fn post_stop(
        &self,
        _: ActorRef<ExitReason>,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        Ok(terminate(&self.0).await?)
    }
}
