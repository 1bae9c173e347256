//! Another config server in a namespace that has had one.

use mainstay_actors::config::{ConfigError, ConfigServer, NAME};
use mainstay_supervisors::specs::{ChildId, ConfigServerSpec};
use mainstay_supervisors::{Child, SupervisorError};

use super::support::{Bed, spec, value};

async fn replace(bed: &Bed, child: Child) -> Result<(), SupervisorError> {
    let id = ChildId::new(NAME).expect("a name");
    bed.namespace.stop_child(&id).await?;
    bed.namespace.start_child(child).await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn there_is_one_config_server_at_a_time() {
    let bed = Bed::with("(a: 1)").await;
    let second = ConfigServer::child(spec("(a: 2)"))
        .with_spec(|spec| spec.id = ChildId::new("second").expect("a name"));
    let refused = bed.namespace.start_child(second).await.map(drop);
    let told = refused.map_err(|error| error.to_string());
    let keeper = bed.keeper();
    assert_eq!(
        told,
        Err(format!(
            "the child did not start: the name of the config server: already registered by {keeper}"
        ))
    );
    assert_eq!(bed.config().get("a"), Ok(1.into()));
    bed.config().reset().await.expect("a reset");
    assert_eq!(
        bed.config().get("a"),
        Ok(1.into()),
        "the second has left no trace"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_next_one_takes_the_content_over_and_goes_by_its_own_spec() {
    let bed = Bed::with("(a: 1)").await;
    let config = bed.config();
    let mut events = config.subscribe().expect("a stream");
    config.update("a", 5).await.expect("an update");
    let next = ConfigServer::child(spec("(a: 2, b: 3)").depth_max(1));
    replace(&bed, next).await.expect("it starts");
    assert_eq!(config.get(""), Ok(value("(a: 5)")));
    assert_eq!(config.status().version, 1);
    let refused = config
        .update("c.d", 1)
        .await
        .map_err(|error| error.to_string());
    assert_eq!(
        refused,
        Err("c.d: expected at most 1 lists and maps inside each other".to_owned())
    );
    config.reset().await.expect("a reset");
    assert_eq!(config.get(""), Ok(value("(a: 2, b: 3)")));
    let versions = [events.next().await, events.next().await];
    let versions = versions.map(|event| event.expect("an event").expect("no lag").version());
    assert_eq!(versions, [1, 2]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_next_one_does_not_start_when_what_is_there_does_not_fit() {
    let bed = Bed::with("(a: 1)").await;
    let config = bed.config();
    config.update("b.c", 1).await.expect("an update");
    let strict = ConfigServer::child(ConfigServerSpec::default().depth_max(1));
    let refused = replace(&bed, strict)
        .await
        .map_err(|error| error.to_string());
    assert_eq!(
        refused,
        Err(
            "the child did not start: the configuration that is there already is refused: \
             b: expected at most 1 lists and maps inside each other"
                .to_owned()
        )
    );
    assert_eq!(config.get("b.c"), Ok(1.into()));
    let impatient = config
        .clone()
        .with_limit(std::time::Duration::from_millis(1));
    assert!(matches!(
        impatient.update("a", 2).await,
        Err(ConfigError::Unavailable(_))
    ));
    bed.end().await;
}
