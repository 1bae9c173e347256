//! What cannot be told while it runs: that service is started anew, and what comes after it.

use mainstay::ReloadError;
use mainstay::actors::event_store::Event;
use mainstay::actors::{
    CircuitBreakerRegistry, ConfigServer, ConnectionPoolRegistry, EventStore, RateLimiterRegistry,
};
use mainstay::prelude::*;

use crate::support::{boot, id, one, pids, reload, touched};

#[tokio::test(start_paused = true)]
async fn what_an_event_store_started_with_restarts_it_and_what_comes_after_it() {
    let of = |queue: u32, n: u32| {
        one(&format!(
            "services: (config_server: (), rate_limiters: (), event_store: (backend: memory, queue_max: {queue}), protections: ()),
             children: [(id: \"a\", kind: \"k\", args: (n: {n}))]"
        ))
    };
    let node = boot(&of(1000, 1)).await;
    let namespace = node.namespace("n").unwrap();
    let store = EventStore::in_namespace(&namespace).unwrap();
    let kept = store
        .store(Event::builder("x").build().unwrap())
        .await
        .unwrap();
    let before = pids(&node);
    assert_eq!(
        reload(&node, &of(2000, 2)).await,
        [
            "namespaces[0].services.event_store.queue_max: changed, restarts n/event_store and what comes after it: \
             its keeper goes by what it started with",
            "namespaces[0].children[0].args: changed, restarts n/children/a: what it runs is made when it starts",
        ]
    );
    assert_eq!(
        touched(&before, &pids(&node)),
        [
            "n/children",
            "n/children/a",
            "n/event_store",
            "n/protections"
        ]
    );
    assert_eq!(store.spec().queue_max, 2000);
    // What is kept in memory is not lost.
    assert!(store.get(kept).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_comes_is_started_in_its_place_and_one_that_goes_leaves_nothing() {
    let of = |limiters: &str| {
        one(&format!(
            "services: (config_server: (), {limiters} event_store: (backend: memory)), children: [(id: \"a\", kind: \"k\")]"
        ))
    };
    let with = "rate_limiters: (limiters: [(name: \"api\", config: (limit: 3, window: \"1h\"))]),";
    let node = boot(&of("")).await;
    let namespace = node.namespace("n").unwrap();
    // A service of the program's own stays where it is.
    let own = Child::task("own", |stop| async move { stop.stopped().await });
    namespace.start_service(own).await.unwrap();
    let order = async || -> Vec<String> {
        let children = namespace.root().unwrap().which_children().await.unwrap();
        children
            .into_iter()
            .map(|child| child.id.to_string())
            .collect()
    };
    let before = pids(&node);
    for _ in 0..2 {
        reload(&node, &of(with)).await;
        assert_eq!(
            order().await,
            [
                "config_server",
                "own",
                "rate_limiters",
                "event_store",
                "children"
            ]
        );
        assert!(RateLimiterRegistry::of(&namespace).limiter("api").is_some());
        reload(&node, &of("")).await;
        assert_eq!(
            order().await,
            ["config_server", "own", "event_store", "children"]
        );
        assert!(RateLimiterRegistry::of(&namespace).limiter("api").is_none());
    }
    let touched = touched(&before, &pids(&node));
    assert_eq!(
        touched,
        ["n/children", "n/children/a", "n/event_store", "n/own"]
    );
    assert_eq!(pids(&node)["n"], before["n"]);
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_connects_to_something_else_is_another_pool() {
    let of = |path: &str, max: u32| {
        one(&format!(
            "services: (rate_limiters: (), connection_pools: (pools: [
                (name: \"a\", source: sqlite(path: \"{path}\"), config: (min_size: 0, max_size: {max})),
                (name: \"b\", source: sqlite(path: \":memory:\"), config: (min_size: 0, max_size: {max}))])),
             children: [(id: \"a\", kind: \"k\")]"
        ))
    };
    let folder = std::env::temp_dir().join(format!("mainstay-reload-{}", std::process::id()));
    let path = folder.join("other.db").display().to_string();
    let node = boot(&of(":memory:", 1)).await;
    let before = pids(&node);
    let told = reload(&node, &of(&path, 2)).await;
    assert_eq!(told.len(), 3);
    assert_eq!(
        told[0],
        "namespaces[0].services.connection_pools.pools[0].source: changed, restarts n/connection_pools and what comes after it: \
         what comes after it may hold its connections"
    );
    let after = pids(&node);
    assert_eq!(after["n/rate_limiters"], before["n/rate_limiters"]);
    assert_eq!(
        after.keys().collect::<Vec<_>>(),
        before.keys().collect::<Vec<_>>()
    );
    let pools = ConnectionPoolRegistry::of(&node.namespace("n").unwrap());
    let sizes: Vec<_> = pools.stats().iter().map(|pool| pool.max).collect();
    assert_eq!(sizes, [2, 2]);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_start_is_put_back_with_all_that_comes_after_it() {
    let of = |measured: bool, circuit: &str, fails: bool| {
        one(&format!(
            "services: (telemetry: (processes: (enabled: {measured})), config_server: (initial: (a: 1)),
                circuit_breakers: (breakers: [(name: \"{circuit}\")])),
             children: [(id: \"a\", kind: \"k\", args: (fails: {fails}))]"
        ))
    };
    let old = of(true, "x", false);
    let node = boot(&old).await;
    let namespace = node.namespace("n").unwrap();
    let config = ConfigServer::in_namespace(&namespace).unwrap();
    config.update("a", 2).await.unwrap();
    let names = pids(&node);
    let error = node.reload(&of(false, "y", true)).await.unwrap_err();
    let ReloadError::Failed { failure, left, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(
        error.to_string(),
        "n/children/a: no luck; it is as it was before"
    );
    assert!(failure.put_back);
    assert_eq!(left.len(), 4);
    assert_eq!(
        pids(&node).keys().collect::<Vec<_>>(),
        names.keys().collect::<Vec<_>>()
    );
    assert_eq!(node.spec().await, old);
    let circuits = CircuitBreakerRegistry::of(&namespace).circuits();
    let circuits: Vec<_> = circuits.iter().map(|one| one.name().to_string()).collect();
    assert!(
        circuits.contains(&"x".to_owned()) && !circuits.contains(&"y".to_owned()),
        "{circuits:?}"
    );
    assert_eq!(config.get_as::<u32>("a").unwrap(), 2);
    // The next one makes up for it.
    reload(&node, &of(false, "y", false)).await;
    let children = namespace.children().unwrap();
    children.get_childspec(&id("a")).await.unwrap();
}
