//! Panics of actors: what is told of them, and that they harm nobody else.

use std::panic::Location;

use mainstay_supervisors::{Child, ExitReason, Process, Supervisor};
use mainstay_tests::probe::{
    Bed, ON_PURPOSE, OnDrop, Order, Outcome, Probe, order, text_of, within,
};
use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::alone;

#[tokio::test(start_paused = true)]
async fn a_destructor_that_panics_in_an_orderly_stop_is_a_panic_and_no_kill() {
    // The state was dropped outside of what catches panics, and the end looked like a kill.
    for stop in [
        |p: &Process| p.actor_cell().expect("an actor").stop(None),
        |p: &Process| p.stop(ExitReason::Shutdown),
    ] {
        let bed = Bed::new();
        let grenade = || OnDrop::new(|| panic!("{ON_PURPOSE}"));
        let process = alone(&bed, Probe::new().holding(grenade).child("a")).await;
        stop(&process);
        assert_eq!(
            text_of(&within(process.ended()).await),
            "panicked: on purpose"
        );
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_tells_what_it_said_and_where_it_was() {
    let bed = Bed::new();
    let process = alone(&bed, Probe::new().child("a")).await;
    let here = Location::caller();
    let shout = |_| async { panic!("{ON_PURPOSE}: {}", 7) };
    order(&process, Order::run(shout));
    let reason = within(process.ended()).await;
    let ExitReason::Panicked(panic) = &reason else {
        panic!("{reason:?}")
    };
    assert_eq!(panic.message(), "on purpose: 7");
    let place = panic.location().expect("a place").to_owned();
    assert!(
        place.starts_with(&format!("{}:{}:", here.file(), here.line() + 1)),
        "{place}"
    );
    assert_eq!(
        reason.to_string(),
        format!("panicked: on purpose: 7 at {place}")
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_without_a_text_says_so() {
    let bed = Bed::new();
    let process = alone(&bed, Probe::new().child("a")).await;
    let shout = |_| async { std::panic::resume_unwind(Box::new(7_u32)) };
    order(&process, Order::run(shout));
    let reason = within(process.ended()).await;
    assert_eq!(
        text_of(&reason),
        "panicked: a panic whose payload is not a text"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_panics_before_it_returns_its_future_harms_nobody_else() {
    for callback in ["post_start", "handle", "post_stop"] {
        let bed = Bed::new();
        let process = alone(&bed, Child::actor("a", move || (Sudden(callback), ()))).await;
        assert_eq!(
            text_of(&within(process.ended()).await),
            "panicked: on purpose",
            "{callback}"
        );
        bed.end().await;
    }
    let bed = Bed::new();
    let child = Child::actor("a", || (Sudden("pre_start"), ()));
    let error = bed.try_start(Supervisor::one_for_one().child(child)).await;
    let text = error.expect_err("it cannot start").to_string();
    assert!(
        text.starts_with("child a: panicked: on purpose at "),
        "{text}"
    );
    bed.end().await;
}

/// Panics before it returns the future of a callback.
struct Sudden(&'static str);

impl Sudden {
    fn come_to(&self, callback: &str) {
        assert!(self.0 != callback, "{ON_PURPOSE}");
    }
}

impl Actor for Sudden {
    type Msg = ();
    type State = ();
    type Arguments = ();

    fn pre_start(
        &self,
        _: ActorRef<()>,
        (): (),
    ) -> impl Future<Output = Result<(), ActorProcessingErr>> + Send {
        self.come_to("pre_start");
        async { Ok(()) }
    }

    fn post_start(&self, me: ActorRef<()>, (): &mut ()) -> impl Future<Output = Outcome> + Send {
        self.come_to("post_start");
        let sent = me.send_message(());
        async move { Ok(sent?) }
    }

    fn handle(
        &self,
        me: ActorRef<()>,
        (): (),
        (): &mut (),
    ) -> impl Future<Output = Outcome> + Send {
        self.come_to("handle");
        me.stop(None);
        async { Ok(()) }
    }

    fn post_stop(&self, _: ActorRef<()>, (): &mut ()) -> impl Future<Output = Outcome> + Send {
        self.come_to("post_stop");
        async { Ok(()) }
    }
}
