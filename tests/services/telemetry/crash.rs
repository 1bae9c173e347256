//! What survives the end of the keeper: everything.

use mainstay_supervisors::{ExitReason, Process};

use super::support::{Bed, Heard, LONG, settle};

async fn survives(end: impl Fn(&Process)) {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let emitter = telemetry.event("a").expect("a path");
    let (inline, queued) = (Heard::default(), Heard::default());
    telemetry
        .attach("inline", "**", inline.listener())
        .expect("it is attached")
        .keep();
    telemetry
        .attach_queued("queued", "**", 8, queued.listener())
        .expect("it is attached")
        .keep();
    let mut events = telemetry.subscribe("**").expect("a stream");
    settle().await;

    let keeper = bed.process("telemetry");
    emitter.emit(|| ([("n", 1_u64)], ()));
    end(&keeper);
    emitter.emit(|| ([("n", 2_u64)], ()));
    keeper.ended().await;
    emitter.emit(|| ([("n", 3_u64)], ()));
    bed.successor("telemetry", &keeper).await;
    emitter.emit(|| ([("n", 4_u64)], ()));

    assert!(telemetry.flush(LONG).await);
    let all = ["a n=1", "a n=2", "a n=3", "a n=4"];
    assert_eq!(inline.take(), all);
    assert_eq!(queued.take(), all);
    for line in all {
        assert_eq!(
            events
                .next()
                .await
                .expect("an event")
                .expect("no lag")
                .to_string(),
            line
        );
    }
    assert!(telemetry.status().available);
    drop(events);
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
