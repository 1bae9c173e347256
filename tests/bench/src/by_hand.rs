//! A supervisor as one writes it by hand with ractor: children are linked, kept with what is needed to stop them and to
//! wait for them, and spawned again when the supervision event comes.

use std::collections::HashMap;

use ractor::concurrency::JoinHandle;
use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};

use crate::worker::{Births, Worker, WorkerMessage};

/// How children are stopped when the supervisor is.
#[derive(Clone, Copy)]
pub(crate) enum StopOrder {
    /// All are told, then all are waited for.
    AtOnce,
    /// The last one started is told and waited for, then the one before it.
    Reverse,
}

pub(crate) enum ByHandMessage {
    Spawn(Births, RpcReplyPort<ActorRef<WorkerMessage>>),
}

pub(crate) struct ByHand(pub(crate) StopOrder);

struct Child {
    place: u64,
    births: Births,
    actor: ActorRef<WorkerMessage>,
    task: JoinHandle<()>,
}

#[derive(Default)]
pub(crate) struct Children {
    children: HashMap<ActorId, Child>,
    next: u64,
}

impl Children {
    async fn spawn(
        &mut self,
        myself: &ActorRef<ByHandMessage>,
        place: u64,
        births: Births,
    ) -> Result<ActorRef<WorkerMessage>, ActorProcessingErr> {
        let (actor, task) =
            Actor::spawn_linked(None, Worker, births.clone(), myself.get_cell()).await?;
        let child = Child {
            place,
            births,
            actor: actor.clone(),
            task,
        };
        self.children.insert(actor.get_id(), child);
        Ok(actor)
    }

    async fn spawn_new(
        &mut self,
        myself: &ActorRef<ByHandMessage>,
        births: Births,
    ) -> Result<ActorRef<WorkerMessage>, ActorProcessingErr> {
        self.next += 1;
        self.spawn(myself, self.next, births).await
    }

    async fn stop_at_once(&mut self) -> Result<(), ActorProcessingErr> {
        for child in self.children.values() {
            child.actor.stop(None);
        }
        for (_, child) in self.children.drain() {
            child.task.await?;
        }
        Ok(())
    }

    async fn stop_in_reverse(&mut self) -> Result<(), ActorProcessingErr> {
        let mut children: Vec<Child> = self.children.drain().map(|(_, child)| child).collect();
        children.sort_by_key(|child| std::cmp::Reverse(child.place));
        for child in children {
            child.actor.stop(None);
            child.task.await?;
        }
        Ok(())
    }
}

impl Actor for ByHand {
    type Msg = ByHandMessage;
    type State = Children;
    /// The children to begin with.
    type Arguments = Vec<Births>;

    async fn pre_start(
        &self,
        myself: ActorRef<ByHandMessage>,
        births: Vec<Births>,
    ) -> Result<Children, ActorProcessingErr> {
        let mut children = Children::default();
        for births in births {
            children.spawn_new(&myself, births).await?;
        }
        Ok(children)
    }

    async fn handle(
        &self,
        myself: ActorRef<ByHandMessage>,
        message: ByHandMessage,
        children: &mut Children,
    ) -> Result<(), ActorProcessingErr> {
        let ByHandMessage::Spawn(births, reply) = message;
        let actor = children.spawn_new(&myself, births).await?;
        reply.send(actor)?;
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<ByHandMessage>,
        event: SupervisionEvent,
        children: &mut Children,
    ) -> Result<(), ActorProcessingErr> {
        let ended = match event {
            SupervisionEvent::ActorFailed(cell, _)
            | SupervisionEvent::ActorTerminated(cell, _, _) => cell.get_id(),
            _ => return Ok(()),
        };
        if let Some(child) = children.children.remove(&ended) {
            children.spawn(&myself, child.place, child.births).await?;
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _: ActorRef<ByHandMessage>,
        children: &mut Children,
    ) -> Result<(), ActorProcessingErr> {
        match self.0 {
            StopOrder::AtOnce => children.stop_at_once().await,
            StopOrder::Reverse => children.stop_in_reverse().await,
        }
    }
}
