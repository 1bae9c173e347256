//! What telemetry is told, and reading the spec again.

use mainstay::SourceError;
use mainstay::actors::telemetry::{CATALOGUE, Event, SPEC_RELOADED};
use mainstay::prelude::*;

use crate::source::{boot_from, source};
use crate::support::{boot, builder, spec};

fn of(n: u32, fails: bool, kind: &str) -> String {
    format!(
        "(
    namespaces: [
        (name: \"n\", services: (telemetry: ()), children: [
            (id: \"a\", kind: \"{kind}\", args: (n: {n}, fails: {fails})),
        ]),
        (name: \"m\", services: (telemetry: ())),
    ],
    http: (enabled: false),
    watchdog: (enabled: false),
)"
    )
}

fn described(event: &Event) -> [String; 4] {
    SPEC_RELOADED.check(event).unwrap();
    let text = |name: &str| event.metadata().get(name).unwrap().to_string();
    let changes = event.measurements().get("changes").unwrap().to_string();
    [text("namespace"), text("result"), text("error"), changes]
}

#[tokio::test(start_paused = true)]
async fn what_is_done_fails_and_is_refused_is_told_to_the_namespaces_it_concerns() {
    assert!(
        CATALOGUE
            .iter()
            .any(|event| event.path == SPEC_RELOADED.path)
    );
    let namespaces = |n: u32, fails: bool| {
        spec(&format!(
            "(name: \"n\", services: (telemetry: ()), children: [(id: \"a\", kind: \"k\", args: (n: {n}, fails: {fails}))]),
             (name: \"m\", services: (telemetry: ()))"
        ))
    };
    let node = boot(&namespaces(1, false)).await;
    let listen = |name: &str| {
        let telemetry = TelemetryService::in_namespace(&node.namespace(name).unwrap()).unwrap();
        telemetry.subscribe(SPEC_RELOADED.path).unwrap()
    };
    let (mut n, mut m) = (listen("n"), listen("m"));
    node.reload(&namespaces(2, false)).await.unwrap();
    let told = |event: Option<Result<Event, _>>| match event {
        Some(Ok(event)) => described(&event),
        _ => panic!("an event"),
    };
    assert_eq!(
        told(n.next().await.map(|event| event.map_err(drop))),
        ["n", "done", "", "1"]
    );
    node.reload(&namespaces(2, true)).await.unwrap_err();
    assert_eq!(
        told(n.next().await.map(|event| event.map_err(drop))),
        [
            "n",
            "failed",
            "n/children/a: no luck; it is as it was before",
            "1"
        ]
    );
    let mut wrong = namespaces(3, false);
    wrong.namespaces[0].children[0].kind = Some("q".to_owned());
    node.reload(&wrong).await.unwrap_err();
    let why = "namespaces[0].children[0].kind: unknown kind `q`, expected `k`";
    assert_eq!(
        told(n.next().await.map(|event| event.map_err(drop))),
        ["n", "refused", why, "1"]
    );
    assert_eq!(
        told(m.next().await.map(|event| event.map_err(drop))),
        ["m", "refused", why, "1"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_source_is_read_anew_and_what_is_wrong_has_its_place_in_it() {
    let text = source(of(1, false, "k"));
    let node = boot_from(builder(), &text).await;
    let set = |new: String| *text.lock().unwrap() = new;
    assert!(node.reload_source().await.unwrap().applied.is_empty());
    let faults = async || {
        node.reload_source()
            .await
            .unwrap_err()
            .faults()
            .unwrap()
            .to_string()
    };
    set(of(1, false, "q"));
    assert_eq!(
        faults().await,
        "4:29: namespaces[0].children[0].kind: unknown kind `q`, expected `k`"
    );
    set(of(1, true, "k"));
    assert_eq!(
        faults().await,
        "4:40: namespaces[0].children[0].args: n/children/a: no luck; it is as it was before"
    );
    set(of(1, false, "k").replace("watchdog: (enabled: false)", "watchdog: ()"));
    assert_eq!(
        faults().await,
        "9:15: watchdog.enabled: this takes a new node: the watchdog stands outside of everything that it watches, and of this"
    );
    set(of(2, false, "k"));
    let (first, second) = tokio::join!(node.reload_source(), node.reload_source());
    assert_eq!(first.unwrap().applied.len(), 1);
    assert!(matches!(second.unwrap_err(), SourceError::Busy));
    node.stop(std::time::Duration::from_secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_not_told_what_to_read_says_so() {
    let node = boot(&spec("")).await;
    let error = node.reload_source().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "nobody has said what the spec of this node is read from"
    );
}
