//! Namespaces do not see each other's configuration.

use mainstay_actors::config::ConfigServer;
use mainstay_supervisors::NamespacePlan;

use super::support::{name, runtime, spec, value};

#[tokio::test(start_paused = true)]
async fn a_change_and_a_crash_in_one_namespace_leave_the_other_as_it_is() {
    let runtime = runtime();
    let plan = |content| NamespacePlan::new().service(ConfigServer::child(spec(content)));
    let left = runtime.start_namespace(name("left"), plan("(a: 1)")).await;
    let right = runtime.start_namespace(name("right"), plan("(a: 1)")).await;
    let (left, right) = (left.expect("a namespace"), right.expect("a namespace"));
    let config = |namespace| ConfigServer::in_namespace(namespace).expect("a config server");
    let mut events = config(&right).subscribe().expect("a stream");

    config(&left).update("a", 2).await.expect("an update");
    left.whereis("config_server").expect("it runs").kill();
    config(&left).update("b", 3).await.expect("an update");

    assert_eq!(config(&left).get(""), Ok(value("(a: 2, b: 3)")));
    assert_eq!(config(&right).get(""), Ok(value("(a: 1)")));
    assert_eq!(config(&right).status().version, 0);
    assert!(events.try_next().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_started_again_starts_with_its_spec_again() {
    let runtime = runtime();
    let plan = || NamespacePlan::new().service(ConfigServer::child(spec("(a: 1)")));
    let first = runtime
        .start_namespace(name("n"), plan())
        .await
        .expect("a namespace");
    let config = ConfigServer::in_namespace(&first).expect("a config server");
    config.update("a", 2).await.expect("an update");
    first.stop(std::time::Duration::from_secs(5)).await;
    let second = runtime
        .start_namespace(name("n"), plan())
        .await
        .expect("a namespace");
    let again = ConfigServer::in_namespace(&second).expect("a config server");
    assert_eq!(again.get("a"), Ok(1.into()));
    assert_eq!(
        config.get("a"),
        Ok(2.into()),
        "the old handle is of the old namespace"
    );
}
