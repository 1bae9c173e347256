//! The suite of the test kit, held against the backends that there are, and against those that break a rule each.

mod mutant;

use std::sync::Arc;
use std::time::Duration;

use mainstay::testkit::conformance::event_backend;
use mainstay_actors::event_store::{EventBackend, MemoryBackend, PostgresBackend, SqliteBackend};
use mainstay_actors::pool::managers::sqlite::SqliteOptions;
use mainstay_supervisors::specs::NamespaceName;

use super::home::Home;
use super::sqlite::Folder;
use crate::servers::Postgres;
use mutant::{Flaw, Mutant};

async fn holds<F, B>(make: F)
where
    F: Fn(NamespaceName) -> B,
    B: EventBackend,
{
    let make = |namespace| {
        let backend: Arc<dyn EventBackend> = Arc::new(make(namespace));
        async { backend }
    };
    assert_eq!(event_backend(make).await, Ok(()));
}

// On several threads, so that what is seen while it is stored could be half of it.
#[tokio::test(flavor = "multi_thread")]
async fn events_in_memory_are_as_they_should_be() {
    holds(|_| MemoryBackend::new()).await;
}

async fn in_sqlite(options: SqliteOptions) {
    let home = Home::new().await;
    let pool = home.sqlite(options).await;
    holds(|namespace| SqliteBackend::new(pool.clone(), namespace, FOR_EVER)).await;
    drop(pool);
    home.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_in_sqlite_without_a_file_are_as_they_should_be() {
    in_sqlite(SqliteOptions::memory()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_many_namespaces_in_one_file_of_sqlite_are_as_they_should_be() {
    let folder = Folder::new();
    in_sqlite(SqliteOptions::file(folder.file("events.db"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_in_postgresql_are_as_they_should_be() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let home = Home::new().await;
    let pool = home.postgres(&server.url()).await;
    holds(|namespace| PostgresBackend::new(pool.clone(), namespace, FOR_EVER)).await;
    drop(pool);
    home.end().await;
}

/// Only what hangs takes so long.
const FOR_EVER: Duration = Duration::from_secs(60);

/// Which rule of the suite finds a flaw, if any does.
async fn found(flaw: Flaw) -> Option<&'static str> {
    let make = |_| async move { Arc::new(Mutant::new(flaw)) as Arc<dyn EventBackend> };
    let violation = event_backend(make).await.err();
    violation.map(|violation| violation.rule)
}

const RISE: &str = "numbers begin with 1 and rise in the order in which events are given";
const AGAIN: &str = "a number is never made again, though its event has gone";
const AS_IT_WAS: &str = "an event is given back as it was given";
const LARGE: &str = "an event may have a megabyte";
const WHOLE_OR_NOT: &str =
    "a group with a number that another event has is not stored at all, and the others are";
const SEEN: &str = "a group is seen whole or not at all";
const LOWEST: &str = "of more events than there may be, those with the lowest numbers go";
const NO_ROOM: &str =
    "a group with a number so low that it would go at once is not stored, and the others are";
const SHARED: &str = "groups that are given together are stored as if one were after the other";
const LOWERED: &str =
    "of far more events than there may be, 1,000 go in one transaction, and two for each new one";
const STORED_AGAIN: &str = "an event that is stored again with its number is passed over";
const BYTES: &str =
    "of more bytes than there may be, events go with the lowest numbers, but the last one stays";
const FITS: &str = "a question is answered with every event that fits, and no other, in order";
const PAGES: &str = "pages follow each other without a gap, and say whether there are more";
const ENDS: &str = "an answer ends with so many bytes, but has one event at least";
const THAT_TIME: &str = "an event of that very time stays";
const MEANWHILE: &str =
    "what is taken away while others are stored goes once, and none of these is lost";
const EARLIEST: &str =
    "of the events before a time, the earliest go first, and no more than are asked for";

#[tokio::test]
async fn each_flaw_is_found_by_the_rule_that_it_breaks() {
    let expected = [
        (Flaw::None, None),
        (Flaw::NumbersFromZero, Some(RISE)),
        (Flaw::NumbersAgain, Some(AGAIN)),
        (Flaw::Floats, Some(AS_IT_WAS)),
        (Flaw::Milliseconds, Some(AS_IT_WAS)),
        (Flaw::Small, Some(LARGE)),
        (Flaw::Parted, Some(WHOLE_OR_NOT)),
        (Flaw::Overwrites, Some(WHOLE_OR_NOT)),
        (Flaw::OneByOne, Some(SEEN)),
        (Flaw::EarliestGoes, Some(LOWEST)),
        (Flaw::RoomForAll, Some(NO_ROOM)),
        (Flaw::NoRoomBelow, Some(NO_ROOM)),
        (Flaw::EachForItself, Some(SHARED)),
        (Flaw::AllAtOnceGoes, Some(LOWERED)),
        (Flaw::AlwaysNew, Some(STORED_AGAIN)),
        (Flaw::BytesUncounted, Some(BYTES)),
        (Flaw::NoCorrelation, Some(FITS)),
        (Flaw::NoData, Some(FITS)),
        (Flaw::UntilToo, Some(FITS)),
        (Flaw::TiesAscending, Some(FITS)),
        (Flaw::NeverMore, Some(PAGES)),
        (Flaw::OffsetBeforeData, Some(PAGES)),
        (Flaw::LongAnswers, Some(ENDS)),
        (Flaw::ThatTimeToo, Some(THAT_TIME)),
        (Flaw::AllAtOnce, Some(EARLIEST)),
        (Flaw::Overtakes, Some(MEANWHILE)),
    ];
    let mut came = Vec::new();
    for (flaw, _) in expected {
        came.push((flaw, found(flaw).await));
    }
    assert_eq!(came, expected);
}

#[tokio::test]
async fn namespaces_that_see_each_other_are_found() {
    let shared: Arc<dyn EventBackend> = Arc::new(MemoryBackend::new());
    let make = |namespace: NamespaceName| {
        let is_shared = ["one", "other"].contains(&namespace.as_str());
        let backend = if is_shared {
            Arc::clone(&shared)
        } else {
            Arc::new(MemoryBackend::new())
        };
        async move { backend }
    };
    let violation = event_backend(make).await.expect_err("they see each other");
    assert_eq!(violation.rule, "namespaces do not see each other");
}
