//! How a session is brought back.
//!
//! Whether a transaction is open is found out without a warning in the log of the server, which a `ROLLBACK` without a transaction
//! leaves there each time: by a command that cannot be done within one.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

use super::options::PostgresReset;

/// Fails within a transaction, does nothing outside of one.
const PROBE: &str = "DO 'BEGIN COMMIT; END'";

/// What `DISCARD ALL` does, according to its documentation, but for prepared statements and plans.
const SESSION: &str = "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; \
    SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

const DISCARD_ALL: &str = "DISCARD ALL";

/// Brings a session back, in one trip to the server where there is no transaction open, and in two otherwise.
pub(super) async fn bring_back(client: &Client, reset: PostgresReset) -> Result<(), Error> {
    match reset {
        PostgresReset::Session => {
            let (probe, session) = both(client, PROBE, SESSION).await;
            if in_transaction(&probe) {
                let (rolled_back, session) = both(client, "ROLLBACK", SESSION).await;
                return rolled_back.and(session);
            }
            probe.and(session)
        }
        PostgresReset::DiscardAll => {
            let discarded = client.batch_execute(DISCARD_ALL).await;
            if in_transaction(&discarded) {
                let (rolled_back, discarded) = both(client, "ROLLBACK", DISCARD_ALL).await;
                return rolled_back.and(discarded);
            }
            discarded
        }
        PostgresReset::Rollback => {
            let probe = client.batch_execute(PROBE).await;
            if in_transaction(&probe) {
                return client.batch_execute("ROLLBACK").await;
            }
            probe
        }
        PostgresReset::Nothing => Ok(()),
    }
}

/// Sends both at once: the server does one after the other, whatever the first comes to.
async fn both(client: &Client, one: &str, other: &str) -> (Result<(), Error>, Result<(), Error>) {
    tokio::join!(client.batch_execute(one), client.batch_execute(other))
}

fn in_transaction(result: &Result<(), Error>) -> bool {
    let code = result.as_ref().err().and_then(Error::code);
    code.is_some_and(|code| {
        [
            SqlState::INVALID_TRANSACTION_TERMINATION,
            SqlState::ACTIVE_SQL_TRANSACTION,
            SqlState::IN_FAILED_SQL_TRANSACTION,
        ]
        .contains(code)
    })
}
