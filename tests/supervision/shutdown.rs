//! Stopping: the order, the time each child has, and what is said of those that overstep it.

use std::future::pending;

use mainstay_supervisors::specs::{ChildSpec, Restart, Shutdown};
use mainstay_supervisors::{Child, ExitReason, StopToken, Supervisor};
use mainstay_tests::probe::{Bed, Notes, Order, Probe, id, order, running, text_of, within};
use tokio::time::{Instant, sleep};

use crate::{millis, secs};

fn hanging() -> Probe {
    Probe::new().post_stop(|_| pending())
}

/// Takes this many seconds to stop.
fn slow(seconds: u64) -> Probe {
    Probe::new().post_stop(move |_| async move {
        sleep(secs(seconds)).await;
        Ok(())
    })
}

#[tokio::test(start_paused = true)]
async fn children_are_stopped_one_by_one_last_started_first() {
    let bed = Bed::new();
    let inner = Supervisor::one_for_one().children(["b", "c"].map(|id| slow(1).child(id)));
    let tree = Supervisor::one_for_one()
        .child(slow(1).child("a"))
        .child(Child::supervisor("inner", inner))
        .child(slow(1).child("d"));
    let supervisor = bed.start(tree).await;
    let mut log = bed.log();
    log.take();
    let begun = Instant::now();
    within(supervisor.stop(ExitReason::Shutdown))
        .await
        .expect("it stops");
    assert_eq!(begun.elapsed(), secs(4));
    let expected = [
        "exited root/d: shutdown",
        "exited root/inner/c: shutdown",
        "exited root/inner/b: shutdown",
        "exited root/inner: shutdown",
        "exited root/a: shutdown",
        "exited root: shutdown",
    ];
    assert_eq!(log.take(), expected);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_is_killed_when_its_time_is_up_and_one_that_is_dead_is_reported() {
    let bed = Bed::new();
    let tree = Supervisor::one_for_one()
        .child(Probe::new().child("a"))
        .child(
            hanging()
                .child("hangs")
                .shutdown(Shutdown::Timeout(secs(2))),
        )
        .child(Probe::new().child("dead"))
        .child(slow(1).child("slow"));
    let supervisor = bed.start(tree).await;
    let mut log = bed.log();
    log.take();
    // The request to stop is in the mailbox before the supervisor hears of this end.
    order(&running(&supervisor, "dead").await, Order::fail("no disk"));
    supervisor.process().stop(ExitReason::Shutdown);
    let begun = Instant::now();
    within(supervisor.process().ended()).await;
    assert_eq!(begun.elapsed(), secs(3));
    let expected = [
        "exited root/dead: failed: no disk",
        "exited root/slow: shutdown",
        "shutdown error dead: failed: no disk",
        "exited root/hangs: killed",
        "shutdown error hangs: killed",
        "exited root/a: shutdown",
        "exited root: shutdown",
    ];
    assert_eq!(log.take(), expected);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_stops_at_the_last_moment_is_not_killed() {
    let bed = Bed::new();
    let supervisor = bed
        .start(
            Supervisor::one_for_one().child(
                Probe::new()
                    .post_stop(|_| async {
                        sleep(secs(5) - millis(1)).await;
                        Ok(())
                    })
                    .child("a"),
            ),
        )
        .await;
    let a = running(&supervisor, "a").await;
    within(supervisor.stop(ExitReason::Shutdown))
        .await
        .expect("it stops");
    assert_eq!(a.exit_reason(), Some(ExitReason::Shutdown));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_brutal_kill_asks_nobody() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tree = Supervisor::one_for_one().child(
        Probe::noting(&notes, "a")
            .child("a")
            .shutdown(Shutdown::BrutalKill),
    );
    let supervisor = bed.start(tree).await;
    let mut log = bed.log();
    log.take();
    within(supervisor.stop(ExitReason::Shutdown))
        .await
        .expect("it stops");
    assert_eq!(
        log.take(),
        ["exited root/a: killed", "exited root: shutdown"]
    );
    assert_eq!(notes.all(), ["start a"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn infinity_waits() {
    let bed = Bed::new();
    let child = slow(100_000).child("a").shutdown(Shutdown::Infinity);
    let supervisor = bed.start(Supervisor::one_for_one().child(child)).await;
    let begun = Instant::now();
    supervisor.process().stop(ExitReason::Shutdown);
    assert_eq!(supervisor.process().ended().await, ExitReason::Shutdown);
    assert_eq!(begun.elapsed(), secs(100_000));
    assert_eq!(
        bed.started("root/a").exit_reason(),
        Some(ExitReason::Shutdown)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_time_of_zero_gives_no_time() {
    let bed = Bed::new();
    let child = slow(1).child("a").shutdown(Shutdown::Timeout(secs(0)));
    let supervisor = bed.start(Supervisor::one_for_one().child(child)).await;
    let begun = Instant::now();
    within(supervisor.stop(ExitReason::Shutdown))
        .await
        .expect("it stops");
    assert_eq!(begun.elapsed(), secs(0));
    assert_eq!(
        bed.started("root/a").exit_reason(),
        Some(ExitReason::Killed)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_endless_time_is_a_time() {
    let bed = Bed::new();
    let forever = Shutdown::Timeout(std::time::Duration::MAX);
    let child = slow(9).child("a").shutdown(forever);
    let supervisor = bed.start(Supervisor::one_for_one().child(child)).await;
    within(supervisor.stop(ExitReason::Shutdown))
        .await
        .expect("it stops");
    assert_eq!(
        bed.started("root/a").exit_reason(),
        Some(ExitReason::Shutdown)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_ends_with_the_reason_it_was_asked_for() {
    for reason in [
        ExitReason::Normal,
        ExitReason::Shutdown,
        ExitReason::shutdown_with("moved"),
        ExitReason::failed("bad"),
    ] {
        let bed = Bed::new();
        let child = Probe::new().child("a");
        let supervisor = bed.start(Supervisor::one_for_one().child(child)).await;
        within(supervisor.stop(reason.clone()))
            .await
            .expect("it stops");
        assert_eq!(supervisor.process().exit_reason(), Some(reason));
        // Its children are told to shut down, whatever its own reason.
        assert_eq!(
            bed.started("root/a").exit_reason(),
            Some(ExitReason::Shutdown)
        );
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_with_and_without_tokens_are_stopped_alike() {
    let bed = Bed::new();
    let tree = Supervisor::one_for_one()
        .child(Child::task("deaf", |_| pending::<()>()))
        .child(Child::task("hears", |stop: StopToken| async move {
            stop.stopped().await
        }))
        .child(Child::task("stubborn", |stop: StopToken| async move {
            stop.stopped().await;
            pending::<()>().await;
        }));
    let supervisor = bed.start(tree).await;
    let begun = Instant::now();
    within(supervisor.stop(ExitReason::Shutdown))
        .await
        .expect("it stops");
    assert_eq!(begun.elapsed(), secs(5));
    let reasons = ["deaf", "hears", "stubborn"].map(|id| {
        let process = bed.started(&format!("root/{id}"));
        text_of(&process.exit_reason().expect("it has ended"))
    });
    assert_eq!(reasons, ["shutdown", "shutdown", "killed"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn ends_in_a_stop_are_reported_as_otp_reports_them() {
    let throw = |reason: ExitReason| {
        Child::task("a", move |stop: StopToken| {
            let reason = reason.clone();
            async move {
                stop.stopped().await;
                reason
            }
        })
    };
    let brutal = Shutdown::BrutalKill;
    let cases = [
        (throw(ExitReason::Shutdown), None),
        (throw(ExitReason::Normal), Some("normal")),
        (throw(ExitReason::Normal).restart(Restart::Transient), None),
        (throw(ExitReason::Normal).restart(Restart::Temporary), None),
        (throw(ExitReason::shutdown_with("x")), Some("shutdown: x")),
        (
            throw(ExitReason::shutdown_with("x")).restart(Restart::Transient),
            None,
        ),
        (
            throw(ExitReason::failed("bad")).restart(Restart::Temporary),
            Some("failed: bad"),
        ),
        (throw(ExitReason::Killed), Some("killed")),
        (throw(ExitReason::Normal).shutdown(brutal), None),
    ];
    for (index, (child, reported)) in cases.into_iter().enumerate() {
        let bed = Bed::new();
        let supervisor = bed.start(Supervisor::one_for_one().child(child)).await;
        // The task has to hold its token before it is asked.
        tokio::task::yield_now().await;
        within(supervisor.stop(ExitReason::Shutdown))
            .await
            .expect("it stops");
        let expected = reported.map(|reason| format!("shutdown error a: {reason}"));
        let lines = bed.log().take();
        let found = lines
            .into_iter()
            .find(|line| line.starts_with("shutdown error"));
        assert_eq!(found, expected, "case {index}");
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_never_awaits_holds_the_stop_up_and_is_killed_when_it_comes_back() {
    // It runs on threads of its own, so that virtual time goes on while it blocks.
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build();
    let threads = threads.expect("a runtime");
    let handle = threads.handle().clone();
    let (blocked, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Arc::new(std::sync::Mutex::new(held));
    let child = Child::from_start(ChildSpec::new(id("blocked")), move |cx| {
        let (handle, blocked) = (handle.clone(), blocked.clone());
        let held = std::sync::Arc::clone(&held);
        async move {
            let _inside = handle.enter();
            let process = cx.spawn_task(|stop: StopToken| async move {
                blocked.send(()).expect("the test waits");
                held.lock()
                    .expect("no panic")
                    .recv()
                    .expect("the test goes on");
                tokio::task::yield_now().await;
                drop(stop);
            });
            Ok(process.into())
        }
    });
    let bed = Bed::new();
    let tree = Supervisor::one_for_one()
        .child(Probe::new().child("before"))
        .child(child)
        .child(Probe::new().child("after"));
    let supervisor = bed.start(tree).await;
    begun.recv().await.expect("it blocks");
    supervisor.process().stop(ExitReason::Shutdown);
    sleep(secs(60)).await; // Its five seconds are long over.
    assert!(!bed.started("root/after").is_alive());
    assert!(bed.started("root/blocked").is_alive());
    assert!(bed.started("root/before").is_alive());
    release.send(()).expect("it waits");
    assert_eq!(supervisor.process().ended().await, ExitReason::Shutdown);
    assert_eq!(
        bed.started("root/blocked").exit_reason(),
        Some(ExitReason::Killed)
    );
    assert_eq!(
        bed.started("root/before").exit_reason(),
        Some(ExitReason::Shutdown)
    );
    bed.end().await;
    threads.shutdown_background();
}

#[tokio::test(start_paused = true)]
async fn a_child_that_stops_its_own_supervisor_is_stopped_with_it() {
    let bed = Bed::new();
    let supervisor = bed
        .start(Supervisor::one_for_one().child(Probe::new().child("a")))
        .await;
    let (handle, a) = (supervisor.clone(), running(&supervisor, "a").await);
    let stop = move |_| async move {
        // It waits for the supervisor, which waits for it: until its time is up.
        handle.stop(ExitReason::Shutdown).await?;
        Ok(())
    };
    order(&a, Order::run(stop));
    assert_eq!(
        within(supervisor.process().ended()).await,
        ExitReason::Shutdown
    );
    assert_eq!(a.exit_reason(), Some(ExitReason::Killed));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn children_whose_limits_get_shorter_and_longer_have_the_time_that_each_has() {
    let bed = Bed::new();
    let within_limit = |id: &str, seconds| {
        let child = hanging().child(id);
        child.shutdown(Shutdown::Timeout(secs(seconds)))
    };
    let tree = Supervisor::one_for_one()
        .child(within_limit("a", 7))
        .child(Probe::new().child("quick"))
        .child(within_limit("b", 3))
        .child(slow(2).child("patient").shutdown(Shutdown::Infinity))
        .child(within_limit("c", 5))
        .child(within_limit("d", 0))
        .child(within_limit("e", 0));
    let supervisor = bed.start(tree).await;
    let begun = Instant::now();
    within(supervisor.stop(ExitReason::Shutdown))
        .await
        .expect("it stops");
    let took = begun.elapsed();
    // tokio's timers are a millisecond late at most, each.
    assert!(took >= secs(17) && took < secs(17) + millis(7), "{took:?}");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_leaves_no_timer_that_a_clock_which_stands_still_is_moved_on_to() {
    let bed = Bed::new();
    let (restarted, mut told) = tokio::sync::mpsc::unbounded_channel();
    // Waits for a thread when it is started again: no timer of tokio's runs meanwhile, if none is left behind.
    let waits = Child::from_start(ChildSpec::new(id("waits")), move |cx| {
        let restarted = restarted.clone();
        async move {
            if cx.restarts() > 0 {
                let (done, wait) = tokio::sync::oneshot::channel();
                std::thread::spawn(move || {
                    std::thread::yield_now();
                    done.send(()).ok();
                });
                wait.await.ok();
                restarted.send(Instant::now()).ok();
            }
            Ok(cx
                .spawn_task(|stop| async move { stop.stopped().await })
                .into())
        }
    });
    let tree = Supervisor::one_for_all()
        .child(waits)
        .child(Probe::new().child("b"));
    let supervisor = bed.start(tree).await;
    let begun = Instant::now();
    running(&supervisor, "waits").await.kill();
    // Without `within`, which would be such a timer.
    assert_eq!(told.recv().await, Some(begun));
    bed.end().await;
}
