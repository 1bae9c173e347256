//! A child of a dynamic supervisor between a restart that has failed and the next.

use mainstay_supervisors::specs::Backoff;
use mainstay_supervisors::{DynamicSupervisor, Process, SupervisorError, SupervisorRef};
use mainstay_tests::probe::{Bed, Notes, Probe, within};
use tokio::time::sleep;

use crate::{children, counts, millis, secs};

/// A supervisor whose one child starts only once, and the process that it was.
async fn failing(bed: &Bed, notes: &Notes) -> (SupervisorRef, Process) {
    let seen = notes.clone();
    let probe = Probe::new().pre_start(move |_| {
        seen.add("try");
        let first = seen.count("try") == 1;
        async move { if first { Ok(()) } else { Err("no disk".into()) } }
    });
    let backoff = Backoff::new(millis(300), secs(5)).jitter(0.0);
    let supervisor = bed
        .start(DynamicSupervisor::new().intensity(9, secs(5)))
        .await;
    let started = within(supervisor.start_child(probe.child("a").backoff(backoff))).await;
    let started = started.expect("it starts");
    let last = started.process().expect("it runs").clone();
    last.kill();
    bed.log().until("start error a: no disk").await;
    (supervisor, last)
}

#[tokio::test(start_paused = true)]
async fn it_is_being_restarted() {
    let bed = Bed::new();
    let (supervisor, last) = failing(&bed, &Notes::new()).await;
    let restarting = [("a".to_owned(), "restarting".to_owned())];
    assert_eq!(children(&supervisor).await, restarting);
    let spec = within(supervisor.get_childspec_of(&last)).await;
    assert_eq!(spec.expect("it is known").id.as_str(), "a");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn it_is_terminated_by_its_last_process() {
    let bed = Bed::new();
    let notes = Notes::new();
    let (supervisor, last) = failing(&bed, &notes).await;
    within(supervisor.terminate_process(&last))
        .await
        .expect("it is known");
    assert_eq!(counts(&supervisor).await, [0; 4]);
    sleep(secs(60)).await;
    assert_eq!(notes.count("try"), 2);
    let again = within(supervisor.terminate_process(&last)).await;
    assert!(matches!(again, Err(SupervisorError::NotFound)), "{again:?}");
    bed.end().await;
}
