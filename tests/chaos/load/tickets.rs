//! Those who wait for tickets, of which there are never enough: each is given to somebody, whoever gives up.

use std::time::Duration;

use mainstay::prelude::*;
use mainstay_actors::limiter::{Limiter, RateKey, RateLimiterRegistry};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::Clients;
use crate::book::Tickets;

/// How many give up now and then.
const HASTY: u64 = 3;

fn limiter(app: &Namespace) -> Limiter {
    let tickets = RateLimiterRegistry::of(app).limiter("tickets").unwrap();
    tickets.local().unwrap().clone()
}

fn everybody() -> RateKey<'static> {
    RateKey::user("everybody")
}

/// Lets some wait until it is time, beside one who always waits, so that there is never a full bucket; and writes down what came of it.
pub(super) async fn office(clients: Clients, app: Namespace) {
    let began = Instant::now();
    let mut hasty = JoinSet::new();
    for nth in 0..HASTY {
        hasty.spawn(waiter(clients.clone(), app.clone(), nth, began));
    }
    let mut granted = 0;
    loop {
        let count = 1 + granted % 3;
        let waited = limiter(&app).wait(everybody(), count as u32).await;
        waited.unwrap();
        granted += count;
        while let Some(others) = hasty.try_join_next() {
            granted += others.unwrap();
        }
        if hasty.is_empty() {
            break;
        }
    }
    let status = limiter(&app).status(everybody()).unwrap().unwrap();
    let tickets = Tickets {
        granted,
        lasting: began.elapsed(),
        full_in: status.reset_after,
    };
    clients.book.with(|pages| pages.tickets = Some(tickets));
}

/// How many it was given.
async fn waiter(clients: Clients, app: Namespace, nth: u64, began: Instant) -> u64 {
    let mut chance = clients.chance(310 + nth);
    let mut granted = 0;
    while !clients.is_over() {
        let count = chance.u32(1..6);
        let waiting = limiter(&app);
        let waiting = waiting.wait_for(everybody(), count, Duration::from_secs(2));
        // As often as not it gives up in the very moment in which it may be its turn.
        let tickets = began.elapsed().as_millis() as u64 / 100 + chance.u64(1..12);
        let patience = began + Duration::from_millis(100 * tickets + chance.u64(0..2));
        tokio::select! {
            // Also of what it was just given.
            biased;
            () = sleep_until(patience) => clients.book.answered("tickets given up"),
            // If not, it was known not to be enough.
            waited = waiting => granted += waited.map_or(0, |_| u64::from(count)),
        }
        sleep(Duration::from_millis(chance.u64(1..300))).await;
    }
    granted
}
