//! SQLite.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mainstay_actors::pool::managers::sqlite::rusqlite::{Connection, Result};
use mainstay_actors::pool::managers::sqlite::{Sqlite, SqliteOptions};
use mainstay_actors::pool::{ConnectionSpec, Lease};

use super::super::Folder;
use super::{Bed, Load, Seen, config};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS purse (coins INTEGER NOT NULL);
    INSERT INTO purse SELECT 0 WHERE NOT EXISTS (SELECT * FROM purse)";

/// Takes for ever, unless it is interrupted.
const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

fn add(c: &mut Connection) -> Result<()> {
    let transaction = c.transaction()?;
    transaction.execute("UPDATE purse SET coins = coins + 1", [])?;
    transaction.commit()
}

async fn borrow(turn: u64, mut lease: Lease<Sqlite>, added: Arc<AtomicU64>) -> Seen {
    match lease.call(|c| Ok(c.is_autocommit())).await {
        Ok(true) => {}
        Ok(false) => return Seen::Soiled,
        Err(_) => return Seen::Failed,
    }
    let done = match turn % 10 {
        0 => {
            // Left open, so never to be seen.
            let left = "BEGIN; UPDATE purse SET coins = coins + 1000000";
            lease.call(move |c| c.execute_batch(left)).await
        }
        1 => {
            let endless = lease.call(|c| c.query_row(ENDLESS, [], |_| Ok(())));
            tokio::time::timeout(Duration::from_millis(1), endless)
                .await
                .unwrap_or(Ok(()))
        }
        _ => {
            // Counted where it is done: nobody may wait for it any more by then.
            lease
                .call(move |c| {
                    add(c)?;
                    added.fetch_add(1, Ordering::Relaxed);
                    Ok(())
                })
                .await
        }
    };
    done.map_or(Seen::Failed, |()| Seen::Clean)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_committed_under_load_is_there_and_what_was_left_open_is_not() {
    let folder = Folder::new();
    let options = SqliteOptions::file(folder.file("a.db"))
        // The disk is not what is tried here.
        .setup(format!("PRAGMA synchronous = OFF; {TABLE}"));
    let bed = Bed::new(config(1, 4), ConnectionSpec::new(Sqlite::new(), options)).await;
    let added = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&added);
    let load = Load::start(&bed.pool, 12, move |turn, lease| {
        borrow(turn, lease, Arc::clone(&counted))
    });
    load.serves(2000).await;
    load.end().await;
    bed.heals().await;
    let mut lease = bed.pool.checkout().await.expect("one is idle");
    let coins = lease.call(|c| c.query_row("SELECT coins FROM purse", [], |row| row.get(0)));
    let coins: i64 = coins.await.expect("a number");
    let added = added.load(Ordering::Relaxed);
    assert_eq!(u64::try_from(coins), Ok(added));
    drop(lease);
    // Whatever was left in them, all were brought back.
    let totals = bed.pool.stats().totals;
    assert!(totals.opened <= 4 && totals.broken == 0, "{totals:?}");
    bed.end().await;
}
