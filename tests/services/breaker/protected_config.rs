//! The config server behind breakers.

use std::time::Duration;

use mainstay_actors::ConfigServer;
use mainstay_actors::breaker::{
    CONFIG_CHANGES, CONFIG_READS, CircuitBreakerRegistry, CircuitState, ProtectedConfigServer,
};
use mainstay_actors::config::ConfigError;
use mainstay_supervisors::Fault;
use mainstay_supervisors::specs::{Args, CircuitConfig, ConfigServerSpec};

use super::support::{Bed, settle, touchy};

async fn bed(config: CircuitConfig) -> (Bed, ProtectedConfigServer) {
    let bed = Bed::new().await;
    let content = Args::from_ron("(size: 1, host: \"db\")").expect("RON");
    let server = ConfigServer::child(ConfigServerSpec::default().initial(content));
    bed.namespace.start_child(server).await.expect("it starts");
    let protected = ProtectedConfigServer::in_namespace(&bed.namespace, config);
    let protected = protected.expect("it is valid").expect("it was started");
    (bed, protected)
}

fn state(bed: &Bed, breaker: &str) -> CircuitState {
    let breakers = CircuitBreakerRegistry::of(&bed.namespace);
    breakers.circuit(breaker).expect("it is there").state()
}

#[tokio::test(start_paused = true)]
async fn the_mistakes_of_callers_are_no_failures_of_the_server() {
    let (bed, config) = bed(touchy()).await;
    for _ in 0..10 {
        assert!(matches!(
            config.get("nowhere"),
            Err(ConfigError::NotFound { .. })
        ));
        assert!(matches!(config.get("a..b"), Err(ConfigError::Path(_))));
        let wrong = config.update("size", "many").await;
        assert!(matches!(wrong, Err(ConfigError::WrongKind { .. })));
    }
    assert_eq!(state(&bed, CONFIG_READS), CircuitState::Closed);
    assert_eq!(state(&bed, CONFIG_CHANGES), CircuitState::Closed);
    config.update("size", 2).await.expect("an update");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_shuts_off_changes_and_not_reads() {
    let (bed, config) = bed(touchy().failure_threshold(2)).await;
    let actor = bed
        .namespace
        .whereis(mainstay_actors::config::NAME)
        .expect("it runs");
    assert!(actor.inject(Fault::Hang));
    settle().await;
    for _ in 0..2 {
        let late = config.update("size", 2).await;
        assert_eq!(late, Err(ConfigError::Timeout(Duration::from_secs(5))));
    }
    let Err(ConfigError::ServiceCircuitOpen(refusal)) = config.update("size", 2).await else {
        panic!("the circuit is open")
    };
    assert_eq!(refusal.retry_after(), Some(Duration::from_secs(30)));
    assert_eq!(config.get_as::<u8>("size"), Ok(1));
    actor.kill();
    actor.ended().await;
    tokio::time::advance(Duration::from_secs(30)).await;
    config
        .update("size", 3)
        .await
        .expect("its successor answers");
    assert_eq!(state(&bed, CONFIG_CHANGES), CircuitState::Closed);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_config_server_there_is_none_behind_breakers() {
    let bed = Bed::new().await;
    let none = ProtectedConfigServer::in_namespace(&bed.namespace, touchy());
    assert!(none.expect("it is valid").is_none());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_caller_gives_up_was_cancelled() {
    let (bed, config) = bed(touchy()).await;
    let actor = bed
        .namespace
        .whereis(mainstay_actors::config::NAME)
        .expect("it runs");
    assert!(actor.inject(Fault::Hang));
    settle().await;
    for polls in 0..3 {
        assert!(!super::support::poll_times(config.update("size", 2), polls));
    }
    let breakers = CircuitBreakerRegistry::of(&bed.namespace);
    let stats = breakers
        .circuit(CONFIG_CHANGES)
        .expect("it is there")
        .stats();
    assert_eq!(stats.totals.cancelled, 2);
    assert_eq!(stats.state, CircuitState::Closed);
    actor.kill();
    actor.ended().await;
    settle().await;
    bed.end().await;
}
