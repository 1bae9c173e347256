//! Those who change the configuration.

use std::time::Duration;

use mainstay::prelude::*;
use mainstay_actors::config::{ConfigError, ConfigValue};
use tokio::time::sleep;

use super::Clients;
use crate::book::Changed;

/// Counts a setting of its own up, one change after the other.
pub(super) async fn changer(clients: Clients, app: Namespace, client: &'static str) {
    let mut chance = clients.chance(200 + client.len() as u64);
    let config = ConfigServer::in_namespace(&app).unwrap();
    for value in 1_u64.. {
        if clients.is_over() {
            return;
        }
        sleep(Duration::from_millis(chance.u64(100..3000))).await;
        let put = ConfigValue::from(i64::try_from(value).unwrap());
        let answer = config.update(format!("load.{client}"), put).await;
        let changed = match answer {
            Ok(change) => Changed::Done(change.version),
            Err(ConfigError::Timeout(_) | ConfigError::Interrupted(_)) => Changed::Doubtful,
            Err(_) => Changed::Refused,
        };
        clients.book.with(|pages| {
            pages
                .config
                .entry(client)
                .or_default()
                .push((value, changed))
        });
    }
}
