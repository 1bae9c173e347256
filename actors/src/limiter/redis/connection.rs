//! The connection that calls go over: made when it is first needed, and anew when it is broken.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};

/// The connection there is, and how to make another.
pub(super) struct Connections {
    client: Client,
    /// How long it may take to connect.
    patience: Duration,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Counts the connections: each is given up once.
    number: u64,
    connection: Option<Connection>,
}

/// A connection that many calls share.
#[derive(Clone)]
pub(super) struct Connection {
    number: u64,
    manager: ConnectionManager,
    /// How many answers came over it.
    answers: Arc<AtomicU64>,
}

impl Connections {
    pub(super) fn new(client: Client, patience: Duration) -> Self {
        Self {
            client,
            patience,
            kept: Mutex::default(),
        }
    }

    /// A poisoned lock is taken all the same: what is under it is whole at every moment.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one there is, or a new one. Nothing is sent.
    pub(super) fn get(&self) -> RedisResult<Connection> {
        let mut kept = self.lock();
        if let Some(connection) = &kept.connection {
            return Ok(connection.clone());
        }
        let config = ConnectionManagerConfig::new()
            // Whether and when another try makes sense is decided by who asks.
            .set_number_of_retries(0)
            .set_response_timeout(None)
            // Calls end by themselves; this is for an attempt that nobody waits for any more.
            .set_connection_timeout(Some(self.patience));
        let manager = ConnectionManager::new_lazy_with_config(self.client.clone(), config)?;
        kept.number += 1;
        let connection = Connection {
            number: kept.number,
            manager,
            answers: Arc::default(),
        };
        kept.connection = Some(connection.clone());
        Ok(connection)
    }

    /// Nothing is sent over this one any more; if another has taken its place, that one stays. Of all that fail over a connection, so
    /// only the first has a new one made.
    pub(super) fn give_up(&self, broken: &Connection) {
        let mut kept = self.lock();
        if kept.number == broken.number {
            kept.connection = None;
        }
    }
}

impl Connection {
    pub(super) async fn call(&mut self, command: &Cmd) -> RedisResult<Value> {
        let result = command.query_async(&mut self.manager).await;
        if result.as_ref().err().is_none_or(is_answer) {
            self.answers.fetch_add(1, Ordering::Relaxed);
        }
        result
    }

    pub(super) fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }
}

/// Whether an error is what the server has answered.
fn is_answer(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension)
}

/// Whether a connection is of no use any more over which a call has failed like this. A server that is gone without a word never
/// says so: where nothing at all was heard on the connection while a call has waited in vain, it is taken to be gone. One that answers
/// others is only slow, and not to be connected to once more for each call that it is late for.
pub(super) fn is_broken(error: Option<&RedisError>, was_silent: bool) -> bool {
    match error.map(RedisError::kind) {
        // No answer.
        None => was_silent,
        // Behind the same name there may be the one by now that can.
        Some(ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown)) => true,
        Some(_) => !error.is_some_and(is_answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_connection_that_is_broken_is_given_up() {
        let server = |kind| RedisError::from((ErrorKind::Server(kind), "told"));
        for kind in [
            ServerErrorKind::ResponseError,
            ServerErrorKind::NoScript,
            ServerErrorKind::BusyLoading,
        ] {
            assert!(!is_broken(Some(&server(kind)), true), "{kind:?}");
        }
        for kind in [ServerErrorKind::ReadOnly, ServerErrorKind::MasterDown] {
            assert!(is_broken(Some(&server(kind)), false), "{kind:?}");
        }
        let gone = RedisError::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        assert!(is_broken(Some(&gone), false));
        assert!(is_broken(None, true), "it is gone without a word");
        assert!(!is_broken(None, false), "it answers others");
    }

    #[test]
    fn of_all_that_fail_over_a_connection_only_the_first_has_a_new_one_made() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        let _inside = runtime.enter();
        let client = Client::open("redis://127.0.0.1:1/").expect("an address");
        let connections = Connections::new(client, Duration::from_secs(1));
        let get = || connections.get().expect("nothing is sent");
        let (one, same) = (get(), get());
        assert_eq!((one.number, same.number), (1, 1));
        connections.give_up(&one);
        let next = get();
        assert_eq!(next.number, 2);
        connections.give_up(&same);
        assert_eq!(get().number, 2, "that of others stays");
    }
}
