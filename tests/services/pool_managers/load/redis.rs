//! Redis.

use mainstay_actors::pool::managers::redis::redis::{cmd, pipe};
use mainstay_actors::pool::managers::redis::{Redis, RedisConnection, RedisOptions};
use mainstay_actors::pool::{ConnectionSpec, Lease};

use super::super::until;
use super::{Bed, Load, Seen, config, is_reused};
use crate::servers;

async fn borrow(turn: u64, mut lease: Lease<Redis>) -> Seen {
    let connection: &mut RedisConnection = &mut lease;
    // In the database of the pool there never is such a key, and within `MULTI` this has no number for an answer.
    match cmd("EXISTS")
        .arg("left")
        .query_async::<i64>(connection)
        .await
    {
        Ok(0) => {}
        Ok(_) => return Seen::Soiled,
        Err(error) if error.is_io_error() => return Seen::Failed,
        Err(error) => {
            let is_loading = error.code().is_some();
            return if is_loading {
                Seen::Failed
            } else {
                Seen::Soiled
            };
        }
    }
    let done = match turn % 4 {
        0 => {
            let mut left = pipe();
            left.cmd("SELECT").arg(7).cmd("SET").arg("left").arg(1);
            left.exec_async(connection).await
        }
        1 => cmd("MULTI").exec_async(connection).await,
        _ => cmd("SET").arg("a").arg(turn).exec_async(connection).await,
    };
    done.map_or(Seen::Failed, |()| Seen::Clean)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_restarted_paused_and_killed_under_load_costs_errors_and_nothing_else() {
    let Some(mut server) = servers::Redis::start() else {
        return;
    };
    let options = RedisOptions::new(&server.url()).expect("an address");
    let bed = Bed::new(config(2, 4), ConnectionSpec::new(Redis, options)).await;
    let load = Load::start(&bed.pool, 8, borrow);
    load.serves(1000).await;

    server.restart();
    load.serves(1000).await;
    load.heals().await;

    server.pause();
    load.fails(16).await;
    server.resume();
    load.serves(1000).await;
    load.heals().await;

    server.kill();
    load.fails(16).await;
    server.restart();
    load.serves(1000).await;
    load.heals().await;

    load.end().await;
    is_reused(&bed.pool);
    bed.heals().await;
    let opened = bed.pool.stats().totals.opened;
    server.restart();
    until("connections are replaced", || async {
        bed.pool.stats().totals.opened >= opened + 2
    })
    .await;
    bed.heals().await;
    bed.end().await;
}
