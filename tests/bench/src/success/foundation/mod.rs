//! The operations of the Foundation services, each of them: configuration, events, telemetry.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the services |
//! | `config.rs`, `events.rs`, `telemetry.rs` | their operations |
//! | `book.rs` | where times are noted, compared and written |

mod book;
mod config;
mod events;
mod telemetry;

use std::time::Duration;

use mainstay_actors::config::ConfigServer;
use mainstay_actors::event_store::EventStore;
use mainstay_actors::telemetry::TelemetryService;
use mainstay_specs::{ConfigServerSpec, EventStoreSpec, NamespaceName, TelemetrySpec};
use mainstay_supervisors::{NamespacePlan, Runtime};

use self::book::Book;
use super::{calls, on_two_threads};
use crate::{Options, Outcome};

/// Reads, and what else only looks.
const LOOKS: usize = 50_000;
/// What goes through a keeper, or is stored.
const CHANGES: usize = 2_000;

/// Prints how each of them fares, and compares or writes that if it is asked for.
pub(super) fn baselines(options: &Options) -> Outcome<()> {
    let (looks, changes) = (calls(options, LOOKS), calls(options, CHANGES));
    let options = options.clone();
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
        let book = Book::open().await?;
        config::measure(&namespace, &book, looks, changes).await?;
        events::measure(&namespace, &book, changes).await?;
        telemetry::measure(&namespace, &book, looks, changes).await?;
        runtime.stop(Duration::from_secs(5)).await;
        book.close(&options).await
    })
}
