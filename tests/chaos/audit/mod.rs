//! What has to hold in the end: nothing that was promised is lost, nothing that was lent is kept.

pub(crate) mod chaos;
mod events;
mod figures;
mod guards;
mod rest;

use std::time::Duration;

use mainstay::prelude::*;
use tokio::time::sleep;

use crate::load::Clients;
use crate::weather::Settings;

/// What does not hold, a line each.
pub(crate) async fn audit(app: &Namespace, clients: &Clients, settings: Settings) -> Vec<String> {
    let mut faults = guards::probe(app).await;
    let kept = events::all(app).await;
    faults.extend(events::faults(&kept, &clients.book));
    faults.extend(
        clients
            .book
            .with(|pages| figures::faults(app, pages, &kept)),
    );
    // The connection that was used for that is being brought back.
    sleep(Duration::from_secs(5)).await;
    faults.extend(guards::faults(app, clients));
    faults.extend(rest::faults(app, clients, settings).await);
    faults
}
