//! Those who hold room in memory, and tokens of a limit.

use std::time::Duration;

use mainstay::prelude::*;
use mainstay_actors::MemoryManager;
use mainstay_actors::limiter::{RateKey, RateLimiterRegistry};
use mainstay_supervisors::specs::{OperationClass, OperationPriority};
use tokio::time::{sleep, timeout};

use super::Clients;

/// Holds room for a while.
pub(super) async fn holder(clients: Clients, app: Namespace) {
    let mut chance = clients.chance(300);
    while !clients.is_over() {
        sleep(Duration::from_millis(chance.u64(50..1000))).await;
        let memory = MemoryManager::of(&app);
        let bytes = chance.u64(1..1 << 20);
        let room = memory.reserve(OperationClass::Write, bytes, OperationPriority::Normal);
        let held = async {
            let room = room.await;
            sleep(Duration::from_millis(100)).await;
            room.is_ok()
        };
        match timeout(Duration::from_millis(chance.u64(1..300)), held).await {
            Ok(true) => clients.book.answered("room held"),
            Ok(false) => clients.book.answered("no room"),
            Err(_) => clients.book.answered("room given up"),
        }
    }
}

/// Waits for tokens, and often gives up.
pub(super) async fn borrower(clients: Clients, app: Namespace) {
    let mut chance = clients.chance(301);
    while !clients.is_over() {
        sleep(Duration::from_millis(chance.u64(50..1000))).await;
        let api = RateLimiterRegistry::of(&app).limiter("api").unwrap();
        let api = api.local().cloned().unwrap();
        let waiting = api.wait_for(
            RateKey::user("ada"),
            chance.u32(1..30),
            Duration::from_secs(2),
        );
        match timeout(Duration::from_millis(chance.u64(1..1000)), waiting).await {
            Ok(Ok(_)) => clients.book.answered("tokens"),
            Ok(Err(_)) => clients.book.answered("no tokens"),
            Err(_) => clients.book.answered("tokens given up"),
        }
    }
}
