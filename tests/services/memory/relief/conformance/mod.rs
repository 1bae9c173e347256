//! The suites of the test kit, held against the strategies that there are, and against those that break a rule each.

mod mutant;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use mainstay::testkit::conformance::{Cleanups, memory_cleanup, memory_source};
use mainstay_actors::event_store::Event;
use mainstay_actors::memory::{
    AllocatorCleanup, ConfigCacheCleanup, EventStoreCleanup, Measure, MemoryCleanup, SourceError,
};
use mainstay_actors::{ConfigServer, EventStore};
use mainstay_supervisors::specs::ServiceName;

use super::support::{Bed, name};
use mutant::{Flaw, Mutant};

struct Events(EventStore);

impl Cleanups for Events {
    fn strategy(&self) -> Arc<dyn MemoryCleanup> {
        Arc::new(EventStoreCleanup::default())
    }

    fn service(&self) -> ServiceName {
        name("event_store")
    }

    async fn fill(&self) {
        for hours in [2, 30] {
            let time = SystemTime::now() - Duration::from_secs(3600 * hours);
            let event = Event::builder("old").wall_time(time).build();
            let stored = self.0.store(event.expect("an event")).await;
            stored.expect("it is stored");
        }
    }

    async fn size(&self) -> u64 {
        let events = self.0.get_recent(1000).await.expect("an answer").events;
        events.len() as u64
    }
}

struct Cache(ConfigServer);

impl Cleanups for Cache {
    fn strategy(&self) -> Arc<dyn MemoryCleanup> {
        Arc::new(ConfigCacheCleanup::new())
    }

    fn service(&self) -> ServiceName {
        name("config_server")
    }

    async fn fill(&self) {
        self.0.get_shared::<Vec<String>>("hosts").expect("hosts");
        self.0.get_shared::<u32>("limits.a").expect("a number");
    }

    async fn size(&self) -> u64 {
        self.0.status().cached
    }
}

struct Allocator(Arc<AtomicU64>);

impl Cleanups for Allocator {
    fn strategy(&self) -> Arc<dyn MemoryCleanup> {
        let trims = Arc::clone(&self.0);
        Arc::new(AllocatorCleanup::new(Arc::new(move || {
            trims.fetch_add(1, Ordering::Relaxed);
            Some(true)
        })))
    }

    fn service(&self) -> ServiceName {
        name("allocator")
    }

    async fn fill(&self) {}

    async fn size(&self) -> u64 {
        panic!("it is not asked")
    }
}

#[tokio::test]
async fn deleting_events_is_as_it_should_be() {
    let bed = Bed::new().await;
    assert_eq!(
        memory_cleanup(&bed.namespace, &Events(bed.store())).await,
        Ok(())
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn clearing_the_cache_of_the_config_server_is_as_it_should_be() {
    let bed = Bed::new().await;
    assert_eq!(
        memory_cleanup(&bed.namespace, &Cache(bed.config())).await,
        Ok(())
    );
    bed.end().await;
}

#[tokio::test]
async fn trimming_an_allocator_is_as_it_should_be() {
    let bed = Bed::new().await;
    let trims = Arc::new(AtomicU64::new(0));
    let allocator = Allocator(Arc::clone(&trims));
    assert_eq!(memory_cleanup(&bed.namespace, &allocator).await, Ok(()));
    assert!(trims.load(Ordering::Relaxed) >= 7);
    bed.end().await;
}

/// Which rule of the suite finds a flaw, if any does.
async fn found(flaw: Flaw) -> Option<&'static str> {
    let bed = Bed::new().await;
    let violation = memory_cleanup(&bed.namespace, &Mutant::new(flaw))
        .await
        .err();
    bed.end().await;
    violation.map(|violation| violation.rule)
}

#[tokio::test(start_paused = true)]
async fn each_flaw_is_found_by_the_rule_that_it_breaks() {
    let flaws = [
        (Flaw::None, None),
        (
            Flaw::ClassChanges,
            Some(
                "a strategy is of one class, and has one time limit and one interval, for all its life",
            ),
        ),
        (
            Flaw::LeavesSome,
            Some("when all is wanted, all goes that can"),
        ),
        (
            Flaw::SaysNothing,
            Some("a run that has freed something says so"),
        ),
        (
            Flaw::SaysTooMuch,
            Some(
                "where there is nothing to be freed, a run succeeds and says that nothing has gone",
            ),
        ),
        (
            Flaw::FailsOnNothing,
            Some(
                "where there is nothing to be freed, a run succeeds and says that nothing has gone",
            ),
        ),
        (
            Flaw::MildFails,
            Some("when less is wanted, no more goes than when all is"),
        ),
        (
            Flaw::WorksOnce,
            Some("a service that was cleaned works, and can be cleaned again"),
        ),
        (Flaw::Panics, Some("a run does not panic")),
        (Flaw::PanicsAtOnce, Some("a run does not panic")),
        (
            Flaw::Hangs,
            Some("a run comes to its end within its time limit"),
        ),
        (
            Flaw::LocksWhenDropped,
            Some(
                "a run that was dropped halfway leaves the service whole, and the next does what it did not",
            ),
        ),
    ];
    for (flaw, rule) in flaws {
        assert_eq!(found(flaw).await, rule, "{flaw:?}");
    }
}

#[test]
fn sources_are_held_against_what_is_expected_of_them() {
    let rule = |outcome: Result<(), mainstay::testkit::conformance::Violation>| {
        outcome.err().map(|violation| violation.rule)
    };
    assert_eq!(rule(memory_source(|| Ok(Measure::bytes(1, 2)))), None);
    assert_eq!(rule(memory_source(|| Ok(Measure::share(1.5)))), None);
    let mut nth = 0;
    let sometimes = move || {
        nth += 1;
        if nth % 2 == 0 {
            Ok(Measure::share(0.5))
        } else {
            Err(SourceError::new("not now"))
        }
    };
    assert_eq!(rule(memory_source(sometimes)), None);
    let never = || Err(SourceError::new("not now"));
    assert_eq!(
        rule(memory_source(never)),
        Some("a source knows what it is asked at least once")
    );
    let negative = || Ok(Measure::share(-0.5));
    assert_eq!(
        rule(memory_source(negative)),
        Some("a share is a number from 0 on")
    );
    let nothing = || Ok(Measure::bytes(0, 0));
    assert_eq!(
        rule(memory_source(nothing)),
        Some("bytes in use are of a whole that is not nothing")
    );
    let panics = || -> Result<Measure, SourceError> { panic!("out of luck") };
    assert_eq!(
        rule(memory_source(panics)),
        Some("a source does not panic: what it does not know it says")
    );
    let (_held, never) = std::sync::mpsc::channel::<()>();
    let hangs = move || {
        never.recv().ok();
        Ok(Measure::share(0.0))
    };
    assert_eq!(
        rule(memory_source(hangs)),
        Some("a source answers in less time than makes a sample stale")
    );
}
