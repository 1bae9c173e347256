//! How namespaces end, and who comes after them.

use std::sync::{Arc, Mutex};

use mainstay_supervisors::specs::{ChildSpec, Shutdown};
use mainstay_supervisors::{CallError, Child, ExitReason, SupervisorError};
use mainstay_tests::probe::{Bed, Notes, Probe, id, within};
use tokio::time::{Instant, sleep};

use crate::namespaces::get;
use crate::{name, secs};

#[tokio::test(start_paused = true)]
async fn a_stop_waits_until_nothing_is_left_and_names_what_was_killed() {
    let bed = Bed::new();
    let notes = Notes::new();
    let namespace = get(&bed, "test").await;
    let child = slow(&notes, 3).name(name("service"));
    within(namespace.start_child(child.clone()))
        .await
        .expect("it starts");
    let begun = Instant::now();
    let report = within(namespace.stop(secs(9))).await;
    assert_eq!((report.killed.len(), begun.elapsed()), (0, secs(3)));
    assert!(!namespace.is_running());
    assert_eq!(
        (namespace.whereis("service"), namespace.stats().entries),
        (None, 0)
    );
    let late = within(namespace.start_child(child)).await;
    assert!(
        matches!(late, Err(SupervisorError::Call(CallError::NoProcess))),
        "{late:?}"
    );
    assert!(namespace.children().is_none());

    let namespace = get(&bed, "test").await;
    within(namespace.start_child(slow(&notes, 3)))
        .await
        .expect("it starts");
    let report = within(namespace.stop(secs(2))).await;
    assert_eq!(
        report.killed,
        ["test", "test/children", "test/children/slow"]
    );
    let again = within(namespace.stop(secs(2))).await;
    assert!(again.killed.is_empty(), "{again:?}");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_one_that_is_stopping_gets_a_new_one_when_it_is_gone() {
    let bed = Bed::new();
    let notes = Notes::new();
    let old = get(&bed, "test").await;
    within(old.start_child(slow(&notes, 3)))
        .await
        .expect("it starts");
    let begun = Instant::now();
    let both = async { tokio::join!(old.stop(secs(9)), get(&bed, "test")) };
    let (_, new) = within(both).await;
    assert_eq!(begun.elapsed(), secs(3));
    assert!(new != old && new.is_running());
    assert_eq!(new.tree().expect("it runs").count(), 2);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_stops_it() {
    let bed = Bed::new();
    let notes = Notes::new();
    let namespace = get(&bed, "test").await;
    let inner = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&inner);
    let child = Child::from_start(ChildSpec::new(id("a")), move |cx| {
        *kept.lock().expect("no panic") = cx.namespace();
        async { Ok(cx.spawn_actor(Probe::new().actor(), ()).await?.into()) }
    });
    within(namespace.start_child(child))
        .await
        .expect("it starts");
    within(namespace.start_child(slow(&notes, 1)))
        .await
        .expect("it starts");
    let inner = inner
        .lock()
        .expect("no panic")
        .take()
        .expect("it lives in one");
    assert_eq!(inner, namespace);
    let clone = namespace.clone();
    drop(namespace);
    sleep(secs(9)).await;
    assert!(clone.is_running());
    let root = clone.root().expect("it runs");
    drop(clone);
    // A handle from within does not keep it up.
    assert_eq!(within(root.process().ended()).await, ExitReason::Shutdown);
    assert!(!inner.is_running());
    assert_eq!(notes.all(), ["slow has stopped"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_was_dropped_is_gone_before_its_successor_starts() {
    // Its place was empty at once, and two of one name ran side by side.
    let bed = Bed::new();
    let notes = Notes::new();
    let old = get(&bed, "test").await;
    within(old.start_child(slow(&notes, 3)))
        .await
        .expect("it starts");
    drop(old);
    let begun = Instant::now();
    let new = get(&bed, "test").await;
    assert_eq!((begun.elapsed(), notes.all().len()), (secs(3), 1));
    assert_eq!(bed.runtime.namespaces(), [new]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_one_does_not_make_its_successor_forgotten() {
    // The end of the old one cleared the place of the new one, and a third of the same name could start.
    let bed = Bed::new();
    let notes = Notes::new();
    let old = get(&bed, "test").await;
    within(old.start_child(slow(&notes, 3)))
        .await
        .expect("it starts");
    let root = old.root().expect("it runs");
    drop(old);
    let new = get(&bed, "test").await;
    within(root.process().ended()).await;
    sleep(secs(9)).await;
    assert_eq!(get(&bed, "test").await, new);
    assert_eq!(bed.runtime.namespaces(), [new]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_ended_by_itself_can_be_had_again() {
    let bed = Bed::new();
    let old = get(&bed, "test").await;
    old.root().expect("it runs").process().kill();
    within(old.root().expect("it is known").process().ended()).await;
    let new = get(&bed, "test").await;
    assert!(new != old && new.is_running() && !old.is_running());
    assert_eq!(get(&bed, "test").await, new);
    drop(old);
    assert!(new.is_running());
    bed.end().await;
}

/// Takes this many seconds to stop.
fn slow(notes: &Notes, seconds: u64) -> Child {
    let notes = notes.clone();
    let probe = Probe::new().post_stop(move |_| {
        let notes = notes.clone();
        async move {
            sleep(secs(seconds)).await;
            notes.add("slow has stopped");
            Ok(())
        }
    });
    probe.child("slow").shutdown(Shutdown::Infinity)
}

#[tokio::test(start_paused = true)]
async fn a_weak_reference_finds_the_namespace_and_keeps_nothing() {
    let bed = Bed::new();
    let namespace = get(&bed, "test").await;
    let weak = namespace.downgrade();
    let found = weak.upgrade().expect("it is there");
    assert_eq!(found, namespace);
    let root = namespace.root().expect("it runs");
    drop(namespace);
    // What was found does not keep it up.
    within(root.process().ended()).await;
    assert!(!found.is_running());
    drop((found, root));
    bed.end().await;
}
