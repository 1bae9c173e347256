//! Emitting, by emitters and by name.

use mainstay_actors::telemetry::{
    EventDescriptor, Measurements, Metadata, Number, TelemetryEvent, Value,
};

use super::support::{Bed, Heard, text};

#[tokio::test(start_paused = true)]
async fn an_event_is_said_only_if_somebody_listens() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let emitter = telemetry.event("a.b").expect("a path");
    let elsewhere = telemetry
        .attach("elsewhere", "a.c", |_| {})
        .expect("it is attached");
    assert!(!emitter.is_heard());
    emitter.emit(|| -> ((), ()) { panic!("nobody listens") });

    let heard = Heard::default();
    let here = telemetry
        .attach("here", "a.*", heard.listener())
        .expect("it is attached");
    assert!(emitter.is_heard());
    emitter.emit(|| ([("count", 1_u64)], [("who", "me")]));
    assert_eq!(heard.take(), ["a.b count=1 who=me"]);

    drop(here);
    assert!(!emitter.is_heard());
    emitter.emit(|| -> ((), ()) { panic!("nobody listens") });
    drop(elsewhere);
    assert_eq!(telemetry.status().events_count, 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_tells_when_and_where_it_happened_and_in_which_order() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let mut events = telemetry.subscribe("**").expect("a stream");
    telemetry.execute("a.b", [("x", 1.5)], ()).expect("a path");
    let begun = tokio::time::Instant::now();
    tokio::time::advance(std::time::Duration::from_secs(3)).await;
    telemetry
        .execute("a.c", (), [("ok", true)])
        .expect("a path");
    let first = events.next().await.expect("an event").expect("no lag");
    let second = events.next().await.expect("an event").expect("no lag");
    assert_eq!((first.number(), second.number()), (1, 2));
    assert_eq!(
        (first.at(), second.at()),
        (begun, begun + std::time::Duration::from_secs(3))
    );
    assert_eq!(first.namespace(), "bed");
    assert_eq!(first.path(), "a.b");
    assert_eq!(first.measurements().get("x"), Some(&Number::Float(1.5)));
    assert_eq!(second.metadata().get("ok"), Some(&Value::Bool(true)));
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_path_is_refused_whether_somebody_listens_or_not() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let expected = "expected something between, before and after the dots, found \"a..b\"";
    for _ in 0..2 {
        assert_eq!(
            telemetry.execute("a..b", (), ()).map_err(text),
            Err(expected.to_owned())
        );
        telemetry
            .attach("all", "**", |_| {})
            .map_or_else(|_| {}, |attached| attached.keep());
    }
    assert_eq!(
        telemetry.event("a..b").map(drop).map_err(text),
        Err(expected.to_owned())
    );
    assert_eq!(
        telemetry.span("a..b").map(drop).map_err(text),
        Err(expected.to_owned())
    );
    let long = "x".repeat(250);
    assert!(telemetry.event(long.as_str()).is_ok());
    assert_eq!(
        telemetry.span(long.as_str()).map(drop).map_err(text),
        Err("expected at most 255 bytes, found 260".to_owned())
    );
    bed.end().await;
}

struct Opened {
    failures: u64,
    service: &'static str,
}

impl TelemetryEvent for Opened {
    const DESCRIPTOR: EventDescriptor =
        EventDescriptor::new("app.breaker.opened", &["failure_count"], &["service"]);

    fn measurements(&self) -> Measurements {
        [("failure_count", self.failures)].into()
    }

    fn metadata(&self) -> Metadata {
        [("service", self.service)].into()
    }
}

#[tokio::test(start_paused = true)]
async fn a_typed_event_says_what_its_kind_says() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let opened = telemetry.typed::<Opened>();
    opened.emit(|| panic!("nobody listens"));
    let mut events = telemetry.subscribe("app.**").expect("a stream");
    opened.clone().emit(|| Opened {
        failures: 5,
        service: "mail",
    });
    let event = events.next().await.expect("an event").expect("no lag");
    assert_eq!(
        event.to_string(),
        "app.breaker.opened failure_count=5 service=mail"
    );
    assert_eq!(Opened::DESCRIPTOR.check(&event), Ok(()));

    telemetry
        .execute("app.breaker.opened", (), [("server", "mail")])
        .expect("a path");
    let event = events.next().await.expect("an event").expect("no lag");
    assert_eq!(
        Opened::DESCRIPTOR.check(&event).map_err(text),
        Err("an event is not as `app.breaker.opened` is described; \
             measurements: expected [\"failure_count\"], found []; \
             metadata: expected [\"service\"], found [\"server\"]"
            .to_owned())
    );
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn namespaces_do_not_hear_each_other() {
    let (left, right) = (Bed::new().await, Bed::new().await);
    let mut events = left.telemetry().subscribe("**").expect("a stream");
    right.telemetry().execute("a", (), ()).expect("a path");
    assert!(events.try_next().is_none());
    assert_eq!(right.telemetry().status().events_count, 0);
    drop(events);
    left.end().await;
    right.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_who_says_the_event_is_its_own_and_nobody_is_told() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let heard = Heard::default();
    telemetry
        .attach("all", "**", heard.listener())
        .expect("it is attached")
        .keep();
    let emitter = telemetry.event("a").expect("a path");
    let say = || emitter.emit(|| -> ((), ()) { panic!("as planned") });
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(say));
    assert!(caught.is_err());
    assert_eq!(heard.take(), [""; 0]);
    emitter.emit(|| ((), ()));
    assert_eq!(heard.take(), ["a"]);
    bed.end().await;
}
