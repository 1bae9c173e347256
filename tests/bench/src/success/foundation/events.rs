//! Events.

use std::time::{Duration, SystemTime};

use mainstay_actors::event_store::{Event, EventId, EventQuery, EventStore};
use mainstay_supervisors::Namespace;

use super::book::Book;
use crate::Outcome;
use crate::success::sample::Sample;

/// How many events a batch has, and a matter.
const BATCH: usize = 10;

pub(super) async fn measure(namespace: &Namespace, book: &Book, changes: usize) -> Outcome<()> {
    let store = EventStore::in_namespace(namespace).ok_or("it was just started")?;
    let began = SystemTime::now();
    let ids = writes(&store, book, changes).await?;
    reads(&store, book, &ids, began).await?;
    let [mut streams, mut health, mut before, mut older] = <[Sample; 4]>::default();
    let old = began - Duration::from_secs(60);
    for _ in 0..changes {
        drop(streams.time(|| store.subscribe())?);
        health.time_async(store.health()).await?;
        // There are none so old: what it takes to find that out.
        before.time_async(store.cleanup_events_before(old)).await?;
        let age = Duration::from_secs(3600);
        older
            .time_async(store.cleanup_events_older_than(age))
            .await?;
    }
    book.note("event_store.subscribe", streams)?;
    book.note("event_store.health", health)?;
    book.note("event_store.cleanup_events_before", before)?;
    book.note("event_store.cleanup_events_older_than", older)
}

/// The last event of each matter.
async fn writes(store: &EventStore, book: &Book, changes: usize) -> Outcome<Vec<EventId>> {
    let (mut stores, mut batches) = <(Sample, Sample)>::default();
    let mut ids: Vec<EventId> = Vec::with_capacity(changes);
    for nth in 0..changes {
        let matter = format!("order-{}", nth / BATCH);
        let mut event = Event::builder("order").data(nth).correlation_id(matter);
        if let Some(parent) = ids.last().filter(|_| nth % BATCH != 0) {
            event = event.parent_id(*parent);
        }
        ids.push(stores.time_async(store.store(event.build()?)).await?);
    }
    for _ in 0..changes / BATCH {
        let events = (0..BATCH).map(|nth| Event::builder("batch").data(nth).build());
        let events = events.collect::<Result<Vec<_>, _>>()?;
        batches.time_async(store.store_batch(events)).await?;
    }
    book.note("event_store.store", stores)?;
    book.note("event_store.store_batch", batches)?;
    Ok(ids)
}

async fn reads(store: &EventStore, book: &Book, ids: &[EventId], began: SystemTime) -> Outcome<()> {
    let [
        mut gets,
        mut queries,
        mut matters,
        mut chains,
        mut recent,
        mut ranges,
    ] = <[Sample; 6]>::default();
    for (nth, id) in ids.iter().enumerate() {
        gets.time_async(store.get(*id))
            .await?
            .ok_or("it was stored")?;
        queries
            .time_async(store.query(EventQuery::new().after(*id).limit(10)))
            .await?;
        let matter = format!("order-{}", nth / BATCH).parse()?;
        matters
            .time_async(store.get_by_correlation(&matter))
            .await?;
        chains.time_async(store.correlation_chain(*id)).await?;
        recent.time_async(store.get_recent(10)).await?;
    }
    // A thousand events each.
    for _ in 0..ids.len() / BATCH {
        let until = SystemTime::now();
        ranges
            .time_async(store.get_time_range(began, until))
            .await?;
    }
    book.note("event_store.get", gets)?;
    book.note("event_store.query", queries)?;
    book.note("event_store.get_by_correlation", matters)?;
    book.note("event_store.correlation_chain", chains)?;
    book.note("event_store.get_recent", recent)?;
    book.note("event_store.get_time_range", ranges)
}
