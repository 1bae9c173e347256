//! Those who hold permits of circuit breakers by hand, and call through breakers by key.

use std::time::Duration;

use mainstay::prelude::*;
use mainstay_actors::{CircuitBreaker, CircuitBreakerRegistry};
use mainstay_supervisors::specs::CircuitConfig;
use tokio::time::{sleep, timeout};

use super::Clients;
use crate::node::name;

/// The breakers by key.
pub(crate) const FAMILY: &str = "shelves";

/// Takes permits of the breaker `db`, and gives them back without a word, or says how it went.
pub(super) async fn holder(clients: Clients, app: Namespace) {
    let mut chance = clients.chance(302);
    while !clients.is_over() {
        sleep(Duration::from_millis(chance.u64(50..1000))).await;
        let db = CircuitBreakerRegistry::of(&app).circuit("db").unwrap();
        let Ok(permit) = db.try_acquire_owned() else {
            clients.book.answered("no permit");
            continue;
        };
        sleep(Duration::from_millis(chance.u64(0..50))).await;
        match chance.u8(0..3) {
            0 => permit.success(),
            1 => permit.ignore(),
            _ => drop(permit),
        }
        clients.book.answered("permit held");
    }
}

/// Calls through breakers by key, which often fail, and often are given up.
pub(super) async fn keyed(clients: Clients, app: Namespace) {
    let mut chance = clients.chance(303);
    let config = CircuitConfig::default()
        .failure_threshold(2)
        .reset_timeout(Duration::from_secs(1));
    while !clients.is_over() {
        sleep(Duration::from_millis(chance.u64(20..400))).await;
        let family = CircuitBreakerRegistry::of(&app).keyed(name(FAMILY), config.clone());
        let key = chance.u8(0..4).to_string();
        let shelf = family.unwrap().breaker(&key).unwrap();
        let fails = !clients.is_calm() && chance.u8(0..3) == 0;
        let patience = Duration::from_millis(chance.u64(5..60));
        let answer = if chance.bool() {
            by_hand(&shelf, fails, patience).await
        } else {
            let call = shelf.execute(|| async move {
                sleep(LOOK).await;
                if fails { Err("an empty shelf") } else { Ok(()) }
            });
            match timeout(patience, call).await {
                Ok(Ok(())) => "shelf done",
                Ok(Err(error)) if error.refusal().is_some() => "shelf refused",
                Ok(Err(_)) => "shelf failed",
                Err(_) => "shelf given up",
            }
        };
        clients.book.with(|pages| pages.shelves += 1);
        clients.book.answered(answer);
    }
}

/// How long it takes to look at a shelf.
const LOOK: Duration = Duration::from_millis(20);

/// The same with a permit that is held by hand, and dropped when it is given up.
async fn by_hand(shelf: &CircuitBreaker, fails: bool, patience: Duration) -> &'static str {
    let Ok(permit) = shelf.try_acquire_owned() else {
        return "shelf refused";
    };
    if timeout(patience, sleep(LOOK)).await.is_err() {
        return "shelf given up";
    }
    if fails {
        permit.failure();
        return "shelf failed";
    }
    permit.success();
    "shelf done"
}
