//! Handlers that panic.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use mainstay_actors::telemetry::Event;
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

/// Says on which thread it is dropped, once it may, and panics.
struct Bomb {
    dropped: tokio::sync::mpsc::UnboundedSender<ThreadId>,
    may: std::sync::mpsc::Receiver<()>,
}

impl Drop for Bomb {
    fn drop(&mut self) {
        self.may.recv().expect("it may at some time");
        self.dropped
            .send(thread::current().id())
            .expect("somebody waits");
        panic!("as planned");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_emits_neither_waits_for_the_destructor_of_a_handler_nor_hears_its_panic() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let (dropped, mut was_dropped) = tokio::sync::mpsc::unbounded_channel();
    let (let_go, may) = std::sync::mpsc::channel();
    let bomb = Mutex::new(Bomb { dropped, may });
    let guard = Arc::new(Mutex::new(None));
    let mine = Arc::clone(&guard);
    // It is detached while it is told: whoever emits is the last to have it.
    let call = move |_: &Event| {
        let _bomb = &bomb;
        drop(mine.lock().expect("nobody panics here").take());
    };
    let attached = telemetry
        .attach("bomb", "**", call)
        .expect("it is attached");
    *guard.lock().expect("nobody panics here") = Some(attached);
    telemetry.execute("a", (), ()).expect("a path");
    assert!(bed.held().is_empty());
    let_go.send(()).expect("it waits");
    let thread = was_dropped.recv().await.expect("it is dropped");
    assert_ne!(thread, thread::current().id());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_destructor_that_panics_does_no_harm_to_whoever_detaches() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let (dropped, mut was_dropped) = tokio::sync::mpsc::unbounded_channel();
    let (let_go, may) = std::sync::mpsc::channel();
    let_go.send(()).expect("it is kept");
    let bomb = Mutex::new(Bomb { dropped, may });
    let attached = telemetry.attach("bomb", "**", move |_| {
        let _bomb = &bomb;
    });
    let attached = attached.expect("it is attached");
    attached.detach().await.expect("it was attached");
    assert_eq!(was_dropped.try_recv().ok(), Some(thread::current().id()));
    bed.end().await;
}

/// Panics at each event that is logged.
struct BadLog;

impl tracing::Subscriber for BadLog {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {
        panic!("no disk for the log");
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn a_log_that_panics_does_no_harm_to_whoever_emits() {
    let bed = Bed::with_events(spec()).await;
    let telemetry = bed.telemetry();
    let (heard, broken) = (Heard::default(), Arc::new(AtomicBool::new(true)));
    let attached = telemetry.attach("fragile", "**", fragile(&heard, &broken));
    let _attached = attached.expect("it is attached");
    tracing::subscriber::with_default(BadLog, || {
        telemetry.execute("a", (), ()).expect("a path");
    });
    settle().await;
    let status = handler(&telemetry, "fragile");
    assert_eq!(status.suspended_for, Some(Duration::from_millis(100)));
    bed.end().await;
}
