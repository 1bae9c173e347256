//! Listeners that run inside of a call: subscribers of `tracing`, and wakers.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use mainstay_actors::breaker::{CircuitBreaker, CircuitState};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::support::{Bed, steps, touchy};

/// Asks and tells a breaker all sorts of things.
fn meddle(breaker: &CircuitBreaker) {
    match breaker.state() {
        CircuitState::Open => breaker.force_open(),
        CircuitState::ForcedOpen => breaker.reset(),
        _ => {}
    }
    drop(breaker.execute_sync(|| Ok::<_, ()>(())));
    drop((breaker.stats(), breaker.config(), breaker.subscribe()));
}

/// Meddles, or panics, with each event of a breaker, and notes which it was.
struct Meddler {
    breaker: CircuitBreaker,
    heard: Arc<Mutex<Vec<String>>>,
    panics: bool,
}

struct To(Option<String>);

impl Visit for To {
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "to" {
            self.0 = Some(value.to_owned());
        }
    }
}

impl Subscriber for Meddler {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut to = To(None);
        event.record(&mut to);
        let Some(to) = to.0 else { return };
        self.heard.lock().expect("no panic under it").push(to);
        if self.panics {
            resume_unwind(Box::new("no more"));
        }
        meddle(&self.breaker);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

const STEPS: [(u64, CircuitState, CircuitState); 3] = [
    (1, CircuitState::Closed, CircuitState::Open),
    (2, CircuitState::Open, CircuitState::ForcedOpen),
    (3, CircuitState::ForcedOpen, CircuitState::Closed),
];

#[tokio::test(start_paused = true)]
async fn a_log_may_ask_and_tell_the_breaker_anything_while_it_is_told() {
    let bed = Bed::new().await;
    let breaker = bed.breaker(touchy());
    let mut events = bed.breakers.subscribe();
    let heard = Arc::<Mutex<Vec<String>>>::default();
    let meddler = Meddler {
        breaker: breaker.clone(),
        heard: Arc::clone(&heard),
        panics: false,
    };
    tracing::subscriber::with_default(meddler, || {
        breaker.try_acquire().expect("it is closed").failure();
    });
    assert_eq!(steps(&mut events), STEPS);
    assert_eq!(
        *heard.lock().expect("no panic under it"),
        ["open", "forced_open", "closed"]
    );
    assert_eq!(breaker.state(), CircuitState::Closed);
    drop(events);
    bed.end().await;
}

/// Meddles, or panics, when it is woken.
struct Woken {
    breaker: CircuitBreaker,
    panics: bool,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        if self.panics {
            resume_unwind(Box::new("no more"));
        }
        meddle(&self.breaker);
    }
}

#[tokio::test(start_paused = true)]
async fn a_waker_may_ask_and_tell_the_breaker_anything_while_it_is_woken() {
    let bed = Bed::new().await;
    let breaker = bed.breaker(touchy());
    let mut all = bed.breakers.subscribe();
    let mut events = bed.breakers.subscribe();
    let woken = Waker::from(Arc::new(Woken {
        breaker: breaker.clone(),
        panics: false,
    }));
    let mut next = Box::pin(events.next());
    let polled = next.as_mut().poll(&mut Context::from_waker(&woken));
    assert!(polled.is_pending());
    breaker.try_acquire().expect("it is closed").failure();
    assert_eq!(
        breaker.state(),
        CircuitState::ForcedOpen,
        "it was woken once"
    );
    assert_eq!(steps(&mut all), STEPS[..2]);
    drop(next);
    assert_eq!(steps(&mut events), STEPS[..2]);
    drop((all, events, woken));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_counts_once_also_if_a_listener_panics_over_it() {
    for in_log in [false, true] {
        let bed = Bed::new().await;
        let breaker = bed.breaker(touchy());
        let mut all = bed.breakers.subscribe();
        let mut events = bed.breakers.subscribe();
        let woken = Waker::from(Arc::new(Woken {
            breaker: breaker.clone(),
            panics: !in_log,
        }));
        let meddler = Meddler {
            breaker: breaker.clone(),
            heard: Arc::default(),
            panics: in_log,
        };
        let mut next = Box::pin(events.next());
        if !in_log {
            let polled = next.as_mut().poll(&mut Context::from_waker(&woken));
            assert!(polled.is_pending());
        }
        let permit = breaker.try_acquire().expect("it is closed");
        let settled = AssertUnwindSafe(|| permit.failure());
        let settled = tracing::subscriber::with_default(meddler, || catch_unwind(settled));
        assert!(settled.is_err());
        let totals = breaker.stats().totals;
        assert_eq!((totals.failures, totals.panicked, totals.late), (1, 0, 0));
        drop(next);
        // Others hear of it, and of what comes after.
        breaker.reset();
        let reset = (2, CircuitState::Open, CircuitState::Closed);
        assert_eq!(steps(&mut all), [STEPS[0], reset]);
        drop((all, events, woken));
        bed.end().await;
    }
}
