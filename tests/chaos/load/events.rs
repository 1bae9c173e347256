//! Those who store events.

use std::time::Duration;

use mainstay::prelude::*;
use mainstay_actors::EventStore;
use mainstay_actors::config::ConfigValue;
use mainstay_actors::event_store::Event;
use tokio::time::{sleep, timeout};

use super::Clients;

/// Stores one event after the other, now and then without the patience to wait for the answer.
pub(super) async fn writer(clients: Clients, app: Namespace, nth: u64) {
    let mut chance = clients.chance(100 + nth);
    let store = EventStore::in_namespace(&app).unwrap();
    for number in 0_u64.. {
        if clients.is_over() {
            return;
        }
        sleep(Duration::from_millis(chance.u64(50..1000))).await;
        let text = format!("{nth}/{number}");
        let event = Event::builder("written").data(ConfigValue::map([("text", text.as_str())]));
        let event = event.build().unwrap();
        clients.book.stores(&text);
        let patience = if chance.u8(0..10) == 0 {
            Duration::from_millis(chance.u64(0..5))
        } else {
            Duration::from_secs(600)
        };
        if let Ok(answer) = timeout(patience, store.store(event)).await {
            clients.book.stored(&text, &answer);
        }
    }
}
