//! `/api/tree/events`.

use std::time::Duration;

use mainstay::http::{Change, Reason, TreeEvent};
use mainstay::prelude::*;
use serde_json::json;

use crate::client::{Ask, Stream};
use crate::support::{address, builder, node, process, with};

const ONE: &str = r#"(name: "app", children: [(id: "a", kind: "idle")])"#;

/// How many events there are when a node with [`ONE`] has booted.
const BOOTED: u64 = 5;

fn events(query: &str) -> Ask {
    Ask::get(format!("/api/tree/events{query}"))
}

#[tokio::test]
async fn from_the_beginning_every_event_is_told_in_order() {
    let node = node(ONE).await;
    let mut stream = Stream::open(address(&node), events("?after=0")).await;
    let sent = stream.take(5).await;
    let told: Vec<_> = sent
        .iter()
        .map(|sent| {
            (
                sent.id.unwrap(),
                sent.event.as_str(),
                sent.data["path"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (1, "started", "http/server"),
            (2, "started", "http"),
            (3, "started", "app/children/a"),
            (4, "started", "app/children"),
            (5, "started", "app"),
        ]
    );
    let mut data = sent[2].data.clone();
    assert!(data["at_ms"].as_u64().unwrap() > 1_700_000_000_000);
    data["at_ms"] = json!(0);
    let expected =
        json!({"id": 3, "at_ms": 0, "path": "app/children/a", "pid": 5, "type": "started"});
    assert_eq!(data, expected);
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_child_that_crashes_is_told_as_exited_reported_and_restarted() {
    let node = node(ONE).await;
    let mut stream = Stream::open(address(&node), events("")).await;
    process(&node, "app/children/a").await.kill();
    let sent = stream.take(3).await;
    let ids: Vec<_> = sent.iter().map(|sent| sent.id.unwrap()).collect();
    assert_eq!(ids, [BOOTED + 1, BOOTED + 2, BOOTED + 3]);
    let told: Vec<TreeEvent> = sent
        .iter()
        .map(|sent| serde_json::from_value(sent.data.clone()).unwrap())
        .collect();
    let changes: Vec<_> = told
        .iter()
        .map(|event| (event.path.as_str(), event.pid, event.change.clone()))
        .collect();
    let a = ChildId::new("a").unwrap();
    assert_eq!(
        changes,
        [
            (
                "app/children/a",
                5,
                Change::Exited {
                    reason: Reason::Killed
                }
            ),
            (
                "app/children",
                4,
                Change::ChildTerminated {
                    child: a,
                    child_pid: 5,
                    reason: Reason::Killed
                }
            ),
            ("app/children/a", 6, Change::Restarted { restarts: 1 }),
        ]
    );
    for (sent, event) in sent.iter().zip(&told) {
        assert_eq!(sent.event, event.change.name());
        assert_eq!(serde_json::to_value(event).unwrap(), sent.data);
    }
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_supervisor_that_gives_up_is_told_with_the_reasons() {
    let node = node(
        r#"(name: "app", supervisor: (intensity: 0), children: [
            (id: "pool", supervisor: (intensity: 1), restart: temporary, children: [
                (id: "bad", kind: "failing", args: "no luck"),
            ]),
        ])"#,
    )
    .await;
    let mut stream = Stream::open(address(&node), events("?after=0")).await;
    let gave_up = stream.until("gave_up", "app/children/pool").await;
    assert_eq!(gave_up.data["type"], "gave_up");
    assert_eq!(gave_up.data["child"], "bad");
    let exited = stream.until("exited", "app/children/pool").await;
    assert_eq!(exited.data["reason"], json!({"type": "shutdown"}));

    let mut stream = Stream::open(address(&node), events("?after=0")).await;
    let exited = stream.until("exited", "app/children/pool/bad").await;
    assert_eq!(
        exited.data["reason"],
        json!({"type": "failed", "error": "no luck"})
    );
    let reported = stream.until("child_terminated", "app/children/pool").await;
    assert_eq!(reported.data["child"], "bad");
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_client_that_comes_back_goes_on_after_the_last_event_it_has_seen() {
    let node = node(ONE).await;
    let by_header = || events("").header("last-event-id", "3");
    for ask in [
        by_header(),
        events("?after=3"),
        events("?after=1").header("last-event-id", "3"),
    ] {
        let mut stream = Stream::open(address(&node), ask).await;
        let ids: Vec<_> = stream
            .take(2)
            .await
            .iter()
            .map(|sent| sent.id.unwrap())
            .collect();
        assert_eq!(ids, [4, 5]);
    }
    let last = BOOTED.to_string();
    let mut stream = Stream::open(address(&node), events("").header("last-event-id", last)).await;
    process(&node, "app/children/a").await.kill();
    assert_eq!(stream.next().await.unwrap().id, Some(BOOTED + 1));
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_client_that_knows_later_events_than_there_are_is_told_and_begins_anew() {
    let node = node(ONE).await;
    for last in [BOOTED + 1, u64::MAX] {
        let ask = events("").header("last-event-id", last.to_string());
        let mut stream = Stream::open(address(&node), ask).await;
        let reset = stream.next().await.unwrap();
        assert_eq!((reset.id, reset.event.as_str()), (None, "reset"));
        assert_eq!(reset.data, json!({"last_event": BOOTED}));
        assert_eq!(stream.next().await.unwrap().id, Some(1));
    }
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn an_id_that_is_no_number_is_refused() {
    let node = node(ONE).await;
    for ask in [
        events("?after=x"),
        events("?after=-1"),
        events("?after=18446744073709551616"),
        events("?since=1"),
        events("").header("last-event-id", "x"),
    ] {
        let answer = ask.send(address(&node)).await;
        assert_eq!(answer.error(), (400, "bad_request".into(), None));
    }
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_client_that_comes_too_late_is_told_how_many_events_it_has_missed() {
    let node = with(builder().history(2), ONE).await;
    let mut stream = Stream::open(address(&node), events("?after=1")).await;
    let lagged = stream.next().await.unwrap();
    assert_eq!((lagged.id, lagged.event.as_str()), (Some(3), "lagged"));
    assert_eq!(lagged.data, json!({"missed": 2}));
    let ids: Vec<_> = stream
        .take(2)
        .await
        .iter()
        .map(|sent| sent.id.unwrap())
        .collect();
    assert_eq!(ids, [4, 5]);
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn streams_end_when_the_node_has_stopped_and_do_not_hold_it_up() {
    let node = node(ONE).await;
    let mut watching = Stream::open(address(&node), events("")).await;
    // This one never reads.
    let _idle = Stream::open(address(&node), events("?after=0")).await;
    let report = node.stop(Duration::from_secs(60)).await;
    assert!(report.killed.is_empty());
    let told: Vec<_> = watching
        .take(3)
        .await
        .into_iter()
        .map(|sent| (sent.id.unwrap(), sent.event, sent.data["path"].clone()))
        .collect();
    let exited = |id, path| (id, "exited".to_owned(), json!(path));
    assert_eq!(
        told,
        [
            exited(6, "app/children/a"),
            exited(7, "app/children"),
            exited(8, "app")
        ]
    );
    assert_eq!(watching.next().await, None);
}
