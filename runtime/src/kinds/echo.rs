//! An actor that answers with what it was sent.

use mainstay_supervisors::Child;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

/// An actor that answers with what it was sent.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Echo;

/// What an [`Echo`] takes.
#[derive(Debug)]
#[non_exhaustive]
pub enum EchoMessage {
    /// Asks for the text back.
    Echo(String, RpcReplyPort<String>),
}

impl Echo {
    pub(super) fn child() -> Child {
        Child::actor("echo", || (Self, ()))
    }
}

impl Actor for Echo {
    type Msg = EchoMessage;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<EchoMessage>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<EchoMessage>,
        EchoMessage::Echo(text, reply): EchoMessage,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        // Whoever asked may have stopped waiting.
        reply.send(text).ok();
        Ok(())
    }
}
