//! The actor of our sides and of ractor's: one type, so that they differ in who looks after it and in nothing else.

use std::panic;

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use tokio::sync::mpsc::UnboundedSender;

/// What the workers panic with; their panics are not printed.
pub(crate) const PANIC: &str = "a panic that is part of the comparison";

pub(crate) type WorkerRef = ActorRef<WorkerMessage>;

pub(crate) enum WorkerMessage {
    Add(u64),
    Total(RpcReplyPort<u64>),
    Fail,
    Panic,
}

/// Told of every incarnation once it has started, so that nobody has to poll for it.
pub(crate) type Births = Option<UnboundedSender<WorkerRef>>;

#[derive(Debug)]
pub(crate) struct Failed;

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("failed as told")
    }
}

impl std::error::Error for Failed {}

pub(crate) struct Worker;

impl Actor for Worker {
    type Msg = WorkerMessage;
    type State = u64;
    type Arguments = Births;

    async fn pre_start(
        &self,
        myself: ActorRef<WorkerMessage>,
        births: Births,
    ) -> Result<u64, ActorProcessingErr> {
        if let Some(births) = births {
            births.send(myself)?;
        }
        Ok(0)
    }

    async fn handle(
        &self,
        _: ActorRef<WorkerMessage>,
        message: WorkerMessage,
        total: &mut u64,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            WorkerMessage::Add(more) => *total += more,
            WorkerMessage::Total(reply) => reply.send(*total)?,
            WorkerMessage::Fail => return Err(Failed.into()),
            WorkerMessage::Panic => panic!("{PANIC}"),
        }
        Ok(())
    }
}

/// Keeps the panics that are part of a comparison off the terminal. To be called before anything is started.
pub(crate) fn silence_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some(PANIC) {
            before(info);
        }
    }));
}
