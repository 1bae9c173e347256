//! A client, and the task that talks to the server for it.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainstay_specs::PostgresReset;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_postgres::{Client, NoTls};

use super::error::PostgresError;
use super::options::{CANCEL_AFTER_DEFAULT, PostgresOptions};
use super::reset::bring_back;
use crate::pool::manager::Condition;

/// A connection to PostgreSQL, which is used as the [`Client`] it derefs to. What the server says of its own accord, such as what
/// comes after a `LISTEN`, is heard by nobody.
///
/// # Cancel safety
///
/// A query whose future is dropped goes on in the server. Further queries wait for its end, and so does the connection when it is given
/// back, for [`cancel_after`](PostgresOptions::cancel_after); then it is cancelled. A
/// [`Transaction`](tokio_postgres::Transaction) that is dropped is rolled back.
///
/// A [`CancelToken`](tokio_postgres::CancelToken) is one of the connection, not of a query: whoever keeps it beyond the lease may cancel
/// what the next borrower does.
pub struct PostgresConnection(Box<Session>);

struct Session {
    client: Client,
    task: Task,
    /// Whether somebody had the client since it was made or reset. The protocol tells this side no more.
    used: AtomicBool,
    reset: PostgresReset,
    /// How long a query may go on that nobody waits for.
    patience: Duration,
    setup: String,
}

/// A server that took long to connect to answers later than one nearby: unless the options say otherwise a reset, which takes up to three
/// trips there, is waited for this many times as long as it took to connect, which takes two trips at least.
const CONNECTS: u32 = 2;

/// But for no longer than this: connecting may have taken long for other reasons.
const FAR_AWAY: Duration = Duration::from_secs(2);

/// How long a query may go on that nobody waits for, where it took so long to connect.
fn patience(asked: Duration, connected_in: Duration) -> Duration {
    match asked {
        CANCEL_AFTER_DEFAULT => asked.max(connected_in.saturating_mul(CONNECTS).min(FAR_AWAY)),
        asked => asked,
    }
}

/// The task that talks to the server. It ends when the client is dropped and the server has heard the goodbye, and at the latest with
/// this.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl PostgresConnection {
    pub(super) async fn open(options: &PostgresOptions) -> Result<Self, PostgresError> {
        options.check()?;
        let began = Instant::now();
        let connected = options.config.connect(NoTls).await;
        let (client, connection) = connected.map_err(PostgresError::Connect)?;
        let patience = patience(options.cancel_after, began.elapsed());
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to PostgreSQL has ended");
            }
        });
        let session = Session {
            client,
            task: Task(task),
            used: AtomicBool::new(false),
            reset: options.reset,
            patience,
            setup: options.setup.clone(),
        };
        session.set_up().await.map_err(PostgresError::Setup)?;
        Ok(Self(Box::new(session)))
    }

    /// Says that the session is as it was made, so that it can be lent again without a reset. Whoever says so vouches for it: no
    /// transaction is open, nothing still runs, no setting was changed.
    pub fn mark_clean(&mut self) {
        *self.0.used.get_mut() = false;
    }

    /// Whether the server is there, as far as is known on this side.
    pub(super) fn is_open(&self) -> bool {
        !self.0.client.is_closed() && !self.0.task.0.is_finished()
    }

    pub(super) fn condition(&mut self) -> Condition {
        if !self.is_open() {
            Condition::Broken
        } else if *self.0.used.get_mut() && self.is_reset() {
            Condition::Dirty
        } else {
            Condition::Clean
        }
    }

    /// Whether it is reset at all.
    pub(super) fn is_reset(&self) -> bool {
        self.0.reset != PostgresReset::Nothing
    }

    pub(super) async fn ping(&self) -> Result<(), PostgresError> {
        let answer = self.0.client.simple_query("SELECT 1").await;
        answer.map(drop).map_err(PostgresError::Ping)
    }

    pub(super) async fn reset(&mut self) -> Result<(), PostgresError> {
        let session = &mut *self.0;
        let after = session.patience;
        match timeout(after, session.bring_back()).await {
            Ok(done) => done.map_err(PostgresError::Reset)?,
            Err(_) => {
                // What comes of it is seen by the server only.
                session.client.cancel_token().cancel_query(NoTls).await.ok();
                return Err(PostgresError::StillRunning { after });
            }
        }
        *session.used.get_mut() = false;
        Ok(())
    }

    pub(super) async fn close(self) {
        let Session {
            client,
            mut task,
            patience,
            ..
        } = *self.0;
        let token = client.cancel_token();
        drop(client);
        if timeout(patience, &mut task.0).await.is_err() {
            token.cancel_query(NoTls).await.ok();
            (&mut task.0).await.ok();
        }
    }
}

impl Session {
    async fn bring_back(&self) -> Result<(), tokio_postgres::Error> {
        bring_back(&self.client, self.reset).await?;
        match self.reset {
            PostgresReset::Rollback | PostgresReset::Nothing => Ok(()),
            _ => self.set_up().await,
        }
    }

    async fn set_up(&self) -> Result<(), tokio_postgres::Error> {
        if self.setup.is_empty() {
            return Ok(());
        }
        self.client.batch_execute(&self.setup).await
    }
}

impl Deref for PostgresConnection {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.0.used.store(true, Ordering::Relaxed);
        &self.0.client
    }
}

impl DerefMut for PostgresConnection {
    fn deref_mut(&mut self) -> &mut Client {
        *self.0.used.get_mut() = true;
        &mut self.0.client
    }
}

impl fmt::Debug for PostgresConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConnection")
            .field("closed", &self.0.client.is_closed())
            .field("used", &self.0.used.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_far_away_is_waited_for_longer_unless_somebody_has_said_how_long() {
        let ms = Duration::from_millis;
        for (asked, connected_in, expected) in [
            (250, 10, 250),
            (250, 400, 800),
            (250, 60_000, 2000),
            (50, 400, 50),
            (5000, 60_000, 5000),
        ] {
            assert_eq!(patience(ms(asked), ms(connected_in)), ms(expected));
        }
    }
}
