//! The suite of the test kit, held against the backends that there are, and against those that break a rule each.

mod mutant;

use std::sync::Arc;

use mainstay::testkit::conformance::event_backend;
use mainstay_actors::event_store::{EventBackend, MemoryBackend, SqliteBackend};
use mainstay_actors::pool::managers::sqlite::SqliteOptions;

use super::home::Home;
use super::sqlite::Folder;
use mutant::{Flaw, Mutant};

#[tokio::test]
async fn events_in_memory_are_as_they_should_be() {
    let make = |_| async { Arc::new(MemoryBackend::new()) as Arc<dyn EventBackend> };
    assert_eq!(event_backend(make).await, Ok(()));
}

async fn in_sqlite(options: SqliteOptions) {
    let home = Home::new().await;
    let pool = home.sqlite(options).await;
    let make = |namespace| {
        let backend = SqliteBackend::new(pool.clone(), namespace);
        async { Arc::new(backend) as Arc<dyn EventBackend> }
    };
    assert_eq!(event_backend(make).await, Ok(()));
    drop(pool);
    home.end().await;
}

#[tokio::test]
async fn events_in_sqlite_without_a_file_are_as_they_should_be() {
    in_sqlite(SqliteOptions::memory()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_many_namespaces_in_one_file_of_sqlite_are_as_they_should_be() {
    let folder = Folder::new();
    in_sqlite(SqliteOptions::file(folder.file("events.db"))).await;
}

/// Which rule of the suite finds a flaw.
async fn found(flaw: Flaw) -> &'static str {
    let make = |_| async move { Arc::new(Mutant::new(flaw)) as Arc<dyn EventBackend> };
    let violation = event_backend(make).await.expect_err("it has a flaw");
    violation.rule
}

#[tokio::test]
async fn each_flaw_is_found_by_the_rule_that_it_breaks() {
    for (flaw, rule) in [
        (Flaw::None, ""),
        (Flaw::NumbersFromZero, "numbers begin with 1 and rise in the order in which events are given"),
        (Flaw::NumbersAgain, "a number is never made again, though its event has gone"),
        (Flaw::Floats, "an event is given back as it was given"),
        (Flaw::Milliseconds, "an event is given back as it was given"),
        (Flaw::Small, "an event may have a megabyte"),
        (
            Flaw::Parted,
            "a group with a number that another event has is not stored at all, and the others are",
        ),
        (Flaw::Overwrites, "a group with a number that another event has is not stored at all, and the others are"),
        (Flaw::OneByOne, "a group is seen whole or not at all"),
        (Flaw::EarliestGoes, "of more events than there may be, those with the lowest numbers go"),
        (
            Flaw::BytesUncounted,
            "of more bytes than there may be, events go with the lowest numbers, but the last one stays",
        ),
        (Flaw::NoCorrelation, "a question is answered with every event that fits, and no other, in order"),
        (Flaw::NoData, "a question is answered with every event that fits, and no other, in order"),
        (Flaw::UntilToo, "a question is answered with every event that fits, and no other, in order"),
        (Flaw::TiesAscending, "a question is answered with every event that fits, and no other, in order"),
        (Flaw::NeverMore, "pages follow each other without a gap, and say whether there are more"),
        (Flaw::OffsetBeforeData, "pages follow each other without a gap, and say whether there are more"),
        (Flaw::LongAnswers, "an answer ends with so many bytes, but has one event at least"),
        (Flaw::ThatTimeToo, "an event of that very time stays"),
        (Flaw::AllAtOnce, "of the events before a time, the earliest go first, and no more than are asked for"),
    ] {
        if flaw == Flaw::None {
            let make = |_| async { Arc::new(Mutant::new(Flaw::None)) as Arc<dyn EventBackend> };
            assert_eq!(event_backend(make).await, Ok(()), "the mutant itself is sound");
        } else {
            assert_eq!(found(flaw).await, rule, "{flaw:?}");
        }
    }
}

#[tokio::test]
async fn namespaces_that_see_each_other_are_found() {
    let shared: Arc<dyn EventBackend> = Arc::new(MemoryBackend::new());
    let make = |namespace: mainstay_supervisors::specs::NamespaceName| {
        let is_shared = ["one", "other"].contains(&namespace.as_str());
        let backend = if is_shared { Arc::clone(&shared) } else { Arc::new(MemoryBackend::new()) };
        async move { backend }
    };
    let violation = event_backend(make).await.expect_err("they see each other");
    assert_eq!(violation.rule, "namespaces do not see each other");
}
