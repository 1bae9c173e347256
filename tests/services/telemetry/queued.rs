//! Handlers behind a queue.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use mainstay_actors::telemetry::{Event, QueueStatus, TelemetryError};
use mainstay_supervisors::specs::EventsSpec;

use super::support::{Bed, Heard, LONG, handler, settle};

/// Something that a handler waits before, on its thread.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    open: bool,
    waiting: usize,
}

impl Gate {
    pub(super) fn open(&self) {
        self.0.0.lock().expect("nobody panics here").open = true;
        self.0.1.notify_all();
    }

    fn wait(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().expect("nobody panics here");
        state.waiting += 1;
        changed.notify_all();
        drop(
            changed
                .wait_while(state, |state| !state.open)
                .expect("nobody panics here"),
        );
    }

    /// Waits, without blocking the runtime, until a handler waits here.
    pub(super) async fn reached(&self) {
        let gate = self.clone();
        let reached = move || {
            let (state, changed) = &*gate.0;
            let state = state.lock().expect("nobody panics here");
            drop(
                changed
                    .wait_while(state, |state| state.waiting == 0)
                    .expect("nobody panics here"),
            );
        };
        tokio::task::spawn_blocking(reached)
            .await
            .expect("it does not panic");
    }

    /// A handler that waits here before it does anything.
    pub(super) fn gated(
        &self,
        call: impl Fn(&Event) + Send + Sync + 'static,
    ) -> impl Fn(&Event) + Send + Sync + 'static {
        let gate = self.clone();
        move |event| {
            gate.wait();
            call(event);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_queued_handler_is_called_in_order_on_a_thread_of_its_own() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let heard = Heard::default();
    let listener = heard.clone();
    let call = move |event: &Event| {
        let thread = std::thread::current();
        // The task comes to nothing: that it can be spawned says that the runtime is known.
        drop(tokio::spawn(async {}));
        listener.note(format!("{event} on {}", thread.name().unwrap_or_default()));
    };
    telemetry
        .attach_queued("slow", "a.*", 100, call)
        .expect("it is attached")
        .keep();
    for n in 0..3 {
        telemetry
            .execute(&format!("a.e{n}"), (), ())
            .expect("a path");
    }
    assert!(telemetry.flush(LONG).await);
    let expected: Vec<String> = (0..3)
        .map(|n| format!("a.e{n} on telemetry slow"))
        .collect();
    assert_eq!(heard.take(), expected);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_makes_nobody_wait_and_loses_exactly_what_found_no_room() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let (heard, gate) = (Heard::default(), Gate::default());
    let gated = gate.gated(heard.listener());
    telemetry
        .attach_queued("slow", "**", 2, gated)
        .expect("it is attached")
        .keep();
    telemetry.execute("e0", (), ()).expect("a path");
    settle().await;
    gate.reached().await;
    for n in 1..=5 {
        telemetry.execute(&format!("e{n}"), (), ()).expect("a path");
    }
    let status = handler(&telemetry, "slow");
    assert_eq!(status.dropped_count, 3);
    let queue = status.queue.expect("it has one");
    assert_eq!((queue.waiting, queue.capacity), (2, 2));
    assert!(!telemetry.flush(Duration::from_millis(1)).await);
    gate.open();
    assert!(telemetry.flush(LONG).await);
    assert_eq!(heard.take(), ["e0", "e1", "e2"]);
    assert_eq!(handler(&telemetry, "slow").calls_count, 3);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn detaching_lets_go_of_what_waits_and_tells_if_the_handler_is_still_at_work() {
    let bed = Bed::with_events(EventsSpec::default().drain_max(Duration::from_millis(1))).await;
    let telemetry = bed.telemetry();
    let (heard, gate) = (Heard::default(), Gate::default());
    let gated = gate.gated(heard.listener());
    let slow = telemetry
        .attach_queued("slow", "**", 8, gated)
        .expect("it is attached");
    for path in ["a", "b"] {
        telemetry.execute(path, (), ()).expect("a path");
    }
    settle().await;
    gate.reached().await;
    let limit = Duration::from_millis(1);
    let name = "slow".to_owned();
    assert_eq!(
        slow.detach().await,
        Err(TelemetryError::StillRunning { name, limit })
    );
    assert!(telemetry.status().handlers.is_empty());
    assert_eq!(bed.held().len(), 1, "its thread is still there");

    gate.open();
    while !bed.held().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        heard.take(),
        ["a"],
        "the call that was under way, and no other"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn events_wait_in_the_queue_as_long_as_there_is_no_keeper() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let keeper = bed.process("telemetry");
    keeper.kill();
    keeper.ended().await;
    let heard = Heard::default();
    telemetry
        .attach_queued("late", "**", 8, heard.listener())
        .expect("it is attached")
        .keep();
    telemetry.execute("a", (), ()).expect("a path");
    let queue = handler(&telemetry, "late").queue.expect("it has one");
    assert_eq!((queue.waiting, queue.capacity), (1, 8));
    bed.successor("telemetry", &keeper).await;
    assert!(telemetry.flush(LONG).await);
    assert_eq!(heard.take(), ["a"]);
    let empty = |queue: Option<QueueStatus>| queue.is_some_and(|queue| queue.waiting == 0);
    assert!(empty(handler(&telemetry, "late").queue));
    bed.end().await;
}
