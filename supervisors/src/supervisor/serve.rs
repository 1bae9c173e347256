//! The loop of a supervisor: one message after the other, until one of them ends it.

use std::future::Future;

use mainstay_specs::ChildSpec;

use super::decide::{Decision, Key, Keys};
use super::inbox::Inbox;
use super::message::{Call, Message};
use super::office::Office;
use crate::exit::ExitReason;

/// What a kind of supervisor does its own way.
pub(crate) trait Serve: Sized + Send {
    fn office(&mut self) -> &mut Office;

    /// Leaves a child down, for good or until somebody asks for it.
    fn stay_down(&self, key: Key, spec: &ChildSpec);

    /// Starts these again, after stopping those of them that run, because `failed` is due for it.
    fn restart(&mut self, keys: Keys, failed: Key) -> impl Future<Output = ()> + Send;

    fn call(&mut self, call: Call) -> impl Future<Output = ()> + Send;

    fn terminate_all(&mut self) -> impl Future<Output = ()> + Send;

    /// Serves until it ends, and gives the reason.
    fn run(mut self, mut inbox: Inbox) -> impl Future<Output = ExitReason> + Send {
        async move {
            let reason = loop {
                let message = inbox.receive().await;
                if let Some(reason) = receive(&mut self, message).await {
                    break reason;
                }
            };
            self.terminate_all().await;
            reason
        }
    }
}

async fn receive(server: &mut impl Serve, message: Message) -> Option<ExitReason> {
    let (key, due) = match message {
        Message::ChildExited { key, pid } => (key, server.office().on_exit(key, pid)?),
        Message::Retry { key, epoch: None } => (key, server.office().on_retry(key)?),
        Message::Retry {
            key,
            epoch: Some(epoch),
        } => {
            let keys = server.office().on_time(key, epoch)?;
            server.restart(keys, key).await;
            return None;
        }
        Message::Call(call) => {
            server.call(call).await;
            return None;
        }
        Message::Stop(reason) => return Some(reason),
    };
    let (spec, decision) = due;
    carry_out(server, decision, key, &spec).await
}

async fn carry_out(
    server: &mut impl Serve,
    decision: Decision,
    key: Key,
    spec: &ChildSpec,
) -> Option<ExitReason> {
    match decision {
        Decision::Keep | Decision::Forget => server.stay_down(key, spec),
        Decision::Restart(_) if spec.backoff.is_some() && server.office().put_off(key) => {}
        Decision::Restart(keys) => server.restart(keys, key).await,
        Decision::GiveUp | Decision::ShutDown => {
            server.stay_down(key, spec);
            return Some(ExitReason::Shutdown);
        }
    }
    None
}
