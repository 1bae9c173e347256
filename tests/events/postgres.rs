//! A role of PostgreSQL that has settings of its own.

use std::time::Duration;

use mainstay_supervisors::specs::{EventBackendSpec, EventStoreSpec};

use crate::home::Home;
use crate::servers::Postgres;
use crate::shared::give_no_number_twice;

#[tokio::test(flavor = "multi_thread")]
async fn two_machines_that_share_a_server_store_whatever_transactions_their_role_usually_has() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let home = Home::new().await;
    let owner = home.postgres(&server.url()).await;
    let lease = owner.checkout().await.expect("a connection");
    let usual = "ALTER DATABASE postgres SET default_transaction_isolation TO 'repeatable read'";
    lease.batch_execute(usual).await.expect("it is set");
    drop((lease, owner));
    home.end().await;
    let spec = EventStoreSpec::memory()
        .backend(EventBackendSpec::postgres(server.url()))
        .time_limit(Duration::from_secs(60))
        .breaker(None);
    give_no_number_twice(spec, 200).await;
}
