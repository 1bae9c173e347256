//! Storing, taking away and asking.

use mainstay_actors::event_store::{Event, StoreError};
use proptest::prelude::*;

use super::samples::{alike, answer, moment, query};
use super::{numbers, on_a_store};

#[derive(Clone, Debug)]
enum Step {
    Store(Vec<Event>),
    /// Everything before so many microseconds goes.
    Prune(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => prop::collection::vec(alike(), 0..6).prop_map(Step::Store),
        1 => (0..10_u64).prop_map(Step::Prune),
    ]
}

proptest! {
    #[test]
    fn eventstore_query_with_random_query_parameters_never_crashes(
        events in prop::collection::vec(alike(), 0..20), queries in prop::collection::vec(query(), 1..8), in_sqlite: bool,
    ) {
        on_a_store(in_sqlite, |bed| async move {
            let ids = bed.store.store_batch(events.clone()).await.expect("they are stored");
            let stored = events.into_iter().zip(ids).map(|(event, id)| event.with_id(id));
            let stored: Vec<Event> = stored.collect();
            for (query, offset, limit) in queries {
                let asked = format!("{query:?}");
                match bed.store.query(query.clone()).await {
                    Ok(page) => prop_assert_eq!(numbers(&page.events), answer(&stored, &query, offset, limit), "{}", asked),
                    Err(StoreError::Invalid(faults)) => {
                        let types = asked.matches("\"t0\"").count();
                        let until = faults.to_string().contains("until: ");
                        let fault = types > 64 || offset > i64::MAX as u64 || !(1..=1000).contains(&limit) || until;
                        prop_assert!(fault, "{}: {}", asked, faults);
                    }
                    Err(error) => prop_assert!(false, "{}: {}", asked, error),
                }
            }
            Ok(bed)
        })?;
    }

    #[test]
    fn eventstore_state_after_a_series_of_stores_and_prunes_is_consistent_with_operations(
        steps in prop::collection::vec(step(), 0..20), in_sqlite: bool,
    ) {
        on_a_store(in_sqlite, |bed| async move {
            let (mut there, mut stored, mut pruned) = (Vec::<Event>::new(), 0, 0);
            for step in steps {
                match step {
                    Step::Store(events) => {
                        stored += events.len() as u64;
                        let ids = bed.store.store_batch(events.clone()).await.expect("they are stored");
                        there.extend(events.into_iter().zip(ids).map(|(event, id)| event.with_id(id)));
                    }
                    Step::Prune(at) => {
                        let before = there.len();
                        there.retain(|event| event.wall_time() >= moment(at));
                        let gone = (before - there.len()) as u64;
                        let answer = bed.store.cleanup_events_before(moment(at)).await.expect("an answer");
                        prop_assert_eq!(answer, gone);
                        pruned += gone;
                    }
                }
                let stats = bed.store.stats();
                prop_assert_eq!(
                    (stats.events, stats.events_stored, stats.events_pruned, stats.last_id),
                    (there.len() as u64, stored, pruned, stored)
                );
            }
            let page = bed.store.get_recent(1000).await.expect("an answer");
            let mut found = numbers(&page.events);
            found.reverse();
            prop_assert_eq!(found, numbers(&there));
            // What is counted is what is there.
            let bytes: u64 = page.events.iter().map(Event::serialized_size).sum();
            prop_assert_eq!(bed.store.stats().bytes, bytes);
            Ok(bed)
        })?;
    }
}
