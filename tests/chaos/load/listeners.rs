//! Those who are told of each event that is stored, of each change of the configuration, and of each alert.

use mainstay::prelude::*;
use mainstay_actors::alerts::AlertState;
use mainstay_actors::event_store::StoredEvents;
use mainstay_actors::{Alerts, EventStore};

use super::{Clients, Phase};

/// Writes down the events that it is told of, until all has been told.
pub(super) async fn events(clients: Clients, mut stream: StoredEvents) {
    let mut phase = clients.phase.clone();
    loop {
        let told = tokio::select! {
            biased;
            told = stream.next() => told,
            _ = phase.wait_for(|phase| *phase == Phase::Told) => return,
        };
        match told.expect("the namespace runs") {
            Ok(event) => {
                let text = event.data().step("text").and_then(|text| text.as_str());
                if let Some(text) = text {
                    let text = text.to_owned();
                    let count = |told: &mut u64| *told += 1;
                    clients
                        .book
                        .with(|pages| count(pages.told.entry(text).or_default()));
                }
            }
            Err(lagged) => clients.book.with(|pages| pages.untold += lagged.0),
        }
    }
}

/// Writes down the versions that it is told of, as [`events`].
pub(super) async fn config(clients: Clients, app: Namespace) {
    let mut stream = ConfigServer::in_namespace(&app)
        .unwrap()
        .subscribe()
        .unwrap();
    let mut phase = clients.phase.clone();
    loop {
        let told = tokio::select! {
            biased;
            told = stream.next() => told,
            _ = phase.wait_for(|phase| *phase == Phase::Told) => return,
        };
        // It is never 64 changes behind.
        let version = told
            .expect("the namespace runs")
            .expect("none is lost")
            .version();
        clients.book.with(|pages| pages.versions.push(version));
    }
}

/// Writes down the alerts that it is told of, as [`events`].
pub(super) async fn alerts(clients: Clients, app: Namespace) {
    let mut stream = Alerts::in_namespace(&app).unwrap().subscribe().unwrap();
    let mut phase = clients.phase.clone();
    loop {
        let told = tokio::select! {
            biased;
            told = stream.next() => told,
            _ = phase.wait_for(|phase| *phase == Phase::Told) => return,
        };
        let alert = told.expect("the namespace runs").expect("none is lost");
        let fires = alert.state == AlertState::Firing;
        clients
            .book
            .with(|pages| pages.alerts.push((alert.number, fires)));
    }
}

/// The stream that [`events`] reads: from before the first event.
pub(super) fn subscribe(app: &Namespace) -> StoredEvents {
    EventStore::in_namespace(app).unwrap().subscribe().unwrap()
}
