//! What holds of all databases that stores may share.

use mainstay_actors::event_store::EventQuery;
use mainstay_supervisors::specs::EventStoreSpec;

use super::support::{Bed, event};

/// Two stores of one namespace that are in the same place store so many events by turns.
pub(super) async fn give_no_number_twice(spec: EventStoreSpec, count: u64) {
    let (one, other) = (Bed::with(spec.clone()).await, Bed::with(spec).await);
    let tasks: Vec<_> = (0..count)
        .map(|nth| {
            let bed = if nth % 2 == 0 { &one } else { &other };
            let store = bed.store.clone();
            tokio::spawn(async move { store.store(event("e")).await.expect("it is stored").get() })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.expect("no panic"));
    }
    ids.sort_unstable();
    assert_eq!(ids, (1..=count).collect::<Vec<_>>());
    for bed in [&one, &other] {
        let all = bed.store.query(EventQuery::new().limit(1000)).await;
        let all = all.expect("an answer").events;
        let found = all.iter().filter_map(|event| event.id());
        assert_eq!(found.map(|id| id.get()).collect::<Vec<_>>(), ids);
    }
    other.end().await;
    one.end().await;
}
