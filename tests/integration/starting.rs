//! Starting all services in a namespace that runs, and none if one does not start.

use std::time::Duration;

use mainstay::infrastructure::{self, InfraConfig, InfraError};
use mainstay::testkit::{MockConnections, MockOptions};
use mainstay_actors::ConfigServer;
use mainstay_actors::pool::ConnectionSpec;
use mainstay_supervisors::specs::{
    Args, ChildId, ChildSpec, ConfigServerSpec, NamespaceName, ProtectionConfig, ProtectionsSpec,
    RateDemand, RateLimitConfig, RateLimitersSpec,
};
use mainstay_supervisors::{Child, NamespacePlan, Runtime, StartError};

use super::support::{Bed, ids, name};

const ALL: [&str; 9] = [
    "telemetry",
    "config_server",
    "memory_manager",
    "circuit_breakers",
    "rate_limiters",
    "connection_pools",
    "event_store",
    "protections",
    "health_aggregator",
];

fn worker(id: &str) -> Child {
    Child::task(id, |stop| async move {
        stop.stopped().await;
        Ok::<_, String>(())
    })
}

#[tokio::test(start_paused = true)]
async fn services_stand_before_the_children_that_are_there_already() {
    let runtime = Runtime::new();
    let namespace = runtime.namespace("app").await.unwrap();
    let started = namespace.start_child(worker("worker")).await.unwrap();
    let worker = started.process().unwrap().clone();

    let infra = infrastructure::start(&namespace, InfraConfig::default())
        .await
        .unwrap();
    let mut expected = ALL.to_vec();
    expected.push("children");
    assert_eq!(ids(&namespace), expected);
    let services: Vec<_> = infra.services().iter().map(ChildId::as_str).collect();
    assert_eq!(services, ALL);
    // Nobody has touched it.
    assert!(worker.is_alive());

    let names = namespace.services().into_iter();
    let mut names: Vec<_> = names.map(|(name, ..)| name.to_string()).collect();
    let mut all = ALL.map(str::to_owned);
    all.sort_unstable();
    names.retain(|name| all.contains(name));
    assert_eq!(names, all);

    infra.stop().await.unwrap();
    assert_eq!(ids(&namespace), ["children"]);
    assert!(worker.is_alive());
    // It can be had again.
    infrastructure::start(&namespace, InfraConfig::default())
        .await
        .unwrap();
    assert_eq!(ids(&namespace), expected);
    runtime.stop(Duration::from_secs(60)).await;
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_a_service_is_restarted_with_it_and_what_comes_before_is_not() {
    let bed = Bed::new(InfraConfig::default()).await;
    let started = bed.namespace.start_child(worker("worker")).await.unwrap();
    let pids = || ALL.map(|name| bed.namespace.whereis(name).map(|process| process.pid()));
    let before = pids();

    bed.namespace.whereis("rate_limiters").unwrap().kill();
    started.process().unwrap().ended().await;
    let health = super::support::name("health_aggregator");
    let wait = bed.namespace.wait_for(&health, Duration::from_secs(5));
    assert!(wait.await.is_some());

    let after = pids();
    for (nth, name) in ALL.iter().enumerate() {
        let is_same = before[nth] == after[nth];
        assert_eq!(is_same, nth < 4, "{name}");
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn to_start_twice_is_an_error_and_the_first_goes_on() {
    let bed = Bed::new(InfraConfig::default()).await;
    let telemetry = bed.namespace.whereis("telemetry");
    let error = infrastructure::start(&bed.namespace, InfraConfig::default()).await;
    let error = error.unwrap_err();
    assert!(matches!(error, InfraError::AlreadyRunning { .. }));
    assert_eq!(
        error.to_string(),
        "the service telemetry runs already in the namespace bed"
    );
    assert_eq!(bed.namespace.whereis("telemetry"), telemetry);
    assert_eq!(ids(&bed.namespace).len(), 10);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_there_already_takes_all_others_back() {
    let plan = NamespacePlan::new().service(ConfigServer::child(ConfigServerSpec::default()));
    let runtime = Runtime::new();
    let name = NamespaceName::new("app").unwrap();
    let namespace = runtime.start_namespace(name, plan).await.unwrap();
    let error = infrastructure::start(&namespace, InfraConfig::default()).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "the service config_server runs already in the namespace app"
    );
    assert_eq!(ids(&namespace), ["config_server", "children"]);
    runtime.stop(Duration::from_secs(60)).await;
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_start_takes_all_others_back_and_is_named() {
    let runtime = Runtime::new();
    let namespace = runtime.namespace("app").await.unwrap();
    let server = ConfigServerSpec::default().file("/nowhere/at/all.ron");
    let config = InfraConfig::new().config_server(server);
    let error = infrastructure::start(&namespace, config).await.unwrap_err();
    assert!(
        matches!(&error, InfraError::Start { service, .. } if service.as_str() == "config_server"),
        "{error}"
    );
    assert!(error.to_string().contains("/nowhere/at/all.ron"), "{error}");
    assert_eq!(ids(&namespace), ["children"]);
    infrastructure::start(&namespace, InfraConfig::default())
        .await
        .unwrap();
    runtime.stop(Duration::from_secs(60)).await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_configuration_starts_nothing() {
    let runtime = Runtime::new();
    let namespace = runtime.namespace("app").await.unwrap();
    let content = Args::from_ron("(sizes: {1: 2})").unwrap();
    let server = ConfigServerSpec::default().initial(content);
    let config = InfraConfig::new().config_server(server);
    let error = infrastructure::start(&namespace, config).await.unwrap_err();
    let InfraError::Config(faults) = error else {
        panic!("{error}");
    };
    assert!(
        faults.to_string().contains("config_server.initial"),
        "{faults}"
    );
    assert_eq!(ids(&namespace), ["children"]);
    runtime.stop(Duration::from_secs(60)).await;
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_has_ended_takes_no_services() {
    let runtime = Runtime::new();
    let namespace = runtime.namespace("app").await.unwrap();
    namespace.stop(Duration::from_secs(60)).await;
    let error = infrastructure::start(&namespace, InfraConfig::default()).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "the namespace app does not run"
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_may_leave_and_all_are_started_all_the_same() {
    let runtime = Runtime::new();
    let namespace = runtime.namespace("app").await.unwrap();
    {
        let mut start = Box::pin(infrastructure::start(&namespace, InfraConfig::default()));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(start.as_mut().poll(&mut cx).is_pending());
    }
    let health = super::support::name("health_aggregator");
    let wait = namespace.wait_for(&health, Duration::from_secs(60));
    assert!(wait.await.is_some());
    runtime.stop(Duration::from_secs(60)).await;
}

#[tokio::test(start_paused = true)]
async fn the_foundation_services_may_be_left_out() {
    let config = InfraConfig::new().without_config_server();
    let bed = Bed::new(config.without_event_store()).await;
    assert!(bed.infra.config_server().is_none());
    assert!(bed.infra.event_store().is_none());
    assert_eq!(bed.infra.services().len(), 7);
    bed.end().await;
}

/// As a child of the application would that cannot do without.
fn starts_all() -> Child {
    let spec = ChildSpec::new(ChildId::new("eager").unwrap());
    Child::from_start(spec, |cx| async move {
        let namespace = cx.namespace().unwrap();
        let started = infrastructure::start(&namespace, InfraConfig::default()).await;
        started.map_err(StartError::failed)?;
        Ok(cx
            .spawn_task(|stop| async move { stop.stopped().await })
            .into())
    })
}

#[tokio::test(start_paused = true)]
async fn who_is_being_started_by_the_supervisor_that_is_asked_is_told_so_and_waits_for_nobody() {
    let runtime = Runtime::new();
    let namespace = runtime.namespace("app").await.unwrap();
    let starting = namespace.start_service(starts_all());
    let started = tokio::time::timeout(Duration::from_secs(3600), starting).await;
    let error = started.expect("it does not hang").unwrap_err().to_string();
    let expected =
        "the service telemetry of the namespace app was not taken: a process cannot call itself";
    assert!(error.contains(expected), "{error}");
    assert_eq!(ids(&namespace), ["children"]);
    runtime.stop(Duration::from_secs(60)).await;
}

#[tokio::test(start_paused = true)]
async fn what_another_start_names_is_made_although_there_was_one_before() {
    let bed = Bed::new(InfraConfig::default()).await;
    bed.infra.stop().await.unwrap();
    let limit = RateLimitConfig::token_bucket(1, Duration::from_secs(60));
    let limiters = RateLimitersSpec::default().limiter(name("api"), limit);
    let orders = ProtectionConfig::default().rate_limit(RateDemand::new(name("api")));
    let operations = ProtectionsSpec::default().operation(name("orders"), orders.clone());
    let config = InfraConfig::new().rate_limiters(limiters);
    let config = config.protections(operations);

    let infra = infrastructure::start(&bed.namespace, config).await.unwrap();
    assert!(infra.rate_limiters().limiter("api").is_some());
    let made = infra.protections().protection("orders").unwrap();
    assert_eq!(made.stats().config, orders);
    // What was taken away since stays away when the keeper comes again.
    infra.protections().remove("orders").unwrap();
    infra.rate_limiters().unregister("api").unwrap();
    bed.namespace.whereis("rate_limiters").unwrap().kill();
    let health = name("health_aggregator");
    bed.namespace
        .whereis(health.as_str())
        .unwrap()
        .ended()
        .await;
    let wait = bed.namespace.wait_for(&health, Duration::from_secs(5));
    assert!(wait.await.is_some());
    assert!(infra.protections().protection("orders").is_none());
    assert!(infra.rate_limiters().limiter("api").is_none());
    bed.end().await;
}

fn pigeons(_: u32) -> ConnectionSpec<MockConnections> {
    ConnectionSpec::new(MockConnections::new(), MockOptions::default())
}

#[test]
fn all_that_is_wrong_is_told_at_once_with_its_place() {
    let text = r#"(
        config_server: (initial: (sizes: {1: 2})),
        memory_manager: (warning_threshold: 6.0),
        connection_pools: (pools: [
            (name: "a", source: other(kind: "carrier_pigeon")),
            (name: "b", source: other(kind: "pigeon", args: "fast")),
            (name: "c", source: sqlite(path: "")),
        ]),
    )"#;
    let config = InfraConfig::from_ron(text).unwrap();
    let faults = config.pool_kind("pigeon", pigeons).validate().unwrap_err();
    let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "2:34: config_server.initial: sizes: expected a string as key, found an integer",
            "6:61: connection_pools.pools[1].source.args: expected a whole number, found a text",
            "memory_manager.warning_threshold: expected a share over 0 and at most 1, found 6",
            "connection_pools.pools[2].source.path: expected the path of a file, found an empty text",
            "connection_pools.pools[0].source.kind: unknown kind of connection `carrier_pigeon`, expected `pigeon`",
        ]
    );
}

#[test]
fn what_cannot_be_read_is_told_with_its_line() {
    let text =
        "(\n    config_server: (initials: ()),\n    memory_manager: (warning_threshold: high),\n)";
    let faults = InfraConfig::from_ron(text).unwrap_err();
    let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "2:21: config_server.initials: unknown field `initials`, did you mean `initial`?",
            "3:41: memory_manager.warning_threshold: expected a number, found high",
        ]
    );
}
