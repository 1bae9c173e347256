//! What survives the end of the keeper: everything.

use std::time::Duration;

use mainstay_actors::alerts::{AlertPhase, NAME};
use mainstay_actors::metrics::{Tags, Unit};
use mainstay_supervisors::specs::{Aspect, Comparison};
use mainstay_supervisors::{ExitReason, Process};

use super::support::{Bed, rule};

async fn survives(end: impl Fn(&Process)) {
    let mut pending = rule("app.pending", Comparison::Gt, 1.0).aspect(Aspect::Last);
    pending.name = "pending".to_owned();
    let firing = rule("app.firing", Comparison::Gt, 1.0).aspect(Aspect::Last);
    let mut bed = Bed::with([firing, pending.lasting(Duration::from_secs(5))]).await;
    let mut put = rule("app.put", Comparison::Gt, 1.0).aspect(Aspect::Last);
    put.name = "put".to_owned();
    bed.alerts.put_rule(put).expect("room");
    for name in ["app.firing", "app.pending", "app.put"] {
        bed.metrics
            .gauge(name, Unit::Count, Tags::new())
            .expect("a gauge")
            .set(2.0);
    }
    assert_eq!(bed.seconds(3).await.len(), 2);
    let before = (bed.alerts.rules(), bed.alerts.history());

    let keeper = bed.process(NAME);
    end(&keeper);
    bed.successor(NAME, &keeper).await;

    assert_eq!((bed.alerts.rules(), bed.alerts.history()), before);
    // The successor looks at the rules in seconds of its own.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(
        bed.seconds(2).await,
        [""; 0],
        "what fires is not told again"
    );
    assert_eq!(
        bed.seconds(1).await,
        ["pending: firing, warning: last of app.pending is 2 > 1"]
    );
    let phases: Vec<AlertPhase> = bed
        .alerts
        .active()
        .iter()
        .map(|alert| alert.phase)
        .collect();
    assert_eq!(phases, [AlertPhase::Firing; 3]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn all_survives_a_kill() {
    survives(Process::kill).await;
}

#[tokio::test(start_paused = true)]
async fn all_survives_a_failure() {
    survives(|keeper| keeper.exit(ExitReason::failed("no more"))).await;
}

#[tokio::test(start_paused = true)]
async fn all_survives_a_stop() {
    survives(|keeper| keeper.stop(ExitReason::Shutdown)).await;
}

#[tokio::test(start_paused = true)]
async fn all_survives_the_end_of_the_metrics_store_which_restarts_what_comes_after_it() {
    let mut bed = Bed::with([rule("app.queue", Comparison::Gt, 1.0).aspect(Aspect::Last)]).await;
    let queue = bed
        .metrics
        .gauge("app.queue", Unit::Count, Tags::new())
        .expect("a gauge");
    queue.set(2.0);
    assert_eq!(bed.seconds(1).await.len(), 1);
    let (store, keeper) = (bed.process("metrics_store"), bed.process(NAME));
    store.kill();
    bed.successor(NAME, &keeper).await;
    assert_eq!(bed.seconds(3).await, [""; 0]);
    queue.set(0.0);
    assert_eq!(
        bed.seconds(1).await,
        ["r: resolved, warning: last of app.queue is 0, good at 1"]
    );
    bed.end().await;
}
