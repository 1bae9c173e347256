//! `/api/events`.

use std::net::SocketAddr;
use std::time::Duration;

use mainstay::actors::event_store::{Event, EventPage};
use mainstay::http::EventsStored;
use mainstay::prelude::*;
use serde_json::{Value, json};

use crate::client::{Answer, Ask};
use crate::support::{address, node, process};

const STORE: &str = r#"(name: "production", services: (event_store: (
    backend: memory, batch_max: 3, data_max: 100, query_limit: 2, query_limit_max: 5, max_age: "36500days",
)))"#;

async fn production() -> Node {
    node(STORE).await
}

fn get(query: &str) -> Ask {
    Ask::get(format!("/api/events{query}"))
}

/// With all that it takes to be carried out.
fn post(body: &Value) -> Ask {
    Ask::new("POST", "/api/events")
        .header("authorization", "Bearer secret")
        .header("content-type", "application/json")
        .body(body.to_string())
}

/// The numbers of the events that fit, and whether there are more.
async fn ids(to: SocketAddr, query: &str) -> (Vec<u64>, bool) {
    let answer = get(query).send(to).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let page: EventPage = serde_json::from_str(&answer.body).unwrap();
    let ids = page.events.iter().filter_map(Event::id);
    (ids.map(|id| id.get()).collect(), page.more)
}

fn message(answer: &Answer) -> String {
    answer.json()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn an_event_is_stored_and_found() {
    let node = production().await;
    let to = address(&node);
    let event = json!({
        "event_type": "user_login", "wall_time": "2026-11-26T18:00:00.000001Z", "correlation_id": "request-7",
        "process": "shop", "parent_id": 3, "data": {"user": "ada", "tries": 2},
    });
    let answer = post(&event).send(to).await;
    assert_eq!(answer.status, 201);
    let stored: EventsStored = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(stored.ids.len(), 1);
    assert_eq!(answer.json(), json!({"ids": [1]}));
    let answer = get("/1").send(to).await;
    let mut expected = event;
    expected["id"] = json!(1);
    expected["namespace"] = json!("production");
    let mut found = answer.json();
    assert!(
        found
            .as_object_mut()
            .unwrap()
            .remove("monotonic_ns")
            .is_some()
    );
    assert_eq!((answer.status, found), (200, expected));
    let page = get("?data.user=ada").send(to).await.json();
    assert_eq!(
        (page["more"].clone(), page["events"][0]["id"].clone()),
        (json!(false), json!(1))
    );
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_list_is_stored_whole_or_not_at_all() {
    let node = production().await;
    let to = address(&node);
    let event = |kind: &str| json!({"event_type": kind});
    let answer = post(&json!([event("a"), event("b")])).send(to).await;
    assert_eq!(
        (answer.status, answer.json()),
        (201, json!({"ids": [1, 2]}))
    );
    let wrong = json!([event("a"), event(""), {"event_type": "b", "odd": 1}, {"data": 1}]);
    let answer = post(&wrong).send(to).await;
    assert_eq!(answer.error(), (422, "invalid_value".into(), None));
    let told = message(&answer);
    assert!(told.starts_with("[1]: event_type: expected a text that is not empty; [2]: unknown field `odd`, expected one of "), "{told}");
    assert!(
        told.ends_with("; [3]: missing field `event_type`"),
        "{told}"
    );
    let large = json!([event("a"), {"event_type": "b", "data": "x".repeat(99)}]);
    let answer = post(&large).send(to).await;
    assert_eq!(answer.error(), (422, "invalid_value".into(), None));
    assert_eq!(
        message(&answer),
        "[1].data: expected at most 100 bytes as JSON, found 101"
    );
    let answer = post(&json!([event("a"), event("b"), event("c"), event("d")]))
        .send(to)
        .await;
    assert_eq!(answer.error(), (413, "payload_too_large".into(), None));
    let answer = post(&json!([])).send(to).await;
    assert_eq!((answer.status, answer.json()), (201, json!({"ids": []})));
    assert_eq!(ids(to, "").await, (vec![1, 2], false));
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_field_that_is_given_twice_or_is_none_is_told() {
    let node = production().await;
    let to = address(&node);
    for (body, told) in [
        (
            r#"{"event_type":"a","event_type":"b"}"#,
            "duplicate field `event_type`",
        ),
        (
            r#" [{"event_type":"a"}, {"event_type":"b","id":1,"id":2}]"#,
            "[1]: duplicate field `id`",
        ),
        (
            r#"[{"event_type":"a"}, {"event_type":"b","data":18446744073709551616}]"#,
            "[1]: expected integers of 64 bits, found 18446744073709551616",
        ),
        (
            r#"{"event_type":" at line 3 column 4"}"#,
            "event_type: expected no control character and no white space at either end, found \" at line 3 column 4\"",
        ),
    ] {
        let answer = post(&Value::Null).body(body).send(to).await;
        assert_eq!(answer.error(), (422, "invalid_value".into(), None));
        assert_eq!(message(&answer), told);
    }
    assert_eq!(ids(to, "").await, (vec![], false));
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn an_event_with_a_number_and_a_time_of_its_own_can_be_sent_again() {
    let node = production().await;
    let to = address(&node);
    let event = json!({"event_type": "e", "id": 7, "wall_time": "2026-11-26T18:00:00Z"});
    for _ in 0..2 {
        let answer = post(&event).send(to).await;
        assert_eq!((answer.status, answer.json()), (201, json!({"ids": [7]})));
    }
    let answer = post(&json!({"event_type": "other", "id": 7}))
        .send(to)
        .await;
    assert_eq!(answer.error(), (409, "conflict".into(), Some("7".into())));
    assert_eq!(ids(to, "").await, (vec![7], false));
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn every_parameter_is_heeded() {
    let node = production().await;
    let to = address(&node);
    for (nth, kind) in ["a", "b", "a", "c", "b"].into_iter().enumerate() {
        let mut event = json!({
            "event_type": kind, "wall_time": format!("2026-11-26T18:00:0{}Z", 9 - nth), "correlation_id": format!("m{}", nth % 2),
            "process": format!("p{}", nth % 3), "node": format!("n{}", nth % 2), "data": {"nth": nth, "text": nth.to_string()},
        });
        if nth > 0 {
            event["parent_id"] = json!(nth);
        }
        assert_eq!(post(&event).send(to).await.status, 201);
    }
    for (query, expected, more) in [
        ("", vec![1, 2], true),
        ("?limit=5", vec![1, 2, 3, 4, 5], false),
        ("?limit=2&offset=3", vec![4, 5], false),
        ("?limit=5&direction=descending", vec![5, 4, 3, 2, 1], false),
        ("?limit=5&order_by=time", vec![5, 4, 3, 2, 1], false),
        ("?order_by=time&direction=descending", vec![1, 2], true),
        ("?limit=5&event_type=a", vec![1, 3], false),
        ("?limit=5&event_type=a&event_type=c", vec![1, 3, 4], false),
        ("?limit=5&from=2026-11-26T18:00:07Z", vec![1, 2, 3], false),
        (
            "?limit=5&from=2026-11-26T18:00:07Z&until=2026-11-26T18:00:08Z",
            vec![3],
            false,
        ),
        ("?limit=5&after=3", vec![4, 5], false),
        ("?limit=5&after=1&before=4", vec![2, 3], false),
        ("?limit=5&correlation_id=m1", vec![2, 4], false),
        ("?limit=5&process=p1", vec![2, 5], false),
        ("?limit=5&node=n1", vec![2, 4], false),
        ("?limit=5&parent_id=3", vec![4], false),
        ("?limit=5&data.nth=3", vec![4], false),
        ("?limit=5&data.nth=%223%22", vec![], false),
        ("?limit=5&data.text=%223%22", vec![4], false),
        ("?limit=5&data.nth=3.0", vec![], false),
        (
            "?limit=5&data=%7B%22nth%22%3A0%2C%22text%22%3A%220%22%7D",
            vec![1],
            false,
        ),
        ("?limit=5&data.nth=3&event_type=a", vec![], false),
        ("?limit=5&namespace=production&event_type=c", vec![4], false),
    ] {
        assert_eq!(ids(to, query).await, (expected, more), "{query}");
    }
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn all_that_is_wrong_with_a_question_is_told_with_its_parameter() {
    let node = production().await;
    let to = address(&node);
    let wrong = "?from=today&limit=many&order_by=size&direction=up&parent_id=0&event_type=&offset=-1&data..=1&node=n&node=m&kind=a";
    let answer = get(wrong).send(to).await;
    assert_eq!(answer.error(), (400, "bad_request".into(), None));
    let told = message(&answer);
    let told: Vec<&str> = told.split("; ").collect();
    assert_eq!(
        told,
        [
            "from: expected a time in UTC such as `2026-11-26T18:00:00Z`, found \"today\"",
            "limit: expected a number from 0, found \"many\"",
            "order_by: expected id or time, found \"size\"",
            "direction: expected ascending or descending, found \"up\"",
            "parent_id: expected the number of an event, from 1, found \"0\"",
            "event_type: expected a text that is not empty",
            "offset: expected a number from 0, found \"-1\"",
            "data..: segment 1 of the path is empty",
            "node: given twice",
            "kind: unknown parameter, expected one of namespace, event_type, from, until, after, before, correlation_id, parent_id, process, node, data, \
             data.…, order_by, direction, offset, limit",
        ]
    );
    // What is wrong with the question as a whole is told with them.
    let both = "?limit=6&kind=a&from=2026-11-26T18:00:01Z&until=2026-11-26T18:00:00Z&order_by=size";
    let answer = get(both).send(to).await;
    assert_eq!(answer.error(), (400, "bad_request".into(), None));
    let told = message(&answer);
    let told: Vec<&str> = told.split("; ").collect();
    assert!(told[0].starts_with("kind: unknown parameter"), "{told:?}");
    assert_eq!(
        told[1..],
        [
            "order_by: expected id or time, found \"size\"",
            "limit: expected 1 to 5, found 6",
            "until: expected a time that is not before `from`",
        ]
    );
    let answer = get("?limit=many&namespace=nowhere").send(to).await;
    assert_eq!(answer.error(), (400, "bad_request".into(), None));
    let told = message(&answer);
    let told: Vec<&str> = told.split("; ").collect();
    assert_eq!(told[0], "limit: expected a number from 0, found \"many\"");
    assert!(told[1].starts_with("namespace: "), "{told:?}");
    assert_eq!(told.len(), 2);
    let answer = get("?limit=6&from=2026-11-26T18:00:01Z&until=2026-11-26T18:00:00Z")
        .send(to)
        .await;
    assert_eq!(answer.error(), (400, "bad_request".into(), None));
    assert_eq!(
        message(&answer),
        "limit: expected 1 to 5, found 6; until: expected a time that is not before `from`"
    );
    for (path, status, code) in [
        ("/x", 400, "bad_request"),
        ("/0", 400, "bad_request"),
        ("/%FF", 400, "bad_request"),
        ("/1", 404, "not_found"),
        ("/1?limit=3", 400, "bad_request"),
        ("?namespace=nowhere", 404, "not_found"),
    ] {
        let (found, word, _) = get(path).send(to).await.error();
        assert_eq!((found, word.as_str()), (status, code), "{path}");
    }
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn prevents_unauthorized_event_manipulation() {
    let node = production().await;
    let to = address(&node);
    let body = r#"{"event_type":"e"}"#;
    let ask = || Ask::new("POST", "/api/events").body(body);
    let answer = ask()
        .header("content-type", "application/json")
        .send(to)
        .await;
    assert_eq!(answer.error(), (401, "unauthorized".into(), None));
    let answer = ask()
        .header("authorization", "Bearer secret")
        .send(to)
        .await;
    assert_eq!(answer.error(), (415, "unsupported_media_type".into(), None));
    let answer = Ask::new("POST", "/api/events")
        .header("authorization", "Bearer secret")
        .header("content-type", "application/json")
        .body("{")
        .send(to)
        .await;
    assert_eq!(answer.error(), (400, "bad_request".into(), None));
    for method in ["PUT", "DELETE"] {
        let answer = Ask::new(method, "/api/events").send(to).await;
        assert_eq!(
            answer.error(),
            (405, "method_not_allowed".into(), Some("/api/events".into()))
        );
    }
    assert_eq!(ids(to, "").await, (vec![], false));
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_namespace_without_an_event_store_says_so() {
    let node = node(&format!("{STORE}, (name: \"bare\")")).await;
    let answer = get("?namespace=bare").send(address(&node)).await;
    assert_eq!(answer.error(), (404, "not_found".into(), None));
    assert_eq!(message(&answer), "the namespace `bare` has no event store");
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn events_survive_a_crash_of_their_keeper() {
    let node = production().await;
    let to = address(&node);
    post(&json!({"event_type": "a"})).send(to).await;
    let keeper = process(&node, "production/event_store").await;
    keeper.kill();
    keeper.ended().await;
    assert_eq!(ids(to, "").await, (vec![1], false));
    let answer = post(&json!({"event_type": "b"})).send(to).await;
    assert_eq!((answer.status, answer.json()), (201, json!({"ids": [2]})));
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn an_event_with_as_many_data_as_there_may_be_can_be_sent_and_a_longer_body_is_refused() {
    let text = r#"(name: "production", services: (event_store: (backend: memory)))"#;
    let node = node(text).await;
    let to = address(&node);
    // With its quotation marks.
    let data = "x".repeat((1 << 20) - 2);
    let answer = post(&json!({"event_type": "large", "data": data}))
        .send(to)
        .await;
    assert_eq!((answer.status, answer.json()), (201, json!({"ids": [1]})));
    let longer = "x".repeat((1 << 20) + 4096);
    let answer = post(&json!({"event_type": "larger", "data": longer}))
        .send(to)
        .await;
    assert_eq!(answer.error(), (413, "payload_too_large".into(), None));
    assert_eq!(message(&answer), "expected a body of at most 1052672 bytes");
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn an_event_with_a_number_for_which_there_is_no_room_is_refused() {
    let text = r#"(name: "production", services: (event_store: (backend: sqlite(in_memory: true), max_events: 1)))"#;
    let node = node(text).await;
    let to = address(&node);
    let event = |id: u64| json!({"event_type": "e", "id": id});
    assert_eq!(post(&event(7)).send(to).await.status, 201);
    let answer = post(&event(6)).send(to).await;
    assert_eq!(answer.error(), (409, "conflict".into(), Some("6".into())));
    assert_eq!(ids(to, "").await, (vec![7], false));
    node.stop(Duration::from_secs(5)).await;
}
