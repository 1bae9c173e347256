//! The node: every service there is, three clerks of the application, and a database.

use std::sync::Arc;

use mainstay::NodeBuilder;
use mainstay::prelude::*;
use mainstay::testkit::MockOptions;
use mainstay_actors::memory::MemorySetup;
use mainstay_actors::pool::ConnectionSpec;
use mainstay_actors::{EventStore, MemoryManager};
use mainstay_supervisors::specs::{EventStoreSpec, MemoryManagerSpec};
use serde::Deserialize;

use crate::database::{Database, Events};
use crate::load::{Clients, clerk};
use crate::wanted::Wanted;

/// How many events there may be for those who read them.
const HISTORY: usize = 1 << 16;

pub(crate) fn name(text: &str) -> ServiceName {
    ServiceName::new(text).unwrap()
}

/// Where a clerk sits: nothing goes by it, but that one who is to sit elsewhere is another.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Desk {
    #[serde(rename = "desk")]
    _desk: u32,
}

fn builder(seed: u64, database: &Database, events: &Arc<Events>, clients: &Clients) -> NodeBuilder {
    let (connections, events) = (database.connections.clone(), Arc::clone(events));
    let clients = clients.clone();
    Node::builder()
        .seed(seed)
        .history(HISTORY)
        .pool_kind("database", move |()| {
            ConnectionSpec::new(connections.clone(), MockOptions::default())
        })
        .kind("memory_manager", |()| {
            let spec = MemoryManagerSpec::default().simulation(true);
            MemoryManager::child_with(MemorySetup::new(spec).by_hand())
        })
        .kind("event_store", move |()| {
            let events = Arc::<Events>::clone(&events);
            EventStore::child_with(EventStoreSpec::memory(), events)
        })
        .kind("clerk", move |Desk { .. }| clerk(clients.clone()))
}

pub(crate) async fn boot(seed: u64, database: &Database, clients: &Clients) -> Node {
    let events = Arc::new(Events::new(database.clone(), clients.book.clone()));
    let builder = builder(seed, database, &events, clients);
    let spec = Wanted::of(clients.quota).spec();
    let node = builder.boot(&spec).await.unwrap();
    let app = node.namespace("app").unwrap();
    events.namespace.set(app.downgrade()).unwrap();
    node
}
