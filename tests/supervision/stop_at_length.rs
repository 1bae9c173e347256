//! How long a stop may take, and whom that concerns.

use std::future::pending;
use std::time::Duration;

use mainstay_supervisors::specs::Shutdown;
use mainstay_supervisors::{Child, ExitReason, StopToken, Supervisor};
use mainstay_tests::probe::{Bed, Notes, Probe, within};
use tokio::time::{Instant, sleep};

use crate::secs;

/// Is asked to stop, and goes on.
fn deaf(id: &str) -> Child {
    let child = Child::task(id, |stop: StopToken| async move {
        let _kept = stop;
        pending::<()>().await;
    });
    child.shutdown(Shutdown::Infinity)
}

#[tokio::test(start_paused = true)]
async fn a_runtime_may_have_all_the_time_there_is() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tree = Supervisor::one_for_one().child(Probe::noting(&notes, "a").child("a"));
    bed.start(tree).await;
    let report = within(bed.runtime.stop(Duration::MAX)).await;
    assert_eq!(report.killed, Vec::<String>::new());
    assert_eq!(notes.all(), ["start a", "stop a"]);
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_namespace_may_have_all_the_time_there_is() {
    let bed = Bed::new();
    let namespace = within(bed.runtime.namespace("test")).await;
    let namespace = namespace.expect("it starts");
    let report = within(namespace.stop(Duration::MAX)).await;
    assert_eq!(report.killed, Vec::<String>::new());
    assert!(!namespace.is_running());
    bed.end().await;
}

/// Stops a runtime with a tree that cannot be stopped, and one before and one after it whose child takes its time.
async fn beside_a_stuck_tree(slow: Duration) {
    let bed = Bed::new();
    let notes = Notes::new();
    let healthy = |name: &'static str| {
        let seen = notes.clone();
        let probe = Probe::new().post_stop(move |_| {
            let seen = seen.clone();
            async move {
                sleep(slow).await;
                seen.add(format!("stopped {name}"));
                Ok(())
            }
        });
        Supervisor::one_for_one().child(probe.child("a"))
    };
    let stuck = Supervisor::one_for_one().child(deaf("b"));
    for (id, tree) in [
        ("older", healthy("older")),
        ("stuck", stuck),
        ("younger", healthy("younger")),
    ] {
        within(bed.runtime.start(id, tree))
            .await
            .expect("it starts");
    }
    let begun = Instant::now();
    let report = within(bed.runtime.stop(secs(10))).await;
    assert_eq!(begun.elapsed(), secs(10));
    assert_eq!(report.killed, ["stuck", "stuck/b"]);
    for path in ["older", "older/a", "younger", "younger/a"] {
        let reason = bed.started(path).exit_reason();
        assert_eq!(reason, Some(ExitReason::Shutdown), "{path}");
    }
    let mut stopped = notes.all();
    stopped.sort();
    assert_eq!(stopped, ["stopped older", "stopped younger"]);
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_stuck_tree_does_not_have_others_killed() {
    beside_a_stuck_tree(secs(0)).await;
}

#[tokio::test(start_paused = true)]
async fn a_stuck_tree_does_not_use_up_the_time_of_others() {
    beside_a_stuck_tree(secs(3)).await;
}
