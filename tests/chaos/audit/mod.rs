//! What has to hold in the end: nothing that was promised is lost, nothing that was lent is kept.

pub(crate) mod chaos;
mod events;
mod figures;
mod guards;
mod rest;

use std::time::Duration;

use mainstay::prelude::*;
use tokio::time::sleep;

use crate::book::Pages;
use crate::load::Clients;
use crate::weather::Settings;

/// What does not hold, a line each.
pub(crate) async fn audit(app: &Namespace, clients: &Clients, settings: Settings) -> Vec<String> {
    // Before anything is borrowed for what follows, which may wait for it in vain.
    let mut faults = guards::pools(app);
    faults.extend(guards::probe(app).await);
    match events::all(app).await {
        Ok(kept) => {
            faults.extend(events::faults(&kept, &clients.book));
            let figures = |pages: &mut Pages| figures::faults(app, pages, &kept);
            faults.extend(clients.book.with(figures));
        }
        Err(error) => faults.push(format!("the events cannot be read: {error}")),
    }
    // The connection that was used for that is being brought back.
    sleep(Duration::from_secs(5)).await;
    faults.extend(guards::faults(app, clients));
    faults.extend(rest::faults(app, clients, settings).await);
    faults
}
