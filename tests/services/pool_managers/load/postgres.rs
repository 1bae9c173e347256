//! PostgreSQL.

use std::time::Duration;

use mainstay_actors::pool::managers::postgres::{Postgres, PostgresOptions};
use mainstay_actors::pool::{ConnectionPool, ConnectionSpec, Lease};

use super::super::{soon, until};
use super::{Bed, Load, Seen, config, is_reused};
use crate::servers;

/// What a borrower that behaves badly leaves, once in so many turns.
const SETTING: u64 = 3;
const TRANSACTION: u64 = 5;
const QUERY: u64 = 97;

/// Whether anything of another borrower can be seen.
const LOOK: &str = "SELECT pg_current_xact_id_if_assigned() IS NULL
    AND coalesce(current_setting('shop.owner', true), '') = ''
    AND to_regclass('pg_temp.left_behind') IS NULL";

async fn borrow(turn: u64, lease: Lease<Postgres>) -> Seen {
    let Ok(row) = lease.query_one(LOOK, &[]).await else {
        return Seen::Failed;
    };
    if !row.get::<_, bool>(0) {
        return Seen::Soiled;
    }
    let done = if turn.is_multiple_of(QUERY) {
        // Cut off while it runs.
        let sleep = lease.batch_execute("SELECT pg_sleep(3600)");
        let cut = tokio::time::timeout(Duration::from_millis(1), sleep).await;
        cut.unwrap_or(Ok(()))
    } else if turn.is_multiple_of(TRANSACTION) {
        let left = "BEGIN; SELECT pg_current_xact_id(); CREATE TEMP TABLE left_behind (x int)";
        lease.batch_execute(left).await
    } else if turn.is_multiple_of(SETTING) {
        lease.batch_execute("SET shop.owner = 'ada'").await
    } else {
        Ok(())
    };
    done.map_or(Seen::Failed, |()| Seen::Clean)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_restarted_paused_and_killed_under_load_costs_errors_and_nothing_else() {
    let Some(mut server) = servers::Postgres::start() else {
        return;
    };
    let options = PostgresOptions::new(&server.url()).expect("an address");
    let options = options.cancel_after(Duration::from_millis(100));
    let bed = Bed::new(config(3, 6), ConnectionSpec::new(Postgres, options.clone())).await;
    let load = Load::start(&bed.pool, 16, borrow);
    load.serves(1000).await;

    server.restart();
    load.serves(1000).await;
    load.heals().await;

    server.pause();
    load.fails(32).await;
    server.resume();
    load.serves(1000).await;
    load.heals().await;

    server.kill();
    load.fails(32).await;
    server.restart();
    load.serves(1000).await;
    load.heals().await;

    load.end().await;
    is_reused(&bed.pool);
    bed.heals().await;

    // Also when nobody asks for anything.
    let opened = bed.pool.stats().totals.opened;
    server.restart();
    until("connections are replaced", || async {
        bed.pool.stats().totals.opened >= opened + 3
    })
    .await;
    bed.heals().await;
    let lease = soon(bed.pool.checkout()).await.expect("they work");
    let row = soon(lease.query_one(LOOK, &[])).await.expect("a row");
    assert!(row.get::<_, bool>(0));
    drop(lease);
    bed.heals().await;

    // The server has no connection that the pool does not know.
    let observer = soon(Postgres.create_connection(&options))
        .await
        .expect("it is there");
    let others = "SELECT count(*) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    until("only those of the pool are left", || async {
        let row = soon(observer.query_one(others, &[])).await.expect("a row");
        row.get::<_, i64>(0) == i64::from(bed.pool.stats().live)
    })
    .await;
    bed.end().await;
    until("none is left", || async {
        let row = soon(observer.query_one(others, &[])).await.expect("a row");
        row.get::<_, i64>(0) == 0
    })
    .await;
}
