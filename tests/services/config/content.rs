//! Reading.

use std::collections::BTreeMap;

use mainstay_actors::config::{ConfigError, ConfigPath};
use serde::Deserialize;

use super::support::{Bed, json, value};

const CONTENT: &str = r#"(
    pool: (size: 10, hosts: ["a.local", "b.local"], timeout: 2.5, owner: None),
    limits: {"example.com": 3},
    mode: Every(5),
)"#;

#[tokio::test(start_paused = true)]
async fn a_value_is_got_by_its_path() {
    let bed = Bed::with(CONTENT).await;
    let config = bed.config();
    assert_eq!(config.get("pool.size"), Ok(10.into()));
    assert_eq!(config.get("pool.hosts.1"), Ok("b.local".into()));
    assert_eq!(config.get(["limits", "example.com"]), Ok(3.into()));
    assert_eq!(config.get(r#"limits."example.com""#), Ok(3.into()));
    let path: ConfigPath = "mode".parse().expect("a path");
    assert_eq!(config.get(&path), Ok(value("Every(5)")));
    assert_eq!(config.get(""), Ok(value(CONTENT)));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_path_that_leads_nowhere_or_is_none_is_an_error() {
    let bed = Bed::with(CONTENT).await;
    let told = |path: &str| bed.config().get(path).map_err(|error| error.to_string());
    assert_eq!(
        told("pool.sice"),
        Err("there is no value at `pool.sice`: `pool` is a map without `sice`".to_owned())
    );
    assert_eq!(
        told("pool..size"),
        Err("segment 2 of the path is empty".to_owned())
    );
    bed.end().await;
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pool {
    size: u8,
    hosts: Vec<String>,
    timeout: f32,
    owner: Option<String>,
}

#[tokio::test(start_paused = true)]
async fn a_part_is_got_as_a_type_of_the_readers_own() {
    let bed = Bed::with(CONTENT).await;
    let expected = Pool {
        size: 10,
        hosts: vec!["a.local".to_owned(), "b.local".to_owned()],
        timeout: 2.5,
        owner: None,
    };
    assert_eq!(bed.config().get_as("pool"), Ok(expected));
    assert_eq!(
        bed.config().get_as("limits"),
        Ok(BTreeMap::from([("example.com".to_owned(), 3_u64)]))
    );
    bed.config()
        .update("pool.size", 256)
        .await
        .expect("an update");
    assert_eq!(
        bed.config().get_as::<Pool>("pool").map_err(|error| error.to_string()),
        Err(
            "the value at `pool.size` cannot be read as wanted: invalid value: integer `256`, expected u8"
                .to_owned()
        )
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_default_is_for_what_is_missing_or_null_and_not_for_what_is_wrong() {
    let bed = Bed::with(CONTENT).await;
    let config = bed.config();
    assert_eq!(config.get_with_default("pool.size", 5), Ok(10));
    assert_eq!(config.get_with_default("pool.sice", 5), Ok(5));
    assert_eq!(
        config.get_with_default("pool.owner", "nobody".to_owned()),
        Ok("nobody".to_owned())
    );
    assert!(matches!(
        config.get_with_default("mode", 5),
        Err(ConfigError::Decode { .. })
    ));
    assert!(matches!(
        config.get_with_default("a..b", 5),
        Err(ConfigError::Path(_))
    ));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_stays_what_it_is() {
    let bed = Bed::with(CONTENT).await;
    let before = bed.config().snapshot();
    bed.config()
        .update("pool.size", 20)
        .await
        .expect("an update");
    let after = bed.config().snapshot();
    assert_eq!(before.get_as::<u8>("pool.size"), Ok(10));
    assert_eq!(after.get_as::<u8>("pool.size"), Ok(20));
    assert_eq!((before.version(), after.version()), (0, 1));
    let differences = before.document().diff(after.document());
    assert_eq!(
        json(&differences),
        r#"[{"path":"pool.size","previous":10,"value":20}]"#
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn reading_goes_on_while_the_actor_is_down_and_after_the_namespace_has_ended() {
    let bed = Bed::with(CONTENT).await;
    let config = bed.config();
    bed.keeper().kill();
    assert_eq!(config.get("pool.size"), Ok(10.into()));
    bed.end().await;
    assert_eq!(config.get("pool.size"), Ok(10.into()));
}
