//! Handlers that emit.

use mainstay_actors::Telemetry;
use mainstay_actors::telemetry::{Event, NESTING_MAX};

use super::support::{Bed, Heard, LONG, handler};

#[tokio::test(start_paused = true)]
async fn a_handler_is_not_told_of_what_it_emits_but_others_are() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let heard = Heard::default();
    let (emits, listener) = (telemetry.clone(), heard.clone());
    let echo = move |event: &Event| {
        listener.note(format!("echo: {event}"));
        emits.execute("echoed", (), ()).expect("a path");
    };
    telemetry
        .attach("echo", "**", echo)
        .expect("it is attached")
        .keep();
    telemetry
        .attach("other", "**", heard.listener())
        .expect("it is attached")
        .keep();
    telemetry.execute("a", (), ()).expect("a path");
    assert_eq!(heard.take(), ["echo: a", "echoed", "a"]);
    assert_eq!(handler(&telemetry, "echo").own_count, 1);
    telemetry.execute("b", (), ()).expect("a path");
    assert_eq!(heard.take(), ["echo: b", "echoed", "b"], "it is as before");
    bed.end().await;
}

/// A handler that answers each event of `hears` with one of `says`.
fn answer(
    telemetry: &Telemetry,
    heard: &Heard,
    hears: &str,
    says: &'static str,
) -> impl Fn(&Event) + Send + Sync + 'static + use<> {
    let (emits, listener, hears) = (telemetry.clone(), heard.clone(), hears.to_owned());
    move |event| {
        assert_eq!(event.path(), hears.as_str());
        listener.note(event.path().to_string());
        emits.execute(says, (), ()).expect("a path");
    }
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_handlers_ends_at_the_depth_that_is_stated() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let heard = Heard::default();
    let paths = ["e0", "e1", "e2", "e3", "e4", "e5", "e6"];
    for pair in paths.windows(2) {
        let call = answer(&telemetry, &heard, pair[0], pair[1]);
        telemetry
            .attach(pair[0], pair[0], call)
            .expect("it is attached")
            .keep();
    }
    telemetry.execute("e0", (), ()).expect("a path");
    assert_eq!(heard.take(), paths[..=usize::from(NESTING_MAX)]);
    assert_eq!(telemetry.status().too_deep_count, 1);
    telemetry.execute("e3", (), ()).expect("a path");
    assert_eq!(
        heard.take(),
        ["e3", "e4", "e5"],
        "the depth is that of the chain, not of the path"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn two_queued_handlers_that_answer_each_other_come_to_an_end() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let heard = Heard::default();
    for (hears, says) in [("ping", "pong"), ("pong", "ping")] {
        let call = answer(&telemetry, &heard, hears, says);
        telemetry
            .attach_queued(hears, hears, 64, call)
            .expect("it is attached")
            .keep();
    }
    telemetry.execute("ping", (), ()).expect("a path");
    // Each flush sees at least one more link of the chain through.
    for _ in 0..=NESTING_MAX {
        assert!(telemetry.flush(LONG).await);
    }
    assert_eq!(heard.take(), ["ping", "pong", "ping", "pong", "ping"]);
    assert_eq!(telemetry.status().too_deep_count, 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_queued_handler_does_not_fill_its_own_queue() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let emits = telemetry.clone();
    let call = move |_: &Event| emits.execute("again", (), ()).expect("a path");
    telemetry
        .attach_queued("loop", "**", 64, call)
        .expect("it is attached")
        .keep();
    telemetry.execute("a", (), ()).expect("a path");
    assert!(telemetry.flush(LONG).await);
    let status = handler(&telemetry, "loop");
    assert_eq!((status.calls_count, status.own_count), (1, 1));
    bed.end().await;
}
