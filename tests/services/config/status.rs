//! What operators see.

use std::time::Duration;

use mainstay_actors::config::{ConfigKind, ConfigServer, NAME};
use mainstay_supervisors::specs::ChildId;

use super::support::{Bed, json, runtime};

#[tokio::test(start_paused = true)]
async fn the_status_counts_changes_and_subscribers_and_tells_how_long_the_actor_runs() {
    let bed = Bed::with("(a: 1)").await;
    let config = bed.config();
    assert_eq!(
        json(&config.status()),
        r#"{"available":true,"version":0,"updates_count":0,"resets_count":0,"last_update":null,"subscribers_count":0,"bytes":17,"cached":0,"uptime_ms":0}"#
    );
    tokio::time::advance(Duration::from_millis(1500)).await;
    config.update("a", 2).await.expect("an update");
    config.update("bc", "text").await.expect("an update");
    config.reset().await.expect("a reset");
    let _events = config.subscribe().expect("a stream");
    let status = config.status();
    assert_eq!(
        (status.version, status.updates_count, status.resets_count),
        (3, 2, 1)
    );
    assert_eq!((status.subscribers_count, status.bytes), (1, 17));
    assert_eq!(status.uptime, Some(Duration::from_millis(1500)));
    assert!(status.last_update.is_some());

    let keeper = bed.keeper();
    keeper.kill();
    bed.successor(&keeper).await;
    let restarted = config.status();
    assert_eq!(restarted.uptime, Some(Duration::ZERO));
    assert_eq!((restarted.updates_count, restarted.resets_count), (2, 1));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn without_its_actor_the_service_is_not_available_and_has_no_uptime() {
    let bed = Bed::with("(a: 1)").await;
    let children = bed.namespace.children().expect("the children");
    children
        .terminate_child(&ChildId::new(NAME).expect("a name"))
        .await
        .expect("it ran");
    let status = bed.config().status();
    assert_eq!((status.available, status.uptime), (false, None));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_status_of_a_path_tells_of_what_lies_there() {
    let bed = Bed::with("(a: (b: 1), c: [])").await;
    let config = bed.config();
    config.update("a.b", 2).await.expect("an update");
    config.update("c", ["x"]).await.expect("an update");
    let status = |path: &str| config.status_of(path).expect("a path");
    let part = status("a.b");
    assert_eq!((part.exists, part.kind), (true, Some(ConfigKind::Integer)));
    assert_eq!(
        (part.version, part.changes_count, part.updatable),
        (Some(1), 1, true)
    );
    assert_eq!(status("").version, Some(2));
    assert_eq!(status("c.0").changes_count, 1);
    let nothing = status("x.y");
    assert_eq!(
        (nothing.exists, nothing.kind, nothing.version),
        (false, None, None)
    );
    assert_eq!(
        config.status_of("a..b").map_err(|error| error.to_string()),
        Err("segment 2 of the path is empty".to_owned())
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_namespace_without_a_config_server_has_none() {
    let runtime = runtime();
    let namespace = runtime.namespace("plain").await.expect("a namespace");
    assert!(ConfigServer::in_namespace(&namespace).is_none());
}
