//! Protections by name, and what they survive.

use std::sync::Barrier;
use std::time::Duration;

use mainstay_actors::MemoryManager;
use mainstay_actors::limiter::RateKey;
use mainstay_actors::protection::{
    ConfigureProtectionError, NAME, Protection, ProtectionError, ProtectionRegistry,
    execute_protected,
};
use mainstay_supervisors::specs::{
    MemoryDemand, NamespaceName, OperationClass, ProtectionConfig, ProtectionsSpec,
};
use mainstay_supervisors::{NamespacePlan, Runtime};

use crate::support::{Bed, NoDisk, all, name, without_pool, works};

#[tokio::test(start_paused = true)]
async fn an_operation_is_run_by_the_configuration_of_its_name() {
    let bed = Bed::new(without_pool()).await;
    let ada = RateKey::user("ada");
    let done = execute_protected(&bed.namespace, &name("orders"), ada, works).await;
    assert_eq!(done.expect("it works"), "an order");
    let unknown = execute_protected(&bed.namespace, &name("bills"), ada, works).await;
    let unknown = unknown.unwrap_err();
    assert!(matches!(unknown, ProtectionError::Unconfigured(_)));
    assert_eq!(unknown.to_string(), "no protection is configured for bills");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_configuration_can_be_changed_while_calls_run() {
    let bed = Bed::new(without_pool()).await;
    let orders = bed.orders();
    let ada = RateKey::user("ada");
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        Ok::<_, NoDisk>(())
    };
    let changing = async {
        tokio::task::yield_now().await;
        let config = ProtectionConfig::default().deadline(Duration::from_secs(1));
        let changed = bed
            .protections
            .configure_protection(name("orders"), &config);
        assert_eq!(changed.expect("it is valid").stats().config, config);
    };
    let (first, ()) = tokio::join!(orders.key(ada).run(slow), changing);
    first.expect("it goes by what it began with");
    orders.key(ada).run(slow).await.unwrap_err();
    let wrong = ProtectionConfig::default().deadline(Duration::ZERO);
    let refused = bed.protections.configure_protection(name("orders"), &wrong);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "the configuration of the protection is wrong: deadline: expected 1ms to 24h, found 0s"
    );
    bed.end().await;
}

/// Kills the keeper and waits for its successor; so seldom that nobody gives up.
async fn crash(bed: &Bed) {
    tokio::time::sleep(Duration::from_secs(10)).await;
    let old = bed.namespace.whereis(NAME).expect("it runs");
    old.kill();
    old.ended().await;
    bed.namespace.registry().wait_for(&name(NAME)).await;
}

#[tokio::test(start_paused = true)]
async fn protections_and_their_counts_survive_the_crash_of_the_keeper_and_what_was_removed_stays_away()
 {
    let bed = Bed::new(without_pool()).await;
    let made = bed.protections.configure_protection(name("bills"), &all());
    made.expect("there is room");
    bed.orders()
        .key(RateKey::user("ada"))
        .run(works)
        .await
        .expect("it works");
    bed.protections.remove("bills").expect("it was made");
    for _ in 0..3 {
        crash(&bed).await;
        assert_eq!(bed.counts().successes, 1);
        assert!(bed.protections.protection("bills").is_none());
    }
    let removed = bed.protections.remove("orders").expect("it is there");
    removed
        .key(RateKey::user("ada"))
        .run(works)
        .await
        .expect("it still works");
    crash(&bed).await;
    assert!(bed.protections.protections().is_empty());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn there_is_no_room_for_more_than_the_spec_says() {
    let runtime = Runtime::new();
    let spec = ProtectionsSpec::default().operations_max(2);
    let plan = NamespacePlan::new().service(ProtectionRegistry::child(spec));
    let bed = NamespaceName::new("bed").expect("a name");
    let namespace = runtime.start_namespace(bed, plan).await.expect("it starts");
    let protections = ProtectionRegistry::of(&namespace);
    let config = ProtectionConfig::default();
    for operation in ["a", "b", "a"] {
        let made = protections.configure_protection(name(operation), &config);
        made.expect("there is room");
    }
    let refused = protections
        .configure_protection(name("c"), &config)
        .unwrap_err();
    assert_eq!(
        refused,
        ConfigureProtectionError::TooMany {
            name: name("c"),
            max: 2
        }
    );
    let names: Vec<_> = protections
        .stats()
        .into_iter()
        .map(|one| one.name)
        .collect();
    assert_eq!(names, [name("a"), name("b")]);
    drop(namespace);
    runtime.stop(Duration::from_secs(1)).await;
    let refused = protections.configure_protection(name("d"), &config);
    assert_eq!(
        refused.unwrap_err(),
        ConfigureProtectionError::NotInNamespace
    );
}

#[tokio::test(start_paused = true)]
async fn who_sets_two_guards_at_once_gets_both() {
    let bed = Bed::new(without_pool()).await;
    let memory = MemoryManager::of(&bed.namespace);
    let demand = MemoryDemand::new(OperationClass::Read);
    for _ in 0..2_000 {
        let orders = Protection::in_namespace(&bed.namespace, name("orders"), &all());
        let orders = orders.expect("it is valid");
        let both = Barrier::new(2);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                both.wait();
                drop(orders.clone().deadline(Duration::from_secs(1)));
            });
            both.wait();
            drop(orders.clone().memory(memory.clone(), demand.clone()));
        });
        let config = orders.stats().config;
        assert_eq!(config.deadline, Some(Duration::from_secs(1)));
        assert_eq!(config.memory.as_ref(), Some(&demand));
    }
    bed.end().await;
}
