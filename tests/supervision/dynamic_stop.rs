//! Stopping a dynamic supervisor: all children at once, each within its own time.

use mainstay_supervisors::specs::Shutdown;
use mainstay_supervisors::{Child, ExitReason, Supervisor};
use mainstay_tests::probe::{Bed, Notes, OnDrop, Probe, within};
use tokio::time::{Instant, sleep};

use crate::dynamic::{add, lenient};
use crate::secs;

/// Takes this long to stop, and may take this long.
fn slow(seconds: u64, limit: u64) -> Child {
    let probe = Probe::new().post_stop(move |_| async move {
        sleep(secs(seconds)).await;
        Ok(())
    });
    probe.child("a").shutdown(Shutdown::Timeout(secs(limit)))
}

#[tokio::test(start_paused = true)]
async fn stopping_takes_as_long_as_the_slowest_and_not_the_sum() {
    let bed = Bed::new();
    let supervisor = bed.start(lenient()).await;
    for seconds in 1..=20 {
        add(&supervisor, slow(seconds, 60)).await;
    }
    let begun = Instant::now();
    within(supervisor.stop(ExitReason::Shutdown))
        .await
        .expect("it stops");
    assert_eq!(begun.elapsed(), secs(20));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn each_child_is_killed_when_its_own_time_is_up() {
    let bed = Bed::new();
    let supervisor = bed.start(lenient()).await;
    let begun = Instant::now();
    let notes = Notes::new();
    for limit in [7, 3, 5] {
        let seen = notes.clone();
        let probe = Probe::new()
            .keeping(move || {
                let seen = seen.clone();
                OnDrop::new(move || seen.add(format!("{limit} at {}", begun.elapsed().as_secs())))
            })
            .post_stop(|_| std::future::pending());
        let child = probe.child("a").shutdown(Shutdown::Timeout(secs(limit)));
        add(&supervisor, child).await;
    }
    within(supervisor.stop(ExitReason::Shutdown))
        .await
        .expect("it stops");
    assert_eq!(notes.all(), ["3 at 3", "5 at 5", "7 at 7"]);
    assert_eq!(begun.elapsed(), secs(7));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn every_way_of_stopping_is_kept_to_at_once() {
    let bed = Bed::new();
    let supervisor = bed.start(lenient()).await;
    let brutal = Probe::new()
        .post_stop(|_| std::future::pending())
        .child("brutal");
    let endless = Probe::new().post_stop(|_| async {
        sleep(secs(100)).await;
        Ok(())
    });
    let wrong = Probe::new()
        .post_stop(|_| async { Err("bad".into()) })
        .child("wrong");
    let mut processes = Vec::new();
    for child in [
        brutal.shutdown(Shutdown::BrutalKill),
        endless.child("endless").shutdown(Shutdown::Infinity),
        slow(9, 4),
        slow(2, 4),
        wrong,
        Child::supervisor(
            "below",
            Supervisor::one_for_one().child(Probe::new().child("x")),
        ),
    ] {
        processes.push(add(&supervisor, child).await);
    }
    let begun = Instant::now();
    within(supervisor.stop(ExitReason::Shutdown))
        .await
        .expect("it stops");
    assert_eq!(begun.elapsed(), secs(100));
    let reasons: Vec<_> = processes
        .iter()
        .map(|process| process.exit_reason().expect("it has ended").to_string())
        .collect();
    let expected = [
        "killed",
        "shutdown",
        "killed",
        "shutdown",
        "failed: bad",
        "shutdown",
    ];
    assert_eq!(reasons, expected);
    let mut reported = bed.log().take();
    reported.retain(|line| line.starts_with("shutdown error"));
    reported.sort();
    assert_eq!(
        reported,
        [
            "shutdown error a: killed",
            "shutdown error wrong: failed: bad"
        ]
    );
    bed.end().await;
}
