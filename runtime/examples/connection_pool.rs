//! A shop that keeps its stock in a database: connections that are lent and given back, work that is cut off, a worker that dies with
//! one, a line that is too long, and a pool that is made smaller while it is in use.
//!
//! ```text
//! cargo run --example connection_pool
//! ```

use std::time::Duration;

use mainstay::actors::ConnectionPoolRegistry;
use mainstay::actors::pool::managers::sqlite::{Sqlite, SqliteOptions};
use mainstay::actors::pool::{ConnectionSpec, PoolError, PoolManager};
use mainstay::prelude::*;
use mainstay::specs::{ConnectionPoolsSpec, PoolConfig};
use tokio::time::timeout;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let plan =
        NamespacePlan::new().service(ConnectionPoolRegistry::child(ConnectionPoolsSpec::default()));
    let runtime = Runtime::new();
    let app = runtime.start_namespace("app".parse()?, plan).await?;

    // Two connections at most to a database in memory, each of which makes sure of its table.
    let table = "CREATE TABLE IF NOT EXISTS stock (cups INTEGER NOT NULL);
        INSERT INTO stock SELECT 12 WHERE NOT EXISTS (SELECT * FROM stock)";
    let spec = ConnectionSpec::new(Sqlite::new(), SqliteOptions::memory().setup(table));
    let config = PoolConfig::new(2)
        .min_size(1)
        .checkout_timeout(Duration::from_millis(200));
    let pools = ConnectionPoolRegistry::of(&app);
    let stock = pools.register_pool("stock".parse()?, config, spec).await?;

    println!("{} cups", cups(&stock).await?);
    cut_off(&stock).await?;
    outlives_its_borrower(&app, &stock).await?;
    refused(&stock).await?;

    stock.resize(0, 1)?;
    println!("there may be one connection from now on");
    println!("{} cups", cups(&stock).await?);
    while stock.stats().live > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let stats = stock.stats();
    println!(
        "lent {} times, opened {}, {} of them open",
        stats.totals.lent, stats.totals.opened, stats.live
    );

    pools.close_pool(stock.name()).await?;
    drop((stock, pools, app));
    runtime.stop(Duration::from_secs(5)).await;
    Ok(())
}

/// Borrows for as long as one question takes.
async fn cups(stock: &PoolManager<Sqlite>) -> Outcome<i64> {
    let counted = stock
        .with_connection(async |c| {
            c.call(|c| c.query_row("SELECT cups FROM stock", [], |row| row.get(0)))
                .await
        })
        .await?;
    Ok(counted?)
}

/// Nobody waits for what was begun: the next one to borrow sees nothing of it.
async fn cut_off(stock: &PoolManager<Sqlite>) -> Outcome<()> {
    let sells = stock.with_connection(async |c| {
        let sold = c.call(|c| c.execute_batch("BEGIN; UPDATE stock SET cups = cups - 12"));
        sold.await?;
        std::future::pending::<Outcome<()>>().await
    });
    let cut = timeout(Duration::from_millis(50), sells).await;
    println!("sold out, and then not: {}", cut.is_err());
    println!("{} cups", cups(stock).await?);
    Ok(())
}

/// What a process has borrowed comes back when it ends, whatever becomes of its lease.
async fn outlives_its_borrower(app: &Namespace, stock: &PoolManager<Sqlite>) -> Outcome<()> {
    let pool = stock.clone();
    let forgets = move |_| {
        let pool = pool.clone();
        async move {
            let lease = pool.checkout().await?;
            std::mem::forget(lease);
            Ok::<(), PoolError>(())
        }
    };
    let worker = Child::task("worker", forgets).restart(Restart::Temporary);
    app.start_child(worker).await?;
    while stock.stats().totals.revoked == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!(
        "the worker has ended, {} leases are left",
        stock.stats().leased
    );
    Ok(())
}

/// A refusal says how the pool stood, and who has what.
async fn refused(stock: &PoolManager<Sqlite>) -> Outcome<()> {
    let (first, second) = (stock.checkout().await?, stock.checkout().await?);
    match stock.checkout().await {
        Ok(_) => println!("there was one more"),
        Err(refused) => println!("not lent: {refused}"),
    }
    drop((first, second));
    Ok(())
}
