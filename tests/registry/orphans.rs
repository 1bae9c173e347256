//! Names that are still held by those whose supervisor was killed: whoever is to have them next waits.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_supervisors::specs::{ChildSpec, Restart, Shutdown};
use mainstay_supervisors::{
    Child, ExitReason, Namespace, Process, RegisterError, StartError, Started, StopToken,
    Supervisor, SupervisorError,
};
use mainstay_tests::probe::{Bed, Probe, id, within};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::{name, secs};

/// A child that is called `service` and takes so long to stop.
fn slow(id: &str, seconds: u64) -> Child {
    let probe = Probe::new().post_stop(move |_| async move {
        sleep(secs(seconds)).await;
        Ok(())
    });
    probe.child(id).name(name("service"))
}

/// A namespace with `inner` among its children, a supervisor of this child.
async fn with_inner(bed: &Bed, child: Child) -> (Namespace, Process) {
    with(bed, inner(child)).await
}

fn inner(child: Child) -> Child {
    Child::supervisor("inner", Supervisor::one_for_one().child(child))
}

async fn with(bed: &Bed, child: Child) -> (Namespace, Process) {
    let namespace = within(bed.runtime.namespace("test")).await;
    let namespace = namespace.expect("it starts");
    let started = within(namespace.start_child(child)).await;
    let started = started.expect("it starts");
    (namespace, started.process().expect("it runs").clone())
}

/// What has happened from now until this line, and how long it took.
async fn until(bed: &Bed, killed: &Process, line: &str) -> (Vec<String>, Duration) {
    let mut log = bed.log();
    log.take();
    let begun = Instant::now();
    killed.kill();
    let lines = log.until(line).await;
    (lines, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_was_killed_is_restarted_when_its_child_has_let_go_of_its_name() {
    let bed = Bed::new();
    let (namespace, inner) = with_inner(&bed, slow("a", 2)).await;
    let before = namespace.whereis("service");
    let (lines, took) = until(&bed, &inner, "started test/children/inner again 1").await;
    let expected = [
        "exited test/children/inner: killed",
        "terminated inner: killed",
        "exited test/children/inner/a: killed",
        "started test/children/inner/a",
        "started test/children/inner again 1",
    ];
    assert_eq!(lines, expected);
    assert_eq!(took, secs(2));
    let after = namespace.whereis("service");
    assert!(after.is_some() && after != before);
    drop(namespace);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn so_is_one_whose_child_is_killed_when_its_time_to_stop_is_up() {
    let bed = Bed::new();
    let child = slow("a", 100).shutdown(Shutdown::Timeout(secs(7)));
    let (namespace, inner) = with_inner(&bed, child).await;
    let (lines, took) = until(&bed, &inner, "started test/children/inner again 1").await;
    assert_eq!(
        lines[2..4],
        [
            "exited test/children/inner/a: killed",
            "started test/children/inner/a",
        ]
    );
    assert_eq!(took, secs(7));
    let again = bed.started("test/children/inner/a");
    again.kill();
    drop(namespace);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn so_is_one_whose_names_are_held_further_below() {
    let bed = Bed::new();
    let other = Probe::new().post_stop(|_| async {
        sleep(secs(1)).await;
        Ok(())
    });
    // The last one stops first, and the name is held by the first.
    let lower = Supervisor::one_for_one()
        .child(slow("a", 2))
        .child(other.child("b"));
    let inner = Supervisor::one_for_one().child(Child::supervisor("lower", lower));
    let (namespace, inner) = with(&bed, Child::supervisor("inner", inner)).await;
    let (lines, took) = until(&bed, &inner, "started test/children/inner again 1").await;
    let expected = [
        "exited test/children/inner: killed",
        "terminated inner: killed",
        "exited test/children/inner/lower/b: shutdown",
        "exited test/children/inner/lower/a: shutdown",
        "started test/children/inner/lower/a",
        "started test/children/inner/lower/b",
        "exited test/children/inner/lower: killed",
        "started test/children/inner/lower",
        "started test/children/inner again 1",
    ];
    assert_eq!(lines, expected);
    assert_eq!(took, secs(3));
    drop(namespace);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_elsewhere_waits_too_and_not_for_one_that_is_only_asked_to_stop() {
    let bed = Bed::new();
    let inner = inner(slow("a", 2)).restart(Restart::Temporary);
    let (namespace, inner) = with(&bed, inner).await;
    let held = namespace.whereis("service").expect("it is held");
    inner.kill();
    within(inner.ended()).await;
    let begun = Instant::now();
    let lasting = within(namespace.start_child(slow("b", 4))).await;
    assert_eq!(begun.elapsed(), secs(2));
    let lasting = lasting.expect("it starts").process().cloned();
    assert_eq!(namespace.whereis("service"), lasting);
    assert!(!held.is_alive());

    let lasting = lasting.expect("it runs");
    lasting.stop(ExitReason::Shutdown);
    let begun = Instant::now();
    let refused = within(namespace.start_child(slow("c", 0))).await;
    assert_eq!(begun.elapsed(), secs(0));
    let Err(SupervisorError::StartFailed(StartError::Register { error, .. })) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(error, RegisterError::AlreadyRegistered(lasting));
    drop(namespace);
    bed.end().await;
}

/// Of a failed start: what went wrong, and who has the name.
fn told(refused: &Result<Started, SupervisorError>) -> (String, &Process) {
    match refused {
        Err(SupervisorError::StartFailed(
            error @ StartError::Register {
                error: RegisterError::Orphaned { owner, .. },
                ..
            },
        )) => (error.to_string(), owner),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_may_stop_as_long_as_it_likes_is_waited_for_a_minute() {
    let bed = Bed::new();
    let child = slow("a", 100).shutdown(Shutdown::Infinity);
    let inner = inner(child).restart(Restart::Temporary);
    let (namespace, inner) = with(&bed, inner).await;
    let held = namespace.whereis("service").expect("it is held");
    let expected = |seconds: u64| {
        format!(
            "the name \"service\": still held by {held}, which has been ending for {seconds}s, since a supervisor above it was killed"
        )
    };
    inner.kill();
    within(inner.ended()).await;
    let killed = Instant::now();
    sleep(secs(10)).await;
    let refused = within(namespace.start_child(slow("b", 0))).await;
    assert_eq!(
        (killed.elapsed(), told(&refused)),
        (secs(60), (expected(60), &held))
    );
    // From then on it is refused at once.
    sleep(secs(5)).await;
    let refused = within(namespace.start_child(slow("b", 0))).await;
    assert_eq!(
        (killed.elapsed(), told(&refused)),
        (secs(65), (expected(65), &held))
    );
    within(held.ended()).await;
    let started = within(namespace.start_child(slow("b", 0))).await;
    started.expect("it is free");
    drop(namespace);
    bed.end().await;
}

/// A child in code that does not await, on a thread of its own, until there is something to receive. It says when it is there.
fn blocking(thread: &Handle, begun: &Arc<Notify>, release: Receiver<()>) -> Child {
    let (thread, release) = (thread.clone(), Arc::new(Mutex::new(release)));
    let begun = Arc::clone(begun);
    let spec = ChildSpec::new(id("a")).name(name("service"));
    Child::from_start(spec, move |cx| {
        let _entered = thread.enter();
        let (begun, release) = (Arc::clone(&begun), Arc::clone(&release));
        let process = cx.spawn_task(|stop: StopToken| async move {
            begun.notify_one();
            release.lock().expect("there is one").recv().ok();
            drop(stop);
        });
        async { Ok(process.into()) }
    })
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_killed_keeps_its_name_and_the_restart_says_who_has_it() {
    let other = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .expect("there are threads");
    let (release, blocked) = channel();
    let begun = Arc::new(Notify::new());
    let bed = Bed::new();
    let child = blocking(other.handle(), &begun, blocked).shutdown(Shutdown::Timeout(secs(5)));
    let (namespace, inner) = with_inner(&bed, child).await;
    begun.notified().await;
    let held = namespace.whereis("service").expect("it is held");
    let (lines, took) = until(&bed, &inner, "started test/children again 1").await;
    let error = |of: &str| {
        format!(
            "start error {of}: the name \"service\": still held by {held}, which has been ending for 6s, since a supervisor above it was killed"
        )
    };
    let expected = [
        "exited test/children/inner: killed",
        "terminated inner: killed",
        &error("a"),
        &error("inner: child a"),
        // It is tried once more, and refused at once.
        &error("a"),
        &error("inner: child a"),
        "gave up test/children",
        "exited test/children: shutdown",
        "terminated children: shutdown",
        "started test/children again 1",
    ];
    assert_eq!(lines, expected);
    assert_eq!(took, secs(6));
    assert!(held.is_alive());
    release.send(()).expect("it waits");
    held.ended().await;
    drop(namespace);
    bed.end().await;
    other.shutdown_background();
}
