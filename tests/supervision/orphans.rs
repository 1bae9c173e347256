//! A killed supervisor stops nobody: its children learn of it by link, and stop by themselves within their time.

use std::future::pending;

use mainstay_supervisors::specs::Shutdown;
use mainstay_supervisors::{Child, DynamicSupervisor, ExitReason, Process, StopToken, Supervisor};
use mainstay_tests::probe::{Bed, Notes, Probe, id, running, within};
use tokio::time::{Instant, sleep};

use crate::secs;

fn hanging(seconds: u64) -> Child {
    let probe = Probe::new().post_stop(|_| pending());
    probe
        .child("hangs")
        .shutdown(Shutdown::Timeout(secs(seconds)))
}

/// How long it takes from now until this process has ended, and its reason.
async fn end_of(process: &Process) -> (u64, ExitReason) {
    let begun = Instant::now();
    let reason = within(process.ended()).await;
    (begun.elapsed().as_secs(), reason)
}

#[tokio::test(start_paused = true)]
async fn children_of_a_killed_supervisor_stop_in_their_own_way() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tree = Supervisor::one_for_one()
        .child(Probe::noting(&notes, "orderly").child("orderly"))
        .child(
            Probe::noting(&notes, "brutal")
                .child("brutal")
                .shutdown(Shutdown::BrutalKill),
        )
        .child(Child::task("task", |stop: StopToken| async move {
            stop.stopped().await
        }))
        .child(Child::task("deaf", |_| pending::<()>()))
        .child(hanging(3));
    let supervisor = bed.start(tree).await;
    notes.take();
    supervisor.process().kill();
    assert_eq!(end_of(supervisor.process()).await, (0, ExitReason::Killed));
    for child in ["orderly", "brutal", "task", "deaf"] {
        let process = bed.started(&format!("root/{child}"));
        assert_eq!(end_of(&process).await, (0, ExitReason::Killed), "{child}");
    }
    assert_eq!(
        end_of(&bed.started("root/hangs")).await,
        (3, ExitReason::Killed)
    );
    assert_eq!(notes.all(), ["stop orderly"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn supervisors_among_them_stop_their_own_children_in_order() {
    let bed = Bed::new();
    let notes = Notes::new();
    let inner = Supervisor::one_for_one()
        .children(["a", "b", "c"].map(|name| Probe::noting(&notes, name).child(name)));
    let tree = Supervisor::one_for_one().child(Child::supervisor("inner", inner));
    let supervisor = bed.start(tree).await;
    notes.take();
    let mut log = bed.log();
    log.take();
    supervisor.process().kill();
    let lines = log.until("exited root/inner: killed").await;
    let expected = [
        "exited root: killed",
        "exited root/inner/c: shutdown",
        "exited root/inner/b: shutdown",
        "exited root/inner/a: shutdown",
        "exited root/inner: killed",
    ];
    assert_eq!(lines, expected);
    assert_eq!(notes.all(), ["stop c", "stop b", "stop a"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_killed_supervisor_is_restarted_by_the_one_above() {
    let bed = Bed::new();
    let inner = Supervisor::one_for_one().child(Probe::new().child("a"));
    let tree = Supervisor::one_for_one().child(Child::supervisor("inner", inner));
    let supervisor = bed.start(tree).await;
    let (inner, a) = (
        running(&supervisor, "inner").await,
        bed.started("root/inner/a"),
    );
    inner.kill();
    bed.log().until("started root/inner again 1").await;
    assert_ne!(running(&supervisor, "inner").await, inner);
    assert_eq!(within(a.ended()).await, ExitReason::Killed);
    assert!(bed.started("root/inner/a").is_alive());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_a_killed_supervisor_was_stopping_keeps_its_time() {
    // A dynamic supervisor had let go of those it was stopping, and nobody killed them.
    for dynamic in [false, true] {
        let bed = Bed::new();
        let supervisor = if dynamic {
            let supervisor = bed.start(DynamicSupervisor::new()).await;
            within(supervisor.start_child(hanging(5)))
                .await
                .expect("it starts");
            supervisor
        } else {
            bed.start(Supervisor::one_for_one().child(hanging(5))).await
        };
        let child = bed.started("root/hangs");
        supervisor.process().stop(ExitReason::Shutdown);
        sleep(secs(1)).await;
        supervisor.process().kill();
        let (time, reason) = end_of(&child).await;
        assert_eq!(reason, ExitReason::Killed, "dynamic: {dynamic}");
        assert!(time <= 5, "dynamic: {dynamic}, after {time} s");
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_that_a_killed_supervisor_was_terminating_keeps_its_time() {
    for dynamic in [false, true] {
        let bed = Bed::new();
        let supervisor = if dynamic {
            let supervisor = bed.start(DynamicSupervisor::new()).await;
            within(supervisor.start_child(hanging(5)))
                .await
                .expect("it starts");
            supervisor
        } else {
            bed.start(Supervisor::one_for_one().child(hanging(5))).await
        };
        let child = bed.started("root/hangs");
        let (asked, target) = (supervisor.clone(), child.clone());
        let request = tokio::spawn(async move {
            if dynamic {
                asked.terminate_process(&target).await
            } else {
                asked.terminate_child(&id("hangs")).await
            }
        });
        sleep(secs(1)).await;
        supervisor.process().kill();
        let answer = within(request)
            .await
            .expect("no panic")
            .expect_err("nobody answers");
        assert_eq!(
            answer.to_string(),
            "the process ended before it answered: killed"
        );
        let (time, reason) = end_of(&child).await;
        assert_eq!(reason, ExitReason::Killed, "dynamic: {dynamic}");
        assert!(time <= 5, "dynamic: {dynamic}, after {time} s");
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_that_drains_when_its_supervisor_is_killed_does_not_outlive_its_time() {
    let bed = Bed::new();
    let notes = Notes::new();
    let child = Probe::new().child("a").shutdown(Shutdown::Timeout(secs(3)));
    let supervisor = bed.start(Supervisor::one_for_one().child(child)).await;
    let a = bed.started("root/a");
    mainstay_tests::probe::order(&a, mainstay_tests::probe::Order::hang(&notes, "begun"));
    a.actor_cell().expect("an actor").drain().expect("it runs");
    notes.until("begun").await;
    supervisor.process().kill();
    assert_eq!(end_of(&a).await, (3, ExitReason::Killed));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_starts_when_the_one_above_is_killed_comes_to_an_end() {
    let bed = Bed::new();
    let notes = Notes::new();
    let (go, gone) = tokio::sync::watch::channel(false);
    let slow = Probe::noting(&notes, "slow").pre_start(move |_| {
        let mut gone = gone.clone();
        async move {
            gone.wait_for(|gone| *gone).await?;
            Ok(())
        }
    });
    let inner = Supervisor::one_for_one()
        .child(Probe::noting(&notes, "a").child("a"))
        .child(slow.child("slow"));
    let supervisor = bed.start(Supervisor::one_for_one()).await;
    let asked = supervisor.clone();
    let start =
        tokio::spawn(async move { asked.start_child(Child::supervisor("inner", inner)).await });
    notes.until("start a").await;
    supervisor.process().kill();
    let error = within(start)
        .await
        .expect("no panic")
        .expect_err("nobody answers");
    assert_eq!(
        error.to_string(),
        "the process ended before it answered: killed"
    );
    go.send(true).expect("it waits");
    notes.until("stop a").await;
    assert_eq!(notes.all(), ["start a", "stop slow", "stop a"]);
    bed.end().await;
}

/// Needs this many seconds to stop, and is given all the time there is.
fn endless(name: &str, seconds: u64) -> Child {
    let probe = Probe::new().post_stop(move |_| async move {
        sleep(secs(seconds)).await;
        Ok(())
    });
    probe.child(name).shutdown(Shutdown::Infinity)
}

#[tokio::test(start_paused = true)]
async fn the_stop_of_a_runtime_waits_for_those_left_behind() {
    // They stood in no table any more, and the stop was over before they were.
    let bed = Bed::new();
    let inner = Supervisor::one_for_one().child(endless("below", 2));
    let tree = Supervisor::one_for_one()
        .child(endless("slow", 3))
        .child(Child::supervisor("inner", inner));
    let supervisor = bed.start(tree).await;
    supervisor.process().kill();
    within(supervisor.process().ended()).await;
    let begun = Instant::now();
    let report = within(bed.runtime.stop(secs(9))).await;
    assert_eq!((report.killed.len(), begun.elapsed()), (0, secs(3)));
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn the_stop_of_a_runtime_kills_those_left_behind_when_the_time_is_up() {
    let bed = Bed::new();
    let inner = Supervisor::one_for_one().child(endless("below", 3600));
    let tree = Supervisor::one_for_one()
        .child(endless("hangs", 3600))
        .child(Child::supervisor("inner", inner));
    let supervisor = bed.start(tree).await;
    supervisor.process().kill();
    within(supervisor.process().ended()).await;
    let begun = Instant::now();
    let mut report = bed.runtime.stop(secs(9)).await;
    assert_eq!(begun.elapsed(), secs(9));
    report.killed.sort();
    assert_eq!(
        report.killed,
        ["root/hangs", "root/inner", "root/inner/below"]
    );
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_namespace_stops_with_those_left_behind_in_it_and_no_others() {
    let bed = Bed::new();
    let mut namespaces = Vec::new();
    for name in ["one", "two"] {
        let namespace = within(bed.runtime.namespace(name))
            .await
            .expect("it starts");
        within(namespace.start_child(endless("hangs", 3600)))
            .await
            .expect("it starts");
        namespace.children().expect("it runs").process().kill();
        bed.log()
            .until(&format!("started {name}/children again 1"))
            .await;
        namespaces.push(namespace);
    }
    let report = namespaces[0].stop(secs(9)).await;
    assert_eq!(report.killed, ["one/children/hangs"]);
    assert!(bed.started("two/children/hangs").is_alive());
    let report = namespaces[1].stop(secs(9)).await;
    assert_eq!(report.killed, ["two/children/hangs"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn all_the_time_there_is_is_a_time_to_stop_in() {
    let bed = Bed::new();
    bed.start(Supervisor::one_for_one().child(endless("slow", 3)))
        .await;
    let namespace = within(bed.runtime.namespace("test"))
        .await
        .expect("it starts");
    within(namespace.start_child(endless("slow", 3)))
        .await
        .expect("it starts");
    let begun = Instant::now();
    let stopped = within(namespace.stop(std::time::Duration::MAX)).await;
    let report = within(bed.runtime.stop(std::time::Duration::MAX)).await;
    assert_eq!((stopped.killed.len(), report.killed.len()), (0, 0));
    assert_eq!(begun.elapsed(), secs(6));
    bed.assert_empty();
}
