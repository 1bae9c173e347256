//! What is stored is what is given back.

use mainstay_actors::event_store::{Event, StoreError};
use proptest::prelude::*;

use super::on_a_store;
use super::samples::{builder, data, event};

proptest! {
    #[test]
    fn any_event_stored_and_retrieved_from_eventstore_retains_data_integrity(event in event(), in_sqlite: bool) {
        on_a_store(in_sqlite, |bed| async move {
            let id = bed.store.store(event.clone()).await.expect("it is stored");
            let found = bed.store.get(id).await.expect("an answer").expect("it is there");
            prop_assert_eq!(found.id(), Some(id));
            prop_assert_eq!(found.namespace(), Some(bed.namespace.name()));
            prop_assert_eq!(
                (found.event_type(), found.wall_time(), found.correlation_id(), found.parent_id()),
                (event.event_type(), event.wall_time(), event.correlation_id(), event.parent_id())
            );
            prop_assert_eq!((found.process(), found.node()), (event.process(), event.node()));
            prop_assert_eq!(found.data(), event.data());
            Ok(bed)
        })?;
    }

    #[test]
    fn eventstore_store_with_any_valid_event_always_succeeds_or_fails_gracefully(
        builders in prop::collection::vec(builder(), 1..6), in_sqlite: bool,
    ) {
        on_a_store(in_sqlite, |bed| async move {
            let mut there: Vec<Event> = Vec::new();
            for event in builders.into_iter().filter_map(|builder| builder.build().ok()) {
                let before = there.iter().find(|there| event.id().is_some() && there.id() == event.id());
                let before = before.cloned();
                match bed.store.store(event.clone()).await {
                    Ok(id) => {
                        let found = bed.store.get(id).await.expect("an answer").expect("it is there");
                        prop_assert_eq!((found.id(), found.data()), (Some(id), event.data()));
                        if before.is_none() {
                            there.push(found);
                        }
                    }
                    Err(StoreError::Taken { id }) => {
                        prop_assert_eq!(event.id(), Some(id));
                        let before = before.expect("there is another");
                        let found = bed.store.get(id).await.expect("an answer");
                        prop_assert!(!before.says_the_same(&event));
                        prop_assert_eq!(found, Some(before));
                    }
                    Err(error) => prop_assert!(false, "{}", error),
                }
            }
            prop_assert_eq!(bed.store.stats().events, there.len() as u64);
            Ok(bed)
        })?;
    }

    #[test]
    fn event_data_serialization_preserves_complex_nested_structures(data in data(), in_sqlite: bool) {
        let event = Event::builder("nested").data(data.clone()).build().expect("an event");
        let text = event.serialize_to_string();
        prop_assert_eq!(event.serialized_size(), text.len() as u64);
        let read = Event::deserialize_from_str(&text).expect("an event");
        prop_assert_eq!(read.data(), &data);
        on_a_store(in_sqlite, |bed| async move {
            let id = bed.store.store(read).await.expect("it is stored");
            let found = bed.store.get(id).await.expect("an answer").expect("it is there");
            prop_assert_eq!(found.data(), &data);
            Ok(bed)
        })?;
    }
}
