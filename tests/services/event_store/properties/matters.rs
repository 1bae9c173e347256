//! What belongs together.

use std::collections::BTreeMap;
use std::time::Duration;

use mainstay_actors::event_store::{CorrelationId, Event, EventBuilder, EventId, EventQuery};
use proptest::prelude::*;

use super::samples::{alike, moment};
use super::{numbers, on_a_store};
use crate::event_store::support::{event, id};

fn matter(nth: u8) -> CorrelationId {
    CorrelationId::new(format!("m{nth}")).expect("an id")
}

proptest! {
    #[test]
    fn eventstore_get_by_correlation_always_returns_events_in_chronological_order(
        events in prop::collection::vec(alike(), 0..30), in_sqlite: bool,
    ) {
        on_a_store(in_sqlite, |bed| async move {
            bed.store.store_batch(events).await.expect("they are stored");
            for nth in 0..3 {
                let page = bed.store.get_by_correlation(&matter(nth)).await.expect("an answer");
                let times: Vec<_> = page.events.iter().map(|event| (event.wall_time(), event.id())).collect();
                prop_assert!(times.is_sorted(), "{:?}", times);
            }
            Ok(bed)
        })?;
    }

    #[test]
    fn event_correlation_ids_are_preserved_through_any_number_of_related_events(
        matters in prop::collection::vec((0..3_u8, 0..50_u64), 0..60), in_sqlite: bool,
    ) {
        on_a_store(in_sqlite, |bed| async move {
            let mut expected: BTreeMap<u8, Vec<(u64, u64)>> = BTreeMap::new();
            for (number, (nth, at)) in (1..).zip(matters) {
                let event = Event::builder("e").correlation_id(matter(nth).as_str()).wall_time(moment(at));
                bed.store.store(event.build().expect("an event")).await.expect("it is stored");
                expected.entry(nth).or_default().push((at, number));
            }
            for (nth, mut all) in expected {
                all.sort_unstable();
                let page = bed.store.get_by_correlation(&matter(nth)).await.expect("an answer");
                prop_assert!(page.events.iter().all(|event| event.correlation_id() == Some(&matter(nth))));
                let all: Vec<u64> = all.into_iter().map(|(_, number)| number).collect();
                prop_assert_eq!(numbers(&page.events), all);
            }
            Ok(bed)
        })?;
    }

    #[test]
    fn event_parent_child_relationships_form_valid_tree_structures(
        parents in prop::collection::vec(any::<prop::sample::Index>(), 0..40), in_sqlite: bool,
    ) {
        // Each event has one of those before it as its parent, or none.
        let parents: Vec<u64> = parents.iter().enumerate().map(|(nth, parent)| parent.index(nth + 1) as u64).collect();
        on_a_store(in_sqlite, |bed| async move {
            let events = parents.iter().map(|parent| {
                let parent = EventId::new(*parent);
                let event = parent.into_iter().fold(Event::builder("e"), EventBuilder::parent_id);
                event.build().expect("an event")
            });
            bed.store.store_batch(events.collect::<Vec<_>>()).await.expect("they are stored");
            let mut reached = 0;
            for (nth, parent) in (1_u64..).zip(&parents) {
                let mut way = vec![nth];
                let mut next = *parent;
                while next > 0 {
                    way.insert(0, next);
                    next = parents[usize::try_from(next).expect("few") - 1];
                }
                let chain = bed.store.correlation_chain(id(nth)).await.expect("an answer");
                prop_assert_eq!(numbers(&chain), way);
                let children = EventQuery::new().parent_id(id(nth)).limit(1000);
                let children = bed.store.query(children).await.expect("an answer").events;
                let expected = (1..).zip(&parents).filter(|(_, parent)| **parent == nth);
                prop_assert_eq!(numbers(&children), expected.map(|(child, _)| child).collect::<Vec<_>>());
                reached += children.len();
            }
            let roots = parents.iter().filter(|parent| **parent == 0).count();
            prop_assert_eq!(reached + roots, parents.len());
            Ok(bed)
        })?;
    }

    #[test]
    fn event_timestamps_are_monotonic_within_correlation_groups(
        steps in prop::collection::vec((0..3_u8, 0..5_000_u64), 0..40), in_sqlite: bool,
    ) {
        on_a_store(in_sqlite, |bed| async move {
            for (nth, millis) in &steps {
                tokio::time::advance(Duration::from_millis(*millis)).await;
                let event = Event::builder("e").correlation_id(matter(*nth).as_str());
                bed.store.store(event.build().expect("an event")).await.expect("it is stored");
            }
            for nth in 0..3 {
                let query = EventQuery::new().correlation_id(matter(nth)).limit(1000);
                let events = bed.store.query(query).await.expect("an answer").events;
                let times: Vec<Duration> = events.iter().filter_map(Event::monotonic).collect();
                prop_assert_eq!(times.len(), steps.iter().filter(|(of, _)| *of == nth).count());
                prop_assert!(times.is_sorted(), "{:?}", times);
            }
            Ok(bed)
        })?;
    }

    #[test]
    fn eventstore_concurrent_operations_maintain_referential_integrity(
        families in prop::collection::vec(0..6_usize, 1..8), in_sqlite: bool,
    ) {
        on_a_store(in_sqlite, |bed| async move {
            let mut told = bed.store.subscribe().expect("a stream");
            let tasks: Vec<_> = families.iter().zip(0_u8..).map(|(children, nth)| {
                let (store, children) = (bed.store.clone(), *children);
                tokio::spawn(async move {
                    let parent = store.store(event(&format!("parent {nth}"))).await.expect("it is stored");
                    for _ in 0..children {
                        let child = Event::builder(format!("child {nth}")).parent_id(parent);
                        store.store(child.build().expect("an event")).await.expect("it is stored");
                    }
                })
            }).collect();
            for task in tasks {
                task.await.expect("no panic");
            }
            let mut seen: BTreeMap<EventId, Event> = BTreeMap::new();
            while let Some(event) = told.try_next() {
                let event = event.expect("no lag");
                let number = event.id().expect("it is stored");
                if let Some(parent) = event.parent_id() {
                    let parent = seen.get(&parent).expect("it was told before");
                    let expected = parent.event_type().as_str().replace("parent", "child");
                    prop_assert_eq!(event.event_type().as_str(), expected);
                }
                prop_assert!(seen.keys().all(|before| *before < number));
                seen.insert(number, event);
            }
            prop_assert_eq!(seen.len(), families.iter().sum::<usize>() + families.len());
            drop(told);
            Ok(bed)
        })?;
    }
}
