//! Which process runs here.

use mainstay_supervisors::specs::ChildSpec;
use mainstay_supervisors::{Child, ExitReason, Process, Started, Supervisor, current};
use mainstay_tests::probe::{
    Bed, Notes, ON_PURPOSE, OnDrop, Order, Outcome, Probe, id, order, running, within,
};
use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};

use crate::alone;

fn here() -> String {
    current().map_or_else(|| "nobody".to_owned(), |process| process.path())
}

/// Notes who runs in each callback.
struct Witness(Notes);

impl Witness {
    fn note(&self, callback: &str) {
        self.0.add(format!("{callback}: {}", here()));
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.note("drop of the actor");
    }
}

impl Actor for Witness {
    type Msg = ();
    type State = OnDrop;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<OnDrop, ActorProcessingErr> {
        self.note("pre_start");
        let notes = self.0.clone();
        Ok(OnDrop::new(move || {
            notes.add(format!("drop of the state: {}", here()))
        }))
    }

    async fn post_start(&self, me: ActorRef<()>, _: &mut OnDrop) -> Outcome {
        tokio::task::yield_now().await;
        self.note("post_start");
        me.notify_supervisor(SupervisionEvent::ActorStarted(me.get_cell()));
        Ok(())
    }

    async fn handle(&self, me: ActorRef<()>, (): (), _: &mut OnDrop) -> Outcome {
        self.note("handle");
        tokio::task::yield_now().await;
        self.note("handle, after an await");
        let (child, _) = Actor::spawn_linked(None, Idle, (), me.get_cell()).await?;
        child.stop(None);
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<()>,
        event: SupervisionEvent,
        _: &mut OnDrop,
    ) -> Outcome {
        if let SupervisionEvent::ActorTerminated(..) = event {
            self.note("handle_supervisor_evt");
            me.stop(None);
        }
        Ok(())
    }

    async fn post_stop(&self, _: ActorRef<()>, _: &mut OnDrop) -> Outcome {
        self.note("post_stop");
        Ok(())
    }
}

struct Idle;

impl Actor for Idle {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn an_actor_is_known_in_all_its_callbacks() {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let child = Child::actor("a", move || (Witness(seen.clone()), ()));
    let process = alone(&bed, child).await;
    process
        .actor_ref::<()>()
        .expect("an actor")
        .send_message(())
        .expect("it runs");
    assert_eq!(within(process.ended()).await, ExitReason::Normal);
    assert_eq!(
        notes.all(),
        [
            "pre_start: root/a",
            "post_start: root/a",
            "handle: root/a",
            "handle, after an await: root/a",
            "handle_supervisor_evt: root/a",
            "post_stop: root/a",
            "drop of the state: root/a",
            "drop of the actor: nobody",
        ]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_is_known_in_all_its_polls_and_when_it_is_dropped() {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let child = Child::task("a", move |_| {
        seen.add(format!("body: {}", here()));
        let seen = seen.clone();
        async move {
            seen.add(format!("first: {}", here()));
            tokio::task::yield_now().await;
            seen.add(format!("second: {}", here()));
        }
    });
    let process = alone(&bed, child).await;
    within(process.ended()).await;
    // The body is called by the start function, and so in the supervisor.
    assert_eq!(
        notes.all(),
        ["body: root", "first: root/a", "second: root/a"]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_function_runs_in_the_supervisor() {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let child = Child::from_start(ChildSpec::new(id("a")), move |cx| {
        seen.add(format!("{} starts {}", here(), cx.id()));
        async { Ok(Started::Ignore) }
    });
    bed.start(Supervisor::one_for_one().child(child)).await;
    assert_eq!(notes.all(), ["root starts a"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_is_known_outside_of_processes() {
    assert_eq!(current(), None);
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let child = Child::task("a", move |_| {
        let seen = seen.clone();
        async move { tokio::spawn(async move { seen.add(here()) }).await }
    });
    let process = alone(&bed, child).await;
    assert_eq!(within(process.ended()).await, ExitReason::Normal);
    assert_eq!(notes.all(), ["nobody"]);
    assert_eq!(current(), None);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_future_can_be_made_part_of_a_process_and_scopes_nest() {
    let bed = Bed::new();
    let [a, b] =
        crate::side_by_side(&bed, [Probe::new().child("a"), Probe::new().child("b")]).await;
    let inner = b.clone();
    let seen = a.scope(async {
        let before = here();
        tokio::task::yield_now().await;
        let inside = inner.scope(async { here() }).await;
        (before, inside, here())
    });
    let expected = (
        "root/a".to_owned(),
        "root/b".to_owned(),
        "root/a".to_owned(),
    );
    assert_eq!(seen.await, expected);
    assert_eq!(current(), None);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn two_futures_of_different_processes_in_one_task_are_told_apart() {
    let bed = Bed::new();
    let [a, b] =
        crate::side_by_side(&bed, [Probe::new().child("a"), Probe::new().child("b")]).await;
    let who = |process: Process| async move {
        let mut seen = Vec::new();
        for _ in 0..3 {
            let inside = process.scope(async {
                tokio::task::yield_now().await;
                here()
            });
            seen.push(inside.await);
        }
        seen
    };
    let seen = tokio::join!(who(a), who(b));
    assert_eq!(seen.0, ["root/a"; 3]);
    assert_eq!(seen.1, ["root/b"; 3]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_leaves_nobody_behind() {
    let bed = Bed::new();
    let supervisor = bed
        .start(Supervisor::one_for_one().child(Probe::new().child("a")))
        .await;
    let process = running(&supervisor, "a").await;
    order(&process, Order::panic());
    within(process.ended()).await;
    assert_eq!(current(), None);
    let scoped = async move { process.scope(async { panic!("{ON_PURPOSE}") }).await };
    let joined: Result<(), _> = within(tokio::spawn(scoped)).await;
    assert!(joined.is_err_and(|error| error.is_panic()));
    assert_eq!(current(), None);
    bed.end().await;
}
