//! Actors that an actor starts by itself, linked in ractor's own way.

use mainstay_supervisors::{Child, ExitReason, Process};
use mainstay_tests::probe::{Bed, Notes, ON_PURPOSE, Outcome, within};
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};

use crate::alone;

/// Starts a linked actor of its own and notes what ractor tells of it.
struct Parent {
    notes: Notes,
    heeds: bool,
}

enum ToParent {
    Child(RpcReplyPort<ActorCell>),
    Fail,
}

impl Actor for Parent {
    type Msg = ToParent;
    type State = ActorCell;
    type Arguments = ();

    async fn pre_start(
        &self,
        me: ActorRef<ToParent>,
        (): (),
    ) -> Result<ActorCell, ActorProcessingErr> {
        let (child, _) = Actor::spawn_linked(None, Worker, (), me.get_cell()).await?;
        Ok(child.get_cell())
    }

    async fn handle(
        &self,
        _: ActorRef<ToParent>,
        message: ToParent,
        child: &mut ActorCell,
    ) -> Outcome {
        match message {
            ToParent::Child(reply) => Ok(reply.send(child.clone())?),
            ToParent::Fail => Err("parent".into()),
        }
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<ToParent>,
        event: SupervisionEvent,
        _: &mut ActorCell,
    ) -> Outcome {
        match event {
            SupervisionEvent::ActorFailed(_, error) if self.heeds => Err(error),
            SupervisionEvent::ActorFailed(_, error) => {
                self.notes.add(format!("failed: {error}"));
                Ok(())
            }
            SupervisionEvent::ActorTerminated(_, _, reason) => {
                self.notes.add(format!("terminated: {reason:?}"));
                me.stop(None);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

struct Worker;

impl Actor for Worker {
    type Msg = &'static str;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<&'static str>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(&self, _: ActorRef<&'static str>, text: &'static str, (): &mut ()) -> Outcome {
        assert!(text != ON_PURPOSE, "{text}");
        Err(text.into())
    }
}

async fn parent(bed: &Bed, notes: &Notes, heeds: bool) -> (Process, ActorCell) {
    let notes = notes.clone();
    let make = move || {
        let notes = notes.clone();
        (Parent { notes, heeds }, ())
    };
    let process = alone(bed, Child::actor("parent", make)).await;
    let actor = process.actor_ref::<ToParent>().expect("an actor");
    let child = within(actor.call(ToParent::Child, None))
        .await
        .expect("it runs");
    (process, child.expect("it answers"))
}

async fn gone(child: &ActorCell) {
    within(child.wait(None)).await.expect("it ends");
    assert_eq!(child.get_status(), ractor::ActorStatus::Stopped);
}

#[tokio::test(start_paused = true)]
async fn they_end_with_it_however_it_ends() {
    let ways: [fn(&Process); 4] = [
        Process::kill,
        |p| p.stop(ExitReason::Shutdown),
        |p| p.exit(ExitReason::failed("signal")),
        |p| {
            let actor = p.actor_ref::<ToParent>().expect("an actor");
            actor.send_message(ToParent::Fail).expect("it runs");
        },
    ];
    for end in ways {
        let bed = Bed::new();
        let (process, child) = parent(&bed, &Notes::new(), false).await;
        end(&process);
        within(process.ended()).await;
        gone(&child).await;
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn their_ends_are_told_to_it_and_it_may_heed_them() {
    let bed = Bed::new();
    let (process, child) = parent(&bed, &Notes::new(), true).await;
    let child: ActorRef<&'static str> = child.into();
    child.send_message("no disk").expect("it runs");
    assert_eq!(within(process.ended()).await, ExitReason::failed("no disk"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn their_panics_are_told_to_it_and_are_not_its_own() {
    let bed = Bed::new();
    let notes = Notes::new();
    let (process, child) = parent(&bed, &notes, false).await;
    let child: ActorRef<&'static str> = child.into();
    child.send_message(ON_PURPOSE).expect("it runs");
    notes.until("failed: on purpose").await;
    assert!(process.is_alive());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_of_one_of_them_is_told_with_its_text() {
    let bed = Bed::new();
    let notes = Notes::new();
    let (process, child) = parent(&bed, &notes, false).await;
    child.stop(Some("done".into()));
    assert_eq!(within(process.ended()).await, ExitReason::Normal);
    assert_eq!(notes.all(), [r#"terminated: Some("done")"#]);
    bed.end().await;
}
