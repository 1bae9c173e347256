//! How a session is brought back.
//!
//! Whether a transaction is open is found out without a warning in the log of the server, which a `ROLLBACK` without a transaction
//! leaves there each time: by a command that cannot be done within one.

use mainstay_specs::PostgresReset;
use tokio_postgres::{Client, Error};

/// Fails within a transaction, does nothing outside of one.
const PROBE: &str = "DO 'BEGIN COMMIT; END'";

/// What `DISCARD ALL` does, according to its documentation, but for prepared statements and plans.
const SESSION: &str = "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; \
    SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

const DISCARD_ALL: &str = "DISCARD ALL";

/// Brings a session back, in one trip to the server where there is no transaction open, and in two otherwise.
pub(super) async fn bring_back(client: &Client, reset: PostgresReset) -> Result<(), Error> {
    match reset {
        PostgresReset::DiscardAll => {
            let discarded = client.batch_execute(DISCARD_ALL).await;
            if is_refused(&discarded) {
                let (rolled_back, discarded) = both(client, "ROLLBACK", DISCARD_ALL).await;
                return rolled_back.and(discarded);
            }
            discarded
        }
        PostgresReset::Rollback => {
            let probe = client.batch_execute(PROBE).await;
            if is_refused(&probe) {
                return client.batch_execute("ROLLBACK").await;
            }
            probe
        }
        PostgresReset::Nothing => Ok(()),
        // What else there may be one day undoes no less than this.
        _ => {
            let (probe, session) = both(client, PROBE, SESSION).await;
            if is_refused(&probe) {
                let (rolled_back, session) = both(client, "ROLLBACK", SESSION).await;
                return rolled_back.and(session);
            }
            probe.and(session)
        }
    }
}

/// Sends both at once: the server does one after the other, whatever the first comes to.
async fn both(client: &Client, one: &str, other: &str) -> (Result<(), Error>, Result<(), Error>) {
    tokio::join!(client.batch_execute(one), client.batch_execute(other))
}

/// Whether the server has refused it, as it does within a transaction. Whatever else it may mean, a roll back does no harm then, and
/// what cannot be done fails again after it.
fn is_refused(result: &Result<(), Error>) -> bool {
    let error = result.as_ref().err();
    error.is_some_and(|error| error.as_db_error().is_some())
}
