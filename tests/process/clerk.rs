//! The reason of an actor's own stop is known wherever the actor runs.

use mainstay_supervisors::{ExitReason, Process, Term};
use mainstay_tests::probe::{Bed, Probe, within};

use crate::alone;

fn thread() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().expect("a runtime")
}

/// Starts an actor, has it stop itself with this text, and gives the reason that is known of it.
async fn stopped_with(bed: &Bed, text: &str) -> ExitReason {
    let process: Process = alone(bed, Probe::new().child("a")).await;
    let actor = process.actor_cell().expect("an actor");
    actor.stop(Some(text.to_owned()));
    within(process.ended()).await
}

fn with(text: &str) -> ExitReason {
    ExitReason::ShutdownWith(Term::new(text.to_owned()))
}

#[test]
fn also_in_the_tokio_runtime_after_one_that_is_gone() {
    let bed = Bed::new();
    for text in ["bye", "bye again", "farewell"] {
        let thread = thread();
        assert_eq!(thread.block_on(stopped_with(&bed, text)), with(text));
        drop(thread);
    }
    assert_eq!(bed.runtime.roots(), []);
}

#[test]
fn also_in_a_tokio_runtime_beside_one_that_stands_still() {
    let bed = Bed::new();
    let (one, two) = (thread(), thread());
    assert_eq!(one.block_on(stopped_with(&bed, "one")), with("one"));
    assert_eq!(two.block_on(stopped_with(&bed, "two")), with("two"));
    assert_eq!(one.block_on(stopped_with(&bed, "three")), with("three"));
    drop((one, two));
    assert_eq!(bed.runtime.roots(), []);
}
