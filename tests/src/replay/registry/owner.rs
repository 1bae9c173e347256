//! The processes of registry scenarios.

use std::sync::Arc;

use mainstay_supervisors::ExitReason;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use serde_json::{Value, json};

use crate::replay::log::Log;

/// A process that owns names.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) name: String,
    /// What was received, by whom.
    pub(super) delivered: Arc<Log<Value>>,
}

/// What it is told.
#[derive(Debug)]
pub(super) enum Message {
    /// Something that is to be noted.
    Deliver(Value),
    /// It is to exit.
    Exit(ExitReason),
}

impl Actor for Owner {
    type Msg = Message;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Message>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Message>,
        message: Message,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Deliver(message) => {
                self.delivered.push(json!([self.name, message]));
                Ok(())
            }
            Message::Exit(reason) => Err(reason.into()),
        }
    }
}
