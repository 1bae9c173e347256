//! The cache of the config server.

use std::sync::Arc;

use mainstay_actors::config::ConfigError;
use mainstay_actors::memory::{CleanupPriority, CleanupRequest, PressureLevel};
use mainstay_supervisors::specs::{CleanupSpec, CleanupStrategySpec};
use tokio::time::sleep;

use super::support::{Bed, name, seconds, settle};

async fn bed() -> Bed {
    let cleanup = CleanupSpec::default();
    Bed::with(cleanup.strategies([CleanupStrategySpec::ConfigCache])).await
}

type Hosts = Vec<String>;

#[tokio::test(start_paused = true)]
async fn a_value_is_decoded_once_for_each_change_of_it() {
    let bed = bed().await;
    let config = bed.config();
    let first = config.get_shared::<Hosts>("hosts").expect("hosts");
    assert!(Arc::ptr_eq(
        &first,
        &config.get_shared("hosts").expect("hosts")
    ));
    // A change of something else is none of it.
    config.update("limits.a", 7).await.expect("a change");
    assert!(Arc::ptr_eq(
        &first,
        &config.get_shared("hosts").expect("hosts")
    ));
    config.update("hosts.0", "z").await.expect("a change");
    let second = config.get_shared::<Hosts>("hosts").expect("hosts");
    assert_eq!((*first).clone(), ["a", "b"]);
    assert_eq!((*second).clone(), ["z", "b"]);
    config.reset().await.expect("a reset");
    assert_eq!(
        *config.get_shared::<Hosts>("hosts").expect("hosts"),
        ["a", "b"]
    );
    assert_eq!(config.status().cached, 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_or_does_not_fit_is_not_kept() {
    let bed = bed().await;
    let config = bed.config();
    let missing = config.get_shared::<Hosts>("nobody").unwrap_err();
    assert!(matches!(missing, ConfigError::NotFound { .. }));
    let wrong = config.get_shared::<u32>("hosts").unwrap_err();
    assert!(matches!(wrong, ConfigError::Decode { .. }));
    assert_eq!(config.status().cached, 0);
    // What has been there and is not any more.
    config.update("limits.c", 3).await.expect("a change");
    assert_eq!(*config.get_shared::<u32>("limits.c").expect("a number"), 3);
    config.reset().await.expect("a reset");
    assert!(matches!(
        config.get_shared::<u32>("limits.c"),
        Err(ConfigError::NotFound { .. })
    ));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_nobody_has_asked_for_goes_first_and_all_goes_in_an_emergency() {
    let bed = bed().await;
    let config = bed.config();
    let (hosts, limits) = ("hosts", "limits.a");
    config.get_shared::<Hosts>(hosts).expect("hosts");
    config.get_shared::<u32>(limits).expect("a number");
    let service = name("config_server");
    let clean = async |priority| {
        bed.memory.request_cleanup(&service, priority);
        settle().await;
        config.status().cached
    };
    bed.simulate(PressureLevel::Medium);
    assert_eq!(clean(CleanupPriority::Background).await, 2);
    config.get_shared::<Hosts>(hosts).expect("hosts");
    sleep(seconds(11)).await;
    assert_eq!(clean(CleanupPriority::Background).await, 1);
    config.get_shared::<Hosts>(hosts).expect("hosts");
    sleep(seconds(11)).await;
    assert_eq!(clean(CleanupPriority::Emergency).await, 0);
    let stats = bed.stats("config_server");
    assert_eq!((stats.runs, stats.entries), (3, 2));
    assert_eq!(
        *config.get_shared::<Hosts>(hosts).expect("hosts"),
        ["a", "b"]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn at_critical_pressure_the_cache_is_cleared_without_being_asked_for() {
    let bed = bed().await;
    let config = bed.config();
    config.get_shared::<Hosts>("hosts").expect("hosts");
    bed.simulate(PressureLevel::Critical);
    settle().await;
    assert_eq!(config.status().cached, 0);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_cleanup_of_all_services_cleans_this_one_too() {
    let bed = bed().await;
    bed.config().get_shared::<Hosts>("hosts").expect("hosts");
    let all = CleanupRequest::of_all().priority(CleanupPriority::Emergency);
    bed.memory.request(all);
    settle().await;
    assert_eq!(bed.config().status().cached, 0);
    bed.end().await;
}
