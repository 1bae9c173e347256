//! Callers of the protected operation `orders`.

use std::time::Duration;

use mainstay::prelude::*;
use mainstay::testkit::MockConnections;
use mainstay_actors::limiter::RateKey;
use mainstay_actors::protection::{ProtectionError, ProtectionRegistry};
use tokio::time::{sleep, timeout};

use super::{Clients, here};
use crate::database::{Away, Database};

/// Who calls; the last one more often than the limit lets, the others as often as they like.
pub(crate) const USERS: [&str; 3] = ["ada", "bob", "eve"];

/// A process that calls until it is stopped.
pub(crate) fn clerk(clients: Clients) -> Child {
    Child::task("clerk", move |stop: StopToken| {
        let clients = clients.clone();
        async move {
            let app = here();
            let salt = current().map_or(0, |process| process.pid().as_u64());
            let mut chance = clients.chance(1000 + salt);
            while !stop.is_stopped() {
                let work = async {
                    sleep(Duration::from_millis(chance.u64(200..1500))).await;
                    if !clients.is_over() {
                        call(&clients, &app, &mut chance).await;
                    }
                };
                tokio::select! {
                    biased;
                    () = stop.stopped() => {}
                    () = work => {}
                }
            }
        }
    })
}

/// A task that calls, and often goes away in the midst of it.
pub(super) async fn caller(clients: Clients, app: Namespace, nth: u64) {
    let mut chance = clients.chance(nth);
    while !clients.is_over() {
        sleep(Duration::from_millis(chance.u64(100..1600))).await;
        let patience = match chance.u8(0..10) {
            0 => Duration::ZERO,
            1 => Duration::from_millis(1),
            2 => Duration::from_millis(chance.u64(1..1500)),
            _ => Duration::from_secs(60),
        };
        timeout(patience, call(&clients, &app, &mut chance))
            .await
            .ok();
    }
}

/// How an operation ends.
#[derive(Clone, Copy)]
enum Plan {
    Works,
    Fails,
    Hangs,
    Panics,
}

async fn call(clients: &Clients, app: &Namespace, chance: &mut fastrand::Rng) {
    let user = match chance.u8(0..10) {
        0..2 => USERS[0],
        2..4 => USERS[1],
        _ => USERS[2],
    };
    let plan = match chance.u8(0..100) {
        _ if clients.is_calm() => Plan::Works,
        0..4 => Plan::Fails,
        4..6 => Plan::Hangs,
        6..8 => Plan::Panics,
        _ => Plan::Works,
    };
    let orders = ProtectionRegistry::of(app).protection("orders").unwrap();
    let leasing = orders.key(RateKey::user(user)).leasing::<MockConnections>();
    let leasing = leasing.unwrap();
    clients.book.with(|pages| pages.tried += 1);
    let book = clients.book.clone();
    let operation = async |connection: &mut mainstay::testkit::MockConnection| {
        let running = book.begins(user);
        let done = operate(&clients.database, connection, plan).await;
        drop(running);
        done
    };
    // A panic of an operation is its caller's; this one lives on.
    let guarded = std::panic::AssertUnwindSafe(leasing.run(operation));
    let answer = futures_util::FutureExt::catch_unwind(guarded).await;
    clients.book.answered(match &answer {
        Ok(Ok(())) => "done".to_owned(),
        Ok(Err(ProtectionError::Failed(Away))) => "failed".to_owned(),
        Ok(Err(ProtectionError::Timeout { .. })) => "timed out".to_owned(),
        Ok(Err(error)) => error
            .guard()
            .map_or_else(|| error.to_string(), |guard| guard.to_string()),
        Err(_) => "panicked".to_owned(),
    });
}

async fn operate(
    database: &Database,
    connection: &mainstay::testkit::MockConnection,
    plan: Plan,
) -> Result<(), Away> {
    database.execute(connection).await?;
    match plan {
        Plan::Works => database.execute(connection).await,
        Plan::Fails => Err(Away),
        Plan::Hangs => std::future::pending().await,
        // Without a message of the hook's: it is meant.
        Plan::Panics => std::panic::resume_unwind(Box::new("as planned")),
    }
}
