//! Subscriptions.

use std::time::Duration;

use mainstay_actors::config::{ConfigError, ConfigEvent, ConfigEvents, EVENTS_BACKLOG, Lagged};

use super::support::{Bed, json, poll_once, spec, value};

/// What is waiting in the stream, shortened to path and version.
fn waiting(events: &mut ConfigEvents) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(event) = events.try_next() {
        told.push(match event {
            Ok(ConfigEvent::Updated(change)) => format!("{} {}", change.version, change.path),
            Ok(ConfigEvent::Reset(reset)) => format!("{} reset", reset.version),
            Ok(other) => panic!("{other:?}"),
            Err(Lagged(missed)) => format!("missed {missed}"),
        });
    }
    told
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_is_told_of_every_change_once_and_in_order() {
    let bed = Bed::with("(a: 1, b: (c: 1))").await;
    let config = bed.config();
    config.update("a", 2).await.expect("an update");
    let mut events = config.subscribe().expect("a stream");
    assert_eq!(events.since(), 1);
    config.update("b.c", 2).await.expect("an update");
    config.update("b.c", 2).await.expect("an update");
    config.reset().await.expect("a reset");
    let first = events.next().await.expect("an event").expect("no lag");
    assert_eq!(
        json(&first),
        r#"{"type":"updated","path":"b.c","previous":1,"value":2,"version":2}"#
    );
    let second = events.next().await.expect("an event").expect("no lag");
    assert_eq!(second.version(), 3, "setting the same is an update too");
    let third = events.next().await.expect("an event").expect("no lag");
    assert_eq!(
        json(&third),
        r#"{"type":"reset","changes":[{"path":"a","previous":2,"value":1},{"path":"b.c","previous":2,"value":1}],"version":4}"#
    );
    assert!(events.try_next().is_none());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_to_a_part_is_told_of_that_part_only() {
    let bed = Bed::with("(a: 1, b: (c: 1, d: 1))").await;
    let config = bed.config();
    let mut part = config.subscribe_to("b.c").expect("a stream");
    let mut missing = config.subscribe_to("x.y").expect("a stream");
    config.update("a", 2).await.expect("an update");
    config.update("b.d", 2).await.expect("an update");
    config.update("b.c", 2).await.expect("an update");
    config
        .update("b", value("(c: 2, d: 3)"))
        .await
        .expect("an update");
    config
        .update("b", value("(d: 3)"))
        .await
        .expect("an update");
    config.update("x.y.z", 1).await.expect("an update");
    config.reset().await.expect("a reset");
    config.reset().await.expect("a reset");
    assert_eq!(waiting(&mut part), ["3 b.c", "5 b", "7 reset"]);
    assert_eq!(waiting(&mut missing), ["6 x.y.z", "7 reset"]);
    assert!(matches!(
        config.subscribe_to("a..b"),
        Err(ConfigError::Path(_))
    ));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_subscriber_loses_the_oldest_and_is_told_how_many() {
    let bed = Bed::with("(a: 0, b: 0)").await;
    let config = bed.config();
    let mut all = config.subscribe().expect("a stream");
    let mut part = config.subscribe_to("a").expect("a stream");
    let more = 5;
    for n in 0..EVENTS_BACKLOG + more {
        config.update("a", n).await.expect("an update");
        config.update("b", n).await.expect("an update");
    }
    assert_eq!(
        all.next().await,
        Some(Err(Lagged((EVENTS_BACKLOG + 2 * more) as u64)))
    );
    assert_eq!(
        part.next().await,
        Some(Err(Lagged(more as u64))),
        "only what it would have been told counts"
    );
    let next = part.next().await.expect("an event").expect("no lag");
    assert_eq!(next.version(), 2 * more as u64 + 1);
    assert_eq!(waiting(&mut part).len(), EVENTS_BACKLOG - 1);
    assert_eq!(waiting(&mut all).len(), EVENTS_BACKLOG);
    let last = config.snapshot().version();
    config.update("a", 0).await.expect("an update");
    assert_eq!(waiting(&mut part), [format!("{} a", last + 1)]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn there_are_as_many_subscribers_as_may_be_and_one_that_leaves_makes_room() {
    let bed = Bed::with_spec(spec("(a: 1)").subscribers_max(2)).await;
    let config = bed.config();
    let first = config.subscribe().expect("a stream");
    let _second = config.subscribe().expect("a stream");
    let refused = config
        .subscribe()
        .map(|_| ())
        .map_err(|error| error.to_string());
    assert_eq!(
        refused,
        Err("there are 2 subscribers, as many as there may be".to_owned())
    );
    assert_eq!(config.status().subscribers_count, 2);
    drop(first);
    assert_eq!(config.status().subscribers_count, 1);
    assert!(config.subscribe().is_ok());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_subscription_outlives_its_handle_and_every_end_of_the_actor() {
    let bed = Bed::with("(a: 0)").await;
    let mut events = bed.config().subscribe().expect("a stream");
    for n in 1..=3 {
        let keeper = bed.keeper();
        keeper.kill();
        bed.successor(&keeper).await;
        bed.config().update("a", n).await.expect("an update");
    }
    assert_eq!(waiting(&mut events), ["1 a", "2 a", "3 a"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_the_namespace_after_all_was_read() {
    let bed = Bed::with("(a: 0)").await;
    let config = bed.config();
    let mut events = config.subscribe().expect("a stream");
    config.update("a", 1).await.expect("an update");
    bed.end().await;
    assert_eq!(
        events
            .next()
            .await
            .and_then(Result::ok)
            .map(|event| event.version()),
        Some(1)
    );
    assert_eq!(events.next().await, None);
    assert_eq!(events.next().await, None);
    drop(config);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_for_the_next_event_loses_nothing() {
    let bed = Bed::with("(a: 0)").await;
    let config = bed.config();
    let mut events = config.subscribe().expect("a stream");
    for n in 1..=3 {
        assert_eq!(poll_once(Box::pin(events.next()).as_mut()), None);
        config.update("a", n).await.expect("an update");
        let waited = tokio::time::timeout(Duration::from_secs(1), events.next()).await;
        let event = waited.expect("in time").expect("an event").expect("no lag");
        assert_eq!(event.version(), n);
    }
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stream_begins_right_after_the_version_it_names() {
    let bed = Bed::with("(a: 0)").await;
    let config = bed.config();
    for round in 0..100 {
        // Few enough to wait in the queue together.
        let (first, last) = (round * 50, round * 50 + 50);
        let writer = tokio::spawn({
            let config = config.clone();
            async move {
                for n in first..last {
                    config.update("a", n + 1).await.expect("an update");
                }
            }
        });
        let mut events = config.subscribe().expect("a stream");
        let since = events.since();
        writer.await.expect("no panic");
        let expected: Vec<String> = (since + 1..=last).map(|nth| format!("{nth} a")).collect();
        assert_eq!(waiting(&mut events), expected);
    }
    assert_eq!(config.status().subscribers_count, 0);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_subscription_is_held_of_the_namespace_until_it_is_dropped() {
    let bed = Bed::with("(a: 1)").await;
    let config = bed.config();
    let ledger = bed.namespace.ledger().clone();
    let top = std::panic::Location::caller();
    let whole = config.subscribe().expect("a stream");
    let part = config.subscribe_to("a.b").expect("a stream");
    config.subscribe_to("a..b").expect_err("no path");
    let held = |below: usize, name: &str| {
        let holding = &ledger.held()[below - 1];
        let place = (holding.made_at.file(), holding.made_at.line() as usize);
        assert_eq!(place, (top.file(), top.line() as usize + below));
        assert_eq!(
            (holding.what, &*holding.name),
            ("config subscription", name)
        );
    };
    held(1, "everything");
    held(2, "a.b");
    assert_eq!(ledger.held().len(), 2);
    drop(whole);
    bed.end().await;
    assert_eq!(ledger.held().len(), 1);
    drop(part);
    assert_eq!(ledger.held().len(), 0);
}
