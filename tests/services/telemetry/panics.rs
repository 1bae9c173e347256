//! Handlers that panic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainstay_supervisors::specs::{Backoff, EventsSpec};

use super::support::{Bed, Heard, LONG, handler, settle};

fn spec() -> EventsSpec {
    let backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(400)).jitter(0.0);
    EventsSpec::default().backoff(backoff)
}

/// A handler that notes events, and panics after that as long as the switch is on.
fn fragile(
    heard: &Heard,
    broken: &Arc<AtomicBool>,
) -> impl Fn(&mainstay_actors::telemetry::Event) + Send + Sync + 'static + use<> {
    let (heard, broken) = (heard.clone(), Arc::clone(broken));
    move |event| {
        heard.note(event.path().to_string());
        assert!(!broken.load(Ordering::Relaxed), "no disk for {event}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_is_left_out_longer_each_time_and_always_tried_again() {
    let bed = Bed::with_events(spec()).await;
    let telemetry = bed.telemetry();
    let (fails, works) = (Heard::default(), Heard::default());
    let broken = Arc::new(AtomicBool::new(true));
    telemetry
        .attach("fragile", "**", fragile(&fails, &broken))
        .expect("it is attached")
        .keep();
    telemetry
        .attach("sturdy", "**", works.listener())
        .expect("it is attached")
        .keep();
    let emit = || telemetry.execute("a", (), ()).expect("a path");

    for wait in [100, 200, 400, 400] {
        emit();
        assert_eq!(fails.take(), ["a"]);
        settle().await;
        let status = handler(&telemetry, "fragile");
        assert_eq!(status.suspended_for, Some(Duration::from_millis(wait)));
        assert!(!status.working);
        emit();
        tokio::time::sleep(Duration::from_millis(wait - 1)).await;
        emit();
        assert_eq!(fails.take(), [""; 0], "it is left out");
        tokio::time::sleep(Duration::from_millis(1)).await;
        settle().await;
    }
    broken.store(false, Ordering::Relaxed);
    emit();
    emit();
    assert_eq!(fails.take(), ["a", "a"]);
    assert_eq!(works.take().len(), 14, "the other one has missed nothing");
    let status = handler(&telemetry, "fragile");
    assert_eq!(
        (
            status.panics_count,
            status.skipped_count,
            status.calls_count
        ),
        (4, 8, 6)
    );
    assert_eq!(status.last_panic.as_deref(), Some("no disk for a"));
    assert!(status.working && status.suspended_for.is_none());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_comes_out_of_no_emission() {
    let bed = Bed::with_events(spec()).await;
    let telemetry = bed.telemetry();
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("when it is dropped, too")
        }
    }
    telemetry
        .attach("bomb", "**", |_| std::panic::panic_any(Bomb))
        .expect("it is attached")
        .keep();
    telemetry.execute("a", (), ()).expect("a path");
    let status = handler(&telemetry, "bomb");
    assert_eq!(status.panics_count, 1);
    assert_eq!(
        status.last_panic.as_deref(),
        Some("a panic whose payload is not a text")
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_while_the_keeper_is_down_is_tried_again_by_the_next_one() {
    let bed = Bed::with_events(spec()).await;
    let telemetry = bed.telemetry();
    let heard = Heard::default();
    let broken = Arc::new(AtomicBool::new(true));
    telemetry
        .attach("fragile", "**", fragile(&heard, &broken))
        .expect("it is attached")
        .keep();
    let keeper = bed.process("telemetry");
    keeper.kill();
    keeper.ended().await;
    telemetry.execute("a", (), ()).expect("a path");
    broken.store(false, Ordering::Relaxed);
    bed.successor("telemetry", &keeper).await;
    settle().await;
    assert_eq!(
        handler(&telemetry, "fragile").suspended_for,
        Some(Duration::from_millis(100))
    );
    tokio::time::sleep(Duration::from_millis(100)).await;
    settle().await;
    telemetry.execute("b", (), ()).expect("a path");
    assert_eq!(heard.take(), ["a", "b"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_queued_handler_that_panics_loses_that_event_and_goes_on_with_the_next_that_waits() {
    let bed = Bed::with_events(spec()).await;
    let telemetry = bed.telemetry();
    let heard = Heard::default();
    let listener = heard.clone();
    let call = move |event: &mainstay_actors::telemetry::Event| {
        listener.note(event.path().to_string());
        assert_ne!(event.path(), "b");
    };
    let gate = super::queued::Gate::default();
    let gated = gate.gated(call);
    telemetry
        .attach_queued("fragile", "**", 8, gated)
        .expect("it is attached")
        .keep();
    for path in ["a", "b", "c"] {
        telemetry.execute(path, (), ()).expect("a path");
    }
    settle().await;
    gate.open();
    // The thread ends over the panic, and the keeper is told; that is what it waits for next.
    while handler(&telemetry, "fragile").suspended_for.is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(heard.take(), ["a", "b"]);
    telemetry.execute("skipped", (), ()).expect("a path");
    tokio::time::sleep(Duration::from_millis(100)).await;
    settle().await;
    assert!(telemetry.flush(LONG).await);
    assert_eq!(heard.take(), ["c"]);
    let status = handler(&telemetry, "fragile");
    assert_eq!(
        (
            status.panics_count,
            status.skipped_count,
            status.dropped_count
        ),
        (1, 1, 0)
    );
    bed.end().await;
}
