//! The operations of the Foundation services: configuration, events, telemetry.

use std::time::Duration;

use mainstay_actors::config::{ConfigServer, ConfigValue};
use mainstay_actors::event_store::{Event, EventId, EventQuery, EventStore};
use mainstay_actors::telemetry::TelemetryService;
use mainstay_specs::{ConfigServerSpec, EventStoreSpec, NamespaceName, TelemetrySpec};
use mainstay_supervisors::{Namespace, NamespacePlan, Runtime};

use super::sample::Sample;
use super::{calls, on_two_threads};
use crate::{Options, Outcome};

/// Reads, and what else only looks.
const LOOKS: usize = 50_000;
/// What goes through a keeper, or is stored.
const CHANGES: usize = 2_000;

/// Prints how each of them fares.
pub(super) fn baselines(options: &Options) -> Outcome<()> {
    let (looks, changes) = (calls(options, LOOKS), calls(options, CHANGES));
    on_two_threads(async move {
        let plan = NamespacePlan::new()
            .service(TelemetryService::child(TelemetrySpec::default()))
            .service(ConfigServer::child(
                ConfigServerSpec::default().update_limit(None),
            ))
            .service(EventStore::child(EventStoreSpec::memory()));
        let runtime = Runtime::new();
        let namespace = runtime
            .start_namespace(NamespaceName::new("bench")?, plan)
            .await?;
        config(&namespace, looks, changes).await?;
        events(&namespace, changes).await?;
        telemetry(&namespace, looks)?;
        runtime.stop(Duration::from_secs(5)).await;
        Ok(())
    })
}

fn print(operation: &str, sample: Sample) {
    let sample = sample.sorted();
    let (half, most, calls) = (sample.percentile(50), sample.percentile(99), sample.len());
    println!("baseline {operation}: p50 {half:.2?}, p99 {most:.2?} [{calls} calls]");
}

async fn config(namespace: &Namespace, looks: usize, changes: usize) -> Outcome<()> {
    let config = ConfigServer::in_namespace(namespace).ok_or("it was just started")?;
    let (mut gets, mut updates, mut watches) = <(Sample, Sample, Sample)>::default();
    for nth in 0..changes {
        let value = ConfigValue::from(nth);
        updates
            .time_async(config.update("dev.debug_mode", value))
            .await?;
    }
    for _ in 0..looks {
        gets.time(|| config.get("dev.debug_mode"))?;
    }
    for _ in 0..changes {
        drop(watches.time(|| config.subscribe())?);
    }
    print("config_server.get", gets);
    print("config_server.update", updates);
    print("config_server.subscribe", watches);
    Ok(())
}

async fn events(namespace: &Namespace, changes: usize) -> Outcome<()> {
    let store = EventStore::in_namespace(namespace).ok_or("it was just started")?;
    let (mut stores, mut gets, mut queries) = <(Sample, Sample, Sample)>::default();
    let mut ids: Vec<EventId> = Vec::with_capacity(changes);
    for nth in 0..changes {
        let event = Event::builder("order").data(nth).build()?;
        ids.push(stores.time_async(store.store(event)).await?);
    }
    for id in ids {
        gets.time_async(store.get(id))
            .await?
            .ok_or("it was stored")?;
        queries
            .time_async(store.query(EventQuery::new().after(id).limit(10)))
            .await?;
    }
    print("event_store.store", stores);
    print("event_store.get", gets);
    print("event_store.query", queries);
    Ok(())
}

fn telemetry(namespace: &Namespace, looks: usize) -> Outcome<()> {
    let telemetry = TelemetryService::in_namespace(namespace).ok_or("it was just started")?;
    let mut alone = Sample::default();
    let event = telemetry.event("shop.order")?;
    for nth in 0..looks {
        alone.time(|| event.emit(|| ([("cups", nth as f64)], [("size", "large")])));
    }
    print("telemetry.emit", alone);
    Ok(())
}
