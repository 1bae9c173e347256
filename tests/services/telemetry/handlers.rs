//! Attaching and detaching.

use mainstay_actors::telemetry::TelemetryError;

use super::support::{Bed, Heard, text};

#[tokio::test(start_paused = true)]
async fn handlers_are_called_in_the_order_in_which_they_were_attached() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let heard = Heard::default();
    let of = |name: &'static str| {
        let heard = heard.clone();
        telemetry
            .attach(name, "**", move |_| heard.note(name))
            .expect("it is attached")
    };
    let (first, _second, _third) = (of("b"), of("a"), of("c"));
    telemetry.execute("x", (), ()).expect("a path");
    assert_eq!(heard.take(), ["b", "a", "c"]);
    drop(first);
    let _last = of("b");
    telemetry.execute("x", (), ()).expect("a path");
    assert_eq!(heard.take(), ["a", "c", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_in_the_ledger_with_its_place_until_it_is_detached() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let kept = telemetry
        .attach("kept", "a.**", |_| {})
        .expect("it is attached");
    assert_eq!(kept.name(), "kept");
    kept.keep();
    let guard = telemetry
        .attach_queued("queued", "b", 4, |_| {})
        .expect("it is attached");
    let held = bed.namespace.ledger().held();
    let places: Vec<_> = held.iter().map(|holding| holding.made_at.file()).collect();
    assert_eq!(places, [file!(); 2]);
    let handler = |name: &str| ("telemetry handler", name.to_owned());
    assert_eq!(bed.held(), [handler("kept"), handler("queued")]);
    guard.detach().await.expect("its thread ends");
    assert_eq!(bed.held(), [handler("kept")]);
    telemetry.detach("kept").await.expect("it is attached");
    assert_eq!(bed.held(), []);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_is_had_by_one_handler_at_a_time() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let first = telemetry
        .attach("log", "a", |_| {})
        .expect("it is attached");
    let again = telemetry.attach("log", "b", |_| {}).map(drop);
    assert_eq!(
        again.map_err(text),
        Err("a handler named \"log\" is attached already".to_owned())
    );
    drop(first);
    telemetry
        .attach("log", "b", |_| {})
        .expect("the name is free")
        .keep();
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn detaching_what_is_not_attached_is_refused() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let nobody = TelemetryError::NotAttached {
        name: "log".to_owned(),
    };
    assert_eq!(telemetry.detach("log").await, Err(nobody.clone()));
    let guard = telemetry
        .attach("log", "a", |_| {})
        .expect("it is attached");
    telemetry.detach("log").await.expect("it is attached");
    let second = telemetry
        .attach("log", "b", |_| {})
        .expect("the name is free");
    assert_eq!(
        guard.detach().await,
        Err(nobody),
        "the second one is not the guard's"
    );
    assert_eq!(telemetry.status().handlers.len(), 1);
    drop(second);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn wrong_names_patterns_and_queues_are_refused() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let attach = |name: &str, pattern: &str| {
        telemetry
            .attach(name, pattern, |_| {})
            .map(drop)
            .map_err(text)
    };
    let name = "expected a name of 1 to 128 bytes for a handler, found";
    assert_eq!(attach("", "a"), Err(format!("{name} 0")));
    assert_eq!(attach(&"x".repeat(129), "a"), Err(format!("{name} 129")));
    assert_eq!(
        attach("x", "**.a"),
        Err("expected nothing after `**`, found \"**.a\"".to_owned())
    );
    for found in [0, 65_537, usize::MAX] {
        let queued = telemetry.attach_queued("x", "a", found, |_| {}).map(drop);
        assert_eq!(
            queued,
            Err(TelemetryError::QueueTooLong { max: 65_536, found })
        );
    }
    assert_eq!(bed.held(), []);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_attach_and_detach_handlers_itself_included() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let heard = Heard::default();
    let (once, listener) = (telemetry.clone(), heard.clone());
    let call = move |event: &mainstay_actors::telemetry::Event| {
        let left = std::pin::pin!(once.detach("once"));
        let left = left.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        listener.note(format!("{event}: {left:?}"));
        once.attach("next", "**", listener.listener())
            .expect("it is attached")
            .keep();
    };
    telemetry
        .attach("once", "**", call)
        .expect("it is attached")
        .keep();
    telemetry.execute("a", (), ()).expect("a path");
    assert_eq!(heard.take(), ["a: Ready(Ok(()))"]);
    telemetry.execute("b", (), ()).expect("a path");
    assert_eq!(heard.take(), ["b"]);
    bed.end().await;
}
