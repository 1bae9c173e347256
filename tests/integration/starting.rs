//! Starting all services in a namespace that runs, and none if one does not start.

use std::time::Duration;

use mainstay::infrastructure::{self, InfraConfig, InfraError};
use mainstay_actors::ConfigServer;
use mainstay_supervisors::specs::{Args, ChildId, ConfigServerSpec, NamespaceName};
use mainstay_supervisors::{Child, NamespacePlan, Runtime};

use super::support::{Bed, ids};

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
